/** Checks that nobody pushes out what others said (I11), by what nodes hold at the end. */
import type { MessageId, PeerId } from "../../wire/ids.ts";
import type { VirtualNode } from "../world/node.ts";
import type { CheckerOptions } from "./checkerOptions.ts";
import { type Complain, entry } from "./words.ts";

type Options = Pick<CheckerOptions, "maxMessages" | "flooder"> & {
  readonly isSmall: (id: MessageId) => boolean;
  /** A node, or a hostile member. */
  readonly authorOf: (id: MessageId) => number | PeerId;
  /** The author's disk has it: it may not be lost for other reasons. */
  readonly isSafe: (author: number | PeerId, id: MessageId) => boolean;
  readonly complain: Complain;
};

/**
 * Each author has an equal share at least, whatever the others say, and honest ones the newest quarter whatever a flooder says; where
 * there are hostile members the quarter, too, goes as far as the share of each author.
 * `all`: what was said, ascending.
 */
export function checkShares(
  live: readonly (readonly [number, VirtualNode])[],
  all: readonly MessageId[],
  { maxMessages, flooder, isSmall, authorOf, isSafe, complain }: Options,
): void {
  const known = new Set(all);
  const small = all.filter(isSmall);
  const byAuthor = new Map<number | PeerId, MessageId[]>();
  for (const id of small) entry(byAuthor, authorOf(id), () => []).push(id);
  const each = Math.floor(maxMessages / Math.max(byAuthor.size, 1));
  const isHostile = (author: number | PeerId): boolean => author === flooder || typeof author === "string";
  const honest = [...byAuthor.keys()].some(isHostile) ? small.filter((id) => !isHostile(authorOf(id))) : [];
  const isDue = (id: MessageId): boolean =>
    flooder !== undefined || (each > 0 && byAuthor.get(authorOf(id))?.slice(-each).includes(id) === true);
  const quarter = honest.slice(-Math.floor(maxMessages / 4)).filter(isDue);
  for (const [index, node] of live) {
    const ids = node.core().ids();
    const held = new Set(ids);
    const isGone = (id: MessageId): boolean => !held.has(id) && isSafe(authorOf(id), id);
    // What its own clock stamped too far ahead takes of its author's share there.
    const isAhead = ids.length > 0 && !known.has(ids.at(-1) as MessageId);
    for (const [author, own] of each === 0 || isAhead ? [] : byAuthor) {
      const gone = own.slice(-each).filter((id) => isGone(id) && node.disk.hasTrimmed(id)).length;
      if (gone > 0) complain(`I11: n${index} has let go ${gone} of the newest ${each} messages of n${author}`);
    }
    const gone = index === flooder ? 0 : quarter.filter(isGone).length;
    if (gone > 0) complain(`I11: n${index} lacks ${gone} of the newest ${quarter.length} messages of honest nodes`);
  }
}
