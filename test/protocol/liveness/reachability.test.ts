/** Members that do not reach each other: what one says reaches the other through who reaches both, at once and honestly. */
import { describe, expect, it } from "vitest";
import type { ChatEvent } from "../../../src/protocol/events.ts";
import { createWorld, gather, names, type TestNode, type World } from "../fixtures.ts";

const deliveries = (node: TestNode): Extract<ChatEvent, { type: "delivery" }>[] =>
  node.events.flatMap((event) => (event.type === "delivery" ? [event] : []));

/** From now on nothing of either arrives at the other. */
function part(world: World, ...pairs: readonly (readonly [TestNode, TestNode])[]): void {
  const before = world.lose;
  world.lose = (carried) =>
    before(carried) ||
    pairs.some(([one, other]) => {
      const ends = [carried.from, carried.to];
      return ends.includes(one.endpoint) && ends.includes(other.endpoint);
    });
}

/** Three of whom the first and the last do not reach each other, and know it by now. */
function threeInARow(seed: number): { world: World; left: TestNode; middle: TestNode; right: TestNode } {
  const world = createWorld({ seed });
  const [left, middle, right] = gather(world, ["left", "middle", "right"]) as [TestNode, TestNode, TestNode];
  part(world, [left, right]);
  world.run(10_000);
  for (const node of [left, middle, right]) node.events.length = 0;
  return { world, left, middle, right };
}

describe("of three in a row the first", () => {
  it("reaches the last through the middle, in two hops, and hears that it did", () => {
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const { world, left, middle, right } = threeInARow(seed);
      left.say("there");
      world.run(25);
      expect([middle.texts(), right.texts()]).toEqual([["there"], ["there"]]);
      world.run(200);
      expect(deliveries(left).at(-1)).toMatchObject({ reached: 2, of: 2, lacking: [] });
      right.say("and back");
      world.run(25);
      expect(left.texts()).toEqual(["there", "and back"]);
      world.run(60_000);
      expect([left, middle, right].flatMap((node) => node.events.filter(({ type }) => type === "peer"))).toEqual([]);
    }
  });

  it("reaches it with a text of 64 KiB as well", () => {
    const { world, left, right } = threeInARow(1);
    const text = "x".repeat(65_536);
    left.say(text);
    world.run(1_000);
    expect(right.texts()).toEqual([text]);
    world.run(1_000);
    expect(deliveries(left).at(-1)).toMatchObject({ reached: 2, of: 2, lacking: [] });
  });

  it("says whom it does not reach, when the middle does not reach the last either", () => {
    const { world, left, middle, right } = threeInARow(1);
    part(world, [middle, right]);
    left.say("who hears me?");
    world.run(4_000);
    expect(deliveries(left).at(-1)).toMatchObject({ reached: 1, of: 2, lacking: ["right"] });
  });
});

describe("in a room of twelve, of whom half do not reach each other,", () => {
  it("all hear all within a few round trips, and the counts are right", () => {
    const world = createWorld({ seed: 3 });
    const nodes = gather(world, names(12));
    const inside = nodes.slice(6);
    part(world, ...inside.flatMap((one, at) => inside.slice(at + 1).map((other) => [one, other] as const)));
    world.run(60_000);
    for (const node of nodes) node.events.length = 0;
    const began = world.now();
    for (const [at, node] of nodes.entries()) {
      node.say(`from ${at}`);
      world.run(100);
      expect(nodes.filter((each) => each.texts().length === at + 1)).toHaveLength(12);
      world.run(900);
      expect([at, deliveries(node).at(-1)]).toMatchObject([at, { reached: 11, of: 11, lacking: [] }]);
    }
    expect(world.now() - began).toBe(12_000);
    expect(nodes.flatMap((node) => node.events.filter(({ type }) => type === "peer"))).toEqual([]);
  });
});
