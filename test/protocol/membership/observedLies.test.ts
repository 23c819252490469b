/** A member that tells others that they are where somebody else is: what they say of themselves then, and what goes there. */
import { expect, it } from "vitest";
import type { Endpoint } from "../../../src/wire/endpoint.ts";
import { createWorld, gather, names, type TestNode, WALL, type World } from "../fixtures.ts";
import { answering, createPuppet, type Puppet } from "../puppet.ts";

const VICTIM = "203.0.113.1:62733" as Endpoint;

/** For a while; meanwhile people come who know nobody. */
function lie(world: World, nodes: readonly TestNode[], says: (to: TestNode) => void): { readonly atVictim: number } {
  let atVictim = 0;
  world.onSend = ({ to }) => {
    if (to === VICTIM) atVictim += 1;
  };
  for (let second = 0; second < 60; second += 1) {
    for (const node of nodes) says(node);
    if (second % 20 === 10) world.node(`newcomer ${second}`).join(nodes[0] as TestNode);
    world.run(1_000);
  }
  return { atVictim };
}
const observed = (world: World) =>
  ({ type: "observed", endpoint: VICTIM, wall: WALL + Math.floor(world.now()) }) as const;

it("a member who lies to all about where they are has nobody list it, and nothing goes there", () => {
  const world = createWorld({ seed: 3 });
  const nodes = gather(world, names(5));
  const liar = answering(world, "mallory", 200);
  for (const node of nodes) liar.prove(node);
  const { atVictim } = lie(world, nodes, (node) => liar.tell(node, [observed(world)]));
  expect(nodes.map((node) => node.core.self().address)).toEqual(nodes.map((node) => node.endpoint));
  expect(atVictim).toBe(0);
});

it("nor does it have more than one word when it names other addresses as its own, from which no answer has come", () => {
  const world = createWorld({ seed: 3 });
  const nodes = gather(world, names(3));
  const liars: Puppet[] = Array.from({ length: 8 }, (_, index) => createPuppet(world, `mallory ${index}`, 200 + index));
  for (const liar of liars) for (const node of nodes) liar.prove(node);
  let port = 1;
  const { atVictim } = lie(world, nodes, (node) => {
    for (const liar of liars.slice(1)) {
      liar.tell(node, [observed(world)], { from: `198.51.100.${port % 250}:${port}` as Endpoint });
      port += 1;
    }
  });
  expect(nodes.map((node) => node.core.self().address)).toEqual(nodes.map((node) => node.endpoint));
  expect(atVictim).toBe(0);
});

it("one who is alone with a node has it list what it likes, beside where the node is, and a few datagrams go there", () => {
  const world = createWorld({ seed: 3 });
  const alone = world.node("alone");
  alone.command({ type: "network", endpoints: [alone.endpoint] });
  const liar = answering(world, "mallory", 200);
  liar.prove(alone);
  const { atVictim } = lie(world, [alone], (node) => liar.tell(node, [observed(world)]));
  expect(alone.core.self().address).toBe(alone.endpoint);
  // Its newcomers have met it, so they do not look for it elsewhere.
  expect(atVictim).toBeLessThan(16);
});
