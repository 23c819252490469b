/** Frames of large messages: what is offered is large, chunks lie on one grid, and what is wanted has one encoding. */
import { describe, expect, it } from "vitest";
import {
  CHUNK_BYTES,
  CHUNKS_MAX,
  chunkBytes,
  chunkCount,
  LARGE_BYTES_MIN,
  PUSH_BYTES_MAX,
} from "../../src/wire/blob.ts";
import { CursorError } from "../../src/wire/cursor.ts";
import { FRAMES_BYTES_MAX } from "../../src/wire/datagram.ts";
import { MESSAGE_BYTES_MAX } from "../../src/wire/envelope.ts";
import { decodeFrames, encodeFrame, type Frame } from "../../src/wire/frames.ts";
import type { MessageId } from "../../src/wire/ids.ts";

const id = "ab".repeat(24) as MessageId;
const decoded = (hex: string): Frame[] | "bad-frame" => decodeFrames(Buffer.from(hex, "hex"));
const chunk = (total: number, index: number, size: number): Frame => ({
  type: "chunk",
  id,
  total,
  index,
  bytes: Buffer.alloc(size, 1),
});
const wanted = (chunks: readonly number[]): Frame => ({ type: "wantChunks", id, chunks });

describe("the largest message that is pushed", () => {
  it("fills a datagram, and no larger one does", () => {
    const slice = { order: 7, lo: 0, last: 2 ** 32 - 1 };
    const push = (bytes: number): Frame => ({ type: "push", slice, message: new Uint8Array(bytes) });
    expect(encodeFrame(push(PUSH_BYTES_MAX)).length).toBe(FRAMES_BYTES_MAX);
    expect(() => encodeFrame(push(PUSH_BYTES_MAX + 1))).toThrow(CursorError);
  });
});

describe("what fits a page", () => {
  it("is not announced, and nor is what is larger than the largest there is", () => {
    const announce = (bytes: number): Frame => ({ type: "announce", id, bytes });
    for (const bytes of [LARGE_BYTES_MIN, MESSAGE_BYTES_MAX])
      expect(decodeFrames(encodeFrame(announce(bytes)))).toEqual([announce(bytes)]);
    for (const bytes of [0, LARGE_BYTES_MIN - 1, MESSAGE_BYTES_MAX + 1])
      expect(() => encodeFrame(announce(bytes))).toThrow(CursorError);
    expect(decoded(`13${id}ce08`)).toBe("bad-frame");
    expect(decoded(`13${id}cf08`)).toEqual([announce(LARGE_BYTES_MIN)]);
  });
});

describe("a chunk", () => {
  it("is full but for the last, and all of them are the message", () => {
    for (const total of [LARGE_BYTES_MIN, 2 * CHUNK_BYTES, 2 * CHUNK_BYTES + 1, MESSAGE_BYTES_MAX]) {
      const sizes = Array.from({ length: chunkCount(total) }, (_, index) => chunkBytes(total, index));
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(total);
      expect(sizes.slice(0, -1).every((size) => size === CHUNK_BYTES)).toBe(true);
      for (const [index, size] of sizes.entries()) {
        const frame = chunk(total, index, size);
        expect(decodeFrames(encodeFrame(frame))).toEqual([frame]);
      }
    }
  });

  it("of another size, or beyond the end, is refused", () => {
    for (const frame of [chunk(2_000, 0, 1_023), chunk(2_000, 1, 977), chunk(2_000, 2, 1), chunk(70_000, 0, 1_024)])
      expect(() => encodeFrame(frame)).toThrow(CursorError);
    const last = "01".repeat(976);
    expect(decoded(`15${id}d00f01${last}`)).toEqual([chunk(2_000, 1, 976)]);
    expect(decoded(`15${id}d00f01${last}01`)).toBe("bad-frame");
    expect(decoded(`15${id}d00f01${last.slice(2)}`)).toBe("bad-frame");
    expect(decoded(`15${id}d00f02${last}`)).toBe("bad-frame");
    expect(decoded(`15${id}810901${last}`)).toBe("bad-frame");
  });
});

describe("wanted chunks", () => {
  it("are one to all of a message", () => {
    const all = Array.from({ length: CHUNKS_MAX }, (_, index) => index);
    for (const chunks of [[0], [7], [8], [64], [0, 1, 9, 64], all])
      expect(decodeFrames(encodeFrame(wanted(chunks)))).toEqual([wanted(chunks)]);
  });

  it("that are none, out of order, twice or beyond the last are not made", () => {
    for (const chunks of [[], [2, 1], [1, 1], [CHUNKS_MAX], [-1]])
      expect(() => encodeFrame(wanted(chunks))).toThrow(CursorError);
  });

  it.each([
    ["none", "00"],
    ["a mask of zeros", "0100"],
    ["a mask that ends in zero", "020100"],
    ["chunk 65", "09000000000000000002"],
    ["a mask too long", "0a00000000000000000001"],
  ])("%s is refused", (_, mask) => {
    expect(decoded(`14${id}${mask}`)).toBe("bad-frame");
  });
});
