/**
 * Signed messages and statements. The signature covers a label, the room's id and the exact bytes sent, by the key that
 * these name. `id = hlc 6 bytes ‖ BLAKE2b(signed bytes)[0..18)`: ids sort by time, and a second signature over the same
 * content makes the same message.
 */

import { decodeEnvelope, type Envelope, encodeEnvelope, SIGNATURE_BYTES } from "../wire/envelope.ts";
import { type MessageId, type PeerId, toHex } from "../wire/ids.ts";
import { decodeStatementContent, encodeStatementContent, type StatementContent } from "../wire/statement.ts";
import { blake2b } from "./hash.ts";
import { type Identity, verifySignature } from "./identity.ts";
import type { RoomKeys } from "./roomKeys.ts";

export type SignedMessage = {
  readonly id: MessageId;
  readonly content: Envelope;
  /** content ‖ signature, as sent and stored. */
  readonly bytes: Uint8Array;
};

/** All that a signature says of a room: whoever checks one needs no key. */
export type SignedRoom = Pick<RoomKeys, "id">;

export type SignedStatement = { readonly content: StatementContent; readonly bytes: Uint8Array };

const MESSAGE_LABEL = Buffer.from("smplchat message 2\0");
const STATEMENT_LABEL = Buffer.from("smplchat statement 2\0");

export function signMessage(roomKeys: RoomKeys, identity: Identity, content: Omit<Envelope, "author">): SignedMessage {
  const whole = { ...content, author: identity.id };
  const bytes = encodeEnvelope(whole);
  const signed = Buffer.concat([MESSAGE_LABEL, roomKeys.id, bytes]);
  return { id: idOf(whole.hlc, signed), content: whole, bytes: Buffer.concat([bytes, identity.sign(signed)]) };
}

/** Decodes and names a message without verifying it: look the id up first, verifying is the ceiling. */
export function readMessage(room: SignedRoom, bytes: Uint8Array): SignedMessage | undefined {
  const content = decodeEnvelope(bytes);
  if (content === undefined) return undefined;
  return { id: idOf(content.hlc, signedPart(MESSAGE_LABEL, room, bytes)), content, bytes };
}

export function verifyMessage(room: SignedRoom, message: SignedMessage): boolean {
  return verify(MESSAGE_LABEL, room, message.content.author, message.bytes);
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

export function verifyStatement(roomKeys: RoomKeys, statement: SignedStatement): boolean {
  return verify(STATEMENT_LABEL, roomKeys, statement.content.peer, statement.bytes);
}

// --- internal ---

function idOf(hlc: number, signed: Uint8Array): MessageId {
  return (hlc.toString(16).padStart(12, "0") + toHex(blake2b(signed, 18))) as MessageId;
}

function signedPart(label: Uint8Array, room: SignedRoom, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([label, room.id, bytes.subarray(0, bytes.length - SIGNATURE_BYTES)]);
}

function verify(label: Uint8Array, room: SignedRoom, signer: PeerId, bytes: Uint8Array): boolean {
  const signature = bytes.subarray(bytes.length - SIGNATURE_BYTES);
  return verifySignature(signer, signedPart(label, room, bytes), signature);
}
