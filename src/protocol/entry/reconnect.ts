/**
 * Finds a room again. Addresses at which peers answered are remembered for later starts. If a peer is gone, its address is
 * knocked at for ever, less and less often. So a split heals by itself, and a restarted node needs no address from its
 * user.
 */
import type { Endpoint } from "../../wire/endpoint.ts";
import type { PeerId } from "../../wire/ids.ts";
import type { Context } from "../context.ts";
import type { Membership } from "../membership/membership.ts";
import { jitter, shuffle } from "../rng.ts";
import type { Millis } from "../time.ts";
import type { Knocks } from "./knock.ts";
import { createRememberedAddresses, type RememberedAddress } from "./rememberedAddresses.ts";

export type Reconnect = {
  /** Knocks at all that is remembered, the newest first, until somebody is here; from now on at those that are gone. */
  readonly start: () => void;
  /** The next wave of that. */
  readonly recall: () => void;
  /** After a time away: what was tried in vain is tried at once. */
  readonly lookAround: () => void;
  /** The peer has proven to be there. */
  readonly reached: (endpoint: Endpoint, peer: PeerId) => void;
  /** It is not listed any more; it was there. */
  readonly lost: (endpoint: Endpoint, peer: PeerId) => void;
  /** Somebody was reached there before. */
  readonly isRemembered: (endpoint: Endpoint) => boolean;
  /** Nobody has answered since `start`, and somebody may. */
  readonly isSeeking: () => boolean;
  /** A knock was answered. True for the first one, if it was remembered addresses that were knocked at. */
  readonly answered: () => boolean;
  /** Time to try a few of those that are gone. */
  readonly retry: () => void;
  /** Stops, and writes down who is here. */
  readonly leave: () => void;
  readonly size: () => number;
};

/** Knocks that leave at once: enough to find a room that is there, then what one may do without flooding anything. */
const WAVE_FIRST = 16;
const WAVE = 64;
const WAVE_INTERVAL_MS: Millis = 250;
/** A knock can be lost: waits before all are tried once more. Then the slow retries go on. */
const ROUND_WAITS_MS: readonly Millis[] = [1_000, 3_000];
/** A success is written down again when the last one is so long ago. */
const REFRESH_MS: Millis = 300_000;
const REFRESH_LEAVING_MS: Millis = 60_000;
/** Design §3: a few of the dead are tried every 30 s; sooner while nobody at all is here. */
const RETRY_INTERVAL_MS: Millis = 30_000;
const RETRY_ALONE_MS: Millis = 5_000;
const RETRY_COUNT = 3;
/** One address: doubling waits. Who is not alone shares the work with the others, so that together they stay as quick. */
const WAIT_ALONE_MS_MAX: Millis = 30_000;
const WAIT_PER_MEMBER_MS: Millis = 15_000;
const WAIT_MS_MAX: Millis = 600_000;

type Try = { readonly waitMs: Millis; readonly dueAt: Millis };

export function createReconnect(
  context: Context,
  membership: Membership,
  knocks: Knocks,
  remembered: Iterable<RememberedAddress>,
): Reconnect {
  const { rng, timers, link, identity } = context;
  const addresses = createRememberedAddresses();
  for (const entry of remembered) {
    // A clock that was ahead when this was written must not keep the entry on top for ever.
    if (entry.peer !== identity.id) addresses.put({ ...entry, at: Math.min(entry.at, context.now.wall) });
  }
  /** BOUNDED: `limits.remembered`. Still to be knocked at in this round. */
  let wave: Endpoint[] = [];
  let round = 0;
  let seeking = false;
  /** BOUNDED: the addresses of members and the remembered ones; those that came back are taken out at each retry. */
  let tries = new Map<Endpoint, Try>();
  /** Until then those who are not alone leave it at that. */
  let restUntil: Millis = 0;

  const keep = (endpoint: Endpoint, peer: PeerId, at: number): void => {
    addresses.put({ endpoint, peer, at });
    context.remember({ endpoint, peer, at });
  };
  const isAlone = (): boolean => membership.presentCount() === 0;
  const startRound = (afterMs: Millis): void => {
    wave = addresses.newestFirst().map(({ endpoint }) => endpoint);
    timers.set("recall", context.now.mono + afterMs, { type: "recall" });
  };
  /** Whoever becomes alone notices by the next time. */
  const scheduleRetry = (): void =>
    timers.set("retry", context.now.mono + jitter(rng, RETRY_ALONE_MS, 0.3), { type: "retry" });

  /** Where those were who are not here now. */
  const gone = (): Set<Endpoint> => {
    const here = new Set<Endpoint | undefined>();
    const candidates = new Set<Endpoint>();
    for (const member of membership.all()) {
      const address = membership.address(member);
      if (member.status === "alive" || member.status === "suspect") here.add(address);
      else if (member.status === "dead" && address !== undefined) candidates.add(address);
    }
    for (const { endpoint, peer } of addresses.newestFirst()) {
      const status = membership.get(peer)?.status;
      if (status === undefined || status === "dead") candidates.add(endpoint);
    }
    for (const endpoint of candidates)
      if (here.has(endpoint) || knocks.isAwaited(endpoint)) candidates.delete(endpoint);
    return candidates;
  };
  const next = (before: Try | undefined): Try => {
    const members = membership.presentCount() + 1;
    const least = isAlone() ? RETRY_ALONE_MS : RETRY_INTERVAL_MS;
    const most = isAlone() ? WAIT_ALONE_MS_MAX : Math.min(Math.max(WAIT_PER_MEMBER_MS * members, least), WAIT_MS_MAX);
    const waitMs = Math.min(before === undefined ? least : 2 * before.waitMs, most);
    return { waitMs, dueAt: context.now.mono + waitMs };
  };

  return {
    start: () => {
      seeking = addresses.size() > 0;
      round = 0;
      if (seeking) startRound(0);
      restUntil = context.now.mono + jitter(rng, RETRY_INTERVAL_MS, 0.3);
      scheduleRetry();
    },
    lookAround: () => {
      tries = new Map();
      round = 0;
      if (isAlone()) startRound(0);
      else for (const { endpoint } of addresses.newestFirst().slice(0, WAVE_FIRST)) knocks.knock(endpoint);
    },
    recall: () => {
      if (!isAlone()) return;
      const isFirst = round === 0 && wave.length === addresses.size();
      for (const endpoint of wave.splice(0, isFirst ? WAVE_FIRST : WAVE)) {
        if (!knocks.isAwaited(endpoint)) knocks.knock(endpoint);
      }
      if (wave.length > 0) timers.set("recall", context.now.mono + WAVE_INTERVAL_MS, { type: "recall" });
      else if (round < ROUND_WAITS_MS.length) {
        startRound(ROUND_WAITS_MS[round] as Millis);
        round += 1;
      }
    },
    reached: (endpoint, peer) => {
      const known = addresses.get(endpoint);
      const { wall } = context.now;
      // In a large room one address is as good as another: those that are fresh enough are not pushed out in turn.
      const last = known === undefined ? addresses.fullSince() : known.peer === peer ? known.at : undefined;
      if (last !== undefined && wall - last < REFRESH_MS) return;
      keep(endpoint, peer, Math.max(wall, known?.at ?? 0));
    },
    lost: (endpoint, peer) => {
      if (addresses.get(endpoint) === undefined)
        addresses.put({ endpoint, peer, at: context.now.wall - context.config.nodeTimeoutMs });
    },
    isRemembered: (endpoint) => addresses.get(endpoint) !== undefined,
    isSeeking: () => seeking,
    answered: () => {
      const isFirst = seeking;
      seeking = false;
      return isFirst;
    },
    retry: () => {
      scheduleRetry();
      if (!isAlone() && context.now.mono < restUntil) return;
      restUntil = context.now.mono + jitter(rng, RETRY_INTERVAL_MS, 0.3);
      const candidates = gone();
      tries = new Map([...tries].filter(([endpoint]) => candidates.has(endpoint)));
      // What falls due before the next time but one is due: it must not wait twice as long for a moment's sake.
      const until = context.now.mono + (isAlone() ? RETRY_ALONE_MS : RETRY_INTERVAL_MS) / 2;
      const dueAt = (endpoint: Endpoint): Millis => tries.get(endpoint)?.dueAt ?? 0;
      const due = shuffle(
        rng,
        [...candidates].filter((endpoint) => dueAt(endpoint) <= until),
      ).sort((a, b) => dueAt(a) - dueAt(b));
      for (const endpoint of due.slice(0, RETRY_COUNT)) {
        knocks.knock(endpoint);
        tries.set(endpoint, next(tries.get(endpoint)));
      }
    },
    leave: () => {
      for (const member of membership.present()) {
        const session = link.sessions.get(member.statement.content.boot);
        if (session?.endpoint === undefined || session.heardAt === undefined || session.standing !== "validated")
          continue;
        const at = context.now.wall - Math.round(context.now.mono - session.heardAt);
        const known = addresses.get(session.endpoint);
        if (known === undefined || at - known.at > REFRESH_LEAVING_MS) keep(session.endpoint, member.id, at);
      }
      timers.clear("recall");
      timers.clear("retry");
    },
    size: addresses.size,
  };
}
