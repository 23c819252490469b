/** The hash of a peer's id from which its rank in each relay order comes: u32, evenly spread. */
import type { PeerId } from "../../wire/ids.ts";

/** Where a peer's rank in each order comes from: u32. */
export function hashOf(peer: PeerId): number {
  return mix(Number.parseInt(peer.slice(0, 8), 16));
}

/** The finalizer of MurmurHash3 (Appleby): every input bit flips every output bit with probability one half. */
export function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
