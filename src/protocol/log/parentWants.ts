/**
 * Asks for parents that a message names and that are not here, along the way the message came. Anybody can name parents
 * that do not exist, so each author can make this node ask for so many only. The others are left to reconciliation.
 */
import type { Envelope } from "../../wire/envelope.ts";
import type { MessageId, PeerId } from "../../wire/ids.ts";
import { type Allowance, createAllowance, mayDo, noteDone } from "../allowance.ts";
import type { Context } from "../context.ts";
import type { Session } from "../link/session.ts";
import type { Millis } from "../time.ts";
import type { Log } from "./log.ts";
import { entryOf } from "./messageIndex.ts";
import type { Wants } from "./wants.ts";

/** What each author has made this node ask for. */
export type ParentWants = Allowance<PeerId>;

/** A missing parent is usually on its way by itself. */
const PARENT_DELAY_MS: Millis = 60;
/** Missing parents of one author's messages that are asked for, and after how long one more. */
const PARENTS_ASKED_MAX = 16;
const PARENTS_REGAIN_MS: Millis = 1_000;
const AUTHORS_MAX = 1_024;

export function createParentWants(): ParentWants {
  return createAllowance(PARENTS_ASKED_MAX, PARENTS_REGAIN_MS, AUTHORS_MAX);
}

/** `missing`: of its parents. Where one is here and waits itself, whoever brings the child may have what that one lacks. */
export function wantParents(
  { counters, now }: Context,
  { log, wants, parentWants }: { readonly log: Log; readonly wants: Wants; readonly parentWants: ParentWants },
  { author, parents }: Envelope,
  missing: readonly MessageId[],
  from: Session,
): void {
  const want = (parent: MessageId, by: PeerId): void => {
    if (!mayDo(parentWants, by, now.mono)) return counters.drop("parents-not-asked");
    noteDone(parentWants, by, now.mono);
    wants.want(parent, from, PARENT_DELAY_MS);
  };
  for (const parent of missing) want(parent, author);
  for (const parent of parents) {
    const held = log.order.isHeld(parent) ? entryOf(log.index, parent) : undefined;
    if (held !== undefined) for (const one of held.parents) if (log.missing.has(one)) want(one, held.author);
  }
}
