/** Bodies that are not in memory: they are read for whoever asks, and what a disk gives back is looked at before it is sent. */
import { describe, expect, it } from "vitest";
import type { Frame } from "../../../src/wire/frames.ts";
import type { MessageId } from "../../../src/wire/ids.ts";
import { createWorld, fingerprint, type TestNode, type World } from "../fixtures.ts";
import { createPuppet } from "../puppet.ts";

const LARGE = "x".repeat(20_000);

/** A node that keeps no body in memory, with so many messages, the first of which is large. */
function forgetful(world: World, count: number): TestNode {
  const node = world.node("alice", {}, { recentBytes: 0 });
  for (let index = 0; index < count; index += 1) node.say(index === 0 ? LARGE : `message ${index}`);
  expect(node.core.tables().recentBytes?.size).toBe(0);
  return node;
}

const hasAll = (node: TestNode, of: TestNode) => (): boolean => fingerprint(node) === fingerprint(of);

describe("bodies that are not in memory", () => {
  it("come to a newcomer all the same, a large one too", () => {
    const world = createWorld();
    const alice = forgetful(world, 300);
    const bob = world.node("bob");
    bob.join(alice);
    world.until("bob to have all", hasAll(bob, alice), 10_000);
    expect(bob.texts()).toEqual(alice.texts());
    expect(alice.core.tables().reads?.size).toBe(0);
  });

  it("are sent when the store has answered, and the room goes on meanwhile", () => {
    const world = createWorld();
    const alice = forgetful(world, 50);
    const bob = world.node("bob");
    alice.store.isHeld = true;
    bob.join(alice);
    world.run(5_000);
    expect(bob.core.ids()).toEqual([]);
    expect([alice, bob].map(({ core }) => core.stats().peers)).toEqual([1, 1]);
    bob.say("already here");
    world.run(100);
    expect(alice.core.ids()).toHaveLength(51);
    alice.store.isHeld = false;
    alice.answerStore(alice.store.asked.length);
    world.until("bob to have all", hasAll(bob, alice), 10_000);
  });

  it("that come back damaged, or as another message, are not sent, and come again from whoever has them", () => {
    const world = createWorld();
    const alice = forgetful(world, 20);
    const carol = world.node("carol");
    carol.join(alice);
    world.until("carol to have all", hasAll(carol, alice), 10_000);
    carol.crash();
    const [second, third, fourth, fifth] = alice.core.ids().slice(1) as [MessageId, MessageId, MessageId, MessageId];
    const kept = new Map(alice.store.kept);
    alice.store.kept.set(second, kept.get(third) as Uint8Array);
    alice.store.kept.set(third, flipped(kept.get(third) as Uint8Array, 40));
    alice.store.kept.delete(fourth);
    // In its signature, which its id does not cover.
    alice.store.kept.set(fifth, flipped(kept.get(fifth) as Uint8Array, -1));
    const bob = world.node("bob");
    bob.join(alice);
    world.run(10_000);
    const damaged = [second, third, fourth, fifth];
    const whole = [...kept.keys()].filter((id) => !damaged.includes(id));
    expect([alice.core.ids(), bob.core.ids()], "what is not there is not claimed").toEqual([whole, whole]);
    expect(alice.core.stats().dropped).toMatchObject({ "body-unreadable": 4, lost: 4 });
    expect(Object.keys(bob.core.stats().dropped)).not.toContain("bad-signature");
    const events = alice.events.length;
    carol.restart();
    carol.join(alice);
    world.until("alice and bob to have those, too", () => hasAll(alice, carol)() && hasAll(bob, carol)(), 120_000);
    expect(alice.store.kept).toEqual(kept);
    const again = alice.events.slice(events).filter((event) => event.type === "message" || event.type === "ordered");
    expect(again, "alice has shown them before").toEqual([]);
  });

  it("are not lost where the store could not read them just now", () => {
    const world = createWorld();
    const alice = forgetful(world, 5);
    const bob = world.node("bob");
    alice.store.isHeld = true;
    bob.join(alice);
    world.until("alice to read", () => alice.store.asked.some(({ type }) => type === "read"), 10_000);
    const asked = alice.store.asked.splice(0);
    for (const one of asked) {
      if (one.type !== "read") continue;
      const bodies = one.ids.map(() => undefined);
      alice.step({ type: "read", ticket: one.ticket, bodies, trouble: { code: "failed", detail: "EIO" } });
    }
    expect(alice.core.ids()).toHaveLength(5);
    alice.store.isHeld = false;
    world.until("bob to have all", hasAll(bob, alice), 120_000);
  });

  it("are sent once, though the store answers twice, and what nobody asked for does nothing", () => {
    const world = createWorld();
    const alice = forgetful(world, 5);
    const puppet = createPuppet(world, "mallory");
    puppet.prove(alice);
    alice.store.isHeld = true;
    const ids = alice.core.ids().slice(1);
    const want: Frame = { type: "want", ids };
    puppet.tell(alice, [want]);
    const [asked] = alice.store.asked;
    expect(asked).toMatchObject({ type: "read", ids });
    const given = alice
      .answerStore()
      .flatMap((effect) =>
        effect.type === "transmit" ? (puppet.opened(effect.bytes)?.frames ?? []).map(({ type }) => type) : [],
      );
    expect(given.filter((type) => type === "message")).toHaveLength(4);
    const ticket = asked?.type === "read" ? asked.ticket : -1;
    expect(alice.step({ type: "read", ticket, bodies: [] })).toEqual([]);
    expect(alice.step({ type: "written", ticket: 12_345 })).toEqual([]);
  });

  it("that several questions of one datagram ask for are read at once, and share the datagrams of the answer", () => {
    const world = createWorld();
    const alice = forgetful(world, 9);
    const puppet = createPuppet(world, "mallory");
    puppet.prove(alice);
    alice.store.isHeld = true;
    const ids = alice.core.ids().slice(1);
    const wants = ids.map((id): Frame => ({ type: "want", ids: [id] }));
    puppet.tell(alice, wants);
    expect(alice.store.asked).toMatchObject([{ type: "read", ids }]);
    const datagrams = alice
      .answerStore()
      .flatMap((effect) => (effect.type === "transmit" ? [puppet.opened(effect.bytes)?.frames ?? []] : []));
    expect(datagrams.flat().filter(({ type }) => type === "message")).toHaveLength(ids.length);
    expect(datagrams.length).toBeLessThan(ids.length / 2);
    expect(alice.core.tables().reads?.size).toBe(0);
  });
});

/** A copy with one bit flipped in the byte at that place. */
function flipped(bytes: Uint8Array, place: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const at = place < 0 ? copy.length + place : place;
  copy[at] = (copy[at] as number) ^ 1;
  return copy;
}
