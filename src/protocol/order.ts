/**
 * The random order in which a message visits the room: each message and order number ranks all peers anew, so that every
 * message spreads along another tree and the load is even. Ranks are absolute (u32), so rosters need not agree on them.
 */
import type { Slice } from "../wire/frame.ts";
import type { MessageId, PeerId } from "./types.ts";

export const WHOLE = { lo: 0, last: 0xffffffff } as const;

export type Ranked<Peer> = { readonly peer: Peer; readonly rank: number };
/** A part of a slice: the first peer gets the message and covers the rest of it. */
export type Part<Peer> = { readonly slice: Slice; readonly peers: readonly Peer[] };

/** The rank of a peer (by a hash of its id) in one order of a message: u32, evenly spread. */
export function rankOf(id: MessageId, order: number, peerHash: number): number {
  return mix(mix(seedOf(id, order)) ^ peerHash);
}

/** Where a peer's rank in each order comes from: u32. */
export function hashOf(peer: PeerId): number {
  return mix(Number.parseInt(peer.slice(0, 8), 16));
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
 * Cuts a slice into at most `fanout` parts of equal size that together cover all of it, unknown peers in between included.
 * Who delegates further names its own hash: it has the message, and nobody below it is to send it there again.
 */
export function cut<Peer extends { readonly hash: number }>(
  id: MessageId,
  slice: Slice,
  ranked: readonly Peer[],
  fanout: number,
  ownHash?: number,
): Part<Peer>[] {
  const count = Math.min(fanout, ranked.length);
  const starts = Array.from({ length: count + 1 }, (_, index) => Math.floor((index * ranked.length) / count));
  const rank = (index: number): number => rankOf(id, slice.order, (ranked[index] as Peer).hash);
  const own = ownHash === undefined ? -1 : rankOf(id, slice.order, ownHash);
  const first = count > 0 && own >= slice.lo && own < rank(0) ? own + 1 : slice.lo;
  return Array.from({ length: count }, (_, index) => {
    const from = starts[index] as number;
    const to = starts[index + 1] as number;
    const lo = index === 0 ? first : rank(from);
    // Peers of one rank stay together: the bound of a part never falls below its own start.
    const last = index === count - 1 ? slice.last : Math.max(rank(to) - 1, lo);
    return { slice: { order: slice.order, lo, last }, peers: ranked.slice(from, to) };
  });
}

// --- internal ---

/** The hash part of the id is uniform; the order number tells the orders of one message apart. */
function seedOf(id: MessageId, order: number): number {
  return (Number.parseInt(id.slice(12, 20), 16) + Math.imul(order, 0x9e3779b9)) >>> 0;
}

/** The finalizer of MurmurHash3 (Appleby): every input bit flips every output bit with probability one half. */
function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
