/**
 * Fingerprints of sets of ids: the sum modulo 2^256 of BLAKE2b-256(id), little-endian, and the count, hashed
 * (range-based set reconciliation, Meyer 2022, §5.3). A sum can be kept up to date and split; XOR would let anyone who can
 * choose ids cancel others out.
 */
import { blake2b } from "../../crypto/hash.ts";

/** Eight 32-bit limbs, least significant first. */
export const LIMBS = 8;
export type Sum = Uint32Array;

export function emptySum(): Sum {
  return new Uint32Array(LIMBS);
}

/** What one id adds to the sum. */
export function termOf(id: Uint8Array): Sum {
  const hash = blake2b(id, 32);
  const view = new DataView(hash.buffer, hash.byteOffset, 32);
  const term = emptySum();
  for (let limb = 0; limb < LIMBS; limb += 1) term[limb] = view.getUint32(4 * limb, true);
  return term;
}

/** sum += terms[at .. at+8) modulo 2^256. */
export function addTerm(sum: Sum, terms: Uint32Array, at = 0): void {
  let carry = 0;
  for (let limb = 0; limb < LIMBS; limb += 1) {
    const total = (sum[limb] as number) + (terms[at + limb] as number) + carry;
    sum[limb] = total >>> 0;
    carry = total > 0xffffffff ? 1 : 0;
  }
}

/** sum -= terms[at .. at+8) modulo 2^256. */
export function subtractTerm(sum: Sum, terms: Uint32Array, at = 0): void {
  let borrow = 0;
  for (let limb = 0; limb < LIMBS; limb += 1) {
    const total = (sum[limb] as number) - (terms[at + limb] as number) - borrow;
    sum[limb] = total >>> 0;
    borrow = total < 0 ? 1 : 0;
  }
}

/** BLAKE2b(LE(sum) ‖ LE64(count))[0..12). */
export function fingerprintOf(sum: Sum, count: number): Uint8Array {
  const bytes = Buffer.alloc(4 * LIMBS + 8);
  for (let limb = 0; limb < LIMBS; limb += 1) bytes.writeUInt32LE(sum[limb] as number, 4 * limb);
  bytes.writeBigUInt64LE(BigInt(count), 4 * LIMBS);
  return blake2b(bytes, 12);
}
