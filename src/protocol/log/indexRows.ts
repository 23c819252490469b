/**
 * Rows of the index as a store keeps them, one for each message. A start reads these instead of the messages, so that it
 * neither decodes nor hashes a body.
 *
 * `id 24 | author 32 | seq 8 (double) | size 4 | kind 2 | shape 1 | parents n·24 | target 24 (if any)`. All numbers are big-endian. The size is
 * that of the form that is kept.
 */
import { readColumns } from "../../wire/envelope.ts";
import { fromHex, MESSAGE_ID_BYTES, PEER_ID_BYTES } from "../../wire/ids.ts";
import type { StoredMessage } from "../api.ts";
import { isLarge } from "./classes.ts";

/** Where the fields of a row begin. */
export const ROW = {
  id: 0,
  author: MESSAGE_ID_BYTES,
  seq: MESSAGE_ID_BYTES + PEER_ID_BYTES,
  size: MESSAGE_ID_BYTES + PEER_ID_BYTES + 8,
  kind: MESSAGE_ID_BYTES + PEER_ID_BYTES + 12,
  shape: MESSAGE_ID_BYTES + PEER_ID_BYTES + 14,
  refs: MESSAGE_ID_BYTES + PEER_ID_BYTES + 15,
} as const;

/** In the shape: there is a target. Its low three bits are the number of parents. */
export const HAS_TARGET = 8;
/** In the shape: the body is erased; and the whole form was large. */
export const IS_ERASED = 16;
export const WAS_LARGE = 32;

/** Ids that a message of this shape refers to: its parents, and its target. */
export function refsOf(shape: number): number {
  return (shape & 7) + ((shape & HAS_TARGET) === 0 ? 0 : 1);
}

/** Of the message with this id, as bytes; undefined: `bytes` are no message, or one of another time. */
export function rowOf(id: Uint8Array, bytes: Uint8Array): Uint8Array | undefined {
  const columns = readColumns(bytes);
  if (columns === undefined) return undefined;
  const { author, seq, hlc, kind, parents, hasTarget, refs, isErased, size } = columns;
  for (let at = 0; at < hlc.length; at += 1) if (hlc[at] !== id[at]) return undefined;
  const row = Buffer.allocUnsafe(ROW.refs + refs.length);
  row.set(id, ROW.id);
  row.set(author, ROW.author);
  row.writeDoubleBE(seq, ROW.seq);
  row.writeUInt32BE(bytes.length, ROW.size);
  row.writeUInt16BE(kind, ROW.kind);
  row[ROW.shape] = parents | (hasTarget ? HAS_TARGET : 0) | (isErased ? erasedShape(isLarge(size)) : 0);
  row.set(refs, ROW.refs);
  return row;
}

/** What an erased body adds to the shape. */
export function erasedShape(wasLarge: boolean): number {
  return IS_ERASED | (wasLarge ? WAS_LARGE : 0);
}

/** Of those that are messages. */
export function rowsOf(messages: readonly StoredMessage[]): Uint8Array {
  const rows = messages.map(({ id, bytes }) => rowOf(fromHex(id), bytes));
  return Buffer.concat(rows.filter((row) => row !== undefined));
}

/** Where the row after the one at `at` begins. */
export function nextRow(rows: Uint8Array, at: number): number {
  return at + ROW.refs + refsOf(rows[at + ROW.shape] as number) * MESSAGE_ID_BYTES;
}

/** Where each row begins; undefined: these are not rows. */
export function rowStarts(rows: Uint8Array): number[] | undefined {
  const starts: number[] = [];
  let at = 0;
  while (at + ROW.refs <= rows.length) {
    starts.push(at);
    at = nextRow(rows, at);
  }
  return at === rows.length ? starts : undefined;
}
