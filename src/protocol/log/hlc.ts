/**
 * Hybrid logical clock (Kulkarni et al. 2014). It stays close to the wall clock and is never behind a stamp that this node
 * has seen. Other nodes can move it ahead by `limits.clockLiftMs` at most. That is less than the room accepts, so nobody
 * can push honest clocks to the limit.
 */
import { limits } from "../limits.ts";
import type { UnixMillis } from "../time.ts";

export type HybridClock = {
  /** max(wall, last + 1, max(parents) + 1): the stamp of a message about to be written. Parents are at most `liftLimit`. */
  readonly stamp: (wall: UnixMillis, parents: readonly UnixMillis[]) => UnixMillis;
  /** Something stamped `hlc` was received. */
  readonly observe: (wall: UnixMillis, hlc: UnixMillis) => void;
};

/** The latest stamp that lifts this clock, and that a message written now may name as a parent. */
export function liftLimit(wall: UnixMillis): UnixMillis {
  return wall + limits.clockLiftMs;
}

/** More than that is nothing a node takes now: its clock, or that of the author, is wrong. */
export function isAhead(wall: UnixMillis, hlc: UnixMillis): boolean {
  return hlc > wall + limits.clockAheadMs;
}

export function createHybridClock(): HybridClock {
  let last = 0;
  return {
    stamp: (wall, parents) => {
      // What was stamped by a clock that has been set back since is no reason to go on ahead.
      if (last > liftLimit(wall)) last = wall - 1;
      last = Math.max(wall, last + 1, ...parents.map((parent) => parent + 1));
      return last;
    },
    observe: (wall, hlc) => {
      if (hlc <= liftLimit(wall)) last = Math.max(last, hlc);
    },
  };
}
