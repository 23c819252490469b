/** Who is here: leaving, renaming, refuting, and being vouched for. */
import { describe, expect, it } from "vitest";
import { suspicionMs } from "../../../src/protocol/membership/suspicion.ts";
import type { Millis } from "../../../src/protocol/time.ts";
import type { Frame } from "../../../src/wire/frames.ts";
import { createWorld, errorOf, gather, names, notices, type TestNode, WALL } from "../fixtures.ts";
import { createPuppet, type Puppet } from "../puppet.ts";

const peersOf = (node: TestNode, now = 0): { nick: string; status: string }[] =>
  node.core.peers({ mono: now, wall: 0 }).map(({ nick, status }) => ({ nick, status }));

describe("a member", () => {
  it("that leaves is seen to leave by all, at once and without suspicion", () => {
    const world = createWorld();
    const [leaver, ...others] = gather(world, names(12)) as [TestNode, ...TestNode[]];
    leaver.command({ type: "leave" });
    world.run(3_000);
    for (const node of others) {
      const news = node.events.flatMap((event) =>
        event.type === "peer" ? [`${event.peer.nick} ${event.status}`] : [],
      );
      expect(news).toEqual(["n0 left"]);
      expect(node.core.stats().peers).toBe(10);
    }
    expect(notices(leaver, "left-room")).toHaveLength(1);
    expect(leaver.core.stats().peers).toBe(0);
  });

  it("that left says nothing, hears nothing and does nothing, until it joins again", () => {
    const world = createWorld();
    const [alice, bob] = gather(world, ["alice", "bob"]) as [TestNode, TestNode];
    bob.command({ type: "leave" });
    world.run(5_000);
    const before = bob.core.stats();
    alice.say("is anyone here?");
    const refused = bob.say("not any more");
    expect(refused.map((effect) => effect.type)).toEqual(["answer"]);
    expect(errorOf(refused)).toEqual({ code: "not-in-room" });
    const until = world.now() + 30_000;
    let steps = 0;
    for (let at = bob.core.nextDeadline(); at !== undefined && at < until; at = bob.core.nextDeadline()) {
      world.run(at - world.now());
      steps += 1;
    }
    expect(bob.core.stats().datagramsOut).toBe(before.datagramsOut);
    expect(steps).toBeLessThan(5);
    bob.join(alice);
    world.run(5_000);
    expect(bob.texts()).toEqual(["is anyone here?"]);
    expect(peersOf(alice, world.now())).toEqual([{ nick: "bob", status: "alive" }]);
  });

  it("that is renamed is known by its new name everywhere, messages keep the old", () => {
    const world = createWorld();
    const nodes = gather(world, names(8)) as [TestNode, ...TestNode[]];
    nodes[0].say("as n0");
    nodes[0].command({ type: "rename", nick: "zoë" });
    nodes[0].say("as zoë");
    const others = nodes.slice(1);
    // A rumour misses somebody now and then; the roster is reconciled every 5 s.
    world.until("all to know", () => others.every((node) => notices(node, "renamed").length > 0), 20_000);
    expect(notices(nodes[0], "renamed")).toMatchObject([{ before: "n0", own: true, peer: { nick: "zoë" } }]);
    for (const node of nodes.slice(1)) {
      expect(notices(node, "renamed")).toMatchObject([{ before: "n0", own: false, peer: { nick: "zoë" } }]);
      expect(node.log().map((message) => message.author.nick)).toEqual(["n0", "zoë"]);
    }
  });

  it("that is renamed is known by its new name to those whom no rumour reaches, too", () => {
    const world = createWorld();
    const [alice, bob, carol] = gather(world, ["alice", "bob", "carol"]) as [TestNode, TestNode, TestNode];
    // Until the rumour has died down, nothing reaches carol.
    world.lose = ({ from, to }) => from === carol.endpoint || to === carol.endpoint;
    alice.command({ type: "rename", nick: "zoë" });
    world.run(2_500);
    expect(notices(bob, "renamed")).toHaveLength(1);
    world.lose = () => false;
    world.until("carol to know", () => notices(carol, "renamed").length > 0, 15_000);
  });

  it.each(["", "x".repeat(65), "é".repeat(33)])("is not renamed to %j, and nothing is sent", (nick) => {
    const world = createWorld();
    const [alice] = gather(world, ["alice", "bob"]) as [TestNode, TestNode];
    const effects = alice.command({ type: "rename", nick });
    expect(effects.map(({ type }) => type)).toEqual(["answer"]);
    expect(errorOf(effects)).toEqual({ code: "bad-nick", nick, limit: 64 });
    expect(alice.core.self().nick).toBe("alice");
  });

  it("that is suspected without reason refutes it before anyone buries it", () => {
    const world = createWorld();
    const nodes = gather(world, names(6)) as [TestNode, TestNode, ...TestNode[]];
    const mallory = createPuppet(world, "mallory");
    mallory.prove(nodes[0]);
    const target = nodes[1].identity.id;
    const incarnation = 2 ** 48 - 1;
    const accuse = (by: string): Frame => ({ type: "suspect", peer: target, incarnation, accuser: by.repeat(16) });
    mallory.tell(nodes[0], [accuse("a"), accuse("b"), accuse("c"), accuse("d")]);
    expect(peersOf(nodes[0], world.now())).toContainEqual({ nick: "n1", status: "suspect" });
    world.run(10_000);
    const news = nodes
      .flatMap((node) => node.events)
      .filter((event) => event.type === "peer" && event.peer.nick === "n1");
    expect(news).not.toEqual([]);
    expect(news.filter((event) => event.type === "peer" && event.status === "dead")).toEqual([]);
    for (const node of nodes)
      if (node !== nodes[1]) expect(peersOf(node, world.now())).toContainEqual({ nick: "n1", status: "alive" });
  });

  it("that is suspected is told so in the same step, by who suspects it", () => {
    const world = createWorld();
    const node = world.node("alice");
    const bob = createPuppet(world, "bob");
    bob.prove(node);
    const told: [Millis, Frame][] = [];
    world.onSend = ({ to, bytes }) => {
      if (to === bob.endpoint) for (const frame of bob.opened(bytes)?.frames ?? []) told.push([world.now(), frame]);
    };
    const isSuspected = (): boolean => node.events.some((event) => event.type === "peer" && event.status === "suspect");
    world.until("bob, who answers nothing, to be suspected", isSuspected, 10_000);
    const accuser = node.identity.id.slice(0, 16);
    expect(told).toContainEqual([world.now(), { type: "suspect", peer: bob.id, incarnation: WALL, accuser }]);
  });

  it("that one member alone accuses, again and again, has as long as if it had been accused once", () => {
    const world = createWorld();
    const node = world.node("alice");
    const puppets = names(6).map((name, index) => createPuppet(world, name, 200 + index));
    for (const puppet of puppets) puppet.prove(node);
    const [mallory, target] = puppets as [Puppet, Puppet];
    const accusation = { type: "suspect", peer: target.id, incarnation: WALL, accuser: "ab".repeat(8) } as const;
    for (let time = 0; time < 10; time += 1) mallory.tell(node, [accusation]);
    // It answers nobody: this node looks for itself, and then the wait is the shortest.
    world.run(suspicionMs(7, 1_000, true) - 100);
    expect(peersOf(node, world.now())).toContainEqual({ nick: "n1", status: "suspect" });
    world.run(suspicionMs(7, 1_000, false));
    expect(peersOf(node, world.now())).toContainEqual({ nick: "n1", status: "dead" });
  });

  it("of whom one link alone is broken stays alive: others vouch for it", () => {
    const world = createWorld();
    const nodes = gather(world, names(6)) as [TestNode, TestNode, ...TestNode[]];
    const [one, other] = [nodes[0].endpoint, nodes[1].endpoint];
    world.lose = ({ from, to }) => (from === one && to === other) || (from === other && to === one);
    world.run(60_000);
    const dead = nodes
      .flatMap((node) => node.events)
      .filter((event) => event.type === "peer" && event.status === "dead");
    expect(dead).toEqual([]);
  });

  it("that a newcomer cannot reach, and others can, is one to the newcomer as well", () => {
    const world = createWorld();
    const [alice, bob, carol] = ["alice", "bob", "carol"].map((name) => world.node(name)) as [
      TestNode,
      TestNode,
      TestNode,
    ];
    const pair = [bob.endpoint, carol.endpoint];
    world.lose = ({ from, to }) => pair.includes(from) && pair.includes(to);
    bob.join(alice);
    carol.join(alice);
    world.until("all to know all", () => [alice, bob, carol].every((node) => node.core.stats().peers === 2), 10_000);
    world.run(60_000);
    bob.say("can you hear me?");
    world.run(10_000);
    expect(carol.texts()).toEqual(["can you hear me?"]);
    expect([bob, carol].map((node) => node.core.stats().peers)).toEqual([2, 2]);
  });
});
