/** Addresses: which of its own a node tells the others, and which of a peer's it uses. */
import { isLinkLocal, isLoopback } from "../wire/endpoint.ts";
import { ENDPOINTS_MAX } from "../wire/statement.ts";
import type { Endpoint, Millis } from "./types.ts";

export type OwnAddresses = {
  /** What the own statement lists. */
  readonly listed: () => readonly Endpoint[];
  /** A proven peer sees this node there. True if the list is another one now. An address of its link alone is not told. */
  readonly observed: (endpoint: Endpoint, now: Millis) => boolean;
};

/** An own address that no peer has confirmed for so long gives way to a new one. */
const OBSERVED_STALE_MS: Millis = 60_000;

/** `known`: those confirmed at `now`. */
export function createOwnAddresses(known: readonly Endpoint[], now: Millis): OwnAddresses {
  /** BOUNDED: ENDPOINTS_MAX. When each was last confirmed. */
  let seenAt = new Map<Endpoint, Millis>(known.map((endpoint) => [endpoint, now]));
  let list = known;

  return {
    listed: () => list,
    observed: (endpoint, at) => {
      if (isLinkLocal(endpoint)) return false;
      if (seenAt.has(endpoint)) {
        seenAt.set(endpoint, at);
        return false;
      }
      // Where nobody has seen this node for a while, it is no more: the place is free for where it is now.
      const fresh = [...seenAt].filter(([, last]) => at - last < OBSERVED_STALE_MS);
      if (fresh.length >= ENDPOINTS_MAX) return false;
      seenAt = new Map([...fresh, [endpoint, at]]);
      list = farFirst([...seenAt.keys()]);
      return true;
    },
  };
}

/** Of the addresses a peer is said to have, one that can mean the same from here; the next one after each few unanswered tries. */
export function pickEndpoint(
  endpoints: readonly Endpoint[],
  own: readonly Endpoint[],
  unanswered: number,
): Endpoint | undefined {
  const onlyLocal = own.length === 0 || own.every(isLoopback);
  const ordered = onlyLocal ? [...endpoints].sort((a, b) => Number(isLoopback(b)) - Number(isLoopback(a))) : endpoints;
  return ordered[Math.floor(unanswered / TRIES_EACH) % Math.max(ordered.length, 1)];
}

// --- internal ---

const TRIES_EACH = 3;

/** Others on this host reach a loopback address, everyone else the others: these go first. */
function farFirst(endpoints: readonly Endpoint[]): Endpoint[] {
  return [...endpoints].sort((a, b) => Number(isLoopback(a)) - Number(isLoopback(b)));
}
