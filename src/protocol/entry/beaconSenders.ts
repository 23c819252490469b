/**
 * Process starts that were heard by beacon on the LAN and are not members yet: how often each was named in a beacon, and
 * when this node may knock at it. A beacon may be an old one, replayed, so everything that it causes is bounded.
 */
import type { Endpoint } from "../../wire/endpoint.ts";
import type { BootId } from "../../wire/ids.ts";
import type { Context } from "../context.ts";
import { limits } from "../limits.ts";
import type { Millis } from "../time.ts";

export type BeaconSender = {
  readonly boot: BootId;
  /** Where its beacons came from. BOUNDED: ENDPOINTS_MAX. */
  readonly endpoints: Endpoint[];
  /** Nobody was here when it was first heard. */
  readonly metAlone: boolean;
  heardAt: Millis;
  /** By any beacon, when last, and how often: several at once are one time. */
  namedAt: Millis;
  named: number;
  countedAt: Millis;
  knocks: number;
  /** No knock before. */
  knockFrom: Millis;
};

export type BeaconSenders = {
  /** It was heard, from there. */
  readonly meet: (boot: BootId, endpoint: Endpoint, isAlone: boolean) => BeaconSender;
  readonly get: (boot: BootId) => BeaconSender | undefined;
  /** A beacon, of this node or another, named it. */
  readonly wasNamed: (boot: BootId) => void;
  readonly forget: (boot: BootId) => void;
  /** Heard lately, and still strangers; those that were named least recently first. */
  readonly around: () => BeaconSender[];
  /** One of them was not named since it was heard last. */
  readonly someUnnamed: () => boolean;
  /** One of them may have missed that it was named. */
  readonly someUnmet: () => boolean;
  /** Counts a knock, and says where; undefined: not now. */
  readonly takeKnock: (sender: BeaconSender) => Endpoint | undefined;
  readonly isKnockedAt: (endpoint: Endpoint) => boolean;
  readonly clear: () => void;
  readonly size: () => number;
};

/** For so long after its last beacon one is around. */
const AROUND_MS: Millis = 40_000;
/** Beacons that name one within this time are answers to one of its own. */
const AT_ONCE_MS: Millis = 200;
/** One that was named so often is named with regular beacons only. */
const NAMED_MAX = 8;
/** Waits between knocks at one: doubling from the first, up to the last; and how many a second at all of them. */
const KNOCK_FIRST_MS: Millis = 250;
const KNOCK_MAX_MS: Millis = 300_000;
const KNOCKS_PER_SECOND = 3;
/** Addresses of one: of both families, and of two networks. */
const ENDPOINTS_MAX = 4;

export function createBeaconSenders(context: Context, isHere: (boot: BootId) => boolean): BeaconSenders {
  /** BOUNDED: `limits.beaconSenders`; the one heard longest ago goes. */
  const table = new Map<BootId, BeaconSender>();
  /** BOUNDED: KNOCKS_PER_SECOND. */
  let knockedAt: Millis[] = [];

  const now = (): Millis => context.now.mono;
  const around = (): BeaconSender[] =>
    [...table.values()].filter(({ boot, heardAt }) => now() - heardAt <= AROUND_MS && !isHere(boot));

  return {
    meet: (boot, endpoint, isAlone) => {
      const never = Number.NEGATIVE_INFINITY;
      const fresh = { boot, endpoints: [], metAlone: isAlone, heardAt: 0, namedAt: never, named: 0 };
      const sender: BeaconSender = table.get(boot) ?? { ...fresh, countedAt: never, knocks: 0, knockFrom: never };
      const { endpoints } = sender;
      if (!endpoints.includes(endpoint) && endpoints.length < ENDPOINTS_MAX) endpoints.push(endpoint);
      sender.heardAt = now();
      // A map keeps the order of insertion: who was heard last is at its end.
      table.delete(boot);
      table.set(boot, sender);
      if (table.size > limits.beaconSenders) table.delete(table.keys().next().value as BootId);
      return sender;
    },
    get: (boot) => table.get(boot),
    wasNamed: (boot) => {
      const sender = table.get(boot);
      if (sender === undefined) return;
      sender.namedAt = now();
      if (now() - sender.countedAt < AT_ONCE_MS) return;
      sender.countedAt = now();
      sender.named += 1;
    },
    forget: (boot) => {
      table.delete(boot);
    },
    around: () => around().sort((one, other) => one.namedAt - other.namedAt),
    someUnnamed: () => around().some(({ heardAt, namedAt, named }) => namedAt < heardAt && named < NAMED_MAX),
    someUnmet: () => around().some(({ named }) => named < NAMED_MAX),
    takeKnock: (sender) => {
      const endpoint = sender.endpoints[sender.knocks % sender.endpoints.length];
      if (endpoint === undefined || now() < sender.knockFrom) return undefined;
      knockedAt = knockedAt.filter((at) => now() - at < 1_000);
      if (knockedAt.length >= KNOCKS_PER_SECOND) return context.counters.refuse("too-many-knocks");
      knockedAt.push(now());
      sender.knockFrom = now() + Math.min(KNOCK_FIRST_MS * 2 ** sender.knocks, KNOCK_MAX_MS);
      sender.knocks += 1;
      return endpoint;
    },
    isKnockedAt: (endpoint) =>
      [...table.values()].some(({ knocks, endpoints }) => knocks > 0 && endpoints.includes(endpoint)),
    clear: () => table.clear(),
    size: () => table.size,
  };
}
