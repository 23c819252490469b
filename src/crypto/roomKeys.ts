/**
 * A room's keys, and the sealing of datagrams. Every process start has its own key, derived from the room's key and its
 * boot id, and one for each process start that it is linked with (linkKeys.ts). It counts its datagrams; the counter and
 * a salt are the nonce. So no nonce is used twice under one key (RFC 8439 §2.8 AEAD).
 */
import sodium from "sodium-native";
import { type DatagramType, encodeHeader, HEADER_BYTES, type Header, SEAL_BYTES } from "../wire/datagram.ts";
import { BOOT_ID_BYTES, type BootId, fromHex, toHex } from "../wire/ids.ts";
import { blake2b } from "./hash.ts";

export const ROOM_ID_BYTES = 32;
export const ROOM_KEY_BYTES = 32;

/** What lets a node into a room. */
export type RoomSecret = {
  /** 32 bytes: the room, whatever its key is. Every signature covers it, so that none can be carried into another room. */
  readonly id: Uint8Array;
  /** 0, 1, 2, ...: which of the room's keys this is. An open room has one key for ever. */
  readonly epoch: number;
  /** 32 bytes: whoever has them is in. */
  readonly key: Uint8Array;
};

export type RoomKeys = RoomSecret & {
  /** 8 hex digits in the clear on every datagram, from the epoch's key: tells rooms on one socket apart. */
  readonly tag: string;
};

/** An open room: whoever knows the name may enter. */
export function openRoom(name: string): RoomSecret {
  return {
    id: blake2b(Buffer.from(`smplchat room id\0${name}`), ROOM_ID_BYTES),
    epoch: 0,
    key: blake2b(Buffer.from(`smplchat room name\0${name}`), ROOM_KEY_BYTES),
  };
}

/** A private room that has not been before: what lets others in travels in an invite. */
export function newPrivateRoom(): RoomSecret {
  const chance = Buffer.alloc(ROOM_ID_BYTES + ROOM_KEY_BYTES);
  sodium.randombytes_buf(chance);
  return { id: chance.subarray(0, ROOM_ID_BYTES), epoch: 0, key: chance.subarray(ROOM_ID_BYTES) };
}

/** The same room and epoch. */
export function isSameRoom(one: RoomSecret, other: RoomSecret): boolean {
  return Buffer.compare(one.id, other.id) === 0 && Buffer.compare(one.key, other.key) === 0;
}

/** Copies what it is given. Throws a RangeError on an id or key of another length: the caller's bug. */
export function createRoomKeys({ id, epoch, key }: RoomSecret): RoomKeys {
  if (id.length !== ROOM_ID_BYTES || key.length !== ROOM_KEY_BYTES)
    throw new RangeError("a room's id and key have 32 bytes each");
  return {
    id: Uint8Array.from(id),
    epoch,
    key: Uint8Array.from(key),
    tag: toHex(blake2b(Buffer.from("smplchat room tag"), 4, key)),
  };
}

/** The key of the hellos of the process start `boot`. Every member can derive it: it proves nothing. */
export function bootKey(roomKeys: RoomKeys, boot: BootId): Uint8Array {
  return blake2b(Buffer.concat([Buffer.from("smplchat boot key\0"), fromHex(boot)]), 32, roomKeys.key);
}

/**
 * The key of all fingerprints and short ids in one frame between two process starts, whichever of them sends it. `salt`: of the
 * frame, 8 hex digits.
 */
export function shortIdKey(roomKeys: RoomKeys, one: BootId, other: BootId, salt: string): Uint8Array {
  const [lower, higher] = one < other ? [one, other] : [other, one];
  const label = Buffer.from("smplchat short id\0");
  return blake2b(Buffer.concat([label, fromHex(lower), fromHex(higher), fromHex(salt)]), 32, roomKeys.key);
}

/** `addressee` is given exactly when `header.type` is "addressed". */
export function seal(key: Uint8Array, header: Header, addressee: BootId | undefined, frames: Uint8Array): Uint8Array {
  const head = encodeHeader(header);
  const out = Buffer.allocUnsafe(HEADER_BYTES + frames.length + SEAL_BYTES);
  out.set(head);
  const sealed = out.subarray(HEADER_BYTES);
  const ad = associatedData(header.type, head, addressee);
  sodium.crypto_aead_chacha20poly1305_ietf_encrypt(sealed, frames, ad, null, nonceOf(header), key);
  return out;
}

/** The frames' bytes, or undefined if they were not sealed with this key for this addressee. */
export function open(key: Uint8Array, header: Header, addressee: BootId, datagram: Uint8Array): Uint8Array | undefined {
  const sealed = datagram.subarray(HEADER_BYTES);
  const frames = Buffer.allocUnsafe(sealed.length - SEAL_BYTES);
  const ad = associatedData(header.type, datagram.subarray(0, HEADER_BYTES), addressee);
  try {
    sodium.crypto_aead_chacha20poly1305_ietf_decrypt(frames, null, sealed, ad, nonceOf(header), key);
    return frames;
  } catch {
    return undefined;
  }
}

// --- internal ---

/** Filled anew for each datagram, read before the next: two allocations less for each. */
const addressedData = Buffer.alloc(HEADER_BYTES + BOOT_ID_BYTES);
const nonce = Buffer.alloc(12);

function associatedData(type: DatagramType, head: Uint8Array, addressee: BootId | undefined): Uint8Array {
  if (type !== "addressed") return head;
  addressedData.set(head);
  addressedData.write(addressee as BootId, HEADER_BYTES, "hex");
  return addressedData;
}

function nonceOf({ salt, counter }: Header): Uint8Array {
  nonce.writeUIntBE(salt, 0, 6);
  nonce.writeUIntBE(counter, 6, 6);
  return nonce;
}
