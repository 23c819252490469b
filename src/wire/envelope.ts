/**
 * The envelope of a message: a head with author, time and parents, and a body whose kind says how to read it.
 * `author 32 | seq varint | hlc 6 | n 1 | parents n·24 | kind varint | target 24 (if any) | body sized | signature 64`.
 *
 * The head ends with the length of the body. crypto/signed.ts signs the head and the hash of the body, and derives the id from
 * them. So a message can be proven without its body: in the erased form the hash stands in its place, and the delete message
 * of its author that asked for it: `head | hash 32 | proof sized | signature 64`. Both forms are one message, with one id.
 *
 * Kind and body never decide whether an envelope is taken, so that programs that know different kinds hold the same log.
 */
import { DELETE_KIND } from "./bodies/kinds.ts";
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
  /** At most BODY_BYTES_MAX. Empty in the erased form. */
  readonly body: Uint8Array;
  /** What stands in place of the body: its author has deleted it. */
  readonly erasure?: Erasure;
};

export type Erasure = {
  /** So many bytes the body had. */
  readonly bodyBytes: number;
  /** Of the body, BODY_HASH_BYTES. */
  readonly hash: Uint8Array;
  /** The bytes of the delete message, DELETE_BYTES_MAX at most. Nothing of it is checked here. */
  readonly proof: Uint8Array;
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
export const BODY_HASH_BYTES = 32;
/** A delete with the longest head, and a body of 128 bytes. A longer one erases nothing. */
export const DELETE_BYTES_MAX =
  PEER_ID_BYTES + 8 + 6 + 1 + PARENTS_MAX * MESSAGE_ID_BYTES + 1 + MESSAGE_ID_BYTES + 2 + 128 + SIGNATURE_BYTES;
/** The erased form. It fits a page and a push, whatever the body was. */
export const ERASED_BYTES_MAX = CONTENT_OVERHEAD_MAX + BODY_HASH_BYTES + 2 + DELETE_BYTES_MAX + SIGNATURE_BYTES;

/** Whether an envelope can say this. */
export function isKind(kind: number): boolean {
  return Number.isInteger(kind) && kind >= 1 && kind <= KIND_MAX;
}

export function isMessageId(text: string): text is MessageId {
  return MESSAGE_ID.test(text);
}

/** Without a signature. Throws `CursorError` on what is out of bounds: nothing is signed that others would refuse. */
export function encodeEnvelope(envelope: Envelope): Uint8Array {
  const { target, body, kind, erasure } = envelope;
  const writer = createWriter(Math.max(CONTENT_OVERHEAD_MAX + body.length, ERASED_BYTES_MAX));
  writer.bytes(fromHex(envelope.author));
  writer.varint(envelope.seq);
  writer.u48(within(envelope.hlc, 0, HLC_MAX));
  const flags = (target === undefined ? 0 : HAS_TARGET) | (erasure === undefined ? 0 : IS_ERASED);
  writer.u8(within(envelope.parents.length, 0, PARENTS_MAX) | flags);
  ascending(envelope.parents);
  for (const parent of envelope.parents) writeId(writer, parent);
  writer.varint(within(kind, 1, KIND_MAX));
  if (target !== undefined) writeId(writer, target);
  if (erasure === undefined) {
    writer.sized(body, BODY_BYTES_MAX);
    return writer.finish();
  }
  mayBeErased(kind);
  if (body.length > 0 || erasure.hash.length !== BODY_HASH_BYTES) throw new CursorError("not an erased form");
  writer.varint(within(erasure.bodyBytes, 0, BODY_BYTES_MAX));
  writer.bytes(erasure.hash);
  writer.sized(erasure.proof, DELETE_BYTES_MAX);
  return writer.finish();
}

/** The envelope of `bytes` = content ‖ signature, or undefined if they are not the one encoding of one. `body` is a view. */
export function decodeEnvelope(bytes: Uint8Array): Envelope | undefined {
  return readEnvelope(bytes)?.content;
}

/** `head`: as it is signed, whichever the form is; a view if it is the whole one. `size`: bytes of the whole form. */
export type ReadEnvelope = { readonly content: Envelope; readonly head: Uint8Array; readonly size: number };

/** As `decodeEnvelope`. */
export function readEnvelope(bytes: Uint8Array): ReadEnvelope | undefined {
  if (bytes.length < SIGNATURE_BYTES || bytes.length > MESSAGE_BYTES_MAX) return undefined;
  try {
    const reader = createReader(bytes.subarray(0, bytes.length - SIGNATURE_BYTES));
    const { isErased, ...fields } = readHead(reader);
    const bodyBytes = within(reader.varint(), 0, BODY_BYTES_MAX);
    const headBytes = reader.position();
    const size = headBytes + bodyBytes + SIGNATURE_BYTES;
    if (!isErased) {
      const body = reader.bytes(bodyBytes);
      return reader.left() > 0 ? undefined : { content: { ...fields, body }, head: bytes.subarray(0, headBytes), size };
    }
    mayBeErased(fields.kind);
    const hash = reader.bytes(BODY_HASH_BYTES);
    const proof = reader.sized(DELETE_BYTES_MAX);
    if (reader.left() > 0) return undefined;
    const content = { ...fields, body: NO_BODY, erasure: { bodyBytes, hash, proof } };
    return { content, head: withFlag(bytes.subarray(0, headBytes), false), size };
  } catch (error) {
    if (error instanceof CursorError) return undefined;
    throw error;
  }
}

/**
 * The erased form of `bytes`, which are a message in its whole form. `hash`: of its body; `proof`: the delete message. Undefined:
 * this message has none.
 */
export function eraseBody(
  bytes: Uint8Array,
  { content, head }: ReadEnvelope,
  hash: Uint8Array,
  proof: Uint8Array,
): Uint8Array | undefined {
  if (content.erasure !== undefined || content.kind === DELETE_KIND || proof.length > DELETE_BYTES_MAX)
    return undefined;
  const length = createWriter(2);
  length.varint(proof.length);
  const signature = bytes.subarray(bytes.length - SIGNATURE_BYTES);
  return new Uint8Array(Buffer.concat([withFlag(head, true), hash, length.finish(), proof, signature]));
}

/** Of `bytes` that are a message. */
export function isErasedForm(bytes: Uint8Array): boolean {
  return ((bytes[flagsAt(bytes)] ?? 0) & IS_ERASED) !== 0;
}

/** Bytes of the erased form, by what an index has of the whole one. `refs`: parents and target. */
export function erasedBytes(
  {
    size,
    seq,
    kind,
    refs,
  }: { readonly size: number; readonly seq: number; readonly kind: number; readonly refs: number },
  proofBytes: number,
): number {
  const fields = PEER_ID_BYTES + varintBytes(seq) + HLC_BYTES + 1 + refs * MESSAGE_ID_BYTES + varintBytes(kind);
  const rest = size - fields - SIGNATURE_BYTES;
  const bodyBytes = [1, 2, 3].map((length) => rest - length).find((bytes, at) => varintBytes(bytes) === at + 1) ?? 0;
  return size - bodyBytes + BODY_HASH_BYTES + varintBytes(proofBytes) + proofBytes;
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
  readonly isErased: boolean;
  /** Of the whole form, whichever this is. */
  readonly size: number;
};

/** Of `bytes` = content ‖ signature that were a message once; undefined: they are none. The body is not looked at. */
export function readColumns(bytes: Uint8Array): EnvelopeColumns | undefined {
  try {
    const reader = createReader(bytes);
    const author = reader.bytes(PEER_ID_BYTES);
    const seq = reader.varint();
    const hlc = reader.bytes(6);
    const flags = reader.u8();
    const parents = within(flags & ~(HAS_TARGET | IS_ERASED), 0, PARENTS_MAX);
    const hasTarget = (flags & HAS_TARGET) !== 0;
    const isErased = (flags & IS_ERASED) !== 0;
    const ids = reader.bytes(parents * MESSAGE_ID_BYTES);
    const kind = within(reader.varint(), 1, KIND_MAX);
    const refs = hasTarget ? Buffer.concat([ids, reader.bytes(MESSAGE_ID_BYTES)]) : ids;
    const bodyBytes = within(reader.varint(), 0, BODY_BYTES_MAX);
    const size = reader.position() + bodyBytes + SIGNATURE_BYTES;
    return { author, refs, hlc, seq, kind, parents, hasTarget, isErased, size };
  } catch (error) {
    if (error instanceof CursorError) return undefined;
    throw error;
  }
}

// --- internal ---

/** In the byte of the number of parents. Its other bits are zero, but for IS_ERASED. */
const HAS_TARGET = 0x80;
const IS_ERASED = 0x40;
/** Where the byte of the number of parents stands behind the author and its number: right after the time. */
const HLC_BYTES = 6;
const NO_BODY = new Uint8Array();
const MESSAGE_ID = new RegExp(`^[0-9a-f]{${2 * MESSAGE_ID_BYTES}}$`);

/** A delete cannot be deleted, so nothing is nested. */
function mayBeErased(kind: number): void {
  if (kind === DELETE_KIND) throw new CursorError("a delete has no erased form");
}

function flagsAt(bytes: Uint8Array): number {
  let at = PEER_ID_BYTES;
  while ((bytes[at] ?? 0) >= 0x80) at += 1;
  return at + 1 + HLC_BYTES;
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes += 1;
  return bytes;
}

/** A copy of the head. */
function withFlag(head: Uint8Array, isErased: boolean): Uint8Array {
  const at = flagsAt(head);
  const copy = Uint8Array.from(head);
  copy[at] = isErased ? (copy[at] as number) | IS_ERASED : (copy[at] as number) & ~IS_ERASED;
  return copy;
}

function readHead(reader: Reader): Omit<Envelope, "body" | "erasure"> & { readonly isErased: boolean } {
  const author = toHex(reader.bytes(PEER_ID_BYTES)) as PeerId;
  const seq = reader.varint();
  const hlc = within(reader.u48(), 0, HLC_MAX);
  const flags = reader.u8();
  const count = within(flags & ~(HAS_TARGET | IS_ERASED), 0, PARENTS_MAX);
  const parents = Array.from({ length: count }, () => readId(reader));
  ascending(parents);
  const kind = within(reader.varint(), 1, KIND_MAX);
  const target = (flags & HAS_TARGET) === 0 ? undefined : readId(reader);
  return { author, seq, hlc, parents, kind, target, isErased: (flags & IS_ERASED) !== 0 };
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
