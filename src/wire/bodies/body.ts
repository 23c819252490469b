/**
 * Encodes and decodes the body of a message by its kind. If this version does not know the kind or cannot read the body,
 * the body is kept as it is.
 */
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
