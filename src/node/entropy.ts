/** Random numbers from the operating system. */
import { randomBytes } from "node:crypto";
import type { Rng } from "../protocol/rng.ts";

/** Bytes drawn at once: a draw costs about as much as 500 numbers out of it. */
const POOL_BYTES = 4096;

/**
 * The time goes into each number: if the process is copied, by a fork or a snapshot of its machine, both copies have the rest of the
 * pool. What they draw from it differs, unless they draw it in the same nanosecond.
 */
export function systemRng(): Rng {
  let pool = Buffer.alloc(0);
  let used = 0;
  return {
    u32: () => {
      if (used >= pool.length) {
        pool = randomBytes(POOL_BYTES);
        used = 0;
      }
      used += 4;
      return (pool.readUInt32LE(used - 4) ^ (performance.now() * 1e6)) >>> 0;
    },
  };
}
