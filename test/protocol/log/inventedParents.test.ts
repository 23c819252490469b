/** A member whose messages name parents that do not exist: what it can make others send, and whom it can hold up. */
import { describe, expect, it } from "vitest";
import type { Frame } from "../../../src/wire/frames.ts";
import type { MessageId } from "../../../src/wire/ids.ts";
import { createWorld, gather, names, shown, type TestNode, WALL, type World } from "../fixtures.ts";
import { answering, type Puppet } from "../puppet.ts";

const NODES = 12;
const WHOLE = { order: 0, lo: 0, last: 0xffffffff };

const invented = (world: World, count = 4): MessageId[] =>
  Array.from({ length: count }, () =>
    [(WALL + Math.floor(world.now()) - 1_000).toString(16).padStart(12, "0")]
      .concat(Array.from({ length: 4 }, () => world.rng.u32().toString(16).padStart(9, "0")))
      .join(""),
  ).toSorted() as MessageId[];
const push = (puppet: Puppet, parents: readonly MessageId[]): Frame => ({
  type: "push",
  slice: WHOLE,
  message: puppet.message({ parents }).bytes,
});

function room(): { world: World; nodes: TestNode[]; mallory: Puppet } {
  const world = createWorld();
  const nodes = gather(world, names(NODES));
  const mallory = answering(world, "mallory", 200);
  for (const node of nodes) mallory.prove(node);
  world.run(3_000);
  for (const node of nodes) node.events.length = 0;
  return { world, nodes, mallory };
}
/** Bytes that the nodes send each other while mallory says so many things, one every 100 ms. */
function sentFor(isInventing: boolean, count: number): number {
  const { world, nodes, mallory } = room();
  let bytes = 0;
  world.onSend = (carried) => {
    if (carried.from !== mallory.endpoint && carried.to !== mallory.endpoint) bytes += carried.bytes.length;
  };
  for (let number = 0; number < count; number += 1) {
    mallory.tell(nodes[number % NODES] as TestNode, [push(mallory, isInventing ? invented(world) : [])]);
    world.run(100);
  }
  world.run(10_000);
  for (const node of nodes) expect(node.texts()).toHaveLength(count);
  return bytes;
}

describe("messages with invented parents", () => {
  it("cost the room little more than others", () => {
    const [plain, inventing] = [sentFor(false, 100), sentFor(true, 100)];
    expect(inventing).toBeLessThan(3 * plain);
  }, 60_000);

  it("hold up nobody else's for long: who has shown one names it, and is heard all the same", () => {
    const { world, nodes, mallory } = room();
    const [alice, bob] = nodes as [TestNode, TestNode];
    mallory.tell(alice, [push(mallory, invented(world))]);
    world.run(2_000);
    // What was kept before a start was shown then.
    bob.crash();
    bob.restart();
    world.run(3_000);
    bob.say("after the one with invented parents");
    const said = world.now();
    world.until("alice to show it", () => shown(alice).some(({ text }) => text.startsWith("after")), 400_000);
    expect(world.now() - said).toBeLessThan(12_000);
  });
});
