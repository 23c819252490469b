/** Wrong clocks in a room: new lines stand lowest everywhere, nobody pins a screen, and no two logs differ for ever. */
import { describe, expect, it } from "vitest";
import type { Frame } from "../../../src/wire/frames.ts";
import { createWorld, fingerprint, gather, names, type TestNode, WALL, type World } from "../fixtures.ts";
import { createPuppet } from "../puppet.ts";

const DAY = 86_400_000;
const YEAR_10889 = Date.UTC(10_889, 0, 1);
const slice = { order: 0, lo: 0, last: 0xffffffff } as const;

/** All nodes talk in turn, `rounds` times; gives the texts in the order they were said. */
function talk(world: World, nodes: readonly TestNode[], rounds: number): string[] {
  const said: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const node of nodes) {
      said.push(`${node.name} ${round}`);
      node.say(said.at(-1) as string);
      world.run(300);
    }
  }
  return said;
}

function roomWithClock(skewMs: number): { world: World; nodes: TestNode[] } {
  const world = createWorld();
  const nodes = names(4).map((name) => world.node(name));
  const [first, ...others] = nodes as [TestNode, ...TestNode[]];
  (others[0] as TestNode).skewMs = skewMs;
  for (const node of others) node.join(first);
  world.run(20_000);
  return { world, nodes };
}

describe("a node whose clock is", () => {
  it.each([
    ["a day ahead", DAY],
    ["a day behind", -DAY],
    ["ten minutes ahead", 600_000],
    ["four minutes ahead", 240_000],
    ["in 1970", -WALL],
  ])("%s talks along: everyone has all lines in the order they were said", (_, skewMs) => {
    const { world, nodes } = roomWithClock(skewMs);
    const said = talk(world, nodes, 5);
    for (const node of nodes) expect(node.texts()).toEqual(said);
  });

  it("a day ahead, and set right in the middle, stamps right from then on", () => {
    const { world, nodes } = roomWithClock(DAY);
    const before = talk(world, nodes, 2);
    (nodes[1] as TestNode).skewMs = 0;
    const after = talk(world, nodes, 2);
    for (const node of nodes) expect(node.texts()).toEqual([...before, ...after]);
  });

  it("a day behind joins one who has talked for a while, and hears all of it", () => {
    const world = createWorld();
    const [alice, bob] = [world.node("alice"), world.node("bob")];
    for (let index = 0; index < 3; index += 1) alice.say(`${index}`);
    bob.skewMs = -DAY;
    bob.join(alice);
    world.until("all to be heard", () => bob.texts().length === 3, 30_000);
    bob.say("hi");
    world.run(1_000);
    expect(alice.texts()).toEqual(["0", "1", "2", "hi"]);
  });
});

describe("a member that stamps its messages far ahead", () => {
  it("pins no screen: what others say next is the last line", () => {
    const world = createWorld();
    const nodes = gather(world, names(3));
    const puppet = createPuppet(world, "mallory");
    for (const node of nodes) puppet.prove(node);
    for (let index = 0; index < 100; index += 1) {
      const { bytes } = puppet.message({ hlc: YEAR_10889 + index });
      for (const node of nodes) puppet.tell(node, [{ type: "push", slice, message: bytes }]);
    }
    nodes[0]?.say("the newest");
    world.run(1_000);
    for (const node of nodes) expect(node.texts()).toEqual(["the newest"]);
  });

  it("makes no two logs differ for ever, whomever it tells what: the room is as quiet as before", () => {
    const world = createWorld();
    const nodes = gather(world, names(4));
    const puppet = createPuppet(world, "mallory");
    let sent = 0;
    // Among themselves: that they look for the one who is silent by now is another matter.
    world.onSend = ({ bytes, to }) => {
      if (to !== puppet.endpoint) sent += bytes.length;
    };
    world.run(20_000);
    const quiet = sent;
    for (const [at, node] of nodes.entries()) {
      const ahead = (ms: number): Frame => ({ type: "push", slice, message: puppet.message({ hlc: WALL + ms }).bytes });
      puppet.prove(node);
      // Each hears of others, at the very bound, beyond it, and far beyond.
      for (const ms of [300_000 + at * 5, 310_000 + at, DAY + at]) puppet.tell(node, [ahead(ms)]);
    }
    sent = 0;
    world.run(20_000);
    expect(new Set(nodes.map(fingerprint)).size).toBe(1);
    sent = 0;
    world.run(20_000);
    expect(sent).toBeLessThan(1.5 * quiet);
  });

  it("pulls no honest clock along further than a minute", () => {
    const world = createWorld();
    const nodes = gather(world, names(3));
    const puppet = createPuppet(world, "mallory");
    for (const node of nodes) puppet.prove(node);
    for (let second = 0; second < 60; second += 1) {
      const { bytes } = puppet.message({ hlc: WALL + Math.floor(world.now()) + 299_000 });
      for (const node of nodes) puppet.tell(node, [{ type: "push", slice, message: bytes }]);
      nodes[second % 3]?.say(`${second}`);
      world.run(1_000);
    }
    const honest = (nodes[0] as TestNode).log().filter(({ author }) => author.id !== puppet.id);
    expect(honest).toHaveLength(60);
    for (const { time } of honest) expect(time).toBeLessThan(WALL + world.now() + 61_000);
    expect(honest.map(({ text }) => text)).toEqual(Array.from({ length: 60 }, (_, second) => `${second}`));
  });
});
