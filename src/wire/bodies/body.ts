/**
 * Encodes and decodes the body of a message by its kind. All kinds have the body of a text; some allow less text. If this
 * version does not know the kind, cannot read the body, or finds it out of bounds, the body is kept as it is.
 */
import { CursorError } from "../cursor.ts";
import type { MessageId } from "../ids.ts";
import { encodeText } from "../text.ts";
import { kindNumber, kindOf, type MessageKind, needsTarget } from "./kinds.ts";
import { decodeTextBody, encodeTextBody, TEXT_BYTES_MAX } from "./text.ts";

export type Body =
  | { readonly kind: MessageKind; readonly nick: string; readonly text: string }
  /** `number`: of its kind. */
  | { readonly kind: "unknown"; readonly number: number };

/**
 * Characters of a reaction, counted as code points: any one emoji has fewer. What is one character to the eye changes with the
 * version of Unicode, and then two nodes would read the same body differently.
 */
export const REACTION_CHARACTERS_MAX = 24;
/** Of UTF-8. */
export const TOPIC_BYTES_MAX = 512;

/** Why a message of this kind cannot have this text. */
export type TextTrouble = "too-long" | "too-many-characters" | "not-one-line" | "not-empty";

export function textTrouble(kind: MessageKind, text: string): TextTrouble | undefined {
  switch (kind) {
    case "react":
      if (CONTROL.test(text)) return "not-one-line";
      return characterCount(text) > REACTION_CHARACTERS_MAX ? "too-many-characters" : undefined;
    case "topic":
      if (encodeText(text).length > TOPIC_BYTES_MAX) return "too-long";
      return CONTROL.test(text) ? "not-one-line" : undefined;
    case "delete":
      return text === "" ? undefined : "not-empty";
    default:
      return encodeText(text).length > TEXT_BYTES_MAX ? "too-long" : undefined;
  }
}

/** Code points. */
export function characterCount(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** Throws `CursorError` on what is out of bounds. */
export function encodeBody(kind: MessageKind, nick: string, text: string): { kind: number; body: Uint8Array } {
  if (textTrouble(kind, text) !== undefined) throw new CursorError("no text of this kind");
  return { kind: kindNumber(kind), body: encodeTextBody({ nick, text }) };
}

/** `target`: of the envelope. */
export function decodeBody(number: number, bytes: Uint8Array, target: MessageId | undefined): Body {
  const kind = kindOf(number);
  const text = kind === undefined ? undefined : decodeTextBody(bytes);
  if (kind === undefined || text === undefined) return { kind: "unknown", number };
  const isWithin = textTrouble(kind, text.text) === undefined && (target !== undefined || !needsTarget(kind));
  return isWithin ? { kind, ...text } : { kind: "unknown", number };
}

// --- internal ---

/** C0, DEL, C1, and the two separators: none of these stands on one line. Fixed for ever by Unicode's stability policy. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
