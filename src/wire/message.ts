/**
 * What a person said, as bytes:
 * `author 32 | seq varint | hlc 6 | kind 1 | n 1 | parents n·24 | nick sized ≤ 64 | text sized ≤ 65536 | signature 64`.
 * Everything before the signature is the content; crypto/signed.ts signs it and derives the id.
 */
import { CursorError, createReader, createWriter, within } from "./cursor.ts";
import { fromHex, MESSAGE_ID_BYTES, type MessageId, PEER_ID_BYTES, type PeerId, toHex } from "./ids.ts";
import { decodeText, encodeText } from "./text.ts";

/** `text`: something said; `action`: `/me` something. */
export type MessageKind = "text" | "action";

export type MessageContent = {
  readonly author: PeerId;
  /** 0, 1, 2, ... per author. */
  readonly seq: number;
  /** Hybrid logical clock, ms since 1970, 0..HLC_MAX. */
  readonly hlc: number;
  readonly kind: MessageKind;
  /** The heads the author knew: at most 4 ids, ascending, each once. */
  readonly parents: readonly MessageId[];
  /** The author's nick when writing, so that history has names when its author is long gone. */
  readonly nick: string;
  readonly text: string;
};

/** One less than six bytes hold: what comes right after any message has a stamp too. */
export const HLC_MAX = 2 ** 48 - 2;
export const PARENTS_MAX = 4;
export const NICK_BYTES_MAX = 64;
export const TEXT_BYTES_MAX = 65_536;
export const SIGNATURE_BYTES = 64;
/** Content without its text, at most. */
export const CONTENT_OVERHEAD_MAX =
  PEER_ID_BYTES + 8 + 6 + 1 + 1 + PARENTS_MAX * MESSAGE_ID_BYTES + 1 + NICK_BYTES_MAX + 3;
export const MESSAGE_BYTES_MAX = CONTENT_OVERHEAD_MAX + TEXT_BYTES_MAX + SIGNATURE_BYTES;

const KINDS: readonly MessageKind[] = ["text", "action"];

/** Without a signature. Throws `CursorError` on what is out of bounds: nothing is signed that others would refuse. */
export function encodeContent(content: MessageContent): Uint8Array {
  const text = encodeText(content.text);
  const writer = createWriter(CONTENT_OVERHEAD_MAX + text.length);
  writer.bytes(fromHex(content.author));
  writer.varint(content.seq);
  writer.u48(within(content.hlc, 0, HLC_MAX));
  writer.u8(KINDS.indexOf(content.kind));
  writer.u8(within(content.parents.length, 0, PARENTS_MAX));
  for (const parent of content.parents) writer.bytes(fromHex(parent));
  writer.sized(encodeText(content.nick), NICK_BYTES_MAX);
  writer.sized(text, TEXT_BYTES_MAX);
  return writer.finish();
}

/** The content of `bytes` = content ‖ signature, or undefined if they are not the one encoding of one. */
export function decodeContent(bytes: Uint8Array): MessageContent | undefined {
  if (bytes.length < SIGNATURE_BYTES || bytes.length > MESSAGE_BYTES_MAX) return undefined;
  try {
    const reader = createReader(bytes.subarray(0, bytes.length - SIGNATURE_BYTES));
    const author = toHex(reader.bytes(PEER_ID_BYTES)) as PeerId;
    const seq = reader.varint();
    const hlc = within(reader.u48(), 0, HLC_MAX);
    const kind = KINDS[reader.u8()];
    if (kind === undefined) return undefined;
    const count = reader.u8();
    if (count > PARENTS_MAX) return undefined;
    const parents = Array.from({ length: count }, () => toHex(reader.bytes(MESSAGE_ID_BYTES)) as MessageId);
    if (parents.some((parent, index) => index > 0 && parent <= (parents[index - 1] as string))) return undefined;
    const nick = decodeText(reader.sized(NICK_BYTES_MAX));
    const text = decodeText(reader.sized(TEXT_BYTES_MAX));
    if (reader.left() > 0) return undefined;
    return { author, seq, hlc, kind, parents, nick, text };
  } catch (error) {
    if (error instanceof CursorError) return undefined;
    throw error;
  }
}
