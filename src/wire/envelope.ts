/**
 * The envelope of a message: author, time and parents, and a body whose kind says how to read it.
 * `author 32 | seq varint | hlc 6 | n 1 | parents n·24 | kind varint | target 24 (if any) | body sized | signature 64`.
 *
 * Everything before the signature is the content; crypto/signed.ts signs it and derives the id. Kind and body never decide
 * whether an envelope is taken, so that programs that know different kinds hold the same log.
 */
import { CursorError, createReader, createWriter, type Reader, type Writer, within } from "./cursor.ts";
import { fromHex, MESSAGE_ID_BYTES, type MessageId, PEER_ID_BYTES, type PeerId, toHex } from "./ids.ts";

export type Envelope = {
  readonly author: PeerId;
  /** Grows by one with each message of its author. */
  readonly seq: number;
  /** Hybrid logical clock, ms since 1970, 0..HLC_MAX. */
  readonly hlc: number;
  /** The heads the author knew: at most 4 ids, ascending, each once. */
  readonly parents: readonly MessageId[];
  /** 1..KIND_MAX: how the body is read, see bodies/. */
  readonly kind: number;
  /** The message that this one is about. */
  readonly target: MessageId | undefined;
  /** At most BODY_BYTES_MAX. */
  readonly body: Uint8Array;
};

/** One less than six bytes hold: what comes right after any message has a stamp too. */
export const HLC_MAX = 2 ** 48 - 2;
export const PARENTS_MAX = 4;
export const KIND_MAX = 0xffff;
/** A text of 64 KiB, and 128 bytes for what else a body says. */
export const BODY_BYTES_MAX = 65_664;
export const SIGNATURE_BYTES = 64;
/** Content without its body, at most. */
export const CONTENT_OVERHEAD_MAX =
  PEER_ID_BYTES + 8 + 6 + 1 + PARENTS_MAX * MESSAGE_ID_BYTES + 3 + MESSAGE_ID_BYTES + 3;
export const MESSAGE_BYTES_MAX = CONTENT_OVERHEAD_MAX + BODY_BYTES_MAX + SIGNATURE_BYTES;

/** Whether an envelope can say this. */
export function isKind(kind: number): boolean {
  return Number.isInteger(kind) && kind >= 1 && kind <= KIND_MAX;
}

export function isMessageId(text: string): text is MessageId {
  return MESSAGE_ID.test(text);
}

/** Without a signature. Throws `CursorError` on what is out of bounds: nothing is signed that others would refuse. */
export function encodeEnvelope(envelope: Envelope): Uint8Array {
  const { target, body } = envelope;
  const writer = createWriter(CONTENT_OVERHEAD_MAX + body.length);
  writer.bytes(fromHex(envelope.author));
  writer.varint(envelope.seq);
  writer.u48(within(envelope.hlc, 0, HLC_MAX));
  writer.u8(within(envelope.parents.length, 0, PARENTS_MAX) | (target === undefined ? 0 : HAS_TARGET));
  ascending(envelope.parents);
  for (const parent of envelope.parents) writeId(writer, parent);
  writer.varint(within(envelope.kind, 1, KIND_MAX));
  if (target !== undefined) writeId(writer, target);
  writer.sized(body, BODY_BYTES_MAX);
  return writer.finish();
}

/** The envelope of `bytes` = content ‖ signature, or undefined if they are not the one encoding of one. `body` is a view. */
export function decodeEnvelope(bytes: Uint8Array): Envelope | undefined {
  if (bytes.length < SIGNATURE_BYTES || bytes.length > MESSAGE_BYTES_MAX) return undefined;
  try {
    const reader = createReader(bytes.subarray(0, bytes.length - SIGNATURE_BYTES));
    const head = readHead(reader);
    const body = reader.sized(BODY_BYTES_MAX);
    return reader.left() > 0 ? undefined : { ...head, body };
  } catch (error) {
    if (error instanceof CursorError) return undefined;
    throw error;
  }
}

/** What of an envelope an index holds, as bytes: nothing is decoded into text. */
export type EnvelopeColumns = {
  /** Views. The ids of the parents, and of the target behind them. */
  readonly author: Uint8Array;
  readonly refs: Uint8Array;
  readonly hlc: Uint8Array;
  readonly seq: number;
  readonly kind: number;
  readonly parents: number;
  readonly hasTarget: boolean;
};

/** Of `bytes` = content ‖ signature that were a message once; undefined: they are none. The body is not looked at. */
export function readColumns(bytes: Uint8Array): EnvelopeColumns | undefined {
  try {
    const reader = createReader(bytes);
    const author = reader.bytes(PEER_ID_BYTES);
    const seq = reader.varint();
    const hlc = reader.bytes(6);
    const flags = reader.u8();
    const parents = within(flags & ~HAS_TARGET, 0, PARENTS_MAX);
    const hasTarget = (flags & HAS_TARGET) !== 0;
    const ids = reader.bytes(parents * MESSAGE_ID_BYTES);
    const kind = within(reader.varint(), 1, KIND_MAX);
    const refs = hasTarget ? Buffer.concat([ids, reader.bytes(MESSAGE_ID_BYTES)]) : ids;
    return { author, refs, hlc, seq, kind, parents, hasTarget };
  } catch (error) {
    if (error instanceof CursorError) return undefined;
    throw error;
  }
}

// --- internal ---

/** In the byte of the number of parents. Its other bits are zero. */
const HAS_TARGET = 0x80;
const MESSAGE_ID = new RegExp(`^[0-9a-f]{${2 * MESSAGE_ID_BYTES}}$`);

function readHead(reader: Reader): Omit<Envelope, "body"> {
  const author = toHex(reader.bytes(PEER_ID_BYTES)) as PeerId;
  const seq = reader.varint();
  const hlc = within(reader.u48(), 0, HLC_MAX);
  const flags = reader.u8();
  const count = within(flags & ~HAS_TARGET, 0, PARENTS_MAX);
  const parents = Array.from({ length: count }, () => readId(reader));
  ascending(parents);
  const kind = within(reader.varint(), 1, KIND_MAX);
  const target = (flags & HAS_TARGET) === 0 ? undefined : readId(reader);
  return { author, seq, hlc, parents, kind, target };
}

function ascending(parents: readonly MessageId[]): void {
  if (parents.some((parent, index) => index > 0 && parent <= (parents[index - 1] as string)))
    throw new CursorError("parents out of order");
}

/** What is no id would make a message of another length, or another message. */
function writeId(writer: Writer, id: MessageId): void {
  if (!isMessageId(id)) throw new CursorError("no message id");
  writer.bytes(fromHex(id));
}

function readId(reader: Reader): MessageId {
  return toHex(reader.bytes(MESSAGE_ID_BYTES)) as MessageId;
}
