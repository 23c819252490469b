/**
 * How many messages of one author a node pushes: a token bucket for each. Beyond it messages are only advertised, and whoever
 * lacks one asks for it at its own pace. So a member that floods the room is late with its own words, and not the others with
 * theirs.
 */
import type { PeerId } from "../../wire/ids.ts";
import type { Millis } from "../time.ts";

/** BOUNDED: AUTHORS_MAX; whoever spoke longest ago is forgotten, and begins anew. */
export type AuthorBudgets = Map<PeerId, { tokens: number; at: Millis }>;

/** Messages of one author that are pushed in a second, in the long run. */
export const AUTHOR_RATE = 50;
/** And at once, after a silence. */
export const AUTHOR_BURST = 200;
export const AUTHORS_MAX = 1_024;

/** True: one more message of this author may be pushed, and is counted. */
export function spendOn(budgets: AuthorBudgets, author: PeerId, now: Millis): boolean {
  const before = budgets.get(author) ?? { tokens: AUTHOR_BURST, at: now };
  const tokens = Math.min(before.tokens + ((now - before.at) / 1_000) * AUTHOR_RATE, AUTHOR_BURST);
  const isWithin = tokens >= 1;
  budgets.delete(author);
  budgets.set(author, { tokens: isWithin ? tokens - 1 : tokens, at: now });
  if (budgets.size > AUTHORS_MAX) budgets.delete(budgets.keys().next().value as PeerId);
  return isWithin;
}
