/** Relay orders: one where nothing is lost, more where much is, each in a datagram of its own, and none on top of a queue. */
import { describe, expect, it } from "vitest";
import type { Effect } from "../../../src/protocol/api.ts";
import type { Config } from "../../../src/protocol/config.ts";
import { fanoutFor, ordersFor } from "../../../src/protocol/relay/redundancy.ts";
import { below } from "../../../src/protocol/rng.ts";
import { createWorld, framesFor, gather, names, type TestNode, transmits, type World } from "../fixtures.ts";

const none = { bodies: undefined, ids: undefined };
const LAST = 0xffffffff;

/** A room whose first node has seen three of ten datagrams lost, each way, for two minutes. */
function lossy(config: Partial<Config>): { world: World; author: TestNode; nodes: TestNode[] } {
  const world = createWorld();
  const nodes = gather(world, names(6), config);
  world.lose = () => below(world.rng, 10) < 3;
  world.run(120_000);
  world.lose = () => false;
  return { world, author: nodes[0] as TestNode, nodes };
}

/** The orders of a message in each datagram that goes to one of these. */
const ordersIn = (effects: readonly Effect[], nodes: readonly TestNode[]): number[][] =>
  transmits(effects).map(({ bytes, to }) => {
    const boot = nodes.find(({ endpoint }) => endpoint === to)?.boot;
    const frames = boot === undefined ? [] : framesFor(bytes, boot);
    return frames.flatMap((frame) => ("slice" in frame && frame.type !== "receipt" ? [frame.slice.order] : []));
  });

describe("the orders of a message", () => {
  it.each([
    [0, [0], [0]],
    [0.1, [0, 1], [0, 1]],
    [0.2, [0, 1, 2, 8, 9], [0, 1, 2, 8, 9]],
    [0.4, [0, 1, 2, 3, 8, 9, 10], [0, 1, 2, 8, 9, 10]],
    [1, [0, 1, 2, 3, 4, 8, 9, 10, 11, 12], [0, 1, 2, 8, 9, 10]],
  ])("where %d is lost are these; fewer where its author reaches everyone itself", (loss, hops, oneHop) => {
    const of = (isOneHop: boolean): number[] => ordersFor(loss, false, isOneHop, none).map(({ order }) => order);
    expect([of(false), of(true)]).toEqual([hops, oneHop]);
    expect(ordersFor(loss, true, false, none), "of a large one two at most").toEqual(
      ordersFor(loss, false, false, none)
        .slice(0, Math.min(hops.length, 2))
        .map((slice) => ({ ...slice, last: LAST })),
    );
  });

  it("go to all, but the last to the part of them that is left over", () => {
    const [first, second, third] = ordersFor(0, false, false, { bodies: 2.25, ids: 0 });
    expect([first, second].map((slice) => [slice?.lo, slice?.last])).toEqual([
      [0, LAST],
      [0, LAST],
    ]);
    expect(third).toEqual({ order: 2, lo: 0, last: 2 ** 30 - 1 });
  });

  it("are cut into a few more parts than the root of the room, 20 to 50, or as many as was chosen", () => {
    expect([10, 400, 900, 5_000].map((members) => fanoutFor(undefined, members))).toEqual([20, 30, 45, 50]);
    expect(fanoutFor(7, 900)).toBe(7);
  });
});

describe("a node that says something", () => {
  it("in a calm room starts one order", () => {
    const world = createWorld();
    const nodes = gather(world, names(6), { fanout: 2 });
    const started = ordersIn((nodes[0] as TestNode).say("calm"), nodes);
    expect(started.filter((orders) => orders.length > 0)).toEqual([[0], [0]]);
  });

  it("where much was lost until now starts more, with the message and with its id, and no two share a datagram", () => {
    const { author, nodes } = lossy({});
    const started = ordersIn(author.say("loss"), nodes).filter((orders) => orders.length > 0);
    expect(started.every((orders) => orders.length === 1)).toBe(true);
    expect(new Set(started.flat())).toEqual(new Set([0, 1, 2, 8, 9, 10]));
  });

  it("starts one on top of what waits, however much was lost: it would only make the queue longer", () => {
    const { author } = lossy({ fanout: 2 });
    const relayed = Array.from({ length: 40 }, (_, index) => {
      const before = author.core.stats().relayed;
      author.say(`message ${index}`);
      return author.core.stats().relayed - before;
    });
    // What it measured decides whether the last of the orders is a whole one.
    expect(relayed[0]).toBeGreaterThanOrEqual(2 * 6);
    expect(relayed.slice(-20)).toEqual(Array.from({ length: 20 }, () => 2));
  });
});
