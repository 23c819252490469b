/** Random numbers from the operating system. */
import { randomBytes } from "node:crypto";
import { LINK_SECRET_BYTES, type LinkKeys, linkKeysFrom } from "../crypto/linkKeys.ts";
import type { Rng } from "../protocol/rng.ts";
import type { BootId } from "../wire/ids.ts";

/** Bytes drawn at once: a draw costs about as much as 500 numbers out of it. */
const POOL_BYTES = 4096;

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
      return pool.readUInt32LE(used - 4);
    },
  };
}

/** A key pair for one process start. It is nowhere but in this process. */
export function randomLinkKeys(): LinkKeys {
  return linkKeysFrom(randomBytes(LINK_SECRET_BYTES));
}

export function randomBootId(): BootId {
  return randomBytes(8).toString("hex") as BootId;
}
