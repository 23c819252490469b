/**
 * The messages that this node said, and how many others are known to have each. It lasts longer than what relaying a message
 * needs, and the store keeps the figures beside the messages: so what nobody was there to hear is counted when somebody has
 * it, hours later or after a restart.
 *
 * Who has a message is known of this start alone. Of earlier ones the store knows how many, and that number is the least.
 */
import type { MessageId, PeerId } from "../../wire/ids.ts";
import type { Mark } from "../api.ts";
import { limits } from "../limits.ts";
import type { Settled } from "./delegation.ts";

export type Sent = {
  /** What the faces know: of `of` others `reached` have it. */
  told: Settled;
  /** BOUNDED: `limits.members`. Those that have it, as far as this start knows. */
  readonly holders: Set<PeerId>;
};

export type Outbox = {
  /** BOUNDED: `limits.outbox`, the message that was said first goes; `limits.relays`, if all have that one. */
  readonly sent: Map<MessageId, Sent>;
  /** BOUNDED: `sent`. What the store is told of in this step, and what of it some time later. */
  readonly due: Set<MessageId>;
  readonly later: Set<MessageId>;
  /** BOUNDED: `limits.outbox`, the latest. Those that were let go before anybody had them, and of which nobody was told yet. */
  letGo: MessageId[];
  /** How many there were since the start, and at how many that was told. */
  letGoCount: number;
  letGoTold: number;
};

/** Nobody is known to have it. */
const NOBODY: Settled = { reached: 0, of: 0, lacking: [] };

/** `marks`: what the store keeps of earlier starts, in the order of ids. Of what all have nothing more is to be heard. */
export function createOutbox(marks: readonly Mark[]): Outbox {
  const outbox: Outbox = { sent: new Map(), due: new Set(), later: new Set(), ...NOTHING_LET_GO() };
  for (const { id, reached, of } of marks)
    if (!isAll({ reached, of })) outbox.sent.set(id, { told: { reached, of, lacking: [] }, holders: new Set() });
  return outbox;
}

/** It is said now. `holders`: those of its spread. */
export function follow({ sent }: Outbox, id: MessageId, holders: Set<PeerId>): void {
  sent.set(id, { told: NOBODY, holders });
  const [oldest] = sent;
  if (oldest === undefined) return;
  const [oldestId, { told }] = oldest;
  if (sent.size > limits.outbox || (sent.size > limits.relays && isAll(told))) sent.delete(oldestId);
}

/** They are let go. */
export function unfollow(outbox: Outbox, ids: readonly MessageId[]): void {
  const { sent, due, later } = outbox;
  const waiting = ids.filter((id) => sent.get(id)?.told.reached === 0);
  outbox.letGoCount += waiting.length;
  if (waiting.length > 0) outbox.letGo = [...outbox.letGo, ...waiting].slice(-limits.outbox);
  for (const table of [sent, due, later]) for (const id of ids) table.delete(id);
}

/**
 * What is to be told of messages that nobody will ever have: at the first, and then whenever there are twice as many. Undefined:
 * nothing.
 */
export function takeLetGo(
  outbox: Outbox,
): { readonly ids: readonly MessageId[]; readonly messages: number } | undefined {
  const { letGo, letGoCount, letGoTold } = outbox;
  if (letGo.length === 0 || letGoCount < 2 * letGoTold) return undefined;
  outbox.letGo = [];
  outbox.letGoTold = letGoCount;
  return { ids: letGo, messages: letGoCount };
}

/** The faces are told this now. That somebody has it is worth a write of its own; more of the same can wait. */
export function noteTold(outbox: Outbox, id: MessageId, told: Settled): void {
  const sent = outbox.sent.get(id);
  if (sent === undefined) return;
  const isFirst = sent.told.reached === 0 && told.reached > 0;
  sent.told = told;
  (isFirst ? outbox.due : outbox.later).add(id);
}

/** What could wait is due. */
export function hurry({ due, later }: Outbox): void {
  for (const id of later) due.add(id);
  later.clear();
}

/** For the store, once: what is due, and what is known of these, which it is to keep now. */
export function takeMarks({ sent, due, later }: Outbox, written: readonly MessageId[]): Mark[] {
  if (due.size === 0 && written.length === 0) return [];
  const marks = new Map<MessageId, Mark>();
  for (const id of [...written, ...due]) {
    const known = sent.get(id);
    if (known !== undefined) marks.set(id, { id, reached: known.told.reached, of: known.told.of });
    later.delete(id);
  }
  due.clear();
  return [...marks.values()];
}

/** Nobody is known to have these. */
export function waitingCount({ sent }: Outbox): number {
  let waiting = 0;
  for (const { told } of sent.values()) if (told.reached === 0) waiting += 1;
  return waiting;
}

/** What is known where nothing of the spread is left: at least what was told, and those that are known to have it. */
export function knownOf({ told, holders }: Sent): Settled {
  const reached = Math.max(told.reached, holders.size);
  const fronts = [...holders].map((peer) => peer.slice(0, told.lacking[0]?.length ?? 0));
  const lacking = told.lacking.filter((front) => !fronts.includes(front));
  return { reached, of: Math.max(told.of, reached), lacking: reached < told.of ? lacking : [] };
}

// --- internal ---

const NOTHING_LET_GO = (): Pick<Outbox, "letGo" | "letGoCount" | "letGoTold"> => {
  return { letGo: [], letGoCount: 0, letGoTold: 0 };
};

function isAll({ reached, of }: Pick<Settled, "reached" | "of">): boolean {
  return of > 0 && reached >= of;
}
