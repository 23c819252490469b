/**
 * Signed messages and statements. The signature covers a label, the room's id and what is said, by the key that this names. Of
 * a message it covers the head and the hash of the body, so that a message whose body is erased proves itself all the same.
 * `id = hlc 6 bytes ‖ BLAKE2b(signed bytes)[0..18)`: ids sort by time, and a second signature over the same content makes the
 * same message.
 */
import { DELETE_KIND, EDIT_KIND } from "../wire/bodies/kinds.ts";
import {
  BODY_HASH_BYTES,
  DELETE_BYTES_MAX,
  type Envelope,
  encodeEnvelope,
  eraseBody,
  readEnvelope,
  SIGNATURE_BYTES,
} from "../wire/envelope.ts";
import { type MessageId, timeOfId, toHex } from "../wire/ids.ts";
import { decodeStatementContent, encodeStatementContent, type StatementContent } from "../wire/statement.ts";
import { blake2b } from "./hash.ts";
import { type Identity, verifySignature } from "./identity.ts";
import type { RoomKeys } from "./roomKeys.ts";

export type SignedMessage = {
  readonly id: MessageId;
  readonly content: Envelope;
  /** content ‖ signature, as sent and stored. */
  readonly bytes: Uint8Array;
  /** Bytes of the whole form: the same when the body is erased. */
  readonly size: number;
  /** What the signature covers. */
  readonly signed: Uint8Array;
};

/** All that a signature says of a room: whoever checks one needs no key. */
export type SignedRoom = Pick<RoomKeys, "id">;

export type SignedStatement = { readonly content: StatementContent; readonly bytes: Uint8Array };

const MESSAGE_LABEL = Buffer.from("smplchat message 2\0");
const STATEMENT_LABEL = Buffer.from("smplchat statement 2\0");

export function signMessage(
  roomKeys: RoomKeys,
  identity: Identity,
  content: Omit<Envelope, "author" | "erasure">,
): SignedMessage {
  const whole = { ...content, author: identity.id };
  const bytes = encodeEnvelope(whole);
  const head = bytes.subarray(0, bytes.length - whole.body.length);
  const signed = Buffer.concat([MESSAGE_LABEL, roomKeys.id, head, bodyHash(whole.body)]);
  const sent = Buffer.concat([bytes, identity.sign(signed)]);
  return { id: idOf(whole.hlc, signed), content: whole, bytes: sent, size: sent.length, signed };
}

/** Decodes and names a message without verifying it: look the id up first, verifying is the ceiling. */
export function readMessage(room: SignedRoom, bytes: Uint8Array): SignedMessage | undefined {
  const read = readEnvelope(bytes);
  if (read === undefined) return undefined;
  const { content, head, size } = read;
  const signed = Buffer.concat([MESSAGE_LABEL, room.id, head, content.erasure?.hash ?? bodyHash(content.body)]);
  return { id: idOf(content.hlc, signed), content, bytes, size, signed };
}

/** In the erased form the proof has to be genuine, too: nobody can make the words of others vanish. */
export function verifyMessage(room: SignedRoom, message: SignedMessage): boolean {
  const { id, content, bytes, signed } = message;
  if (!verifySignature(content.author, signed, bytes.subarray(bytes.length - SIGNATURE_BYTES))) return false;
  if (content.erasure === undefined) return true;
  const proof = readMessage(room, content.erasure.proof);
  return proof !== undefined && erases(proof, { id, ...content }) && verifyMessage(room, proof);
}

/** What of a message decides which deletes erase it. */
export type Erasable = Pick<Envelope, "author" | "kind" | "target"> & { readonly id: MessageId };

/**
 * Whether a message, if it is genuine, erases the body of another one: a small delete by the same author, which is later, of that one
 * or of what that one edits. So it says itself what it does, and while retention keeps a message that a datagram carries, it keeps
 * the delete of it.
 */
export function erases(
  { content, bytes }: Pick<SignedMessage, "content" | "bytes">,
  { id, author, kind, target }: Erasable,
): boolean {
  const isMeant = content.target === id || (kind === EDIT_KIND && target !== undefined && content.target === target);
  return isDelete(content.kind, bytes.length) && isMeant && content.author === author && timeOfId(id) < content.hlc;
}

/** What an index can tell of it. `size`: bytes of the message. */
export function isDelete(kind: number, size: number): boolean {
  return kind === DELETE_KIND && size <= DELETE_BYTES_MAX;
}

/** The erased form of a message in its whole form, both as bytes; `proof`: of a delete that `erases` it. Undefined: it has none. */
export function eraseMessage(bytes: Uint8Array, proof: Uint8Array): Uint8Array | undefined {
  const read = readEnvelope(bytes);
  return read === undefined ? undefined : eraseBody(bytes, read, bodyHash(read.content.body), proof);
}

export function signStatement(
  roomKeys: RoomKeys,
  identity: Identity,
  content: Omit<StatementContent, "peer">,
): SignedStatement {
  const whole = { ...content, peer: identity.id };
  const bytes = encodeStatementContent(whole);
  const signature = identity.sign(Buffer.concat([STATEMENT_LABEL, roomKeys.id, bytes]));
  return { content: whole, bytes: Buffer.concat([bytes, signature]) };
}

/** Decodes a statement without verifying it: compare the incarnation first. */
export function readStatement(bytes: Uint8Array): SignedStatement | undefined {
  const content = decodeStatementContent(bytes);
  return content === undefined ? undefined : { content, bytes };
}

export function verifyStatement(roomKeys: RoomKeys, { content, bytes }: SignedStatement): boolean {
  const end = bytes.length - SIGNATURE_BYTES;
  const signed = Buffer.concat([STATEMENT_LABEL, roomKeys.id, bytes.subarray(0, end)]);
  return verifySignature(content.peer, signed, bytes.subarray(end));
}

// --- internal ---

function idOf(hlc: number, signed: Uint8Array): MessageId {
  return (hlc.toString(16).padStart(12, "0") + toHex(blake2b(signed, 18))) as MessageId;
}

function bodyHash(body: Uint8Array): Uint8Array {
  return blake2b(body, BODY_HASH_BYTES);
}
