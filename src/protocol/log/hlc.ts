/**
 * Hybrid logical clock (Kulkarni et al. 2014). It stays close to the wall clock and is never behind a stamp that this node
 * follows. How far others can lift it is bounded, twice. One author alone lifts it by `limits.clockLiftAloneMs`, two by
 * `limits.clockLiftMs`.
 *
 * With one bound for all, a member could lift honest clocks up to it, and whoever's clock is a little slow would not follow
 * what honest nodes say: their lines would stand in another order than they were said. Now the highest stamp counts only
 * as far as another author comes near it. So one liar moves nobody beyond what honest clocks show, and the first bound.
 */

import type { PeerId } from "../../wire/ids.ts";
import { limits } from "../limits.ts";
import type { UnixMillis } from "../time.ts";

export type HybridClock = {
  /** max(wall, last + 1, max(parents) + 1): the stamp of a message about to be written. Parents are at most `limit`. */
  readonly stamp: (wall: UnixMillis, parents: readonly UnixMillis[]) => UnixMillis;
  /** Something of this author, stamped `hlc`, was received. */
  readonly observe: (wall: UnixMillis, hlc: UnixMillis, author: PeerId) => void;
  /** The latest stamp that lifts this clock now, and that a message written now may name as a parent. */
  readonly limit: (wall: UnixMillis) => UnixMillis;
};

/** More than that is nothing a node takes now: its clock, or that of the author, is wrong. */
export function isAhead(wall: UnixMillis, hlc: UnixMillis): boolean {
  return hlc > wall + limits.clockAheadMs;
}

export function createHybridClock(): HybridClock {
  let last = 0;
  /** The latest stamp that may count, and the latest of any other author. */
  let [first, second]: [Stamp | undefined, Stamp | undefined] = [undefined, undefined];

  const note = (stamp: Stamp): void => {
    const isOfFirst = stamp.author === first?.author;
    if (first === undefined || stamp.hlc > first.hlc) [first, second] = [stamp, isOfFirst ? second : first];
    else if (!isOfFirst && stamp.hlc > (second?.hlc ?? 0)) second = stamp;
  };
  const limit = (wall: UnixMillis): UnixMillis =>
    Math.max(wall + limits.clockLiftAloneMs, Math.min(second?.hlc ?? 0, liftMost(wall)));

  return {
    stamp: (wall, parents) => {
      // What was stamped by a clock that has been set back since is no reason to go on ahead.
      if (last > liftMost(wall)) last = wall - 1;
      last = Math.max(wall, last + 1, ...parents.map((parent) => parent + 1));
      return last;
    },
    observe: (wall, hlc, author) => {
      // What is too far ahead to be followed still shows that another author's stamp is not the latest.
      if (!isAhead(wall, hlc)) note({ author, hlc });
      if (hlc <= limit(wall)) last = Math.max(last, hlc);
    },
    limit,
  };
}

// --- internal ---

type Stamp = { readonly author: PeerId; readonly hlc: UnixMillis };

function liftMost(wall: UnixMillis): UnixMillis {
  return wall + limits.clockLiftMs;
}
