/** Chooses which of its own addresses a node lists in its statement. */
import { type Endpoint, isLinkLocal, isLoopback } from "../../wire/endpoint.ts";
import { ENDPOINTS_MAX } from "../../wire/statement.ts";
import type { Millis } from "../time.ts";

/** Each returns whether the list is another one now. */
export type OwnAddresses = {
  /** What the own statement lists: where others see this node, the latest first; where it is by itself; loopback. */
  readonly listed: () => readonly Endpoint[];
  /** A proven peer sees this node there. An address of its link alone is not told. */
  readonly observed: (endpoint: Endpoint, now: Millis) => boolean;
  /** The host's own addresses are these now, the likeliest first. */
  readonly network: (endpoints: readonly Endpoint[]) => boolean;
  /** Others see this node where the host itself does not know to be. */
  readonly isBehindNat: () => boolean;
};

/** An own address that no peer has confirmed for so long gives way to a new one. */
const OBSERVED_STALE_MS: Millis = 60_000;
/** Of the host's own addresses so many are told: one of each family, as a rule. */
const LOCAL_MAX = 2;

/** `known`: those confirmed at `now`. */
export function createOwnAddresses(known: readonly Endpoint[], now: Millis): OwnAddresses {
  /** BOUNDED: ENDPOINTS_MAX. When each was last confirmed. */
  let seenAt = new Map<Endpoint, Millis>(known.map((endpoint) => [endpoint, now]));
  let local: readonly Endpoint[] = [];
  let list = known;
  /** Someone beyond this host has been met: before that only a loopback address is of use to anybody. */
  let isAbroad = known.some((endpoint) => !isLoopback(endpoint));

  let isBehindNat = false;

  /** An address of a family that the host knows others of, and not this one. */
  const isOutside = (endpoint: Endpoint): boolean => {
    const family = local.filter((each) => isIpv6(each) === isIpv6(endpoint));
    return !isLoopback(endpoint) && family.length > 0 && !family.some((each) => hostOf(each) === hostOf(endpoint));
  };
  const relist = (): boolean => {
    isBehindNat = [...seenAt.keys()].some(isOutside);
    const seen = [...seenAt].sort(([, a], [, b]) => b - a).map(([endpoint]) => endpoint);
    const here = isAbroad ? local.filter((endpoint) => !seenAt.has(endpoint)).slice(0, LOCAL_MAX) : [];
    const next = farFirst([...seen, ...here]).slice(0, ENDPOINTS_MAX);
    const isOther = next.length !== list.length || next.some((endpoint) => !list.includes(endpoint));
    if (isOther) list = next;
    return isOther;
  };

  return {
    listed: () => list,
    observed: (endpoint, at) => {
      if (isLinkLocal(endpoint)) return false;
      if (!seenAt.has(endpoint)) {
        // Where nobody has seen this node for a while, it is no more: the place is free for where it is now.
        const fresh = [...seenAt].filter(([, last]) => at - last < OBSERVED_STALE_MS);
        if (fresh.length >= ENDPOINTS_MAX) return false;
        seenAt = new Map(fresh);
      }
      seenAt.set(endpoint, at);
      isAbroad ||= !isLoopback(endpoint);
      return relist();
    },
    network: (endpoints) => {
      const gone = new Set(local.filter((endpoint) => !endpoints.includes(endpoint)));
      const isElsewhere = gone.size > 0 && gone.size === local.length;
      for (const endpoint of seenAt.keys()) {
        // What a NAT showed of this node says nothing about another network.
        const isNats = !isLoopback(endpoint) && !local.includes(endpoint) && !endpoints.includes(endpoint);
        if (gone.has(endpoint) || (isElsewhere && isNats)) seenAt.delete(endpoint);
      }
      local = endpoints;
      return relist();
    },
    isBehindNat: () => isBehindNat,
  };
}

// --- internal ---

/** RFC 1918, RFC 6598, RFC 4193. */
const PRIVATE =
  /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|\[f[cd][0-9a-f]{2}:)/;

export function isPrivate(endpoint: Endpoint): boolean {
  return PRIVATE.test(endpoint);
}

function isIpv6(endpoint: Endpoint): boolean {
  return endpoint.startsWith("[");
}

export function hostOf(endpoint: Endpoint): string {
  return endpoint.slice(0, endpoint.lastIndexOf(":"));
}

/** Others on this host reach a loopback address, everyone else the others: these go first. */
function farFirst(endpoints: readonly Endpoint[]): Endpoint[] {
  return [...endpoints].sort((a, b) => Number(isLoopback(a)) - Number(isLoopback(b)));
}
