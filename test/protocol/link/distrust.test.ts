/**
 * Bad signatures cost whoever brings them more than they cost the node: two are verified, the rest of that session is not
 * looked at for a minute. Nobody honest is taken for a forger.
 */
import { describe, expect, it } from "vitest";
import type { Frame } from "../../../src/wire/frames.ts";
import { createWorld, gather, type TestNode, type World } from "../fixtures.ts";
import { createPuppet, type Puppet } from "../puppet.ts";

const slice = { order: 0, lo: 0, last: 0 };
const spoilt = (bytes: Uint8Array): Uint8Array => bytes.map((byte, at) => (at === bytes.length - 1 ? byte ^ 1 : byte));
const push = (message: Uint8Array, of = slice): Frame => ({ type: "push", slice: of, message });
const brief = (message: Uint8Array): Frame => ({
  type: "brief",
  slice,
  front: Buffer.from(message.subarray(0, 8)).toString("hex"),
  rest: message.subarray(32),
});

/** What may have a bad signature, each made anew. */
const forgeries: Readonly<Record<string, (puppet: Puppet, node: TestNode, number: number) => Frame>> = {
  push: (puppet) => push(spoilt(puppet.message().bytes)),
  brief: (puppet) => brief(spoilt(puppet.message().bytes)),
  message: (puppet) => ({ type: "message", bytes: spoilt(puppet.message().bytes) }),
  "page of the log": (puppet, _, number) => {
    const items = Array.from({ length: 6 }, () => spoilt(puppet.message().bytes));
    return { type: "page", set: "log", number: number + 1, index: 0, isLast: true, lo: "", hi: "~", items };
  },
  "own statement": (puppet, _, number) => {
    const frame = puppet.statement({ incarnation: 2 ** 47 + number });
    return { ...frame, bytes: spoilt(frame.bytes) };
  },
  "statement in the node's name": (puppet, node, number) => {
    const { bytes } = puppet.statement({ incarnation: 2 ** 47 + number });
    return { type: "statement", bytes: Buffer.concat([Buffer.from(node.identity.id, "hex"), bytes.subarray(32)]) };
  },
};

function room(): { world: World; alice: TestNode; bob: TestNode; mallory: Puppet } {
  const world = createWorld();
  const [alice, bob] = gather(world, ["alice", "bob"]) as [TestNode, TestNode];
  const mallory = createPuppet(world, "mallory");
  mallory.prove(alice);
  return { world, alice, bob, mallory };
}
const dropped = (node: TestNode): Readonly<Record<string, number>> => node.core.stats().dropped;
const verified = (node: TestNode): number =>
  (dropped(node)["bad-signature"] ?? 0) + (dropped(node)["bad-statement-signature"] ?? 0);

describe("a session that brings bad signatures", () => {
  it.each(Object.entries(forgeries))("(%s) has two of them verified in a minute, in whatever datagrams", (_, forge) => {
    const { world, alice, mallory } = room();
    for (let number = 0; number < 50; number += 1) mallory.tell(alice, [forge(mallory, alice, number)]);
    expect(verified(alice)).toBe(2);
    expect(dropped(alice)).toMatchObject({ "sessions-ignored": 1 });
    expect(dropped(alice).ignored).toBeGreaterThanOrEqual(48);
    world.run(60_000);
    for (let number = 50; number < 100; number += 1) mallory.tell(alice, [forge(mallory, alice, number)]);
    expect(verified(alice)).toBe(4);
  });

  it("is not heard or answered meanwhile, not in the datagram that has them either, and heard after a minute", () => {
    const { world, alice, mallory } = room();
    const good = mallory.message();
    const bad = [push(spoilt(mallory.message().bytes)), push(spoilt(mallory.message().bytes))];
    mallory.tell(alice, [...bad, push(good.bytes)]);
    expect(mallory.tell(alice, [push(good.bytes), { type: "ping" }])).toEqual([]);
    expect(mallory.tell(alice, [mallory.statement(), { type: "ping" }], { isOpen: true })).toEqual([]);
    expect(alice.texts()).toEqual([]);
    world.run(60_000);
    expect(mallory.tell(alice, [push(good.bytes)]).length).toBeGreaterThan(0);
    expect(alice.texts()).toEqual(["mallory 1"]);
  });

  it("once only, is heard on", () => {
    const { alice, mallory } = room();
    mallory.tell(alice, [push(spoilt(mallory.message().bytes)), push(mallory.message().bytes)]);
    expect(alice.texts()).toEqual(["mallory 2"]);
  });

  it("does not become suspected by that: its acknowledgements count", () => {
    const { alice, mallory } = room();
    mallory.tell(alice, [push(spoilt(mallory.message().bytes)), push(spoilt(mallory.message().bytes))]);
    const { unacknowledged } = alice.core.tables();
    const sent = alice.say("to all");
    const counters = sent.flatMap((effect) => {
      const opened = effect.type === "transmit" ? mallory.opened(effect.bytes) : undefined;
      return opened === undefined ? [] : [opened.header.counter];
    });
    expect(counters).toHaveLength(1);
    expect(alice.core.tables().unacknowledged?.size).toBe((unacknowledged?.size ?? 0) + 2);
    mallory.tell(alice, [mallory.ack(counters)]);
    expect(alice.core.tables().unacknowledged?.size).toBe((unacknowledged?.size ?? 0) + 1);
  });

  it("harms nobody but itself: what it brought to one node is passed on to none, and others are heard", () => {
    const { world, alice, bob, mallory } = room();
    for (let number = 0; number < 4; number += 1) {
      mallory.tell(alice, [push(spoilt(mallory.message().bytes), { order: 0, lo: 0, last: 0xffffffff })]);
      const genuine = mallory.message();
      // The same message, once as it was signed and once not: its id is the same.
      mallory.tell(bob, [push(spoilt(genuine.bytes))]);
      mallory.tell(bob, [push(genuine.bytes)]);
    }
    bob.say("hello");
    world.run(5_000);
    expect(alice.texts()).toContain("hello");
    for (const node of [alice, bob]) expect(dropped(node)["sessions-ignored"]).toBe(1);
  });
});

describe("process starts that have proven nothing", () => {
  it("have two bad signatures verified together, however many they are", () => {
    const world = createWorld();
    const [alice] = gather(world, ["alice", "bob"]) as [TestNode];
    for (let number = 0; number < 40; number += 1) {
      const stranger = createPuppet(world, `stranger ${number}`, number + 10);
      stranger.tell(alice, [push(spoilt(stranger.message().bytes))]);
    }
    expect(verified(alice)).toBe(2);
  });

  it("are heard all the same when they have proven to be there, and nothing of theirs is acknowledged before", () => {
    const world = createWorld();
    const [alice] = gather(world, ["alice", "bob"]) as [TestNode];
    for (let number = 0; number < 2; number += 1) {
      const stranger = createPuppet(world, `stranger ${number}`, number + 10);
      stranger.tell(alice, [push(spoilt(stranger.message().bytes))]);
    }
    const honest = createPuppet(world, "honest");
    const answers = honest.tell(alice, [honest.statement(), push(honest.message().bytes)]);
    expect(answers.flatMap(({ frames }) => frames.map(({ type }) => type))).toEqual(["ping"]);
    expect(alice.texts()).toEqual([]);
    const counters = answers.map(({ header }) => header.counter);
    honest.tell(alice, [honest.ack(counters)]);
    expect(alice.texts()).toEqual(["honest 1"]);

    const newcomer = world.node("newcomer");
    newcomer.join(alice);
    world.until("a newcomer to be in", () => newcomer.core.stats().peers >= 2, 5_000);
  });
});
