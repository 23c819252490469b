/**
 * The body of a text, which all known kinds share: `nick sized ≤ 64 | text`, UTF-8, up to the end. The nick is the author's at
 * the time of writing, so that history has names after its author has gone.
 */
import { CursorError, createReader, createWriter } from "../cursor.ts";
import { decodeText, encodeText } from "../text.ts";

export type TextBody = { readonly nick: string; readonly text: string };

export const NICK_BYTES_MAX = 64;
export const TEXT_BYTES_MAX = 65_536;

/** Throws `CursorError` on what is too long. */
export function encodeTextBody({ nick, text }: TextBody): Uint8Array {
  const bytes = encodeText(text);
  if (bytes.length > TEXT_BYTES_MAX) throw new CursorError("longer than allowed");
  const writer = createWriter(1 + NICK_BYTES_MAX + bytes.length);
  writer.sized(encodeText(nick), NICK_BYTES_MAX);
  writer.bytes(bytes);
  return writer.finish();
}

/** Undefined: it is none. */
export function decodeTextBody(body: Uint8Array): TextBody | undefined {
  try {
    const reader = createReader(body);
    const nick = decodeText(reader.sized(NICK_BYTES_MAX));
    const left = reader.left();
    if (left > TEXT_BYTES_MAX) return undefined;
    return { nick, text: decodeText(reader.bytes(left)) };
  } catch (error) {
    if (error instanceof CursorError) return undefined;
    throw error;
  }
}
