/** What one peer can make a node do by comparing: so much in a second, and the same claim once. */
import { expect, it } from "vitest";
import { limits } from "../../../src/protocol/limits.ts";
import type { Frame } from "../../../src/wire/frames.ts";
import type { MessageId, ShortId } from "../../../src/wire/ids.ts";
import { PARTS_MAX } from "../../../src/wire/range.ts";
import { createWorld, type TestNode, WALL, type World } from "../fixtures.ts";
import { createPuppet, type Puppet } from "../puppet.ts";

/** The claim that it holds other messages, of `number`, in each of so many parts. */
const SALT = "5a17ed00";

function claim(number: number, parts: number): Frame {
  const bound = (at: number): string => (0x0101 + at).toString(16).padStart(4, "0");
  const fingerprint = number.toString(16).padStart(12, "0");
  const claims = Array.from({ length: parts }, (_, at) => ({ hi: bound(at), count: 1, fingerprint }));
  return { type: "ranges", set: "log", salt: SALT, lo: "", parts: claims };
}

function create(): { world: World; node: TestNode; puppet: Puppet } {
  const world = createWorld();
  const node = world.node("alice");
  node.say("hello");
  const puppet = createPuppet(world, "mallory");
  puppet.prove(node);
  return { world, node, puppet };
}

const over = (node: TestNode): number => node.core.stats().dropped["reconciliation-budget"] ?? 0;

it("one peer has so many ranges compared in a second, no more, and again in the next; others have as many", () => {
  const { world, node, puppet } = create();
  const other = createPuppet(world, "bob", 201);
  other.prove(node);
  const parts = PARTS_MAX;
  const most = limits.rangesPerSecond / parts;
  for (let number = 0; number < most; number += 1) puppet.tell(node, [claim(number, parts)]);
  expect(over(node)).toBe(0);
  for (let number = 0; number < 7; number += 1) puppet.tell(node, [claim(most + number, parts)]);
  expect(over(node)).toBe(7);
  other.tell(node, [claim(0, parts)]);
  expect(over(node)).toBe(7);
  world.run(1_000);
  puppet.tell(node, [claim(2 * most, parts)]);
  expect(over(node)).toBe(7);
});

it.each<[string, number, (number: number) => Frame]>([
  [
    "lists of what it holds",
    1 + 40 / 8,
    (number) => ({ type: "list", set: "log", lo: "", hi: "~", salt: SALT, ids: shortIds(40, number) }),
  ],
  ["requests by name", 40 / 4, (number) => ({ type: "want", ids: ids(40, number) })],
  [
    "requests for history",
    64 / 2,
    (number) => ({ type: "fetch", set: "log", number: 1 + number, credit: 64, stretches: [{ lo: "", hi: "~" }] }),
  ],
  [
    "claims to hold the same",
    1,
    (number) => ({
      type: "same",
      set: "log",
      lo: "",
      hi: "~",
      salt: SALT,
      count: 1 + number,
      fingerprint: "00".repeat(6),
    }),
  ],
])("%s cost of the same budget", (_, cost, frame) => {
  const { node, puppet } = create();
  // Filled up with ranges, so that little is left for what comes then.
  const filler = Math.floor((limits.rangesPerSecond - 3 * cost) / PARTS_MAX);
  for (let number = 0; number < filler; number += 1) puppet.tell(node, [claim(number, PARTS_MAX)]);
  const left = Math.floor((limits.rangesPerSecond - PARTS_MAX * filler) / cost);
  for (let number = 0; number < left; number += 1) puppet.tell(node, [frame(number)]);
  expect(over(node)).toBe(0);
  puppet.tell(node, [frame(left)]);
  expect(over(node)).toBe(1);
});

it("a list of one id costs what is hashed for it: all that stands in the same millisecond, at most 128", () => {
  const { node, puppet } = create();
  const crowd = Array.from({ length: 300 }, () => puppet.message({ hlc: WALL - 60_000 }));
  for (const { bytes } of crowd) puppet.tell(node, [{ type: "message", bytes }]);
  const front = (WALL - 60_000).toString(16).padStart(12, "0");
  const list = (number: number): Frame => {
    // Another place each time: else it were a repeat.
    const lo = `00${number.toString(16).padStart(4, "0")}01`;
    return { type: "list", set: "log", lo, hi: "~", salt: SALT, ids: [`${front}${"00".repeat(6)}` as ShortId] };
  };
  const cost = 1 + 1 / 8 + 128 / 8;
  for (let number = 0; number < Math.floor(limits.rangesPerSecond / cost); number += 1)
    puppet.tell(node, [list(number)]);
  expect(over(node)).toBe(0);
  puppet.tell(node, [list(1_000)]);
  expect(over(node)).toBe(1);
});

it("the same claim is answered once in a second", () => {
  const { world, node, puppet } = create();
  const types = (): string[] =>
    puppet
      .tell(node, [claim(1, 2)])
      .flatMap(({ frames }) => frames.map(({ type }) => type).filter((type) => type !== "ack"));
  const answer = types();
  expect(answer).not.toEqual([]);
  expect(types()).toEqual([]);
  world.run(1_000);
  expect(types()).toEqual(answer);
});

// --- internal ---

function ids(count: number, number: number): MessageId[] {
  return Array.from(
    { length: count },
    (_, at) => (0x1000 * (number + 1) + at).toString(16).padStart(48, "0") as MessageId,
  );
}

function shortIds(count: number, number: number): ShortId[] {
  return Array.from(
    { length: count },
    (_, at) => (0x1000 * (number + 1) + at).toString(16).padStart(12, "0").padEnd(24, "0") as ShortId,
  );
}
