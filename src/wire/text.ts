/** Strict UTF-8. Bytes that are not well-formed are refused, so that every text has one encoding. */
import { CursorError } from "./cursor.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Lone surrogates become U+FFFD, as in every UTF-8 encoder. */
export function encodeText(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Throws `CursorError` on bytes that are not UTF-8. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new CursorError("not UTF-8");
  }
}

/** Nothing of it can be seen: blanks, controls, format characters, fillers and letters without ink. */
export function isBlank(text: string): boolean {
  return BLANK.test(text);
}

// --- internal ---

/** The braille pattern and the note head without ink are symbols to Unicode. */
const BLANK = /^[\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800\u{1d159}]*$/u;
