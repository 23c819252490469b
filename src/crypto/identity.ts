/** The identity of a node: an Ed25519 key pair (RFC 8032). The public key is the peer id. */
import sodium from "sodium-native";
import { SIGNATURE_BYTES } from "../wire/envelope.ts";
import { fromHex, type PeerId, toHex } from "../wire/ids.ts";
import { blake2b } from "./hash.ts";

export type Identity = {
  readonly id: PeerId;
  /** 32 bytes: all that has to be kept, and kept secret. */
  readonly seed: Uint8Array;
  /** A signature of 64 bytes. */
  readonly sign: (bytes: Uint8Array) => Uint8Array;
};

export const SEED_BYTES = 32;

export function generateSeed(): Uint8Array {
  const seed = Buffer.alloc(SEED_BYTES);
  sodium.randombytes_buf(seed);
  return seed;
}

export function identityFromSeed(seed: Uint8Array): Identity {
  const publicKey = Buffer.alloc(32);
  const secretKey = Buffer.alloc(64);
  sodium.crypto_sign_seed_keypair(publicKey, secretKey, seed);
  return {
    id: toHex(publicKey) as PeerId,
    seed: Uint8Array.from(seed),
    sign: (bytes) => {
      const signature = Buffer.allocUnsafe(SIGNATURE_BYTES);
      sodium.crypto_sign_detached(signature, bytes, secretKey);
      return signature;
    },
  };
}

/** Whether the signature of `bytes` is that of the peer's key. */
export type Verify = (peer: PeerId, bytes: Uint8Array, signature: Uint8Array) => boolean;

/** libsodium refuses small-order and non-canonical keys here: one verifier everywhere, one answer everywhere. */
export const verifySignature: Verify = (peer, bytes, signature) => verify(peer, bytes, signature);

/**
 * Puts something around the verifier of this process, such as the memory of a simulator, in which a thousand nodes verify the
 * same signature. Returns what undoes it.
 */
export function wrapVerify(wrap: (inner: Verify) => Verify): () => void {
  const before = verify;
  verify = wrap(before);
  return () => {
    verify = before;
  };
}

/** Letters and digits that are not mistaken for one another. */
const TAG_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789z";

/** Four letters of the key's hash, or as many as are wanted, up to 16: tells two Annas apart at a glance. Not proof: /whois shows the whole key. */
export function tagOf(peer: PeerId, letters = 4): string {
  return Array.from(blake2b(fromHex(peer), letters), (byte) => TAG_ALPHABET[byte & 31]).join("");
}

// --- internal ---

let verify: Verify = (peer, bytes, signature) => sodium.crypto_sign_verify_detached(signature, bytes, fromHex(peer));
