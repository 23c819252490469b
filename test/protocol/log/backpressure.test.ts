/** Who speaks faster than the network takes it is told so, and nothing that was taken is lost. */
import { describe, expect, it } from "vitest";
import { below } from "../../../src/protocol/rng.ts";
import type { MessageId } from "../../../src/wire/ids.ts";
import { createWorld, errorOf, gather, notices, shown, type TestNode, WALL, type World } from "../fixtures.ts";
import { createPuppet, type Puppet } from "../puppet.ts";

/** Says as much as is taken at once; how many that was. */
function sayUntilBusy(node: TestNode, from: number): number {
  for (let said = 0; ; said += 1) {
    if (errorOf(node.say(`line ${from + said}`))?.code === "busy") return said;
    if (said > 20_000) throw new Error("never busy");
  }
}

describe("who says more than goes out", () => {
  it("is refused at a bound, and told when there is room again", () => {
    const world = createWorld();
    const [alice, bob] = gather(world, ["alice", "bob"]) as [TestNode, TestNode];
    const taken = sayUntilBusy(alice, 0);
    expect(taken).toBeGreaterThan(256);
    expect(taken).toBeLessThan(1_000);
    expect(alice.core.isBusy()).toBe(true);
    expect(errorOf(alice.say("one more"))).toEqual({ code: "busy", waiting: 256 });
    expect(alice.log()).toHaveLength(taken);
    world.until("there is room again", () => notices(alice, "drained").length === 1, 1_000);
    expect(alice.core.isBusy()).toBe(false);
    world.run(2_000);
    expect(shown(bob)).toHaveLength(taken);
    expect(notices(alice, "drained")).toHaveLength(1);
  });

  it.each([0, 0.1, 0.3])("loses nothing and drops nothing on the way out, where %d is lost", (loss) => {
    const world = createWorld({ seed: 7 });
    const nodes = gather(world, ["alice", "bob", "carol", "dave"]) as [TestNode, ...TestNode[]];
    const [alice, ...others] = nodes;
    world.lose = () => below(world.rng, 100) < 100 * loss;
    let said = 0;
    const began = world.now();
    while (said < 3_000) {
      said += sayUntilBusy(alice, said);
      world.until("there is room again", () => !alice.core.isBusy(), 10_000);
    }
    expect(world.now() - began).toBeLessThan(20_000);
    world.until("all have all", () => others.every((node) => shown(node).length === said), 60_000);
    for (const node of nodes) expect(node.core.stats().dropped["outbox-full"]).toBeUndefined();
  });

  it("is not held up for long by one who has died without a word", () => {
    const world = createWorld();
    const [alice, bob, carol] = gather(world, ["alice", "bob", "carol"]) as [TestNode, TestNode, TestNode];
    carol.crash();
    const began = world.now();
    let said = 0;
    while (said < 3_000) {
      said += sayUntilBusy(alice, said);
      world.until("there is room again", () => !alice.core.isBusy(), 5_000);
    }
    expect(world.now() - began).toBeLessThan(8_000);
    world.until("bob has all", () => shown(bob).length === said, 5_000);
  });
});

describe("who says much before anyone has answered", () => {
  it("is refused after 256 messages, until the one it asked is here, who fetches them", () => {
    const world = createWorld();
    const [alice, bob] = [world.node("alice"), world.node("bob")];
    alice.join(bob);
    expect(sayUntilBusy(alice, 0)).toBe(256);
    world.until("there is room again", () => notices(alice, "drained").length === 1, 1_000);
    alice.say("and on");
    world.until("bob has all", () => shown(bob).length === 257, 5_000);
  });

  it("is refused no more when nobody answers", () => {
    const world = createWorld();
    const [alice, bob] = [world.node("alice"), world.node("bob")];
    bob.crash();
    alice.join(bob);
    sayUntilBusy(alice, 0);
    world.until("there is room again", () => notices(alice, "drained").length === 1, 6_000);
    expect(notices(alice, "no-answer")).toHaveLength(1);
    for (let said = 0; said < 2_000; said += 1) alice.say(`alone ${said}`);
    expect(alice.log()).toHaveLength(2_256);
  });
});

describe("a member who tells of thousands of messages that are nowhere", () => {
  const WHOLE = { order: 0, lo: 0, last: 0xffffffff };
  const announce = (world: World, mallory: Puppet, node: TestNode, count: number): void => {
    for (let told = 0; told < count; told += 25) {
      const frames = Array.from({ length: 25 }, () => {
        const chance = Array.from({ length: 5 }, () => world.rng.u32().toString(16).padStart(8, "0")).join("");
        const id = `${(WALL + Math.floor(world.now()) - 1_000).toString(16).padStart(12, "0")}${chance.slice(0, 36)}`;
        return { type: "advertise", slice: WHOLE, id: id as MessageId } as const;
      });
      mallory.tell(node, frames);
      world.run(5);
    }
  };
  const room = (): { world: World; nodes: TestNode[]; mallory: Puppet } => {
    const world = createWorld();
    const nodes = gather(world, ["alice", "bob", "carol", "dave"]);
    // It proves itself, and acknowledges nothing more.
    const mallory = createPuppet(world, "mallory");
    for (const node of nodes) mallory.prove(node);
    world.run(3_000);
    return { world, nodes, mallory };
  };

  it("and takes nothing of what it is asked, silences nobody: what is said is taken, and is everywhere at once", () => {
    const { world, nodes, mallory } = room();
    for (const node of nodes) announce(world, mallory, node, 1_500);
    nodes.forEach((node, at) => {
      expect(node.core.isBusy()).toBe(false);
      node.say(`all the same ${at}`);
    });
    world.until("all to have all", () => nodes.every((node) => shown(node).length === nodes.length), 1_000);
  });

  it("does not make the room tell itself of all of them", () => {
    const { world, nodes, mallory } = room();
    let sent = 0;
    world.onSend = ({ from, to }) => {
      if (from !== mallory.endpoint && to !== mallory.endpoint) sent += 1;
    };
    for (const node of nodes) announce(world, mallory, node, 1_500);
    // Each that is relayed makes the other three send: here they would be 18,000.
    expect(sent).toBeLessThan(6_000);
  });
});
