/**
 * A room's keys and the sealing of datagrams. Every start of a process has its own key, derived from the room's and its boot
 * id, and counts its datagrams: the counter is the nonce, so that none is ever used twice (RFC 8439 §2.8 AEAD).
 */
import sodium from "sodium-native";
import { type DatagramType, encodeHeader, HEADER_BYTES, type Header, SEAL_BYTES } from "../wire/datagram.ts";
import { BOOT_ID_BYTES, type BootId, fromHex, toHex } from "../wire/ids.ts";
import { blake2b } from "./hash.ts";

export const ROOM_KEY_BYTES = 32;

export type RoomKeys = {
  /** 32 bytes: whoever has them is in. */
  readonly key: Uint8Array;
  /** 8 hex digits in the clear on every datagram: tells rooms on one socket apart. */
  readonly tag: string;
  /** 32 bytes that every signature covers, so that none can be carried into another room. */
  readonly id: Uint8Array;
};

/** Open rooms: whoever knows the name may enter. */
export function roomKeyFromName(name: string): Uint8Array {
  return blake2b(Buffer.from(`smplchat room name\0${name}`), ROOM_KEY_BYTES);
}

/** Private rooms: the key travels in an invite. */
export function randomRoomKey(): Uint8Array {
  const key = Buffer.alloc(ROOM_KEY_BYTES);
  sodium.randombytes_buf(key);
  return key;
}

export function createRoomKeys(key: Uint8Array): RoomKeys {
  return {
    key: Uint8Array.from(key),
    tag: toHex(blake2b(Buffer.from("smplchat room tag"), 4, key)),
    id: blake2b(Buffer.from("smplchat room id"), 32, key),
  };
}

/** The key under which the process start `boot` seals all it sends. */
export function bootKey(roomKeys: RoomKeys, boot: BootId): Uint8Array {
  return blake2b(Buffer.concat([Buffer.from("smplchat boot key\0"), fromHex(boot)]), 32, roomKeys.key);
}

/** `addressee` is given exactly when `header.type` is "addressed". */
export function seal(key: Uint8Array, header: Header, addressee: BootId | undefined, frames: Uint8Array): Uint8Array {
  const head = encodeHeader(header);
  const out = Buffer.allocUnsafe(HEADER_BYTES + frames.length + SEAL_BYTES);
  out.set(head);
  const sealed = out.subarray(HEADER_BYTES);
  const ad = associatedData(header.type, head, addressee);
  sodium.crypto_aead_chacha20poly1305_ietf_encrypt(sealed, frames, ad, null, nonceOf(header.counter), key);
  return out;
}

/** The frames' bytes, or undefined if they were not sealed with this key for this addressee. */
export function open(key: Uint8Array, header: Header, addressee: BootId, datagram: Uint8Array): Uint8Array | undefined {
  const sealed = datagram.subarray(HEADER_BYTES);
  const frames = Buffer.allocUnsafe(sealed.length - SEAL_BYTES);
  const ad = associatedData(header.type, datagram.subarray(0, HEADER_BYTES), addressee);
  try {
    sodium.crypto_aead_chacha20poly1305_ietf_decrypt(frames, null, sealed, ad, nonceOf(header.counter), key);
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
  if (type === "open") return head;
  addressedData.set(head);
  addressedData.write(addressee as BootId, HEADER_BYTES, "hex");
  return addressedData;
}

function nonceOf(counter: number): Uint8Array {
  nonce.writeUIntBE(counter, 6, 6);
  return nonce;
}
