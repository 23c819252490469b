/**
 * One large message being put together: which chunks are here, which are asked for, and how many may be asked for at once
 * (receiver-driven credit; slow start, then additive increase and multiplicative decrease, RFC 5681).
 */
import { chunkCount } from "../wire/large.ts";
import type { BootId, Millis } from "./types.ts";

export type Assembly = {
  /** Chunks to ask for now, ascending; they count as asked for at `now`. Empty: not worth a request yet. */
  readonly request: (now: Millis) => number[];
  /** True if the chunk is new; `bytes` are copied. */
  readonly accept: (index: number, bytes: Uint8Array, from: BootId) => boolean;
  readonly wasAsked: (index: number) => boolean;
  /** Gives up the chunks asked for `afterMs` ago or longer, which takes credit away. True if there were any. */
  readonly expire: (now: Millis, afterMs: Millis) => boolean;
  /** When the longest-awaited chunk was asked for. */
  readonly oldestAsked: () => Millis | undefined;
  readonly isWhole: () => boolean;
  /** All bytes; only when it is whole. */
  readonly join: () => Uint8Array;
  /** Whose chunks are in it. */
  readonly contributors: () => ReadonlySet<BootId>;
  readonly chunksHeld: () => number;
  /** Starts over: nothing of what came is kept. */
  readonly clear: () => void;
};

export const CREDIT_FIRST = 8;
export const CREDIT_LEAST = 8;
export const CREDIT_MOST = 64;

/** BOUNDED: chunkCount(total) chunks, `total` bytes. */
export function createAssembly(total: number): Assembly {
  const count = chunkCount(total);
  const held = new Map<number, { readonly bytes: Uint8Array; readonly from: BootId }>();
  /** Chunks on their way, as far as is known. */
  const awaited = new Map<number, Millis>();
  const asked = new Set<number>();
  let credit = CREDIT_FIRST;
  /** Below it credit grows by one with each chunk, above by one with each window of them. */
  let threshold = CREDIT_MOST;

  return {
    request: (now) => {
      const free = Math.floor(credit) - awaited.size;
      // A request for each chunk that came would cost half as many datagrams again.
      if (awaited.size > 0 && 2 * free < credit) return [];
      const chunks: number[] = [];
      for (let index = 0; index < count && chunks.length < free; index += 1) {
        if (held.has(index) || awaited.has(index)) continue;
        chunks.push(index);
        awaited.set(index, now);
        asked.add(index);
      }
      return chunks;
    },
    accept: (index, bytes, from) => {
      awaited.delete(index);
      if (held.has(index)) return false;
      held.set(index, { bytes: Uint8Array.from(bytes), from });
      credit = Math.min(credit + (credit < threshold ? 1 : 1 / credit), CREDIT_MOST);
      return true;
    },
    wasAsked: (index) => asked.has(index),
    expire: (now, afterMs) => {
      // Summed as whoever sets an alarm for it does: a difference can round to the other side.
      const late = [...awaited].filter(([, at]) => at + afterMs <= now);
      for (const [index] of late) awaited.delete(index);
      if (late.length === 0) return false;
      credit = Math.max(credit / 2, CREDIT_LEAST);
      threshold = credit;
      return true;
    },
    oldestAsked: () => (awaited.size === 0 ? undefined : Math.min(...awaited.values())),
    isWhole: () => held.size === count,
    join: () => Buffer.concat(Array.from({ length: count }, (_, index) => held.get(index)?.bytes ?? new Uint8Array(0))),
    contributors: () => new Set([...held.values()].map(({ from }) => from)),
    chunksHeld: () => held.size,
    clear: () => {
      held.clear();
      awaited.clear();
      asked.clear();
    },
  };
}
