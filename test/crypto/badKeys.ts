/** Points of the curve that no honest key is: what a verifier must refuse, or two verifiers would split a replicated log. */

/**
 * The encodings of Ed25519 points of order 1, 2, 4 and 8 (Chalkias, Garillot, Nikolaenko: "Taming the many EdDSAs", 2020,
 * table 1), the non-canonical ones and those with the wrong sign of zero included.
 */
export const SMALL_ORDER_POINTS: readonly string[] = [
  "0100000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000080",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0000000000000000000000000000000000000000000000000000000000000080",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
];

/** R the neutral element, S zero: fits every message under a key of order 1 in a verifier that takes such keys. */
export const UNIVERSAL_SIGNATURE = "01".padEnd(128, "0");

/** The order of the group, little-endian: S + order is another spelling of S. */
export const GROUP_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

/** `signature` with its S written as S + order. */
export function withLargeS(signature: Uint8Array): Uint8Array {
  const half = Buffer.from(signature.subarray(32)).reverse();
  const s = BigInt(`0x${half.toString("hex")}`) + GROUP_ORDER;
  const out = Buffer.from(signature);
  Buffer.from(s.toString(16).padStart(64, "0"), "hex").reverse().copy(out, 32);
  return out;
}
