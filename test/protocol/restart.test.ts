/** What is repeated, what is of an earlier process start, and what moves: nobody is confused. */
import { describe, expect, it } from "vitest";
import { createWorld, fingerprint, gather, type TestNode, transmits, WALL } from "./fixtures.ts";
import { createPuppet } from "./puppet.ts";

const statusOf = (node: TestNode, nick: string, now: number): unknown =>
  node.core.peers({ mono: now, wall: 0 }).map((peer) => (peer.nick === nick ? peer.status : []))[0];

describe("a replayed datagram", () => {
  it("does nothing: no message, no event, no answer", () => {
    const world = createWorld();
    const [alice, bob] = gather(world, ["alice", "bob"]) as [TestNode, TestNode];
    const recorded: { bytes: Uint8Array; from: typeof alice.endpoint }[] = [];
    world.onSend = ({ bytes, from, to }) => {
      if (to === bob.endpoint) recorded.push({ bytes, from });
    };
    alice.say("once");
    world.run(5_000);
    world.onSend = () => {};
    // What is under way still arrives.
    world.run(100);
    expect(bob.texts()).toEqual(["once"]);
    const events = bob.events.length;
    const refused = bob.core.stats().dropped.replayed ?? 0;
    for (const { bytes, from } of recorded) {
      expect(transmits(bob.step({ type: "datagram", bytes, from }))).toEqual([]);
    }
    expect(recorded.length).toBeGreaterThan(3);
    expect(bob.events).toHaveLength(events);
    expect(bob.core.stats().dropped.replayed).toBe(refused + recorded.length);
  });

  it("to another node, or to a later start of the same one, is junk", () => {
    const world = createWorld();
    const [alice, bob, carol] = gather(world, ["alice", "bob", "carol"]) as [TestNode, TestNode, TestNode];
    const recorded: Uint8Array[] = [];
    world.onSend = ({ bytes, from, to }) => {
      if (from === alice.endpoint && to === bob.endpoint) recorded.push(bytes);
    };
    alice.say("for bob");
    world.run(2_000);
    bob.crash();
    bob.restart();
    for (const target of [carol, bob]) {
      const junk = (): number => {
        const { dropped } = target.core.stats();
        return (dropped["not-sealed-for-us"] ?? 0) + (dropped["unknown-sender"] ?? 0);
      };
      const before = junk();
      for (const bytes of recorded)
        expect(transmits(target.step({ type: "datagram", bytes, from: alice.endpoint }))).toEqual([]);
      expect(junk()).toBe(before + recorded.length);
    }
  });
});

describe("a peer that restarts", () => {
  it("is the same member with another boot, and hears and is heard again", () => {
    const world = createWorld();
    const [alice, bob] = gather(world, ["alice", "bob"]) as [TestNode, TestNode];
    bob.say("before");
    world.run(1_000);
    bob.crash();
    world.run(500);
    bob.restart();
    expect(bob.texts()).toEqual(["before"]);
    bob.join(alice);
    world.run(2_000);
    expect(alice.core.stats().peers).toBe(1);
    alice.say("to the new one");
    bob.say("after");
    world.run(1_000);
    expect(alice.texts().toSorted()).toEqual(["after", "before", "to the new one"]);
    expect(fingerprint(bob)).toBe(fingerprint(alice));
    expect(alice.events.filter((event) => event.type === "notice" && event.notice.code === "forked-author")).toEqual(
      [],
    );
  });

  it("that crashed is suspected, then dead, and alive again when it is back", () => {
    const world = createWorld();
    const [alice, bob] = gather(world, ["alice", "bob"]) as [TestNode, TestNode];
    bob.crash();
    world.until("bob to be suspected", () => statusOf(alice, "bob", world.now()) === "suspect", 5_000);
    world.until("bob to be dead", () => statusOf(alice, "bob", world.now()) === "dead", 15_000);
    world.run(10_000);
    bob.restart();
    bob.join(alice);
    world.until("bob to be alive", () => statusOf(alice, "bob", world.now()) === "alive", 1_000);
  });

  it("is not mistaken for its earlier start when that start's last statement turns up again", () => {
    const world = createWorld();
    const node = world.node("alice");
    const [old, puppet] = [createPuppet(world, "mallory"), createPuppet(world, "mallory")];
    puppet.prove(node);
    old.tell(node, [old.statement({ incarnation: WALL - 1_000, nick: "old" })]);
    expect(node.core.peers({ mono: 0, wall: 0 })).toMatchObject([{ nick: "mallory" }]);
    expect(node.core.stats().peers).toBe(1);
  });
});

describe("a peer whose address changes", () => {
  it("is answered there after it has proven to be there, and keeps talking", () => {
    const world = createWorld();
    const [alice, bob] = gather(world, ["alice", "bob"]) as [TestNode, TestNode];
    const moved = "10.0.0.77:62733" as typeof bob.endpoint;
    // From now on the network rewrites bob's address, as a NAT does that forgot its mapping.
    world.listen(moved, (bytes, from) => bob.step({ type: "datagram", bytes, from }));
    world.lose = ({ to, from, bytes }) => {
      if (to === bob.endpoint) return true;
      if (from !== bob.endpoint) return false;
      world.send(bytes, moved, to);
      return true;
    };
    world.run(3_000);
    alice.say("where are you?");
    bob.say("here");
    world.run(2_000);
    expect(bob.texts().toSorted()).toEqual(["here", "where are you?"]);
    expect(alice.core.peers({ mono: world.now(), wall: 0 })).toMatchObject([{ status: "alive", address: moved }]);
  });
});
