/** Failure detection: what a probe costs, who is asked, and who doubts itself. */
import { describe, expect, it } from "vitest";
import { measure } from "../../../src/protocol/link/rtt.ts";
import type { Session } from "../../../src/protocol/link/session.ts";
import { pingsFor } from "../../../src/protocol/liveness/indirectProbe.ts";
import { createProbe } from "../../../src/protocol/liveness/probe.ts";
import type { Reachability } from "../../../src/protocol/liveness/reachability.ts";
import type { Membership } from "../../../src/protocol/membership/membership.ts";
import type { Member } from "../../../src/protocol/membership/roster.ts";
import { createRumours } from "../../../src/protocol/membership/rumours.ts";
import type { PeerId } from "../../../src/wire/ids.ts";
import { bootFrom, createBench, createWorld, gather, identityOf, names, type TestNode } from "../fixtures.ts";
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

  it("by one that has proven nothing yet is answered, and its introduction draws one challenge", () => {
    const world = createWorld();
    const node = world.node("alice");
    const puppet = createPuppet(world, "bob");
    const set = { count: 7, fingerprint: "00".repeat(8) };
    const answers = puppet.tell(node, [
      { type: "ping" },
      {
        type: "digest",
        log: set,
        keeps: { since: 0, small: 10_000, large: 500 },
        isForReceiver: false,
        roster: set,
        isStored: true,
      },
    ]);
    const types = answers.flatMap(({ frames }) => frames.map(({ type }) => type));
    expect(types.filter((type) => type !== "observed")).toEqual(["ack", "digest", "ping"]);
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

describe("a node that misses answers", () => {
  const least = 400;

  it("waits longer with each, up to nine times as long, and less long with each that comes", () => {
    const alone = prober(1);
    const waits = Array.from({ length: 11 }, () => alone.probe("silent"));
    expect(waits).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9].map((times) => times * least));
    const better = Array.from({ length: 10 }, () => alone.probe("answers"));
    expect(better).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 1].map((times) => times * least));
  });

  it("does not doubt itself where all who were asked miss them, too", () => {
    const company = prober(3);
    expect([0, 2, 1, 0].map((deniers) => company.probe("silent", deniers))).toEqual(
      [1, 3, 3, 4].map((times) => times * least),
    );
    expect(company.probe("answers")).toBe(6 * least);
  });
});

// --- internal ---

/** A node that probes the first of so many members, and asks the others, if there are any. */
function prober(count: number) {
  const bench = createBench();
  const waits: number[] = [];
  const timers: typeof bench.timers = {
    ...bench.timers,
    set: (_, at, row) => {
      if (row.type === "probe-deadline") waits.push(at - context.now.mono);
    },
  };
  const context = { ...bench, timers, link: { ...bench.link, send: () => {}, lossRateAtWorst: () => 0 } };
  const members = names(count).map((name): Member => {
    const boot = bootFrom(bench.rng);
    measure(bench.link.sessions.open(boot).rtt, 10);
    return { id: identityOf(name).id, status: "alive", statement: { content: { boot } } } as unknown as Member;
  });
  const sessionOf = ({ statement }: Member): Session => bench.link.sessions.open(statement.content.boot);
  const [target, ...others] = members as [Member, ...Member[]];
  let isTurn = true;
  const membership = {
    get: (peer: PeerId) => members.find(({ id }) => id === peer),
    present: () => (isTurn ? [target] : members),
    presentCount: () => count,
    session: sessionOf,
    suspect: () => true,
  } as unknown as Membership;
  const reachability = { isReachable: () => true, isUnheard: () => false } as unknown as Reachability;
  const probe = createProbe(context, membership, createRumours(), reachability, {
    digest: () => ({ type: "ping" }),
    check: () => {},
  });
  return {
    /** How long it waits for an answer. `deniers`: of those who were asked, as many say that it is silent for them, too. */
    probe: (how: "silent" | "answers", deniers = 0): number | undefined => {
      isTurn = true;
      probe.tick();
      isTurn = false;
      if (others.length > 0) for (let lost = 0; lost < 2; lost += 1) probe.unanswered(target.id);
      for (const other of others.slice(0, deniers)) probe.vouched(target.id, false, sessionOf(other));
      if (how === "answers") sessionOf(target).heardAt = context.now.mono;
      probe.deadline(target.id);
      context.now = { ...context.now, mono: context.now.mono + 10_000 };
      return waits.pop();
    },
  };
}
