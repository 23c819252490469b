/** Peers that others tell of are greeted before they count, which nobody notices who is really there. */
import { describe, expect, it } from "vitest";
import {
  createInformant,
  hasCredit,
  isHeeded,
  isTrusted,
  mayVouch,
} from "../../../src/protocol/membership/credibility.ts";
import { uniform } from "../../../src/protocol/rng.ts";
import { createWorld, gather, names, type TestNode } from "../fixtures.ts";

const isComplete = (nodes: readonly TestNode[]): boolean =>
  nodes.every((node) => node.core.stats().peers === nodes.length - 1);

describe("a newcomer", () => {
  it("knows everyone of a room of 40 within two seconds, and everyone knows it", () => {
    const world = createWorld();
    const nodes = gather(world, names(40));
    const newcomer = world.node("newcomer");
    newcomer.join(nodes[3] as TestNode);
    world.until("all to know all", () => isComplete([...nodes, newcomer]), 2_000);
    world.run(30_000);
    expect(newcomer.core.stats().dropped).not.toHaveProperty("hearsay-unanswered");
    expect(newcomer.events.filter((event) => event.type === "peer" && event.status === "dead")).toEqual([]);
  });

  it("knows everyone where 30 % is lost each way within ten seconds", () => {
    const world = createWorld({ seed: 4 });
    const nodes = gather(world, names(12));
    const { rng } = world;
    world.lose = () => uniform(rng) < 0.3;
    const newcomer = world.node("newcomer");
    newcomer.join(nodes[3] as TestNode);
    world.until("all to know all", () => isComplete([...nodes, newcomer]), 10_000);
  });

  it("that comes while half of the room is out of reach knows those who are there, and the others when they are back", () => {
    const world = createWorld();
    const nodes = gather(world, names(12));
    const here = nodes.slice(0, 6);
    const newcomer = world.node("newcomer");
    const near = new Set([...here, newcomer].map((node) => node.endpoint));
    world.lose = ({ from, to }) => near.has(from) !== near.has(to);
    newcomer.join(here[0] as TestNode);
    world.run(5_000);
    const known = newcomer.core.peers({ mono: world.now(), wall: 0 }).map((peer) => peer.nick);
    expect(known.toSorted()).toEqual(here.map((node) => node.name).toSorted());
    world.run(40_000);
    world.lose = () => false;
    world.until("all to know all", () => isComplete([...nodes, newcomer]), 60_000);
  });
});

describe("trust", () => {
  const source = (met: number, failed: number, more: object = {}) => ({
    ...createInformant("x"),
    met,
    failed,
    ...more,
  });

  it("is earned by four that were met, and lost by a fourth as many that were not", () => {
    expect([source(3, 0), source(4, 0), source(4, 1), source(4, 2), source(8, 2), source(8, 3)].map(isTrusted)).toEqual(
      [false, true, true, false, true, false],
    );
  });

  it("is credit for as many more at a time as were met", () => {
    expect([source(4, 0, { credited: 95 }), source(4, 0, { credited: 96 })].map(hasCredit)).toEqual([true, false]);
    expect(hasCredit(source(0, 0))).toBe(false);
    expect([source(2, 0, { vouched: 17 }), source(2, 0, { vouched: 18 })].map(mayVouch)).toEqual([true, false]);
  });

  it("whoever told of eight that nobody met, and of fewer that were, is not heeded", () => {
    expect([source(0, 7), source(0, 8), source(8, 8), source(8, 9)].map(isHeeded)).toEqual([true, false, true, false]);
  });
});
