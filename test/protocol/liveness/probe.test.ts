/** Failure detection: what a probe costs, who is asked, and who doubts itself. */
import { describe, expect, it } from "vitest";
import { pingsFor } from "../../../src/protocol/liveness/indirectProbe.ts";
import { createWorld, gather, names, type TestNode } from "../fixtures.ts";
import { createPuppet } from "../puppet.ts";

const deathsAmong = (nodes: readonly TestNode[]): string[] =>
  nodes.flatMap((node) =>
    node.events.flatMap((event) => (event.type === "peer" && event.status === "dead" ? [event.peer.nick] : [])),
  );

describe("a probe", () => {
  it("pings as often as makes it unlikely that all were lost by chance, within bounds", () => {
    expect([0, 0.01, 0.19, 0.51, 0.9, 1].map((loss) => pingsFor(loss, 100))).toEqual([3, 3, 6, 14, 20, 20]);
    expect([10, 100, 1_000].map((members) => pingsFor(0.19, members))).toEqual([5, 6, 7]);
  });

  it("by one that has proven nothing yet is answered, and draws no challenge for the digest that comes with it", () => {
    const world = createWorld();
    const node = world.node("alice");
    const puppet = createPuppet(world, "bob");
    const set = { count: 7, fingerprint: "00".repeat(8) };
    const answers = puppet.tell(node, [{ type: "ping" }, { type: "digest", log: set, horizon: 0, roster: set }]);
    const types = answers.flatMap(({ frames }) => frames.map(({ type }) => type));
    expect(types.filter((type) => type !== "observed")).toEqual(["ack", "digest"]);
  });

  it("of one that died is confirmed by others at once, so that all call it dead within seconds", () => {
    const tookMs = [1, 2, 3].map((seed) => {
      const world = createWorld({ seed });
      const nodes = gather(world, names(20));
      const victim = nodes.pop() as TestNode;
      victim.crash();
      const began = world.now();
      world.until("all survivors call it dead", () => deathsAmong(nodes).length === nodes.length, 10_000);
      expect(new Set(deathsAmong(nodes))).toEqual(new Set(["n19"]));
      return world.now() - began;
    });
    // The median: how soon it is looked at first is chance.
    expect(tookMs.toSorted((a, b) => a - b)[1]).toBeLessThan(6_000);
  });

  it("of one that came in during a round does not wait for the next round", () => {
    // A round of 40 takes 40 s: without a turn in the present one nobody would look for so long.
    const world = createWorld({ seed: 2 });
    const nodes = gather(world, names(40));
    const newcomer = world.node("newcomer");
    newcomer.join(nodes[0] as TestNode);
    world.until("everyone knows it", () => nodes.every((node) => node.core.stats().peers === 40), 10_000);
    world.run(1_000);
    newcomer.crash();
    world.until("all call it dead", () => deathsAmong(nodes).length === nodes.length, 15_000);
  });

  it("that nobody answers because this node is cut off buries no one before the wait is over, and all are back after", () => {
    const world = createWorld();
    const nodes = gather(world, names(12));
    const alone = nodes[0] as TestNode;
    world.lose = ({ from, to }) => from === alone.endpoint || to === alone.endpoint;
    world.run(2_000);
    expect(deathsAmong(nodes)).toEqual([]);
    world.lose = () => false;
    world.run(10_000);
    expect(deathsAmong(nodes)).toEqual([]);
    expect(nodes.map((node) => node.core.stats().peers)).toEqual(nodes.map(() => 11));
  });

  it("of a peer whose path from here alone is broken is settled by others, and costs no health", () => {
    const world = createWorld();
    const nodes = gather(world, names(8));
    const [one, other] = [(nodes[0] as TestNode).endpoint, (nodes[1] as TestNode).endpoint];
    world.lose = ({ from, to }) => (from === one && to === other) || (from === other && to === one);
    world.run(60_000);
    const suspected = nodes.flatMap((node) => node.events.filter((event) => event.type === "peer"));
    expect(suspected).toEqual([]);
  });
});
