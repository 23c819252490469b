/** A frame that this version does not know never costs the datagram that it comes in: what stands around it is heard, and all of it is acknowledged. */
import { describe, expect, it } from "vitest";
import type { Frame } from "../../../src/wire/frames.ts";
import { createWorld, gather, type TestNode, type World } from "../fixtures.ts";
import { type Answer, createPuppet, type Puppet } from "../puppet.ts";

const unknown = (number = 32, bytes: Uint8Array = Buffer.from("0200ff", "hex")): Frame => ({
  type: "unknown",
  number,
  bytes,
});
const slice = { order: 0, lo: 0, last: 0xffffffff };
const pushOf = (puppet: Puppet, text: string): Frame => ({
  type: "push",
  slice,
  message: puppet.message({ text }).bytes,
});
const framesOf = (answers: readonly Answer[]): Frame[] => answers.flatMap(({ frames }) => frames);
const dropped = (node: TestNode) => node.core.stats().dropped;

/** A member that speaks a later version; what is sent to it from now on is in `heard`. */
function setUp(isProven = true): { world: World; node: TestNode; puppet: Puppet; heard: Answer[] } {
  const world = createWorld();
  const node = world.node("alice");
  const puppet = createPuppet(world, "later");
  if (isProven) puppet.prove(node);
  world.run(1_000);
  const heard: Answer[] = [];
  world.listen(puppet.endpoint, (bytes) => {
    const answer = puppet.opened(bytes);
    if (answer !== undefined) heard.push(answer);
  });
  return { world, node, puppet, heard };
}

/** Tells the frames in a datagram of this counter; whether that was acknowledged within a second. */
function isAcknowledged({ world, node, puppet, heard }: ReturnType<typeof setUp>, frames: readonly Frame[]): boolean {
  puppet.countFrom(5_000);
  const answers = puppet.tell(node, frames);
  world.run(1_000);
  return framesOf([...answers, ...heard]).some((frame) => frame.type === "ack" && frame.counters.includes(5_000));
}

describe("a datagram with a frame of a later version in it", () => {
  it.each([
    ["between", (first: Frame, last: Frame) => [first, unknown(), last]],
    ["before", (first: Frame, last: Frame) => [unknown(), first, last]],
    ["behind", (first: Frame, last: Frame) => [first, last, unknown()]],
    ["all around", (first: Frame, last: Frame) => [unknown(255), first, unknown(32), unknown(40), last, unknown(99)]],
  ])("%s others is heard as if it were not there, and acknowledged", (_, around) => {
    const scene = setUp();
    const frames = around(pushOf(scene.puppet, "first"), pushOf(scene.puppet, "last"));
    expect(isAcknowledged(scene, frames)).toBe(true);
    // Both were said in one millisecond: their ids decide the order.
    expect(scene.node.texts().sort()).toEqual(["first", "last"]);
    expect(dropped(scene.node)).toEqual({ "unknown-frame": frames.length - 2 });
  });

  it("alone, and with no bytes, is acknowledged as well, and counted", () => {
    const scene = setUp();
    expect(isAcknowledged(scene, [unknown(200, new Uint8Array(0))])).toBe(true);
    expect(dropped(scene.node)).toEqual({ "unknown-frame": 1 });
  });

  it("beside an answer, which asks for no acknowledgement, asks for one", () => {
    const ack: Frame = { type: "ack", counters: [0], delayMs: 0, echo: 0 };
    expect(isAcknowledged(setUp(), [ack])).toBe(false);
    expect(isAcknowledged(setUp(), [ack, unknown()])).toBe(true);
  });

  it("may have nothing but bytes of it, up to the last", () => {
    const scene = setUp();
    expect(isAcknowledged(scene, [unknown(32, new Uint8Array(1_156).fill(7))])).toBe(true);
  });

  it("is heard from who has not proven anything yet, and waits for no proof", () => {
    const scene = setUp(false);
    const { node, puppet } = scene;
    expect(isAcknowledged(scene, [puppet.statement(), unknown(), pushOf(puppet, "hello")])).toBe(true);
    expect(node.texts()).toEqual(["hello"]);
    expect(dropped(node)).toEqual({ "unknown-frame": 1 });
  });

  it("as first contact is answered like one without", () => {
    const { node, puppet } = setUp(false);
    const answers = puppet.tell(node, [puppet.statement(), unknown(), { type: "ping" }], { isOpen: true });
    expect(framesOf(answers).map(({ type }) => type)).toEqual(expect.arrayContaining(["ack", "digest", "statement"]));
  });

  it("is all refused, and not acknowledged, where it is none: below 32, or cut off", () => {
    for (const hex of ["1903aabbcc", "1f00", "2004aabbcc"]) {
      const { world, node, puppet, heard } = setUp();
      const inner = Buffer.concat([Buffer.from("02", "hex"), Buffer.from(hex, "hex")]);
      const bytes = puppet.sealedBytes(inner, node.boot);
      expect(node.step({ type: "datagram", bytes, from: puppet.endpoint })).toEqual([]);
      world.run(1_000);
      expect(framesOf(heard).filter(({ type }) => type === "ack")).toEqual([]);
      expect(dropped(node)).toEqual({ "bad-frame": 1 });
    }
  });

  it("a thousand times over leaves nothing behind, and the room talks on", () => {
    const world = createWorld();
    const [alice, bob] = gather(world, ["alice", "bob"]) as [TestNode, TestNode];
    const puppet = createPuppet(world, "later");
    puppet.prove(alice);
    const before = alice.core.tables();
    for (let times = 0; times < 1_000; times += 1) puppet.tell(alice, [unknown(32 + (times % 224)), unknown()]);
    expect(alice.core.tables()).toEqual(before);
    expect(dropped(alice)["unknown-frame"]).toBe(2_000);
    alice.say("still here");
    world.run(1_000);
    expect(bob.texts()).toEqual(["still here"]);
  });
});
