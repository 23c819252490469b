/** What one member can make of accusations that it invents: nobody is buried, and the room's traffic stays bounded. */
import { describe, expect, it } from "vitest";
import { readStatement } from "../../../src/crypto/signed.ts";
import { shuffle } from "../../../src/protocol/rng.ts";
import type { Frame } from "../../../src/wire/frames.ts";
import { createWorld, framesFor, gather, names, type TestNode, WALL, type World } from "../fixtures.ts";
import { answering, createPuppet, type Puppet } from "../puppet.ts";

const NODES = 20;
const INCARNATION = 2 ** 48 - 1;
const SECONDS = 8;

const accusation = (of: TestNode, accuser: string): Frame => ({
  type: "suspect",
  peer: of.identity.id,
  incarnation: INCARNATION,
  accuser,
});
/** The front of a member's id that does not exist. */
const anyone = (world: World): string => world.rng.u32().toString(16).padStart(16, "0");
const deadAmong = (nodes: readonly TestNode[]): number =>
  nodes.flatMap((node) => node.events).filter((event) => event.type === "peer" && event.status === "dead").length;

/** Sends each node full datagrams of accusations by accusers that do not exist, and by itself, as often as it is told. */
function accuse(world: World, nodes: readonly TestNode[], by: Puppet, everyMs: number): void {
  for (let ms = 0; ms < 1_000 * SECONDS; ms += everyMs) {
    for (const node of nodes) {
      const targets = shuffle(world.rng, [...nodes]).filter((other) => other !== node);
      const frames = targets
        .slice(0, 8)
        .flatMap((target) => [by.id.slice(0, 16), anyone(world), anyone(world)].map((who) => accusation(target, who)));
      world.send(by.sealed(frames, node.boot), by.endpoint, node.endpoint);
    }
    world.run(everyMs);
  }
}
/** Bytes a second that a node sends; what goes to the puppet is left out. */
function sentWhile(world: World, puppet: Puppet, act: () => void): number {
  let bytes = 0;
  world.onSend = (carried) => {
    if (carried.from !== puppet.endpoint && carried.to !== puppet.endpoint) bytes += carried.bytes.length;
  };
  act();
  world.onSend = () => {};
  return bytes / NODES / SECONDS;
}

describe("a member that forges accusers", () => {
  it("buries nobody, and makes each node send less than it sends itself", () => {
    const world = createWorld();
    const nodes = gather(world, names(NODES));
    const mallory = answering(world, "mallory", 200);
    for (const node of nodes) mallory.prove(node);
    world.run(3_000);
    for (const node of nodes) node.events.length = 0;
    const attacked = sentWhile(world, mallory, () => accuse(world, nodes, mallory, 100));
    world.run(20_000);
    expect(deadAmong(nodes)).toBe(0);
    // It sends 1,165 bytes ten times a second to each; before, each node sent 200,000 bytes a second to the others.
    expect(attacked).toBeLessThan(40_000);
  }, 120_000);

  it("counts once for all whom it names, and shortens no wait before the node has looked for itself", () => {
    const world = createWorld();
    const alice = world.node("alice");
    const puppets = names(6).map((name, index) => createPuppet(world, name, 200 + index));
    for (const puppet of puppets) puppet.prove(alice);
    const [mallory, target] = puppets as [Puppet, Puppet];
    // The target is there, and its answers come: it is cleared each time that it is looked for.
    world.listen(target.endpoint, (bytes, from) => {
      const received = target.opened(bytes);
      const counters = received === undefined ? [] : [received.header.counter];
      if (counters.length > 0) world.send(target.sealed([target.ack(counters)], alice.boot), target.endpoint, from);
    });
    alice.events.length = 0;
    for (let time = 0; time < 40; time += 1) {
      for (let number = 0; number < 20; number += 1)
        mallory.tell(alice, [{ type: "suspect", peer: target.id, incarnation: WALL, accuser: anyone(world) }]);
      world.run(500);
    }
    const news = alice.events.filter((event) => event.type === "peer" && event.peer.nick === "n1");
    // Suspected once, cleared once: those who said so in vain do not count again for the same statement.
    expect(news.map((event) => event.type === "peer" && event.status)).toEqual(["suspect", "alive"]);
  });

  it("makes the accused say once a second that it lives, however often and by however many it is accused", () => {
    const world = createWorld();
    const [alice, bob] = gather(world, ["alice", "bob"]) as [TestNode, TestNode];
    const mallory = answering(world, "mallory", 200);
    mallory.prove(alice);
    const seen = new Set<number>();
    world.onSend = ({ to, bytes }) => {
      if (to !== mallory.endpoint && to !== bob.endpoint) return;
      const frames = to === bob.endpoint ? framesFor(bytes, bob.boot) : (mallory.opened(bytes)?.frames ?? []);
      for (const frame of frames) {
        const content = frame.type === "statement" ? readStatement(frame.bytes)?.content : undefined;
        if (content?.peer === alice.identity.id) seen.add(content.incarnation);
      }
    };
    mallory.tell(alice, [{ type: "ping" }], { isOpen: true });
    world.run(100);
    for (let time = 0; time < 500; time += 1) {
      const latest = Math.max(...seen);
      for (const incarnation of [latest, latest + 1])
        mallory.tell(alice, [{ type: "suspect", peer: alice.identity.id, incarnation, accuser: anyone(world) }]);
      world.run(10);
    }
    world.run(2_000);
    // Five seconds: one at once, then one a second.
    expect(seen.size - 1).toBeGreaterThanOrEqual(4);
    expect(seen.size - 1).toBeLessThanOrEqual(7);
    expect(alice.core.self().status).toBe("alive");
  });

  it("who has not proven to be a member accuses nobody, linked or as any member could", () => {
    const world = createWorld();
    const [alice, bob] = gather(world, ["alice", "bob"]) as [TestNode, TestNode];
    const stranger = createPuppet(world, "stranger");
    const accusations = [accusation(bob, anyone(world)), accusation(bob, stranger.id.slice(0, 16))];
    stranger.tell(alice, accusations);
    const bytes = stranger.addressed(accusations, alice.boot);
    alice.step({ type: "datagram", bytes, from: stranger.endpoint });
    expect(alice.events.filter((event) => event.type === "peer")).toEqual([]);
  });
});
