/**
 * Relay orders. Each message and order number ranks all peers anew, so that every message spreads along another tree and
 * the load is even. Ranks are absolute (u32), so rosters need not agree on them.
 */
import type { Slice } from "../../wire/frames.ts";
import type { MessageId } from "../../wire/ids.ts";
import { mix } from "../membership/rank.ts";

export const WHOLE = { lo: 0, last: 0xffffffff } as const;

export type Ranked<Peer> = { readonly peer: Peer; readonly rank: number };
/** A branch of a slice: the first peer gets the message and covers the rest of it. */
export type Branch<Peer> = { readonly slice: Slice; readonly peers: readonly Peer[] };

/** The rank of a peer (by a hash of its id) in one order of a message: u32, evenly spread. */
export function rankOf(id: MessageId, order: number, peerHash: number): number {
  return mix(mix(seedOf(id, order)) ^ peerHash);
}

/** The peers within the slice for whom `admits` holds, by rank. */
export function rankedWithin<Peer extends { readonly hash: number; readonly id: string }>(
  id: MessageId,
  slice: Slice,
  peers: Iterable<Peer>,
  admits: (peer: Peer) => boolean = () => true,
): Peer[] {
  const seed = mix(seedOf(id, slice.order));
  const ranked: Ranked<Peer>[] = [];
  for (const peer of peers) {
    const rank = mix(seed ^ peer.hash);
    if (rank >= slice.lo && rank <= slice.last && admits(peer)) ranked.push({ peer, rank });
  }
  ranked.sort((a, b) => a.rank - b.rank || (a.peer.id < b.peer.id ? -1 : 1));
  return ranked.map(({ peer }) => peer);
}

/**
 * Cuts a slice into at most `fanout` branches of about equal size that together cover all of it, unknown peers in between
 * included. Who delegates further names its own hash: it has the message, and no branch holds its rank, so that nobody below it
 * sends it there again, nor counts it twice. (One branch alone cannot leave out what is in its middle.) Branches begin at those for
 * whom `mayLead` holds, the others go with the one before them; if it holds for nobody, for all.
 */
export function cut<Peer extends { readonly hash: number }>(
  id: MessageId,
  slice: Slice,
  ranked: readonly Peer[],
  fanout: number,
  ownHash?: number,
  mayLead: (peer: Peer) => boolean = () => true,
): Branch<Peer>[] {
  const { order, lo, last } = slice;
  const found = new Set(ranked.filter(mayLead));
  const leads = found.size > 0 ? found : new Set(ranked);
  const rank = ({ hash }: Peer): number => rankOf(id, order, hash);
  const own = ownHash === undefined ? -1 : rankOf(id, order, ownHash);
  const count = Math.min(fanout, leads.size);
  const sides = [ranked.filter((peer) => rank(peer) < own), ranked.filter((peer) => rank(peer) >= own)] as const;
  const [below, above] = sides.map((side) => side.filter((peer) => leads.has(peer)).length) as [number, number];
  const isWhole = sides.every((side) => side.length > 0) && (count === 1 || below === 0 || above === 0);
  if (own < lo || own > last || isWhole) return evenly(slice, ranked, leads, count, rank);
  const least = below > 0 ? 1 : 0;
  const most = above > 0 ? count - 1 : count;
  const parts = Math.min(Math.max(Math.round((count * below) / Math.max(leads.size, 1)), least), most);
  return [
    ...evenly({ order, lo, last: own - 1 }, sides[0], leads, parts, rank),
    ...evenly({ order, lo: own + 1, last }, sides[1], leads, count - parts, rank),
  ];
}

/** Whoever in the branch is reached from here covers the others, as far as they are reached from there. */
export function reachedFirst<Peer>({ slice, peers }: Branch<Peer>, isReachable: (peer: Peer) => boolean): Branch<Peer> {
  const others = peers.filter((peer) => !isReachable(peer));
  return { slice, peers: others.length === 0 ? peers : [...peers.filter(isReachable), ...others] };
}

// --- internal ---

function evenly<Peer>(
  { order, lo, last }: Slice,
  ranked: readonly Peer[],
  leads: ReadonlySet<Peer>,
  most: number,
  rank: (peer: Peer) => number,
): Branch<Peer>[] {
  const places = ranked.flatMap((peer, index) => (leads.has(peer) ? [index] : []));
  const count = Math.min(most, places.length);
  const starts = Array.from({ length: count + 1 }, (_, index) =>
    index === 0 ? 0 : (places[Math.floor((index * places.length) / count)] ?? ranked.length),
  );
  return Array.from({ length: count }, (_, index) => {
    const [from, to] = [starts[index] as number, starts[index + 1] as number];
    const first = index === 0 ? lo : rank(ranked[from] as Peer);
    // Peers of one rank stay together: the bound of a branch never falls below its own start.
    const until = index === count - 1 ? last : Math.max(rank(ranked[to] as Peer) - 1, first);
    return { slice: { order, lo: first, last: until }, peers: ranked.slice(from, to) };
  });
}

/** The hash part of the id is uniform; the order number tells the orders of one message apart. */
function seedOf(id: MessageId, order: number): number {
  return (Number.parseInt(id.slice(12, 20), 16) + Math.imul(order, 0x9e3779b9)) >>> 0;
}
