/** The kinds of message that this version knows, by number. A number is assigned once and never reused. */

/** `text`: something said; `action`: `/me` something. */
export type MessageKind = "text" | "action";

const NUMBERS: Readonly<Record<MessageKind, number>> = { text: 1, action: 2 };

export function kindNumber(kind: MessageKind): number {
  return NUMBERS[kind];
}

/** Undefined: a later version may know it. */
export function kindOf(number: number): MessageKind | undefined {
  return NAMES.get(number);
}

// --- internal ---

const NAMES = new Map(Object.entries(NUMBERS).map(([kind, number]) => [number, kind as MessageKind]));
