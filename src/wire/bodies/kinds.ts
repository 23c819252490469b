/** The kinds of message that this version knows, by number. A number is assigned once and never reused. */

/**
 * `text`: something said; `action`: `/me` something; `notice`: said by a program, to be answered by none; `reply`: said to another
 * message. `react`, `edit` and `delete` change how another message is shown. `topic`: what the room is about.
 */
export type MessageKind = "text" | "action" | "notice" | "reply" | "react" | "edit" | "delete" | "topic";

/**
 * Its author takes the target back: the body of that message is erased (crypto/signed.ts says which delete does so). Its own body
 * is that of a text, without words.
 */
export const DELETE_KIND = 7;
/** It says how the target, of the same author, reads now. It goes with its target when that is deleted. */
export const EDIT_KIND = 6;

const NUMBERS: Readonly<Record<MessageKind, number>> = {
  text: 1,
  action: 2,
  notice: 3,
  reply: 4,
  react: 5,
  edit: EDIT_KIND,
  delete: DELETE_KIND,
  topic: 8,
};

export const messageKinds = Object.keys(NUMBERS) as readonly MessageKind[];

export function kindNumber(kind: MessageKind): number {
  return NUMBERS[kind];
}

/** Undefined: a later version may know it. */
export function kindOf(number: number): MessageKind | undefined {
  return NAMES.get(number);
}

/** A message of this kind is about another one, and means nothing without. */
export function needsTarget(kind: MessageKind): boolean {
  return kind === "reply" || kind === "react" || kind === "edit" || kind === "delete";
}

// --- internal ---

const NAMES = new Map(Object.entries(NUMBERS).map(([kind, number]) => [number, kind as MessageKind]));
