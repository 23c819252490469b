/** How many bytes a log can have at most, whoever says what: in the index, and in the store. */
import { describe, expect, it } from "vitest";
import { bytesMost, isLarge, LARGE_BYTES_IN_ALL, largeMost, mostInAll } from "../../../src/protocol/log/classes.ts";
import { PUSH_BYTES_MAX } from "../../../src/wire/blob.ts";
import { MESSAGE_BYTES_MAX } from "../../../src/wire/envelope.ts";
import { createWorld, type TestNode } from "../fixtures.ts";

describe("the class of large messages", () => {
  it("is what no push carries", () => {
    expect([PUSH_BYTES_MAX, PUSH_BYTES_MAX + 1].map(isLarge)).toEqual([false, true]);
  });

  it.each([
    [1, 1],
    [39, 1],
    [40, 2],
    [10_000, 500],
    [1_000_000, 1_018],
  ])("beside %i others holds %i", (most, large) => {
    expect(largeMost(most)).toBe(large);
    expect(mostInAll(most)).toBe(most + large);
    expect(largeMost(most) * MESSAGE_BYTES_MAX).toBeLessThanOrEqual(LARGE_BYTES_IN_ALL);
  });

  it("keeps the default log below 45 MB", () => {
    expect(bytesMost(10_000)).toBe(44_420_500);
  });
});

describe("the bytes of a log", () => {
  const bytesOf = ({ store }: TestNode): number =>
    [...store.kept.values()].reduce((sum, bytes) => sum + bytes.length, 0);

  it("stay within their bound when nothing but the longest texts is said, in the store as well", () => {
    const world = createWorld();
    const node = world.node("alice", { maxMessages: 40 });
    node.say("short");
    for (let number = 0; number < 20; number += 1) {
      node.say("x".repeat(65_536));
      expect(bytesOf(node)).toBeLessThanOrEqual(bytesMost(40));
    }
    expect(node.core.tables().largeMessages).toEqual({ size: 2, bound: 2 });
    expect(node.texts().map((text) => text.length)).toEqual([5, 65_536, 65_536]);
    for (let number = 0; number < 100; number += 1) node.say("y".repeat(900));
    expect(node.core.tables().messages).toEqual({ size: 40, bound: 40 });
    expect(bytesOf(node)).toBeLessThanOrEqual(bytesMost(40));
  });
});
