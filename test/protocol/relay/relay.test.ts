/** Relay over real cores: everyone once, never to more than the fanout, silent delegates replaced, counts that add up. */
import { describe, expect, it } from "vitest";
import type { ChatEvent } from "../../../src/protocol/events.ts";
import { limits } from "../../../src/protocol/limits.ts";
import { decodeHeader } from "../../../src/wire/datagram.ts";
import type { Endpoint } from "../../../src/wire/endpoint.ts";
import type { Frame, Slice } from "../../../src/wire/frames.ts";
import { createWorld, framesFor, gather, names, type TestNode, type World } from "../fixtures.ts";
import { createPuppet } from "../puppet.ts";

type Delivery = Extract<ChatEvent, { type: "delivery" }>;
const deliveries = (node: TestNode): Delivery[] =>
  node.events.flatMap((event) => (event.type === "delivery" ? [event] : []));
const WHOLE = { order: 0, lo: 0, last: 0xffffffff };

type Sent = { readonly from: Endpoint; readonly to: Endpoint; readonly slice: Slice };

/** Every push of a body sent from now on; `types`: of other frames that carry a slice. */
function pushes(world: World, nodes: readonly TestNode[], types: readonly string[] = ["push", "brief"]): Sent[] {
  const seen: Sent[] = [];
  const bootOf = new Map(nodes.map((node) => [node.endpoint, node.boot]));
  world.onSend = ({ from, to, bytes }) => {
    const boot = bootOf.get(to);
    if (boot !== undefined)
      for (const frame of framesFor(bytes, boot))
        if ("slice" in frame && types.includes(frame.type)) seen.push({ from, to, slice: frame.slice });
  };
  return seen;
}

describe("a message whose author is named by the front of its id", () => {
  it("is read if that author is a member", () => {
    const world = createWorld();
    const node = world.node("alice");
    const bob = createPuppet(world, "bob");
    const { bytes } = bob.message({ text: "short and sweet" });
    const brief = { type: "brief", slice: WHOLE, front: bob.id.slice(0, 16), rest: bytes.subarray(32) } as const;
    bob.prove(node);
    const answers = bob.tell(node, [brief]);
    expect(node.texts()).toEqual(["short and sweet"]);
    expect(answers.flatMap(({ frames }) => frames.map(({ type }) => type))).toEqual(["ack"]);
  });

  it("of whom nobody has heard here counts as lost, so that its sender offers it by its id", () => {
    const world = createWorld();
    const node = world.node("alice");
    const [bob, carol] = [createPuppet(world, "bob", 201), createPuppet(world, "carol", 202)];
    bob.prove(node);
    const { id, bytes } = carol.message({ text: "from far away" });
    const brief = { type: "brief", slice: WHOLE, front: carol.id.slice(0, 16), rest: bytes.subarray(32) } as const;
    expect(bob.tell(node, [brief])).toEqual([]);
    expect(node.core.stats().dropped).toEqual({ "unknown-author": 1 });
    bob.tell(node, [{ type: "advertise", slice: WHOLE, id }]);
    const wanted: string[] = [];
    world.listen(bob.endpoint, (datagram) => {
      for (const frame of bob.opened(datagram)?.frames ?? []) if (frame.type === "want") wanted.push(...frame.ids);
    });
    world.run(100);
    expect(wanted).toContain(id);
    bob.tell(node, [{ type: "message", bytes }]);
    expect(node.texts()).toEqual(["from far away"]);
  });
});

describe("a message said in a calm room", () => {
  // At fanout 2 it goes five hops: far enough to come back to somebody who has it.
  it.each([5, 2])("reaches all of 33, each by one push, and nobody sends it to more than the fanout (%i)", (fanout) => {
    const world = createWorld();
    const nodes = gather(world, names(33), { fanout, seenLimit: 1 });
    const sent = pushes(world, nodes);
    (nodes[3] as TestNode).say("hello");
    world.run(300);
    for (const node of nodes) expect(node.texts()).toEqual(["hello"]);
    expect(sent).toHaveLength(32);
    const perNode = nodes.map((node) => sent.filter(({ from }) => from === node.endpoint).length);
    expect(Math.max(...perNode)).toBe(fanout);
    for (const node of nodes) expect(node.core.stats().relayedPerMessageMax).toBeLessThanOrEqual(fanout);
  });

  it("is counted by its author: reached all, and all are told once of it", () => {
    const world = createWorld();
    const nodes = gather(world, names(20), { fanout: 4, seenLimit: 1 });
    const author = nodes[0] as TestNode;
    author.say("hello");
    world.run(3_000);
    expect(deliveries(author).at(-1)).toMatchObject({ reached: 19, of: 19, lacking: [] });
    expect(nodes.slice(1).flatMap(deliveries)).toEqual([]);
    const counts = deliveries(author).map(({ reached }) => reached);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  });

  it("spreads along another tree each time: over many messages all relay about as much", () => {
    const world = createWorld();
    const nodes = gather(world, names(20), { fanout: 4, seenLimit: 1 });
    const sent = pushes(world, nodes);
    for (let index = 0; index < 100; index += 1) {
      (nodes[0] as TestNode).say(`message ${index}`);
      world.run(100);
    }
    const perNode = nodes.slice(1).map((node) => sent.filter(({ from }) => from === node.endpoint).length);
    // 1,500 sends by 19 nodes: 79 each, with a standard deviation of 15.
    expect(Math.min(...perNode)).toBeGreaterThan(24);
    expect(Math.max(...perNode)).toBeLessThan(134);
  });
});

describe("a push", () => {
  it("at fanout 5 and seen limit 1 is relayed to at most 5, and not again on another sighting", () => {
    const world = createWorld();
    const nodes = gather(world, names(12), { fanout: 5, seenLimit: 1 });
    const node = nodes[0] as TestNode;
    const puppet = createPuppet(world, "mallory");
    const { bytes } = puppet.message({ text: "hello" });
    const sent = pushes(world, nodes);
    const push = (order: number): Frame => ({ type: "push", slice: { ...WHOLE, order }, message: bytes });
    puppet.tell(node, [push(0)]);
    expect(sent).toHaveLength(5);
    for (const order of [0, 1, 2, 3]) puppet.tell(node, [push(order)]);
    expect(sent).toHaveLength(5);
    expect(node.core.stats()).toMatchObject({ relayed: 5, relayedPerMessageMax: 5 });
    expect(node.texts()).toEqual(["hello"]);
  });

  it("at seen limit 2 is relayed on two orders", () => {
    const world = createWorld();
    const nodes = gather(world, names(12), { fanout: 5, seenLimit: 2 });
    const puppet = createPuppet(world, "mallory");
    const { bytes } = puppet.message();
    for (const order of [0, 1, 2, 3]) {
      puppet.tell(nodes[0] as TestNode, [{ type: "push", slice: { ...WHOLE, order }, message: bytes }]);
    }
    expect(nodes[0]?.core.stats().relayed).toBe(10);
  });

  it("with a slice is relayed to the slice alone", () => {
    const world = createWorld();
    const nodes = gather(world, names(12), { fanout: 5, seenLimit: 1 });
    const puppet = createPuppet(world, "mallory");
    const sent = pushes(world, nodes);
    const { bytes } = puppet.message();
    puppet.tell(nodes[0] as TestNode, [{ type: "push", slice: { order: 0, lo: 0, last: 0 }, message: bytes }]);
    expect(sent).toEqual([]);
    expect(nodes[0]?.texts()).toHaveLength(1);
  });

  it("of a message with a wrong signature, or of another room, is neither kept nor relayed", () => {
    const world = createWorld();
    const nodes = gather(world, names(3));
    const puppet = createPuppet(world, "mallory");
    const sent = pushes(world, nodes);
    const message = puppet.message().bytes.map((byte, index, all) => (index === all.length - 1 ? byte ^ 1 : byte));
    puppet.tell(nodes[0] as TestNode, [{ type: "push", slice: WHOLE, message }]);
    expect(sent).toEqual([]);
    expect(nodes[0]?.texts()).toEqual([]);
    expect(nodes[0]?.core.stats().dropped).toMatchObject({ "bad-signature": 1 });
  });
});

describe("a delegate that is silent", () => {
  it("loses its slice to another peer of it, and everyone else still gets the message", () => {
    const world = createWorld();
    const nodes = gather(world, names(20), { fanout: 3, seenLimit: 1 });
    const author = nodes[0] as TestNode;
    const sent = pushes(world, nodes, ["push", "brief", "advertise"]);
    author.say("first");
    const { to: silent, slice: lost } = sent[0] as Sent;
    // All that it was sent is lost on the way, the first push included.
    const dead = nodes.find((node) => node.endpoint === silent) as TestNode;
    dead.crash();
    world.run(2_000);
    for (const node of nodes) if (node !== dead) expect(node.texts()).toEqual(["first"]);
    expect(author.core.stats().retries).toBeGreaterThan(0);
    const isOfIt = ({ order, lo, last }: Slice): boolean => order === lost.order && lo >= lost.lo && last <= lost.last;
    const again = sent.filter(({ from, to, slice }) => from === author.endpoint && to !== silent && isOfIt(slice));
    expect(again.map(({ to }) => to)).not.toEqual([]);
  });

  it("is named by the author's count: reached 18 of 19, lacking it", () => {
    const world = createWorld();
    const nodes = gather(world, names(20), { fanout: 19, seenLimit: 1 });
    const author = nodes[0] as TestNode;
    const dead = nodes[7] as TestNode;
    dead.crash();
    author.say("who hears me?");
    world.run(5_000);
    expect(deliveries(author).at(-1)).toMatchObject({ reached: 18, of: 19, lacking: ["n7"] });
    const told = deliveries(author).map((event) => JSON.stringify(event));
    expect(new Set(told).size).toBe(told.length);
  });

  it("deep in the tree is counted as well", () => {
    const world = createWorld();
    const nodes = gather(world, names(20), { fanout: 3, seenLimit: 1 });
    const author = nodes[0] as TestNode;
    (nodes[7] as TestNode).crash();
    author.say("who hears me?");
    world.run(6_000);
    expect(deliveries(author).at(-1)).toMatchObject({ reached: 18, of: 19 });
  });
});

describe("a receipt", () => {
  it("that claims more than the slice holds counts for no more than the slice", () => {
    const world = createWorld();
    const node = world.node("alice");
    const puppet = createPuppet(world, "mallory");
    puppet.prove(node);
    node.say("hello");
    const [message] = node.log();
    const claim = { type: "receipt", id: message?.id as never, slice: WHOLE, lacking: [] } as const;
    puppet.tell(node, [{ ...claim, reached: 1_000_000, of: 1_000_000 }]);
    expect(deliveries(node).every(({ reached, of }) => reached <= of && of === 1)).toBe(true);
  });
});

describe("an acknowledgement", () => {
  it.each([
    ["at once", 5],
    ["when the push counts as lost", 3_000],
  ])("by another than the push went to is none: who has crashed was not reached (%s)", (_, afterMs) => {
    const world = createWorld();
    const [alice, bob] = gather(world, ["alice", "bob"]) as [TestNode, TestNode];
    const mallory = createPuppet(world, "mallory");
    mallory.prove(alice);
    bob.crash();
    const counters: number[] = [];
    world.onSend = ({ to, bytes }) => {
      const header = decodeHeader(bytes);
      if (to === bob.endpoint && typeof header !== "string") counters.push(header.counter);
    };
    alice.say("who hears me?");
    world.run(afterMs);
    expect(counters.length).toBeGreaterThan(0);
    for (let at = 0; at < counters.length; at += 16)
      mallory.tell(alice, [
        { type: "ack", counters: counters.slice(at, at + 16).toSorted((a, b) => b - a), delayMs: 0, echo: 0 },
      ]);
    world.run(5_000);
    expect(deliveries(alice).at(-1)).toMatchObject({ reached: 0, of: 2, lacking: expect.arrayContaining(["bob"]) });
  });
});

describe("a message that was said to nobody", () => {
  it("is reported when one who came later holds it, and again with each further one, and not before", () => {
    const world = createWorld();
    const alice = world.node("alice");
    for (let index = 0; index < 30; index += 1) alice.say(`alone ${index}`);
    world.run(10_000);
    const ids = alice.core.ids();
    expect(deliveries(alice).map(({ id, reached, of }) => [id, reached, of])).toEqual(ids.map((id) => [id, 0, 0]));
    for (const [at, name] of ["bob", "carol"].entries()) {
      alice.events.length = 0;
      const newcomer = world.node(name);
      newcomer.join(alice);
      world.until(`${name} to have all`, () => newcomer.core.stats().messages === ids.length, 10_000);
      world.run(10_000);
      expect(deliveries(alice).map(({ id }) => id)).toEqual(ids);
      const known = { reached: at + 1, of: at + 1, lacking: [] };
      for (const delivery of deliveries(alice)) expect(delivery).toMatchObject(known);
    }
  });

  it("is not reported as held by one who has only some of them", () => {
    const world = createWorld();
    const alice = world.node("alice");
    for (let index = 0; index < 30; index += 1) alice.say(`alone ${index}`);
    const puppet = createPuppet(world, "mallory");
    puppet.prove(alice);
    const roster = { count: 0, fingerprint: "00".repeat(8) };
    puppet.tell(alice, [
      {
        type: "digest",
        log: { count: 29, fingerprint: "11".repeat(8) },
        keeps: { since: 0, small: 10_000, large: 500 },
        isForReceiver: true,
        roster,
        isStored: true,
      },
    ]);
    world.run(3_000);
    expect(deliveries(alice).filter(({ reached }) => reached > 0)).toEqual([]);
  });

  it("is remembered however much else there was to relay", () => {
    const world = createWorld();
    const [alice, bob] = [world.node("alice"), world.node("bob")];
    for (let index = 0; index < limits.relays + 100; index += 1) alice.say(`alone ${index}`);
    const ids = alice.core.ids();
    alice.events.length = 0;
    bob.join(alice);
    world.until("bob to have all", () => bob.core.stats().messages === ids.length, 30_000);
    world.run(10_000);
    expect(deliveries(alice).map(({ id }) => id)).toEqual(ids);
  });
});
