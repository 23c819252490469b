/**
 * Chooses which of its own addresses a node lists in its statement.
 *
 * What others say of it is their word, and any member can lie. An address that the host itself has is listed when anybody sees
 * the node there. Any other needs the word of two hosts. The word of one counts only while nothing better is known: many a node
 * behind a NAT is seen by one other alone. Each host has one word, which it cannot change often.
 */
import { type Endpoint, holderOf, isLinkLocal, isLoopback } from "../../wire/endpoint.ts";
import { ENDPOINTS_MAX } from "../../wire/statement.ts";
import type { Millis } from "../time.ts";

/** Each returns whether the list is another one now. */
export type OwnAddresses = {
  /** What the own statement lists: where it is without doubt, the latest first; what one host says; its other own ones; loopback. */
  readonly listed: () => readonly Endpoint[];
  /** A proven peer, found to be at `observer`, sees this node there. An address of its link alone is not told. */
  readonly observed: (endpoint: Endpoint, observer: Endpoint, now: Millis) => boolean;
  /** The host's own addresses are these now, the likeliest first. */
  readonly network: (endpoints: readonly Endpoint[]) => boolean;
  /** Others see this node where the host itself does not know to be. */
  readonly isBehindNat: () => boolean;
};

/** BOUNDED: hosts with a word, the latest heard. */
const OBSERVERS_MAX = 16;
/** A host that has changed its word may do so again after this time: each change may be a rumour to the whole room. */
const WORD_MS: Millis = 10_000;
/** What one host alone has not said again for so long comes after what another one says. */
const OBSERVED_STALE_MS: Millis = 60_000;
/** Addresses of a family that one host alone has named. So one liar does not keep out the only other observer. */
const ALONE_MAX = 2;
/** Of the host's own addresses so many are told: one of each family, as a rule. */
const LOCAL_MAX = 2;

/** That a host sees this node at `endpoint`: since when it says so, and when it said so last. */
type Word = { readonly endpoint: Endpoint; readonly since: Millis; readonly at: Millis };

/** All words for one address. */
type Sighting = { readonly endpoint: Endpoint; hosts: number; since: Millis; at: Millis };

/** `known`: those confirmed at `now`. */
export function createOwnAddresses(known: readonly Endpoint[], now: Millis): OwnAddresses {
  const words = new Map<string, Word>(known.map((endpoint) => [endpoint, { endpoint, since: now, at: now }]));
  let local: readonly Endpoint[] = [];
  let list = known;
  /** Someone beyond this host has been met: before that only a loopback address is of use to anybody. */
  let isAbroad = known.some((endpoint) => !isLoopback(endpoint));

  /** An address of a family that the host knows others of, and not this one. */
  const isOutside = (endpoint: Endpoint): boolean => {
    const family = local.filter(isOfFamily(endpoint));
    return !isLoopback(endpoint) && family.length > 0 && !family.some((each) => hostOf(each) === hostOf(endpoint));
  };
  const relist = (at: Millis): boolean => {
    const seen = sightingsIn(words);
    const isAgreed = ({ endpoint, hosts }: Sighting): boolean => hosts > 1 || local.includes(endpoint);
    const agreed = seen.filter(isAgreed).sort((a, b) => b.at - a.at);
    const outside = agreed.map(({ endpoint }) => endpoint).filter((endpoint) => !local.includes(endpoint));
    /** Of these families it is known where this node is for everybody. */
    const settled = new Set([...outside, ...local.filter(isPublic)].map(familyOf));
    const isStale = (sighting: Sighting): number => Number(at - sighting.at >= OBSERVED_STALE_MS);
    const alone = seen
      .filter((sighting) => !isAgreed(sighting) && !settled.has(familyOf(sighting.endpoint)))
      .sort((a, b) => isStale(a) - isStale(b) || a.since - b.since)
      .map(({ endpoint }) => endpoint)
      .filter((one, index, all) => all.slice(0, index).filter(isOfFamily(one)).length < ALONE_MAX);
    const told = [...agreed.map(({ endpoint }) => endpoint), ...alone];
    const here = isAbroad ? local.filter((endpoint) => !told.includes(endpoint)).slice(0, LOCAL_MAX) : [];
    const next = farFirst([...told, ...here]).slice(0, ENDPOINTS_MAX);
    // In another order it is no news, unless the first was one host's word alone.
    const isLed = next[0] === list[0] || agreed.some(({ endpoint }) => endpoint === list[0]);
    const isOther = !isLed || next.length !== list.length || next.some((endpoint) => !list.includes(endpoint));
    list = next;
    return isOther;
  };

  return {
    listed: () => list,
    observed: (endpoint, observer, at) => {
      // Whoever sees this node at an address of another kind has not seen it by what it sent.
      if (isLinkLocal(endpoint) || familyOf(endpoint) !== familyOf(observer)) return false;
      const host = isLoopback(observer) ? observer : holderOf(observer);
      const before = words.get(host);
      const isSame = before?.endpoint === endpoint;
      if (before !== undefined && !isSame && at - before.since < WORD_MS) return false;
      words.delete(host);
      words.set(host, { endpoint, since: isSame ? before.since : at, at });
      if (words.size > OBSERVERS_MAX) words.delete(words.keys().next().value as string);
      isAbroad ||= !isLoopback(endpoint);
      return relist(at);
    },
    network: (endpoints) => {
      const gone = new Set(local.filter((endpoint) => !endpoints.includes(endpoint)));
      const isElsewhere = gone.size > 0 && gone.size === local.length;
      let at = now;
      for (const [host, word] of words) {
        const { endpoint } = word;
        at = Math.max(at, word.at);
        // What a NAT showed of this node says nothing about another network.
        const isNats = !isLoopback(endpoint) && !local.includes(endpoint) && !endpoints.includes(endpoint);
        if (gone.has(endpoint) || (isElsewhere && isNats)) words.delete(host);
      }
      local = endpoints;
      return relist(at);
    },
    isBehindNat: () => list.some(isOutside),
  };
}

// --- internal ---

/** RFC 1918, RFC 6598, RFC 4193. */
const PRIVATE =
  /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|\[f[cd][0-9a-f]{2}:)/;

export function isPrivate(endpoint: Endpoint): boolean {
  return PRIVATE.test(endpoint);
}

function isPublic(endpoint: Endpoint): boolean {
  return !isPrivate(endpoint) && !isLoopback(endpoint) && !isLinkLocal(endpoint);
}

function familyOf(endpoint: Endpoint): "loopback" | 4 | 6 {
  if (isLoopback(endpoint)) return "loopback";
  return endpoint.startsWith("[") ? 6 : 4;
}

function isOfFamily(of: Endpoint): (endpoint: Endpoint) => boolean {
  return (endpoint) => familyOf(endpoint) === familyOf(of);
}

export function hostOf(endpoint: Endpoint): string {
  return endpoint.slice(0, endpoint.lastIndexOf(":"));
}

function sightingsIn(words: ReadonlyMap<string, Word>): Sighting[] {
  const sightings = new Map<Endpoint, Sighting>();
  for (const { endpoint, since, at } of words.values()) {
    const sighting = sightings.get(endpoint);
    if (sighting === undefined) sightings.set(endpoint, { endpoint, hosts: 1, since, at });
    else {
      sighting.hosts += 1;
      sighting.since = Math.min(sighting.since, since);
      sighting.at = Math.max(sighting.at, at);
    }
  }
  return [...sightings.values()];
}

/** Others on this host reach a loopback address, everyone else the others: these go first. */
function farFirst(endpoints: readonly Endpoint[]): Endpoint[] {
  return [...endpoints].sort((a, b) => Number(isLoopback(a)) - Number(isLoopback(b)));
}
