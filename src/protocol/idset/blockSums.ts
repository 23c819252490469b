/**
 * Running counts and fingerprint sums over a row of blocks: a Fenwick tree (Fenwick 1994), so that the total before any
 * block and a change of one block both take O(log blocks). Rebuilt when a block comes or goes, which is rare.
 */
import { addTerm, LIMBS, type Sum, subtractTerm } from "./fingerprint.ts";

export type BlockSums = {
  readonly rebuild: (blocks: readonly { readonly count: number; readonly sum: Sum }[]) => void;
  /** A term came into (`change` 1) or left (-1) block `index`. */
  readonly update: (index: number, change: 1 | -1, term: Uint32Array, at: number) => void;
  /** How many items the blocks before `index` hold. */
  readonly countBefore: (index: number) => number;
  /** Adds what the blocks before `index` sum up to. */
  readonly addBefore: (index: number, to: Sum) => void;
  /** The block that holds the item with `position` smaller ones, and how many the blocks before it hold. */
  readonly blockOf: (position: number) => { readonly index: number; readonly before: number };
};

export function createBlockSums(): BlockSums {
  /** Node i (from 1) covers the i & -i blocks that end with block i - 1. */
  let counts = new Uint32Array(1);
  let sums = new Uint32Array(LIMBS);
  const sumAt = (node: number): Sum => sums.subarray(node * LIMBS, (node + 1) * LIMBS);

  return {
    rebuild: (blocks) => {
      counts = new Uint32Array(blocks.length + 1);
      sums = new Uint32Array((blocks.length + 1) * LIMBS);
      blocks.forEach((block, index) => {
        const node = index + 1;
        counts[node] = (counts[node] as number) + block.count;
        addTerm(sumAt(node), block.sum);
        const parent = node + (node & -node);
        if (parent > blocks.length) return;
        counts[parent] = (counts[parent] as number) + (counts[node] as number);
        addTerm(sumAt(parent), sumAt(node));
      });
    },
    update: (index, change, term, at) => {
      for (let node = index + 1; node < counts.length; node += node & -node) {
        counts[node] = (counts[node] as number) + change;
        if (change === 1) addTerm(sumAt(node), term, at);
        else subtractTerm(sumAt(node), term, at);
      }
    },
    countBefore: (index) => {
      let total = 0;
      for (let node = index; node > 0; node -= node & -node) total += counts[node] as number;
      return total;
    },
    addBefore: (index, to) => {
      for (let node = index; node > 0; node -= node & -node) addTerm(to, sums, node * LIMBS);
    },
    blockOf: (position) => {
      let node = 0;
      let before = 0;
      for (let step = 1 << (31 - Math.clz32(counts.length)); step > 0; step >>= 1) {
        const next = node + step;
        if (next >= counts.length || before + (counts[next] as number) > position) continue;
        node = next;
        before += counts[next] as number;
      }
      return { index: node, before };
    },
  };
}
