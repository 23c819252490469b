/** Ids, as lower-case hex text. In this form they compare, sort and print alike everywhere, and serve as map keys. */

declare const brand: unique symbol;
type Branded<T, B extends string> = T & { readonly [brand]: B };

/** An Ed25519 public key, 64 hex digits. */
export type PeerId = Branded<string, "PeerId">;
/** `hlc 6 bytes ‖ BLAKE2b 18 bytes`, 48 hex digits: sorts by time. */
export type MessageId = Branded<string, "MessageId">;
/** Random per process start, 16 hex digits. */
export type BootId = Branded<string, "BootId">;

export const PEER_ID_BYTES = 32;
export const MESSAGE_ID_BYTES = 24;
export const BOOT_ID_BYTES = 8;
/** Enough of an id to name it among those of one room: the time and 6 bytes of the hash. */
export const ID_PREFIX_BYTES = 12;

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

/** Milliseconds since 1970 in the first six bytes of an id, or of its prefix. */
export function timeOfId(id: string): number {
  return Number.parseInt(id.slice(0, 12), 16);
}
