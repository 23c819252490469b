/** What a message says, by its kind. One that this version does not know, or cannot read, is kept as it came. */
import { kindNumber, kindOf, type MessageKind } from "./kinds.ts";
import { decodeTextBody, encodeTextBody } from "./text.ts";

export type Body =
  | { readonly kind: "text" | "action"; readonly nick: string; readonly text: string }
  /** `number`: of its kind. */
  | { readonly kind: "unknown"; readonly number: number };

/** Throws `CursorError` on what is out of bounds. */
export function encodeBody(kind: MessageKind, nick: string, text: string): { kind: number; body: Uint8Array } {
  return { kind: kindNumber(kind), body: encodeTextBody({ nick, text }) };
}

export function decodeBody(number: number, bytes: Uint8Array): Body {
  const kind = kindOf(number);
  const text = kind === undefined ? undefined : decodeTextBody(bytes);
  return kind === undefined || text === undefined ? { kind: "unknown", number } : { kind, ...text };
}
