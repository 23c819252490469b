/**
 * What stands in a database. Key: type byte ‖ room's id ‖ message's id. Ids sort by time, and so do the keys of a room. Value:
 * the bytes of a message, or a leaf of the index (leaves.ts), which stands under the id of its first row, or a mark: how many have
 * an own message, and of how many, four bytes each, or nothing: of a message whose body was erased, and may stand in the files.
 */
import type { ClassicLevel } from "classic-level";
import type { StoredMessage } from "../protocol/api.ts";
import { MESSAGE_ID_BYTES, type MessageId } from "../wire/ids.ts";

export type Level = ClassicLevel<Uint8Array, Uint8Array>;

/** The first byte of a key. */
export const MESSAGE_TYPE = 1;
export const LEAF_TYPE = 2;
export const MARK_TYPE = 3;
export const ERASED_TYPE = 4;

/** How what is read once is read: so many bytes ahead, and nothing is remembered of it. */
export const SCAN = { highWaterMarkBytes: 1 << 20, fillCache: false };

export function prefixOf(type: number, room: Uint8Array): Uint8Array {
  return Uint8Array.of(type, ...room);
}

export function keyOf(prefix: Uint8Array, id: MessageId): Uint8Array {
  const key = Buffer.allocUnsafe(prefix.length + MESSAGE_ID_BYTES);
  key.set(prefix);
  key.write(id, prefix.length, "hex");
  return key;
}

/** All keys with this prefix and an id. */
export function rangeOf(prefix: Uint8Array): { readonly gte: Uint8Array; readonly lte: Uint8Array } {
  return { gte: prefix, lte: keyOf(prefix, LAST_ID) };
}

/** In latin1, which compares as the bytes do. */
export function nameOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString("latin1");
}

export function idOfKey(key: Uint8Array): MessageId {
  const buffer = Buffer.from(key.buffer, key.byteOffset, key.length);
  return buffer.toString("hex", key.length - MESSAGE_ID_BYTES) as MessageId;
}

export function messageOf([key, bytes]: readonly [Uint8Array, Uint8Array]): StoredMessage {
  return { id: idOfKey(key), bytes: plain(bytes) };
}

/** What is read comes as a Buffer, which is not equal to the same bytes of another kind. */
export function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

// --- internal ---

const LAST_ID = "f".repeat(MESSAGE_ID_BYTES * 2) as MessageId;
