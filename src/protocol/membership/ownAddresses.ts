/**
 * Chooses which of its own addresses a node lists in its statement. An address of its own sockets it knows itself. Any other
 * it has from members, and one of them may lie: it would have the room look for this node at a victim's address. So two
 * have to agree.
 *
 * With one other member in the room nobody can agree. Then its word counts: it knows where this node is anyway, those who
 * come later need a first address to be told of, and as soon as another sees this node elsewhere, neither is listed.
 */
import { type Endpoint, isLinkLocal, isLoopback } from "../../wire/endpoint.ts";
import type { PeerId } from "../../wire/ids.ts";
import { ENDPOINTS_MAX } from "../../wire/statement.ts";
import type { Millis } from "../time.ts";

/** Each returns whether the list is another one now. */
export type OwnAddresses = {
  /** What the own statement lists: where others see this node, the latest first; where it is by itself; loopback. */
  readonly listed: () => readonly Endpoint[];
  /** This member, proven to be there, sees this node so. An address of its link alone is not told. */
  readonly observed: (endpoint: Endpoint, by: PeerId, now: Millis) => boolean;
  /** The host's own addresses are these now, the likeliest first. */
  readonly network: (endpoints: readonly Endpoint[]) => boolean;
  /** Others see this node where the host itself does not know to be. */
  readonly isBehindNat: () => boolean;
};

/** An own address that no peer has confirmed for so long gives way to a new one. */
const OBSERVED_STALE_MS: Millis = 60_000;
/** Of the host's own addresses so many are told: one of each family, as a rule. */
const LOCAL_MAX = 2;

/** Members whose latest word counts. */
const OBSERVERS_MAX = 16;
/** So many agree on an address; and so many see this node at its own sockets where one alone sees it elsewhere. */
const AGREEING = 2;

type Report = { readonly endpoint: Endpoint; readonly at: Millis };

/** `known`: those confirmed at `now`. */
export function createOwnAddresses(known: readonly Endpoint[], now: Millis): OwnAddresses {
  /** BOUNDED: OBSERVERS_MAX for each family. Where each member sees this node, by the member and the family. */
  let reports = new Map<string, Report>();
  /** BOUNDED: ENDPOINTS_MAX. Those that count, and when each was last confirmed. */
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
  const isOwn = (endpoint: Endpoint): boolean =>
    local.includes(endpoint) || (isLoopback(endpoint) && local.some((each) => portOf(each) === portOf(endpoint)));
  /** `same`: what of two addresses has to be equal for their observers to agree. */
  const isBelieved = (endpoint: Endpoint, same: (endpoint: Endpoint) => string): boolean => {
    if (isOwn(endpoint)) return true;
    const others = [...reports.values()].map((report) => report.endpoint);
    const agreeing = others.filter((other) => same(other) === same(endpoint)).length;
    if (agreeing >= AGREEING) return true;
    const isDenied = others.some(
      (other) => !isOwn(other) && isIpv6(other) === isIpv6(endpoint) && same(other) !== same(endpoint),
    );
    return agreeing === 1 && !isDenied && others.filter(isOwn).length < AGREEING;
  };
  const relist = (): boolean => {
    // A NAT may show another port to each: that it is one is seen by the host.
    const outside = [...reports.values()].filter(({ endpoint }) => isOutside(endpoint));
    isBehindNat = [...seenAt.keys()].some(isOutside) || outside.some(({ endpoint }) => isBelieved(endpoint, hostOf));
    const seen = [...seenAt].sort(([, a], [, b]) => b - a).map(([endpoint]) => endpoint);
    const here = isAbroad ? local.filter((endpoint) => !seenAt.has(endpoint)).slice(0, LOCAL_MAX) : [];
    const next = farFirst([...seen, ...here]).slice(0, ENDPOINTS_MAX);
    const isOther = next.length !== list.length || next.some((endpoint) => !list.includes(endpoint));
    if (isOther) list = next;
    return isOther;
  };
  const report = (endpoint: Endpoint, by: PeerId, at: Millis): void => {
    const key = `${by} ${isIpv6(endpoint)}`;
    const before = reports.get(key);
    // Who saw it elsewhere before is one less who agrees on that.
    reports.delete(key);
    reports.set(key, { endpoint, at });
    if (reports.size > 2 * OBSERVERS_MAX) reports.delete(reports.keys().next().value as string);
    if (before !== undefined && before.endpoint !== endpoint && !isSupported(before.endpoint))
      seenAt.delete(before.endpoint);
    // One that stood on one word alone goes when another word is against it.
    for (const { endpoint: other } of [...reports.values()])
      if (seenAt.has(other) && !isBelieved(other, whole)) seenAt.delete(other);
  };
  const isSupported = (endpoint: Endpoint): boolean =>
    isOwn(endpoint) || [...reports.values()].some((other) => other.endpoint === endpoint);

  return {
    listed: () => list,
    observed: (endpoint, by, at) => {
      if (isLinkLocal(endpoint)) return false;
      // Where nobody has seen this node for a while, it is no more: the place is free for where it is now.
      const isFresh = (last: Millis): boolean => at - last < OBSERVED_STALE_MS;
      if (!seenAt.has(endpoint)) reports = new Map([...reports].filter(([, each]) => isFresh(each.at)));
      report(endpoint, by, at);
      if (!isBelieved(endpoint, whole)) return relist();
      if (!seenAt.has(endpoint)) {
        const fresh = [...seenAt].filter(([, last]) => isFresh(last));
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
      const isGone = (endpoint: Endpoint): boolean => {
        // What a NAT showed of this node says nothing about another network.
        const isNats = !isLoopback(endpoint) && !local.includes(endpoint) && !endpoints.includes(endpoint);
        return gone.has(endpoint) || (isElsewhere && isNats);
      };
      for (const endpoint of [...seenAt.keys()].filter(isGone)) seenAt.delete(endpoint);
      reports = new Map([...reports].filter(([, { endpoint }]) => !isGone(endpoint)));
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

function portOf(endpoint: Endpoint): string {
  return endpoint.slice(endpoint.lastIndexOf(":"));
}

function whole(endpoint: Endpoint): string {
  return endpoint;
}

/** Others on this host reach a loopback address, everyone else the others: these go first. */
function farFirst(endpoints: readonly Endpoint[]): Endpoint[] {
  return [...endpoints].sort((a, b) => Number(isLoopback(a)) - Number(isLoopback(b)));
}
