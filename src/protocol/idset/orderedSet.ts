/**
 * A set of 24-byte ids in order, with the count and fingerprint of any range in O(log n): what reconciliation compares.
 * A row of blocks of packed ids and terms, 60 bytes an id, under a tree of their sums (blockSums.ts).
 */
import { blake2bOfAll } from "../../crypto/hash.ts";
import { MESSAGE_ID_BYTES, toHex } from "../../wire/ids.ts";
import { FINGERPRINT_BYTES } from "../../wire/range.ts";
import { createBlockSums } from "./blockSums.ts";
import { addTerm, emptySum, fingerprintOf, LIMBS, type Sum, subtractTerm, termOf } from "./fingerprint.ts";

/** What digests tell of a range. */
export type RangeSummary = { readonly count: number /** 12 bytes, hex. */; readonly fingerprint: string };

/** Bounds as in wire/frames.ts: hex without trailing zero bytes, "~" above all. */
export type OrderedSet<Id extends string> = {
  readonly size: () => number;
  /** False if it is there already. `value`: 0..2^32-1, of the user's choice. */
  readonly insert: (id: Id, value?: number) => boolean;
  readonly remove: (id: Id) => boolean;
  readonly has: (id: Id) => boolean;
  /** What was given with the id; undefined: it is not there. */
  readonly valueOf: (id: Id) => number | undefined;
  readonly summary: (lo: string, hi: string) => RangeSummary;
  /** How many ids lo..hi holds. */
  readonly count: (lo: string, hi: string) => number;
  /** The hash under `key` of all ids of lo..hi, one after another: 6 bytes, hex; empty if there are none. Takes O(ids). */
  readonly fingerprint: (lo: string, hi: string, key: Uint8Array) => string;
  /** At most `limit` ids of lo <= id < hi, ascending; with `newest` the last ones of the range. */
  readonly slice: (lo: string, hi: string, limit: number, newest?: boolean) => Id[];
  /** The id with `index` smaller ones in the set. */
  readonly at: (index: number) => Id | undefined;
  /** How many ids are smaller than the bound. */
  readonly rank: (bound: string) => number;
  /** Another set of the same ids; blocks are shared until either set changes them. */
  readonly fork: () => OrderedSet<Id>;
};

const BLOCK_MAX = 512;
const SIZE = MESSAGE_ID_BYTES;

type Block = { owner: object; count: number; ids: Buffer; terms: Uint32Array; values: Uint32Array; sum: Sum };

/** BOUNDED: by its user's own bound on what it keeps. */
export function createOrderedSet<Id extends string>(): OrderedSet<Id> {
  return setOver([]);
}

// --- internal ---

function setOver<Id extends string>(blocks: Block[]): OrderedSet<Id> {
  const sums = createBlockSums();
  sums.rebuild(blocks);
  let size = blocks.reduce((sum, block) => sum + block.count, 0);
  /** Whose blocks are this set's alone. */
  let owner = {};
  /** The summary of all, until something changes. */
  let whole: RangeSummary | undefined;

  const idAt = (block: Block, slot: number): Id => toHex(block.ids.subarray(slot * SIZE, (slot + 1) * SIZE)) as Id;
  /** The first block whose last id is not below the key, and the slot of the first id not below it. */
  const find = (key: Buffer): { index: number; slot: number } => {
    // What is new, or kept from earlier starts, comes mostly in order.
    const newest = blocks.at(-1);
    if (newest !== undefined && compareSlot(newest, newest.count - 1, key) < 0)
      return { index: blocks.length, slot: 0 };
    const index = lowerBound(
      blocks.length,
      (at) => compareSlot(blocks[at] as Block, (blocks[at] as Block).count - 1, key) < 0,
    );
    const block = blocks[index];
    const slot = block === undefined ? 0 : lowerBound(block.count, (at) => compareSlot(block, at, key) < 0);
    return { index, slot };
  };
  const holds = (place: { index: number; slot: number }, key: Buffer): boolean => {
    const block = blocks[place.index];
    return block !== undefined && place.slot < block.count && compareSlot(block, place.slot, key) === 0;
  };
  const rank = (bound: string): number => {
    if (bound === "~") return size;
    const place = find(boundBytes(bound));
    return sums.countBefore(place.index) + place.slot;
  };
  /** The block, to be changed: a copy if another set holds it too. */
  const ownBlock = (index: number): Block => {
    const block = blocks[index] as Block;
    if (block.owner === owner) return block;
    const { count, ids, terms, values, sum } = block;
    const copy = {
      owner,
      count,
      ids: Buffer.from(ids),
      terms: terms.slice(),
      values: values.slice(),
      sum: sum.slice(),
    };
    blocks[index] = copy;
    return copy;
  };
  const summary = (lo: string, hi: string): RangeSummary => {
    const from = rank(lo);
    const to = rank(hi);
    const count = Math.max(to - from, 0);
    const sum = count === 0 ? emptySum() : sumBefore(to);
    if (count > 0) subtractTerm(sum, sumBefore(from));
    return { count, fingerprint: toHex(fingerprintOf(sum, count)) };
  };
  /** Adds the terms of the `position` smallest ids. */
  const sumBefore = (position: number): Sum => {
    const sum = emptySum();
    const { index, before } = sums.blockOf(position);
    sums.addBefore(index, sum);
    for (let slot = 0; slot < position - before; slot += 1) addTerm(sum, (blocks[index] as Block).terms, slot * LIMBS);
    return sum;
  };

  /** The ids from position `from` up to `to`, as they lie in the blocks. */
  const packed = (from: number, to: number): Buffer[] => {
    const parts: Buffer[] = [];
    const first = sums.blockOf(from);
    let slot = from - first.before;
    for (let index = first.index, left = to - from; left > 0; index += 1, slot = 0) {
      const block = blocks[index] as Block;
      const taken = Math.min(block.count - slot, left);
      parts.push(block.ids.subarray(slot * SIZE, (slot + taken) * SIZE));
      left -= taken;
    }
    return parts;
  };

  return {
    size: () => size,
    insert: (id, value = 0) => {
      const key = Buffer.from(id, "hex");
      const place = find(key);
      if (holds(place, key)) return false;
      if (place.index === blocks.length && blocks.length > 0) {
        place.index -= 1;
        place.slot = (blocks[place.index] as Block).count;
      }
      if (blocks.length === 0) {
        blocks.push(emptyBlock(owner));
        sums.rebuild(blocks);
      }
      if ((blocks[place.index] as Block).count === BLOCK_MAX) {
        ownBlock(place.index);
        splitBlock(blocks, place.index, place.slot);
        sums.rebuild(blocks);
        const left = blocks[place.index] as Block;
        if (place.slot > left.count) {
          place.slot -= left.count;
          place.index += 1;
        }
      }
      const term = termOf(key);
      insertAt(ownBlock(place.index), place.slot, key, term, value);
      sums.update(place.index, 1, term, 0);
      size += 1;
      whole = undefined;
      return true;
    },
    remove: (id) => {
      const key = Buffer.from(id, "hex");
      const place = find(key);
      if (!holds(place, key)) return false;
      const block = ownBlock(place.index);
      sums.update(place.index, -1, block.terms, place.slot * LIMBS);
      removeAt(block, place.slot);
      if (block.count === 0) {
        blocks.splice(place.index, 1);
        sums.rebuild(blocks);
      }
      size -= 1;
      whole = undefined;
      return true;
    },
    has: (id) => {
      const key = Buffer.from(id, "hex");
      return holds(find(key), key);
    },
    valueOf: (id) => {
      const key = Buffer.from(id, "hex");
      const place = find(key);
      return holds(place, key) ? (blocks[place.index] as Block).values[place.slot] : undefined;
    },
    summary: (lo, hi) => {
      if (lo !== "" || hi !== "~") return summary(lo, hi);
      whole ??= summary(lo, hi);
      return whole;
    },
    count: (lo, hi) => Math.max(rank(hi) - rank(lo), 0),
    fingerprint: (lo, hi, key) => {
      const parts = packed(rank(lo), rank(hi));
      return parts.length === 0 ? "" : toHex(blake2bOfAll(parts, FINGERPRINT_BYTES, key));
    },
    slice: (lo, hi, limit, newest = false) => {
      const to = rank(hi);
      const from = rank(lo);
      const start = newest ? Math.max(from, to - limit) : from;
      const end = newest ? to : Math.min(to, from + limit);
      const ids: Id[] = [];
      let { index, before } = sums.blockOf(start);
      for (let slot = start - before; ids.length < end - start; slot += 1) {
        if (slot === (blocks[index] as Block).count) {
          index += 1;
          slot = 0;
        }
        ids.push(idAt(blocks[index] as Block, slot));
      }
      return ids;
    },
    at: (index) => {
      if (index < 0 || index >= size) return undefined;
      const place = sums.blockOf(index);
      return idAt(blocks[place.index] as Block, index - place.before);
    },
    rank,
    fork: () => {
      owner = {};
      return setOver([...blocks]);
    },
  };
}

function emptyBlock(owner: object): Block {
  return {
    owner,
    count: 0,
    ids: Buffer.alloc(BLOCK_MAX * SIZE),
    terms: new Uint32Array(BLOCK_MAX * LIMBS),
    values: new Uint32Array(BLOCK_MAX),
    sum: emptySum(),
  };
}

function boundBytes(bound: string): Buffer {
  const bytes = Buffer.alloc(SIZE);
  bytes.write(bound, "hex");
  return bytes;
}

/** The smallest index for which `isBelow` is false. */
function lowerBound(length: number, isBelow: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBelow(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Ids that are near each other differ in one of their first bytes: to look is faster than to call what compares all. */
function compareSlot({ ids }: Block, slot: number, key: Buffer): number {
  const from = slot * SIZE;
  for (let at = 0; at < SIZE; at += 1) {
    const difference = (ids[from + at] as number) - (key[at] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

function insertAt(block: Block, slot: number, key: Buffer, term: Sum, value: number): void {
  block.ids.copyWithin((slot + 1) * SIZE, slot * SIZE, block.count * SIZE);
  block.ids.set(key, slot * SIZE);
  block.terms.copyWithin((slot + 1) * LIMBS, slot * LIMBS, block.count * LIMBS);
  block.terms.set(term, slot * LIMBS);
  block.values.copyWithin(slot + 1, slot, block.count);
  block.values[slot] = value;
  addTerm(block.sum, term);
  block.count += 1;
}

function removeAt(block: Block, slot: number): void {
  subtractTerm(block.sum, block.terms, slot * LIMBS);
  block.ids.copyWithin(slot * SIZE, (slot + 1) * SIZE, block.count * SIZE);
  block.terms.copyWithin(slot * LIMBS, (slot + 1) * LIMBS, block.count * LIMBS);
  block.values.copyWithin(slot, slot + 1, block.count);
  block.count -= 1;
}

/** Ids come mostly in order, upwards as people talk or downwards as history is fetched: then one block stays nearly full. */
function splitBlock(blocks: Block[], index: number, slot: number): void {
  const left = blocks[index] as Block;
  const keep = index === blocks.length - 1 ? BLOCK_MAX - 4 : slot <= 4 ? 4 : BLOCK_MAX / 2;
  const right = emptyBlock(left.owner);
  right.count = left.count - keep;
  right.ids.set(left.ids.subarray(keep * SIZE, left.count * SIZE));
  right.terms.set(left.terms.subarray(keep * LIMBS, left.count * LIMBS));
  right.values.set(left.values.subarray(keep, left.count));
  for (let slot = 0; slot < right.count; slot += 1) addTerm(right.sum, right.terms, slot * LIMBS);
  subtractTerm(left.sum, right.sum);
  left.count = keep;
  blocks.splice(index + 1, 0, right);
}
