/** The trace of a run: BLAKE2b over every datagram sent, with its time and ends. Equal runs, equal hash. */
import { blake2b } from "../../crypto/hash.ts";
import type { Millis } from "../../protocol/time.ts";
import type { Endpoint } from "../../wire/endpoint.ts";
import { toHex } from "../../wire/ids.ts";

export type Trace = {
  readonly add: (at: Millis, from: Endpoint, to: Endpoint, bytes: Uint8Array) => void;
  readonly hash: () => string;
};

const HASH_BYTES = 16;
/** Hashed at once: one call of the library for some hundred datagrams. */
const BLOCK_BYTES = 65_536;
/** More than the times, ends and bytes of one datagram take. */
const ENTRY_BYTES_MAX = 70_000;

export function createTrace(): Trace {
  const block = Buffer.alloc(HASH_BYTES + BLOCK_BYTES + ENTRY_BYTES_MAX);
  let at = HASH_BYTES;
  const fold = (): void => {
    block.set(blake2b(block.subarray(0, at), HASH_BYTES));
    at = HASH_BYTES;
  };
  return {
    add: (time, from, to, bytes) => {
      at = block.writeDoubleBE(time, at);
      at += block.write(from, at, "latin1");
      at += block.write(to, at, "latin1");
      at = block.writeUInt32BE(bytes.length, at);
      block.set(bytes, at);
      at += bytes.length;
      if (at >= BLOCK_BYTES) fold();
    },
    hash: () => {
      if (at > HASH_BYTES) fold();
      return toHex(block.subarray(0, HASH_BYTES));
    },
  };
}
