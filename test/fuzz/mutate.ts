/**
 * Makes hostile inputs out of valid ones. It knows what encodings are made of: length fields, varints, big-endian numbers,
 * repeated parts, text tokens. So most of what it makes gets past the first check of a decoder.
 */
import { below, type Rng } from "../../src/protocol/rng.ts";

export type Mutator = {
  readonly corpus: readonly Uint8Array[];
  /** Put in, or in the place of other bytes: what the decoder looks for. */
  readonly tokens?: readonly Uint8Array[];
  /** The input is cut to so many bytes. */
  readonly bytesMax: number;
};

const CHANGES_MAX = 5;

/** One input: an entry of the corpus as it is (seldom), changed up to five times, or chance alone (seldom). */
export function nextInput(rng: Rng, mutator: Mutator): Uint8Array {
  const kind = below(rng, 64);
  if (kind === 0) return chance(rng, below(rng, 200));
  let bytes = pick(rng, mutator.corpus);
  if (kind === 1) return bytes;
  // Few changes reach further into a decoder than many.
  const changes = 1 + Math.min(below(rng, CHANGES_MAX), below(rng, CHANGES_MAX));
  for (let change = 0; change < changes; change += 1) bytes = changed(rng, bytes, mutator);
  return bytes.length > mutator.bytesMax ? bytes.subarray(0, mutator.bytesMax) : bytes;
}

export function pick<T>(rng: Rng, items: readonly T[]): T {
  return items[below(rng, items.length)] as T;
}

export function chance(rng: Rng, length: number): Uint8Array {
  return Buffer.from(Array.from({ length }, () => below(rng, 256)));
}

// --- internal ---

/** What is likely to be the last that is allowed, or the first that is not. */
const BYTES = [0x00, 0x01, 0x02, 0x04, 0x06, 0x0f, 0x10, 0x18, 0x1f, 0x20, 0x40, 0x7f, 0x80, 0x81, 0xfe, 0xff];

/** Varints: extremes, one beyond, longer than they need to be, without an end. */
const VARINTS = [
  "00",
  "7f",
  "8001",
  "8000",
  "ff7f",
  "ffff03",
  "808004",
  "ffffffff0f",
  "8080808010",
  "ffffffffffff3f",
  "ffffffffffffff0f",
  "8080808080808010",
  "ffffffffffffffff",
  "808080808080808001",
].map((hex) => Buffer.from(hex, "hex"));

type Change = (rng: Rng, bytes: Uint8Array, at: number, mutator: Mutator) => Uint8Array;

const CHANGES: readonly Change[] = [
  // A bit, a byte, an interesting byte.
  (rng, bytes, at) => put(bytes, at, Uint8Array.of((bytes[at] ?? 0) ^ (1 << below(rng, 8)))),
  (rng, bytes, at) => put(bytes, at, Uint8Array.of(below(rng, 256))),
  (rng, bytes, at) => put(bytes, at, Uint8Array.of(pick(rng, BYTES))),
  // A length, a count, an index: a little more or less.
  (rng, bytes, at) => put(bytes, at, Uint8Array.of((bytes[at] ?? 0) + pick(rng, [1, -1, 2, -2, 16, -16, 64]))),
  // A number of two to eight bytes, as small or as large as can be.
  (rng, bytes, at) => put(bytes, at, Buffer.alloc(pick(rng, [2, 4, 6, 8]), pick(rng, [0x00, 0xff, 0x7f, 0x80]))),
  (rng, bytes, at) => put(bytes, at, pick(rng, VARINTS)),
  (rng, bytes, at) => replace(bytes, at, at + 1, pick(rng, VARINTS)),
  // A byte more or less: all after it moves.
  (rng, bytes, at) => replace(bytes, at, at, Uint8Array.of(below(rng, 256))),
  (_, bytes, at) => replace(bytes, at, at + 1, Uint8Array.of()),
  // A part is lost, doubled, repeated many times, or taken from elsewhere.
  (rng, bytes, at) => replace(bytes, at, at + 1 + below(rng, 40), Uint8Array.of()),
  (rng, bytes, at) => replace(bytes, at, at, bytes.subarray(at, at + 1 + below(rng, 40))),
  (rng, bytes, at) => {
    const part = bytes.subarray(at, at + 1 + below(rng, 8));
    return replace(bytes, at, at, Buffer.concat(Array.from({ length: 1 + below(rng, 70) }, () => part)));
  },
  (rng, bytes, at) => {
    const from = below(rng, bytes.length + 1);
    return put(bytes, at, bytes.slice(from, from + 1 + below(rng, 40)));
  },
  // Cut off, or longer than it says.
  (_, bytes, at) => bytes.subarray(0, at),
  (rng, bytes) => Buffer.concat([bytes, chance(rng, 1 + below(rng, 30))]),
  // The whole again, or the front of one behind the front of another: frames one after another.
  (_, bytes) => Buffer.concat([bytes, bytes]),
  (rng, bytes, _, { corpus }) => Buffer.concat([bytes, pick(rng, corpus)]),
  (rng, bytes, at, { corpus }) => {
    const other = pick(rng, corpus);
    return Buffer.concat([bytes.subarray(0, at), other.subarray(below(rng, other.length + 1))]);
  },
  // A token, or more of chance where there are none.
  (rng, bytes, at, { tokens }) => replace(bytes, at, at, tokens === undefined ? chance(rng, 4) : pick(rng, tokens)),
  (rng, bytes, at, { tokens }) => put(bytes, at, tokens === undefined ? chance(rng, 4) : pick(rng, tokens)),
];

function changed(rng: Rng, bytes: Uint8Array, mutator: Mutator): Uint8Array {
  return pick(rng, CHANGES)(rng, bytes, below(rng, bytes.length + 1), mutator);
}

function put(bytes: Uint8Array, at: number, value: Uint8Array): Uint8Array {
  return replace(bytes, at, at + value.length, value);
}

function replace(bytes: Uint8Array, from: number, to: number, value: Uint8Array): Uint8Array {
  return Buffer.concat([bytes.subarray(0, from), value, bytes.subarray(to)]);
}
