/** Ids, as lower-case hex text. In this form they compare, sort and print alike everywhere, and serve as map keys. */

declare const brand: unique symbol;
type Branded<T, B extends string> = T & { readonly [brand]: B };

/** An Ed25519 public key, 64 hex digits. */
export type PeerId = Branded<string, "PeerId">;
/** `hlc 6 bytes ‖ BLAKE2b 18 bytes`, 48 hex digits: sorts by time. */
export type MessageId = Branded<string, "MessageId">;
/** Random per process start, 16 hex digits. */
export type BootId = Branded<string, "BootId">;
/** An X25519 public key, 64 hex digits. */
export type LinkKey = Branded<string, "LinkKey">;
/**
 * An id among those of one range, in one frame: its front ‖ a hash of the whole id under the frame's salt, 24 hex digits. Each
 * frame has another hash for it, so nobody can make two ids that are taken for one.
 */
export type ShortId = Branded<string, "ShortId">;

export const PEER_ID_BYTES = 32;
export const MESSAGE_ID_BYTES = 24;
export const BOOT_ID_BYTES = 8;
export const LINK_KEY_BYTES = 32;
/** The front of an id, by which ids are in order: the time of a message, the first bytes of a peer's id. */
export const ID_FRONT_BYTES = 6;
/** The salted hash of a whole id that stands for the rest of it in a short id. */
export const SHORT_HASH_BYTES = 6;

export function toHex(bytes: Uint8Array): string {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.toString("hex");
}

/** The caller knows that `hex` has an even number of hex digits. */
export function fromHex(hex: string): Uint8Array {
  return Buffer.from(hex, "hex");
}

/** The first 8 bytes of a peer's id. */
export function frontOf(peer: PeerId): string {
  return peer.slice(0, 16);
}

/** Milliseconds since 1970 in the first six bytes of an id, short or whole. */
export function timeOfId(id: string): number {
  return Number.parseInt(id.slice(0, 12), 16);
}
