/** A signature proves its key, and nothing else passes. */
import { createPublicKey, verify } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { generateSeed, identityFromSeed, SEED_BYTES, tagOf, verifySignature } from "../../src/crypto/identity.ts";
import { fromHex, type PeerId } from "../../src/wire/ids.ts";
import { bytesArbitrary, peerArbitrary } from "../wire/arbitraries.ts";
import { SMALL_ORDER_POINTS, UNIVERSAL_SIGNATURE, withLargeS } from "./badKeys.ts";

const seedArbitrary = bytesArbitrary(SEED_BYTES, SEED_BYTES);

/** What OpenSSL says: a second opinion. */
function nodeVerifies(peer: PeerId, bytes: Uint8Array, signature: Uint8Array): boolean {
  const x = Buffer.from(peer, "hex").toString("base64url");
  return verify(null, bytes, createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" }), signature);
}

describe("an identity", () => {
  it("is made from its seed alone", () => {
    fc.assert(
      fc.property(seedArbitrary, bytesArbitrary(0, 100), (seed, bytes) => {
        const [one, again] = [identityFromSeed(seed), identityFromSeed(seed)];
        expect(one.id).toMatch(/^[0-9a-f]{64}$/);
        expect(again.id).toBe(one.id);
        expect(again.sign(bytes)).toEqual(one.sign(bytes));
        expect(Buffer.from(one.seed)).toEqual(Buffer.from(seed));
      }),
    );
  });

  it("keeps its seed when the bytes it came from are wiped", () => {
    const seed = generateSeed();
    const identity = identityFromSeed(seed);
    const kept = Buffer.from(seed);
    seed.fill(0);
    expect(Buffer.from(identity.seed)).toEqual(kept);
    expect(identityFromSeed(identity.seed).id).toBe(identity.id);
  });

  it("is never the same twice when the seed is new", () => {
    const ids = Array.from({ length: 50 }, () => identityFromSeed(generateSeed()).id);
    expect(new Set(ids).size).toBe(50);
    expect(generateSeed()).toHaveLength(SEED_BYTES);
  });
});

describe("a signature", () => {
  it("is verified, by OpenSSL too", () => {
    fc.assert(
      fc.property(seedArbitrary, bytesArbitrary(0, 300), (seed, bytes) => {
        const identity = identityFromSeed(seed);
        const signature = identity.sign(bytes);
        expect(verifySignature(identity.id, bytes, signature)).toBe(true);
        expect(nodeVerifies(identity.id, bytes, signature)).toBe(true);
      }),
    );
  });

  it("with any bit changed, over any other bytes, or by another key is refused", () => {
    const identity = identityFromSeed(new Uint8Array(32).fill(1));
    const bytes = Buffer.from("what was said");
    const signature = identity.sign(bytes);
    for (let bit = 0; bit < 512; bit += 1) {
      expect(verifySignature(identity.id, bytes, flipped(signature, bit))).toBe(false);
      if (bit < bytes.length * 8) expect(verifySignature(identity.id, flipped(bytes, bit), signature)).toBe(false);
      if (bit < 256) {
        const other = flipped(fromHex(identity.id), bit).toString("hex") as PeerId;
        expect(verifySignature(other, bytes, signature)).toBe(false);
      }
    }
  });

  it("has no second spelling", () => {
    const identity = identityFromSeed(new Uint8Array(32).fill(2));
    const bytes = Buffer.from("what was said");
    const signature = identity.sign(bytes);
    expect(verifySignature(identity.id, bytes, withLargeS(signature))).toBe(false);
    expect(verifySignature(identity.id, bytes, signature)).toBe(true);
  });

  it.each(SMALL_ORDER_POINTS)("under the small-order key %s is refused, whatever it covers", (point) => {
    for (let index = 0; index < 64; index += 1) {
      const bytes = Buffer.from(`message ${index}`);
      for (const r of [...SMALL_ORDER_POINTS, UNIVERSAL_SIGNATURE.slice(0, 64)]) {
        const signature = Buffer.concat([Buffer.from(r, "hex"), Buffer.alloc(32)]);
        expect(verifySignature(point as PeerId, bytes, signature)).toBe(false);
      }
    }
  });

  // OpenSSL takes it in Node 20 and refuses it in Node 24: on its word the log would depend on who runs what.
  it("that fits everything under a key of order 1 is refused", () => {
    const point = SMALL_ORDER_POINTS[0] as PeerId;
    expect(verifySignature(point, Buffer.from("anything"), Buffer.from(UNIVERSAL_SIGNATURE, "hex"))).toBe(false);
  });

  it("of any 64 bytes under any 32 bytes is answered", () => {
    fc.assert(
      fc.property(peerArbitrary, bytesArbitrary(64, 64), bytesArbitrary(0, 80), (peer, signature, bytes) => {
        expect(verifySignature(peer, bytes, signature)).toBe(false);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe("a tag", () => {
  it("is four characters of the key's hash that are not mistaken for one another", () => {
    fc.assert(
      fc.property(peerArbitrary, (peer) => {
        expect(tagOf(peer)).toMatch(/^[a-hjkmnp-z2-9]{4}$/);
        expect(tagOf(peer)).toBe(tagOf(peer));
      }),
    );
  });

  it("tells keys apart", () => {
    const tags = Array.from({ length: 200 }, (_, index) =>
      tagOf(identityFromSeed(new Uint8Array(32).fill(index + 1)).id),
    );
    // Of about a million: 200 of them hold a pair of equals in one try of fifty.
    expect(new Set(tags).size).toBeGreaterThan(197);
  });
});

function flipped(bytes: Uint8Array, bit: number): Buffer {
  const out = Buffer.from(bytes);
  out[bit >> 3] = (out[bit >> 3] as number) ^ (1 << (bit & 7));
  return out;
}
