/** Puts one large message together from its chunks, and remembers which peer sent each. */

import { chunkCount } from "../../wire/blob.ts";
import type { BootId } from "../../wire/ids.ts";

export type Assembly = {
  /** True if the chunk is new; `bytes` are copied. */
  readonly accept: (index: number, bytes: Uint8Array, from: BootId) => boolean;
  /** At most `limit` chunks that are not here and not among `others`, ascending. */
  readonly lacking: (limit: number, others: ReadonlySet<number>) => number[];
  readonly isWhole: () => boolean;
  /** All bytes; only when it is whole. */
  readonly join: () => Uint8Array;
  /** Whose chunks are in it. */
  readonly contributors: () => ReadonlySet<BootId>;
  /** Starts over: nothing of what came is kept. */
  readonly clear: () => void;
};

/** BOUNDED: chunkCount(total) chunks, `total` bytes. */
export function createAssembly(total: number): Assembly {
  const count = chunkCount(total);
  const held = new Map<number, { readonly bytes: Uint8Array; readonly from: BootId }>();
  return {
    accept: (index, bytes, from) => {
      if (held.has(index)) return false;
      held.set(index, { bytes: Uint8Array.from(bytes), from });
      return true;
    },
    lacking: (limit, others) => {
      const chunks: number[] = [];
      for (let index = 0; index < count && chunks.length < limit; index += 1) {
        if (!held.has(index) && !others.has(index)) chunks.push(index);
      }
      return chunks;
    },
    isWhole: () => held.size === count,
    join: () => Buffer.concat(Array.from({ length: count }, (_, index) => held.get(index)?.bytes ?? new Uint8Array(0))),
    contributors: () => new Set([...held.values()].map(({ from }) => from)),
    clear: () => held.clear(),
  };
}
