/**
 * Sealed beacons. Without the room's key a beacon is random bytes: it shows neither room nor node nor a link to an earlier
 * beacon. (XChaCha20-Poly1305, whose nonce of 24 bytes may be random: draft-irtf-cfrg-xchacha-03.)
 */
import sodium from "sodium-native";
import {
  BEACON_BYTES,
  BEACON_NONCE_BYTES,
  BEACON_PLAIN_BYTES,
  type Beacon,
  decodeBeacon,
  encodeBeacon,
  type OtherBeacon,
} from "../wire/beacon.ts";
import { blake2b } from "./hash.ts";
import type { RoomKeys } from "./roomKeys.ts";

/** Seals all beacons of a room, whoever sends them. */
export function beaconKey(roomKeys: RoomKeys): Uint8Array {
  return blake2b(Buffer.from("smplchat beacon key"), 32, roomKeys.key);
}

/** `nonce`: 24 bytes of chance, never used twice. Gives 400 bytes. */
export function sealBeacon(key: Uint8Array, nonce: Uint8Array, beacon: Beacon): Uint8Array {
  const out = Buffer.allocUnsafe(BEACON_BYTES);
  out.set(nonce);
  const sealed = out.subarray(BEACON_NONCE_BYTES);
  sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(sealed, encodeBeacon(beacon), null, null, nonce, key);
  return out;
}

/** The beacon, or why it is none of this room. */
export function openBeacon(key: Uint8Array, bytes: Uint8Array): Beacon | OtherBeacon | "foreign-beacon" | "bad-beacon" {
  if (bytes.length !== BEACON_BYTES) return "bad-beacon";
  const plain = Buffer.allocUnsafe(BEACON_PLAIN_BYTES);
  try {
    const nonce = bytes.subarray(0, BEACON_NONCE_BYTES);
    sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
      plain,
      null,
      bytes.subarray(BEACON_NONCE_BYTES),
      null,
      nonce,
      key,
    );
  } catch {
    return "foreign-beacon";
  }
  return decodeBeacon(plain) ?? "bad-beacon";
}
