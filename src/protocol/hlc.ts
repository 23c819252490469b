/** Hybrid logical clock (Kulkarni et al. 2014): close to the wall clock, and never behind what was seen. */
import { bounds } from "./config.ts";
import type { UnixMillis } from "./types.ts";

export type HybridClock = {
  /** max(wall, last + 1, max(parents) + 1): the stamp of a message about to be written. */
  readonly stamp: (wall: UnixMillis, parents: readonly UnixMillis[]) => UnixMillis;
  /** Something stamped `hlc` was received. True if it is too far ahead of the wall clock to be followed. */
  readonly observe: (wall: UnixMillis, hlc: UnixMillis) => boolean;
};

export function createHybridClock(): HybridClock {
  let last = 0;
  return {
    stamp: (wall, parents) => {
      // History never offers a parent that is too far ahead, so that one wrong clock does not drag all others along.
      last = Math.max(wall, last + 1, ...parents.map((parent) => parent + 1));
      return last;
    },
    observe: (wall, hlc) => {
      const ahead = hlc > wall + bounds.clockAheadMs;
      if (!ahead) last = Math.max(last, hlc);
      return ahead;
    },
  };
}
