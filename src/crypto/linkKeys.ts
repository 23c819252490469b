/**
 * Link keys: an X25519 key pair (RFC 7748) for each process start, whose public key its signed statement names. Two process
 * starts derive a key for each direction from it that no third member can. The secret key is never written down and goes
 * with its process, so recorded datagrams stay closed even if the room's key leaks later.
 */
import sodium from "sodium-native";
import { type BootId, fromHex, type LinkKey, toHex } from "../wire/ids.ts";
import { blake2b } from "./hash.ts";
import type { RoomKeys } from "./roomKeys.ts";

export type LinkKeys = { readonly publicKey: LinkKey; readonly secretKey: Uint8Array };

/** One process start, and the public or both halves of its link key. */
export type LinkEnd<Key> = { readonly boot: BootId; readonly key: Key };

/** A process start: its boot id and its link key. */
export type ProcessStart = LinkEnd<LinkKeys>;

/** The keys that seal what goes one way and the other, 32 bytes each. */
export type PairKeys = { readonly send: Uint8Array; readonly receive: Uint8Array };

export const LINK_SECRET_BYTES = 32;

/** `secret`: 32 random bytes, for one process start only. */
export function linkKeysFrom(secret: Uint8Array): LinkKeys {
  const secretKey = Buffer.from(secret);
  const publicKey = Buffer.alloc(32);
  sodium.crypto_scalarmult_base(publicKey, secretKey);
  return { publicKey: toHex(publicKey) as LinkKey, secretKey };
}

/**
 * Drawn from the operating system at this moment: a process that was copied while it ran has its own generator in both copies, in
 * one state.
 */
export function randomStart(): ProcessStart {
  const chance = Buffer.alloc(BOOT_BYTES + LINK_SECRET_BYTES);
  sodium.randombytes_buf(chance);
  return {
    boot: toHex(chance.subarray(0, BOOT_BYTES)) as BootId,
    key: linkKeysFrom(chance.subarray(BOOT_BYTES)),
  };
}

/** Undefined: the peer's key is one of small order, with which everybody would agree on the same. */
export function pairKeys(roomKeys: RoomKeys, own: LinkEnd<LinkKeys>, peer: LinkEnd<LinkKey>): PairKeys | undefined {
  const shared = Buffer.alloc(32);
  try {
    sodium.crypto_scalarmult(shared, own.key.secretKey, fromHex(peer.key));
  } catch {
    return undefined;
  }
  const keyOf = (from: BootId, to: BootId): Uint8Array =>
    blake2b(Buffer.concat([LABEL, fromHex(from), fromHex(to), shared]), 32, roomKeys.key);
  return { send: keyOf(own.boot, peer.boot), receive: keyOf(peer.boot, own.boot) };
}

// --- internal ---

const BOOT_BYTES = 8;
const LABEL = Buffer.from("smplchat link key\0");
