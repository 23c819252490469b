/** What can be tuned, each in the smallest room that shows it: from the start, and by a command where one takes it. */
import { describe, expect, it } from "vitest";
import type { Config } from "../../src/protocol/config.ts";
import { suspicionMs } from "../../src/protocol/membership/suspicion.ts";
import type { PeerStatus } from "../../src/protocol/views.ts";
import type { Frame } from "../../src/wire/frames.ts";
import { createWorld, framesFor, gather, names, type TestNode, transmits, type World } from "./fixtures.ts";
import { createPuppet } from "./puppet.ts";

const pair = (config: Partial<Config>): { world: World; alice: TestNode; bob: TestNode } => {
  const world = createWorld();
  const [alice, bob] = gather(world, ["alice", "bob"], config) as [TestNode, TestNode];
  return { world, alice, bob };
};
/** Until it has this status. */
const untilIs = (world: World, node: TestNode, status: PeerStatus): number => {
  const isSo = (): boolean => node.events.some((event) => event.type === "peer" && event.status === status);
  world.until(`somebody to be ${status}`, isSo, 120_000);
  return world.now();
};

describe("probeIntervalMs", () => {
  it.each([500, 1_000, 4_000])(
    "%i: so often a member is pinged, and so many times that it is suspected",
    (probeIntervalMs) => {
      const { world, alice, bob } = pair({ probeIntervalMs });
      let pings = 0;
      world.onSend = ({ to, bytes }) => {
        if (to === bob.endpoint) pings += framesFor(bytes, bob.boot).filter(({ type }) => type === "ping").length;
      };
      world.run(60_000);
      expect(pings / (60_000 / probeIntervalMs)).toBeGreaterThan(0.85);
      expect(pings / (60_000 / probeIntervalMs)).toBeLessThan(1.15);
      bob.crash();
      const suspectedAt = untilIs(world, alice, "suspect");
      expect(untilIs(world, alice, "dead") - suspectedAt).toBe(suspicionMs(2, probeIntervalMs, false));
    },
  );
});

describe("nodeTimeoutMs and cleanupIntervalMs", () => {
  it.each([
    [10_000, 1_000],
    [40_000, 1_000],
    [10_000, 30_000],
  ])(
    "%i, %i: one who is gone is listed so long, and then until the next time that somebody looks",
    (nodeTimeoutMs, cleanupIntervalMs) => {
      const { world, alice, bob } = pair({ nodeTimeoutMs, cleanupIntervalMs });
      bob.crash();
      const diedAt = untilIs(world, alice, "dead");
      const isForgotten = (): boolean => alice.core.peers({ mono: world.now(), wall: 0 }).length === 0;
      world.until("bob to be forgotten", isForgotten, 120_000);
      expect(world.now()).toBe(Math.ceil((diedAt + nodeTimeoutMs) / cleanupIntervalMs) * cleanupIntervalMs);
    },
  );
});

describe("fanout", () => {
  const pushes = (node: TestNode): number => transmits(node.say("hello")).length;

  it("is to how many a message is sent on, from the start or since it was set; left out, the room's size says", () => {
    const world = createWorld();
    const [alice] = gather(world, names(12), { fanout: 5 }) as [TestNode];
    expect(pushes(alice)).toBe(5);
    alice.command({ type: "configure", fanout: 2 });
    expect(pushes(alice)).toBe(2);
    alice.command({ type: "configure", fanout: undefined });
    expect(pushes(alice)).toBe(11);
    alice.command({ type: "configure", seenLimit: 1 });
    expect(pushes(alice), "what is not named stays").toBe(11);
  });
});

describe("seenLimit", () => {
  const relayed = (node: TestNode, act: () => void): number => {
    const before = node.core.stats().relayed;
    act();
    return node.core.stats().relayed - before;
  };

  it("is on how many orders a message is relayed, heard or said, from the start or since it was set", () => {
    const world = createWorld();
    const [alice] = gather(world, names(6), { fanout: 2, seenLimit: 1, bodies: 4, ids: 0 }) as [TestNode];
    const puppet = createPuppet(world, "mallory");
    const hear = (): void => {
      const { bytes } = puppet.message();
      const push = (order: number): Frame => ({
        type: "push",
        slice: { order, lo: 0, last: 0xffffffff },
        message: bytes,
      });
      for (const order of [0, 1, 2, 3, 4]) puppet.tell(alice, [push(order)]);
    };
    expect([relayed(alice, hear), relayed(alice, () => alice.say("one"))]).toEqual([2, 2]);
    alice.command({ type: "configure", seenLimit: 3 });
    expect([relayed(alice, hear), relayed(alice, () => alice.say("three"))]).toEqual([6, 6]);
  });
});

describe("bodies and ids", () => {
  it.each([
    [1, 0, [0]],
    [3, 0, [0, 1, 2]],
    [1, 2, [0, 8, 9]],
  ])("%i, %i: a message starts on these orders, though nothing is lost", (bodies, ids, orders) => {
    const { alice, bob } = pair({ bodies, ids });
    const frames = transmits(alice.say("hello")).flatMap((sent) => framesFor(sent.bytes, bob.boot));
    expect(frames.flatMap((frame) => ("slice" in frame ? [frame.slice.order] : []))).toEqual(orders);
  });
});

describe("latestLimit", () => {
  it.each([20, 100])("%i: so many of the newest messages come with the first request", (latestLimit) => {
    const world = createWorld();
    const [alice, bob] = [world.node("alice"), world.node("bob", { latestLimit })];
    for (let index = 0; index < 400; index += 1) alice.say(`message ${index}`);
    bob.join(alice);
    world.until("the first page", () => bob.core.stats().messages > 0, 5_000);
    // All pages of one request come together; the next one is a round trip away.
    world.run(5);
    const { messages } = bob.core.stats();
    expect(messages).toBeGreaterThanOrEqual(latestLimit);
    expect(messages).toBeLessThan(3 * latestLimit);
  });
});

describe("maxMessages", () => {
  it("is how many are kept, from the start or since it was set: the oldest go at once, from the store too", () => {
    const world = createWorld();
    const alice = world.node("alice", { maxMessages: 20 });
    const text = (from: number, to: number): string[] =>
      Array.from({ length: to - from }, (_, index) => `message ${from + index}`);
    for (const said of text(0, 30)) alice.say(said);
    expect(alice.texts()).toEqual(text(10, 30));
    alice.command({ type: "configure", maxMessages: 5 });
    expect(alice.texts()).toEqual(text(25, 30));
    expect([...alice.store.kept.keys()].toSorted()).toEqual(alice.core.ids());
    expect(alice.core.tables().messages).toEqual({ size: 5, bound: 5 });
    alice.command({ type: "configure", maxMessages: 8 });
    for (const said of text(30, 40)) alice.say(said);
    expect(alice.texts()).toEqual(text(32, 40));
  });
});
