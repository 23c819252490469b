/** What claims that a message is kept waits for the store, and nothing is claimed for what the store refuses. */
import { describe, expect, it } from "vitest";
import type { SignedMessage } from "../../../src/crypto/signed.ts";
import type { Effect } from "../../../src/protocol/api.ts";
import { limits } from "../../../src/protocol/limits.ts";
import type { Frame } from "../../../src/wire/frames.ts";
import { createWorld, errorOf, gather, notices, storedIds, type TestNode, transmits, type World } from "../fixtures.ts";
import { createPuppet, type Puppet } from "../puppet.ts";

const slice = { order: 0, lo: 0, last: 0 };
const pushOf = ({ bytes }: SignedMessage): Frame => ({ type: "push", slice, message: bytes });
const full = { code: "full", detail: "ENOSPC" } as const;

/** A node whose store does nothing by itself, and a member that sends it messages. */
function create(): { world: World; node: TestNode; puppet: Puppet } {
  const world = createWorld();
  const node = world.node("alice");
  const puppet = createPuppet(world, "mallory");
  puppet.prove(node);
  node.store.isHeld = true;
  return { world, node, puppet };
}

/** Counters of the puppet's datagrams that are acknowledged in these steps. */
const acknowledged = (puppet: Puppet, effects: readonly Effect[]): number[] =>
  transmits(effects)
    .flatMap(({ bytes }) => puppet.opened(bytes)?.frames ?? [])
    .flatMap((frame) => (frame.type === "ack" ? frame.counters : []))
    .toSorted((a, b) => a - b);

/** Hands the node a datagram with this counter. */
function tell(
  { node, puppet }: { node: TestNode; puppet: Puppet },
  counter: number,
  frames: readonly Frame[],
): Effect[] {
  puppet.countFrom(counter);
  return node.step({ type: "datagram", bytes: puppet.sealed(frames, node.boot), from: puppet.endpoint });
}

describe("a datagram that brings messages", () => {
  it("is acknowledged when the store has them", () => {
    const place = create();
    const { world, node, puppet } = place;
    expect(acknowledged(puppet, tell(place, 100, [pushOf(puppet.message()), pushOf(puppet.message())]))).toEqual([]);
    expect(acknowledged(puppet, tell(place, 101, [{ type: "ping" }]))).toEqual([101]);
    world.run(1_000);
    expect(acknowledged(puppet, node.answerStore())).toEqual([100]);
  });

  it("is acknowledged with the last of them that is written, where they are written in several steps", () => {
    const place = create();
    const { node, puppet } = place;
    const [first, second, third] = [puppet.message(), puppet.message(), puppet.message()];
    expect(acknowledged(puppet, tell(place, 100, [pushOf(first)]))).toEqual([]);
    expect(acknowledged(puppet, tell(place, 101, [pushOf(second)]))).toEqual([]);
    expect(acknowledged(puppet, tell(place, 102, [pushOf(first), pushOf(second), pushOf(third)]))).toEqual([]);
    expect(node.store.asked).toHaveLength(3);
    expect(acknowledged(puppet, node.answerStore())).toEqual([100]);
    expect(acknowledged(puppet, node.answerStore())).toEqual([101]);
    expect(acknowledged(puppet, node.answerStore())).toEqual([102]);
    expect(acknowledged(puppet, tell(place, 103, [pushOf(first), pushOf(third)])), "they are known").toEqual([103]);
  });

  it.each([0, 1, 2])("is never acknowledged if one of them is refused (the one written as number %i)", (which) => {
    const place = create();
    const { world, node, puppet } = place;
    const messages = [puppet.message(), puppet.message(), puppet.message()];
    for (const [at, message] of messages.slice(0, 2).entries()) tell(place, 100 + at, [pushOf(message)]);
    tell(place, 102, messages.map(pushOf));
    const answers: Effect[] = [];
    for (const at of messages.keys()) {
      node.store.trouble = at === which ? full : undefined;
      answers.push(...node.answerStore());
    }
    const whole = [100, 101].filter((_, at) => at !== which);
    expect(acknowledged(puppet, answers)).toEqual(whole);
    // What was refused is written after all, in the end: the datagram counts as lost there by now.
    node.store.trouble = undefined;
    node.store.isHeld = false;
    const late: number[] = [];
    world.onSend = ({ bytes, to }) => {
      if (to === puppet.endpoint) late.push(...acknowledged(puppet, [{ type: "transmit", bytes, to }]));
    };
    world.run(20_000);
    expect(node.texts()).toHaveLength(3);
    expect(late).toEqual([]);
    expect(acknowledged(puppet, tell(place, 103, messages.map(pushOf)))).toEqual([103]);
  });

  it("is not acknowledged while what it brings again is refused", () => {
    const place = create();
    const { node, puppet } = place;
    const message = puppet.message();
    node.store.isHeld = false;
    node.store.trouble = full;
    expect(acknowledged(puppet, tell(place, 100, [pushOf(message)]))).toEqual([]);
    expect(acknowledged(puppet, tell(place, 101, [pushOf(message)]))).toEqual([]);
    expect(node.store.kept.size).toBe(0);
  });

  it("is acknowledged at once where the store confirms nothing", () => {
    const world = createWorld();
    const node = world.node("alice", {}, { isVolatile: true });
    const puppet = createPuppet(world, "mallory");
    puppet.prove(node);
    node.store.isHeld = true;
    expect(acknowledged(puppet, tell({ node, puppet }, 100, [pushOf(puppet.message())]))).toEqual([100]);
    expect(node.store.asked).toMatchObject([{ type: "append", ticket: undefined }]);
  });

  it("is not taken while too much waits for the store, and comes again by its id", () => {
    const world = createWorld();
    const [node, puppet] = [world.node("alice"), createPuppet(world, "mallory")];
    const place = { node, puppet };
    node.store.isHeld = true;
    for (let said = 0; said < limits.unwritten; said += 1) node.say(`line ${said}`);
    puppet.prove(node);
    const refused = puppet.message();
    expect(acknowledged(puppet, tell(place, 9_000, [pushOf(refused)]))).toEqual([]);
    expect(node.core.ids()).not.toContain(refused.id);
    expect(node.core.stats().dropped["store-behind"]).toBe(1);
    expect(errorOf(node.say("not now"))?.code).toBe("busy");
    node.answerStore(limits.unwritten);
    expect(notices(node, "drained")).toHaveLength(1);
    tell(place, 9_001, [pushOf(refused)]);
    expect(acknowledged(puppet, node.answerStore())).toEqual([9_001]);
  });
});

describe("what a node says itself", () => {
  it("is sent at once, and called stored when the store has it", () => {
    const world = createWorld();
    const [alice, bob] = gather(world, ["alice", "bob"]) as [TestNode, TestNode];
    alice.store.isHeld = true;
    alice.say("hello");
    world.run(1_000);
    expect(bob.texts()).toEqual(["hello"]);
    expect(storedIds(alice)).toEqual([]);
    alice.answerStore();
    expect(storedIds(alice)).toEqual(alice.core.ids());
  });

  it("counts a peer as reached when that peer's store has it", () => {
    // No probe falls into this time: a digest that is equal counts too, and does not wait for the store.
    const world = createWorld({ seed: 3 });
    const [alice, bob] = gather(world, ["alice", "bob"]) as [TestNode, TestNode];
    const reached = (): number =>
      Math.max(0, ...alice.events.map((event) => (event.type === "delivery" ? event.reached : 0)));
    bob.store.isHeld = true;
    alice.say("hello");
    world.run(150);
    expect([bob.core.ids().length, reached()]).toEqual([1, 0]);
    bob.store.isHeld = false;
    bob.answerStore();
    world.run(100);
    expect(reached()).toBe(1);
  });

  it("that the store refuses is told with its ids each time, and once that the store takes it again", () => {
    const world = createWorld();
    const node = world.node("alice");
    node.store.trouble = full;
    for (const text of ["one", "two"]) node.say(text);
    const ids = node.core.ids();
    const errors = node.events.flatMap((event) => (event.type === "error" ? [event.error] : []));
    const refusal = { code: "not-stored", reason: "full", detail: "ENOSPC" };
    expect(errors).toEqual([
      { ...refusal, messages: 1, own: [ids[0]] },
      { ...refusal, messages: 2, own: [ids[1]] },
    ]);
    node.store.trouble = undefined;
    world.run(6_000);
    expect(storedIds(node).toSorted()).toEqual(ids);
    expect(notices(node, "storing-again")).toHaveLength(1);
    expect(node.texts()).toEqual(["one", "two"]);
    world.run(20_000);
    expect([...node.store.appends.values()]).toEqual([2, 2]);
  });

  it("that the store refuses after it was let go is not written again", () => {
    const world = createWorld();
    const node = world.node("alice", { maxMessages: 2 });
    node.store.isHeld = true;
    for (const text of ["one", "two", "three"]) node.say(text);
    const ids = node.core.ids();
    expect(ids).toHaveLength(2);
    node.store.trouble = full;
    for (const _ of ["one", "two", "three"]) node.answerStore();
    node.store.trouble = undefined;
    node.store.isHeld = false;
    world.run(6_000);
    expect(storedIds(node).toSorted()).toEqual(ids);
    expect([...node.store.appends.values()].toSorted()).toEqual([1, 2, 2]);
    expect(notices(node, "storing-again")).toHaveLength(1);
  });
});
