/** Rumours: told often enough for everyone to hear them, newest first, and not for ever. */
import { describe, expect, it } from "vitest";
import { createRumours, retransmitLimit } from "../../../src/protocol/membership/rumours.ts";
import { encodeFrame, type Frame } from "../../../src/wire/frames.ts";
import type { PeerId } from "../../../src/wire/ids.ts";

const peer = (name: string): PeerId => Buffer.alloc(32, name).toString("hex") as PeerId;
const news = (text: string): Frame => ({ type: "statement", bytes: Buffer.from(text) });
const texts = (frames: readonly Frame[]): string[] =>
  frames.map((frame) => (frame.type === "statement" ? Buffer.from(frame.bytes).toString() : frame.type));

describe("rumours", () => {
  it.each([
    [1, 4],
    [9, 4],
    [10, 8],
    [99, 8],
    [100, 12],
    [1_000, 16],
  ])("are told in a room of %d %d times", (members, limit) => {
    expect(retransmitLimit(members)).toBe(limit);
    const rumours = createRumours();
    rumours.spread(peer("a"), news("a"));
    for (let told = 0; told < limit; told += 1) {
      expect(rumours.isEmpty()).toBe(false);
      expect(rumours.take(1_000, members)).toHaveLength(1);
    }
    expect(rumours.isEmpty()).toBe(true);
    expect(rumours.take(1_000, members)).toEqual([]);
  });

  it("go newest first, and those told less often before those told more often", () => {
    const rumours = createRumours();
    for (const name of ["old", "middle", "new"]) rumours.spread(peer(name), news(name));
    expect(texts(rumours.take(1_000, 100))).toEqual(["new", "middle", "old"]);
    rumours.spread(peer("newest"), news("newest"));
    expect(texts(rumours.take(1_000, 100))).toEqual(["newest", "new", "middle", "old"]);
    expect(texts(rumours.take(10, 100))).toEqual(["newest"]);
  });

  it("are told once more, and then not any more, where the room has become so small that they were told too often", () => {
    const rumours = createRumours();
    rumours.spread(peer("a"), news("a"));
    for (let told = 0; told < 9; told += 1) rumours.take(1_000, 100);
    rumours.spread(peer("b"), news("b"));
    expect(texts(rumours.take(1_000, 5))).toEqual(["b", "a"]);
    expect(texts(rumours.take(1_000, 5))).toEqual(["b"]);
  });

  it("replace what was told of the same peer before, and start over", () => {
    const rumours = createRumours();
    rumours.spread(peer("a"), news("first"));
    for (let told = 0; told < 3; told += 1) rumours.take(1_000, 5);
    rumours.spread(peer("a"), news("second"));
    const told = Array.from({ length: 6 }, () => texts(rumours.take(1_000, 5))).flat();
    expect(told).toEqual(["second", "second", "second", "second"]);
  });

  it("of two kinds about one peer are both told", () => {
    const rumours = createRumours();
    rumours.spread(peer("a"), news("alive"));
    rumours.spread(peer("a"), { type: "suspect", peer: peer("a"), incarnation: 1, accuser: "00".repeat(8) });
    expect(texts(rumours.take(1_000, 5))).toEqual(["suspect", "alive"]);
  });

  it("never take more room than there is, and all get their turn", () => {
    const rumours = createRumours();
    const all = Array.from({ length: 50 }, (_, index) => `rumour ${index}`.padEnd(60));
    for (const text of all) rumours.spread(peer(text), news(text));
    const heard = new Set<string>();
    for (let datagram = 0; datagram < 10; datagram += 1) {
      const frames = rumours.take(400, 50);
      expect(frames.reduce((sum, frame) => sum + encodeFrame(frame).length, 0)).toBeLessThanOrEqual(400);
      for (const text of texts(frames)) heard.add(text);
    }
    expect(heard.size).toBe(50);
  });
});
