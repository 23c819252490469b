/**
 * Finds others on the same LAN with no address typed: by beacons to a multicast group.
 *
 * If a node hears a beacon of a process start that it does not know, it names that one in a beacon of its own. A node that
 * is named knocks at the sender. So a knock goes only to a node that has heard this process start, and a replayed beacon
 * draws none.
 *
 * If many nodes hear the newcomer, the first to answer speaks for all (as reports of IGMPv2, RFC 2236 §3, and request
 * timers of SRM, Floyd et al. 1997). So the traffic on a LAN does not grow with the room.
 */

import { beaconKey, openBeacon, sealBeacon } from "../../crypto/beacon.ts";
import { BEACON_HEARD_MAX, BEACON_NONCE_BYTES } from "../../wire/beacon.ts";
import { type Endpoint, formatEndpoint, parseEndpoint } from "../../wire/endpoint.ts";
import { noExtensions } from "../../wire/extensions.ts";
import type { BootId } from "../../wire/ids.ts";
import type { Effect } from "../api.ts";
import type { Context } from "../context.ts";
import type { Session } from "../link/session.ts";
import type { Newcomer } from "../log/newcomer.ts";
import type { Membership } from "../membership/membership.ts";
import { below, jitter, uniform } from "../rng.ts";
import type { Millis } from "../time.ts";
import { type BeaconSender, createBeaconSenders } from "./beaconSenders.ts";
import type { Knocks } from "./knock.ts";

export type Discovery = {
  /** Looks for others from now on, and at once. */
  readonly start: () => void;
  readonly stop: () => void;
  /** Time for a beacon, if none of the room has made it needless. */
  readonly tick: () => void;
  readonly heard: (bytes: Uint8Array, from: Endpoint) => void;
  /** This node knocked there because of a beacon. */
  readonly isAwaited: (endpoint: Endpoint) => boolean;
  /** The session has proven itself: where its peer was found, if that is news to who looked for it or was alone. */
  readonly found: (session: Session) => Endpoint | undefined;
  /** What this step says to the LAN. */
  readonly flush: () => Effect[];
  readonly size: () => number;
};

export type DiscoveryOptions = {
  readonly membership: Pick<Membership, "presentCount" | "byBoot" | "hasAddress">;
  readonly knocks: Pick<Knocks, "knock">;
  readonly newcomer: Pick<Newcomer, "begin">;
  /** Where this node takes datagrams. */
  readonly port: number;
  /** A beacon of this room in another version of the wire came, whose sender takes datagrams there. */
  readonly onOtherVersion: (endpoint: Endpoint, wire: number) => void;
};

/** Waits between beacons while nobody is here: doubling from the first, up to the last. */
const ALONE_FIRST_MS: Millis = 300;
const ALONE_MAX_MS: Millis = 10_000;
/** With company: a beacon when there was none of a member for so long, and up to so much longer. */
const QUIET_MS: Millis = 25_000;
const QUIET_SPREAD_MS: Millis = 10_000;
/** A stranger is named within this time and some for each member, so that the first to speak is heard by most others. */
const ANSWER_MS: Millis = 40;
const ANSWER_PER_MEMBER_MS: Millis = 2;
const ANSWER_MAX_MS: Millis = 1_000;
/** From one beacon of the room to an answer. */
const GAP_MS: Millis = 100;
/** Named, and still a stranger: named again after this, and up to twice as long. */
const AGAIN_MS: Millis = 1_500;
/** A stranger that was named so often does not hear it: whoever names it then knocks. */
const IN_VAIN = 2;
const NEVER = Number.POSITIVE_INFINITY;

export function createDiscovery(context: Context, options: DiscoveryOptions): Discovery {
  const { rng, timers, link, counters } = context;
  const { membership, knocks, newcomer, port } = options;
  const key = beaconKey(context.roomKeys);
  /** BOUNDED: one of each step. */
  let said: Uint8Array[] = [];
  let isOn = false;
  let wasAlone = true;
  /** Nobody was found since this node is alone. */
  let isNews = true;
  /** Beacons since this node is alone. */
  let round = 0;
  /** The last beacon of this node or a member. */
  let roomSpokeAt = -NEVER;
  /** When a beacon is due of itself, and when to answer a stranger. */
  let regularAt: Millis = 0;
  let answerAt = NEVER;

  const now = (): Millis => context.now.mono;
  const isAlone = (): boolean => membership.presentCount() === 0;
  /** One without an address (of its link alone it has none that others could use) is not here until it was met. */
  const isHere = (boot: BootId): boolean => {
    const member = membership.byBoot(boot);
    if (member === undefined || !membership.hasAddress(member)) return false;
    return member.status === "alive" || member.status === "suspect";
  };
  const senders = createBeaconSenders(context, isHere);

  const planRegular = (): void => {
    if (isAlone()) {
      regularAt = now() + jitter(rng, Math.min(ALONE_FIRST_MS * 2 ** round, ALONE_MAX_MS), 0.2);
      round += 1;
    } else if (senders.someUnmet()) regularAt = now() + AGAIN_MS * (1 + uniform(rng));
    else regularAt = now() + QUIET_MS + QUIET_SPREAD_MS * uniform(rng);
  };
  /** None, if all strangers were named by others meanwhile. */
  const planAnswer = (): void => {
    if (!senders.someUnnamed()) answerAt = NEVER;
    else if (answerAt === NEVER) {
      const within = Math.min(ANSWER_MS + ANSWER_PER_MEMBER_MS * membership.presentCount(), ANSWER_MAX_MS);
      // By chance after the gap, too: all who wait for it to end would else speak at once, again and again.
      answerAt = Math.max(now(), roomSpokeAt + GAP_MS) + within * uniform(rng);
    }
    timers.set("beacon", Math.min(regularAt, answerAt), { type: "beacon" });
  };
  const start = (): void => {
    isOn = true;
    isNews = isAlone();
    round = 0;
    roomSpokeAt = -NEVER;
    regularAt = now();
    planAnswer();
  };

  const knock = (sender: BeaconSender): void => {
    const endpoint = senders.takeKnock(sender);
    if (endpoint === undefined) return;
    // Whoever answers first, this one or someone it told, what comes then is history.
    if (isAlone()) newcomer.begin();
    knocks.knock(endpoint);
  };
  const speak = (): void => {
    const named = senders.around().slice(0, BEACON_HEARD_MAX);
    const nonce = Uint8Array.from({ length: BEACON_NONCE_BYTES }, () => below(rng, 256));
    said.push(
      sealBeacon(key, nonce, { boot: link.boot, port, heard: named.map(({ boot }) => boot), extensions: noExtensions }),
    );
    roomSpokeAt = now();
    for (const sender of named) {
      if (sender.named >= IN_VAIN) knock(sender);
      senders.wasNamed(sender.boot);
    }
  };

  return {
    start,
    stop: () => {
      isOn = false;
      timers.clear("beacon");
      senders.clear();
    },
    tick: () => {
      const isNeeded = isAlone() || answerAt <= now() || roomSpokeAt + QUIET_MS <= now() || senders.someUnmet();
      if (isNeeded) speak();
      answerAt = NEVER;
      planRegular();
      planAnswer();
    },
    heard: (bytes, from) => {
      counters.received(bytes.length);
      const beacon = openBeacon(key, bytes);
      if (typeof beacon === "string") return counters.drop(beacon);
      const endpoint = endpointAt(from, beacon.port);
      if ("wire" in beacon) {
        if (endpoint !== undefined) options.onOtherVersion(endpoint, beacon.wire);
        return;
      }
      if (beacon.boot === link.boot) return;
      for (const boot of beacon.heard) senders.wasNamed(boot);
      if (isHere(beacon.boot)) {
        senders.forget(beacon.boot);
        roomSpokeAt = now();
        planRegular();
      } else if (endpoint !== undefined) {
        const sender = senders.meet(beacon.boot, endpoint, isAlone());
        if (beacon.heard.includes(link.boot)) {
          // It knows of this node already: the knock answers it.
          senders.wasNamed(beacon.boot);
          knock(sender);
        }
      }
      planAnswer();
    },
    isAwaited: senders.isKnockedAt,
    found: ({ boot, endpoint }) => {
      const sender = senders.get(boot);
      if (sender === undefined || !isHere(boot)) return undefined;
      senders.forget(boot);
      const isTold = sender.knocks > 0 || (isNews && sender.metAlone);
      isNews = false;
      return isTold ? endpoint : undefined;
    },
    flush: () => {
      if (isOn && isAlone() && !wasAlone) start();
      wasAlone = isAlone();
      const effects = said.map((bytes) => ({ type: "broadcast", bytes }) as const);
      for (const { bytes } of effects) counters.sent(bytes.length);
      said = [];
      return effects;
    },
    size: senders.size,
  };
}

// --- internal ---

/** Where the sender takes datagrams: the address that its beacon came from, with the port that it names. */
function endpointAt(from: Endpoint, port: number): Endpoint | undefined {
  const parts = parseEndpoint(from);
  return parts && formatEndpoint(parts.address, port);
}
