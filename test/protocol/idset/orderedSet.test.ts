/** The ordered set against a sorted array, and fingerprints against the formula they are defined by. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { blake2b } from "../../../src/crypto/hash.ts";
import { addTerm, emptySum, fingerprintOf, subtractTerm, termOf } from "../../../src/protocol/idset/fingerprint.ts";
import { createOrderedSet, type OrderedSet } from "../../../src/protocol/idset/orderedSet.ts";
import { below, type Rng, seededRng, shuffle } from "../../../src/protocol/rng.ts";
import { END } from "../../../src/wire/frames.ts";
import { fromHex, toHex } from "../../../src/wire/ids.ts";

const idFrom = (rng: Rng): string => toHex(Uint8Array.from({ length: 24 }, () => below(rng, 256)));
const sorted = (ids: Iterable<string>): string[] => [...ids].sort();

/** BLAKE2b(LE(sum of BLAKE2b-256(id) mod 2^256) then LE64(count)), first 12 bytes, with big integers. */
function naiveFingerprint(ids: readonly string[]): string {
  let sum = 0n;
  for (const id of ids) sum += BigInt(`0x${toHex(blake2b(fromHex(id), 32).toReversed())}`);
  const bytes = Buffer.alloc(40);
  const hex = (sum % (1n << 256n)).toString(16).padStart(64, "0");
  bytes.set(Buffer.from(hex, "hex").reverse());
  bytes.writeBigUInt64LE(BigInt(ids.length), 32);
  return toHex(blake2b(bytes, 12));
}

/** Memory in use after a full collection. */
function heldBytes(): { heap: number; buffers: number } {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { heap: heapUsed, buffers: arrayBuffers };
}

/** Bounds that matter: none, all, an id, just beside one, and anything. */
function boundFrom(rng: Rng, model: readonly string[]): string {
  const kind = below(rng, 6);
  if (kind === 0) return "";
  if (kind === 1) return END;
  const near = model[below(rng, Math.max(model.length, 1))] ?? "80";
  const whole = kind === 2 ? near : kind === 3 ? near.slice(0, 2 * below(rng, 24)) : idFrom(rng).slice(0, 12);
  return whole.replace(/(00)+$/, "");
}

function expectSame(set: OrderedSet<string>, model: readonly string[], rng: Rng): void {
  const [lo, hi] = [boundFrom(rng, model), boundFrom(rng, model)];
  const within = model.filter((id) => id >= lo && id < hi);
  const limit = 1 + below(rng, 40);
  expect(set.size()).toBe(model.length);
  expect(set.summary(lo, hi)).toEqual({ count: within.length, fingerprint: naiveFingerprint(within) });
  expect(set.count(lo, hi)).toBe(within.length);
  const key = Uint8Array.from({ length: 32 }, () => below(rng, 256));
  const hashed = within.length === 0 ? "" : toHex(blake2b(fromHex(within.join("")), 6, key));
  expect(set.fingerprint(lo, hi, key)).toBe(hashed);
  expect(set.slice(lo, hi, limit)).toEqual(within.slice(0, limit));
  expect(set.slice(lo, hi, limit, true)).toEqual(within.slice(Math.max(within.length - limit, 0)));
  expect(set.rank(lo)).toBe(lo === END ? model.length : model.filter((id) => id < lo).length);
}

describe("the ordered set", () => {
  it("agrees with a sorted array through random inserts and removes", () => {
    for (let seed = 1; seed <= 5; seed += 1) {
      const rng = seededRng(seed);
      const set = createOrderedSet<string>();
      const model = new Set<string>();
      for (let index = 0; index < 1_200; index += 1) {
        const known = model.size > 0 && below(rng, 3) === 0 ? sorted(model)[below(rng, model.size)] : undefined;
        const id = known ?? idFrom(rng);
        if (below(rng, 4) === 0) expect(set.remove(id)).toBe(model.delete(id));
        else {
          expect(set.insert(id)).toBe(!model.has(id));
          model.add(id);
        }
        expect(set.has(id)).toBe(model.has(id));
        if (index % 60 === 0) expectSame(set, sorted(model), rng);
      }
    }
  });

  it.each(["ascending", "descending", "shuffled"])("holds 5,000 ids that come %s, and empties again", (order) => {
    const rng = seededRng(5);
    const ids = Array.from({ length: 5_000 }, (_, index) => index.toString(16).padStart(8, "0") + idFrom(rng).slice(8));
    const set = createOrderedSet<string>();
    const incoming = order === "shuffled" ? shuffle(rng, [...ids]) : order === "descending" ? ids.toReversed() : ids;
    for (const id of incoming) set.insert(id);
    expect(set.slice("", END, 10_000)).toEqual(ids);
    expect(set.slice("", END, 50, true)).toEqual(ids.slice(-50));
    expect([0, 255, 256, 4_999, 5_000, -1].map(set.at)).toEqual(
      [0, 255, 256, 4_999].map((index) => ids[index]).concat([undefined, undefined] as never),
    );
    for (let round = 0; round < 20; round += 1) expectSame(set, ids, rng);
    for (const id of shuffle(rng, [...ids])) expect(set.remove(id)).toBe(true);
    expect(set.size()).toBe(0);
    expect(set.summary("", END)).toEqual({ count: 0, fingerprint: naiveFingerprint([]) });
    expect(set.slice("", END, 10)).toEqual([]);
  });

  it("has one fingerprint for one content, however it came about", () => {
    const rng = seededRng(9);
    const ids = Array.from({ length: 700 }, () => idFrom(rng));
    const [one, other] = [createOrderedSet<string>(), createOrderedSet<string>()];
    for (const id of ids) one.insert(id);
    for (const id of shuffle(rng, [...ids, ...Array.from({ length: 300 }, () => idFrom(rng))])) other.insert(id);
    expect(other.summary("", END)).not.toEqual(one.summary("", END));
    for (const id of other.slice("", END, 1_000)) if (!ids.includes(id)) other.remove(id);
    expect(other.summary("", END)).toEqual(one.summary("", END));
  });
});

describe("sums of fingerprints", () => {
  it("split and add: what was added can be taken away, across every carry", () => {
    const max = new Uint32Array(8).fill(0xffffffff);
    const one = Uint32Array.of(1, 0, 0, 0, 0, 0, 0, 0);
    const sum = emptySum();
    addTerm(sum, max);
    addTerm(sum, one);
    expect(sum).toEqual(emptySum());
    subtractTerm(sum, one);
    expect(sum).toEqual(max);
    const [left, right, whole] = [emptySum(), emptySum(), emptySum()];
    for (let index = 0; index < 500; index += 1) {
      const term = termOf(Buffer.alloc(24, index));
      addTerm(index % 3 === 0 ? left : right, term);
      addTerm(whole, term);
    }
    addTerm(left, right);
    expect(left).toEqual(whole);
    subtractTerm(whole, right);
    subtractTerm(left, right);
    expect(left).toEqual(whole);
  });

  it("do not cancel out when an id is there twice, unlike XOR, and tell counts apart", () => {
    const term = termOf(Buffer.alloc(24, 7));
    const twice = emptySum();
    addTerm(twice, term);
    addTerm(twice, term);
    expect(fingerprintOf(twice, 2)).not.toEqual(fingerprintOf(emptySum(), 2));
    expect(fingerprintOf(emptySum(), 0)).not.toEqual(fingerprintOf(emptySum(), 1));
  });
});

describe("100,000 ids that come in the order of their times", () => {
  const id = (index: number): string => `${index.toString(16).padStart(12, "0")}${"5a".repeat(18)}`;
  const filled = (): OrderedSet<string> => {
    const set = createOrderedSet<string>();
    for (let index = 0; index < 100_000; index += 1) set.insert(id(index));
    return set;
  };

  it("take at most 65 bytes each: id, term and value are 60, the rest is room in blocks and their tree", () => {
    const before = heldBytes();
    const set = filled();
    const { heap, buffers } = heldBytes();
    expect(set.size()).toBe(100_000);
    expect((heap - before.heap + buffers - before.buffers) / 100_000).toBeLessThanOrEqual(65);
  });

  it("are summed up over a range as the parts of the range are", () => {
    const whole = filled().summary(id(12_345), id(87_654));
    const [left, right] = [createOrderedSet<string>(), createOrderedSet<string>()];
    for (let index = 12_345; index < 87_654; index += 1) (index % 2 === 0 ? left : right).insert(id(index));
    expect(whole.count).toBe(left.size() + right.size());
    for (const one of right.slice("", END, 100_000)) left.insert(one);
    expect(whole).toEqual(left.summary("", END));
  });
});
