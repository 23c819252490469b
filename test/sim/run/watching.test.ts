/** Who looks into the datagrams of a run sees when logs are compared, and who claims what. */
import { expect, test } from "vitest";
import { seededRng } from "../../../src/protocol/rng.ts";
import type { Checkers } from "../../../src/sim/run/checkers.ts";
import { completeScenario, type Scenario } from "../../../src/sim/run/scenario.ts";
import { createStage, type Hooks } from "../../../src/sim/run/stage.ts";
import { complaintsOfQuiet, complaintsOfWaiting, watchRooms } from "../../../src/sim/run/watching.ts";
import { createAgenda } from "../../../src/sim/world/agenda.ts";
import { createNetwork } from "../../../src/sim/world/network.ts";
import { type VirtualNode, WALL_START } from "../../../src/sim/world/node.ts";
import type { MessageId } from "../../../src/wire/ids.ts";

/** Three nodes of which two are up, and have said something. */
function play(change: Partial<Scenario> = {}) {
  const scenario = { ...complete(), ...change };
  const agenda = createAgenda();
  const rng = seededRng(1);
  const world = { agenda, rng, network: createNetwork(scenario.network, agenda, rng) };
  const fail: Hooks["onThrow"] = (_, error) => {
    throw error;
  };
  const unheard = (): void => undefined;
  const hooks = { onStart: unheard, onStop: unheard, onEvent: unheard, onThrow: fail, onRefused: unheard };
  const stage = createStage(scenario, 1, world, hooks);
  const claims: string[] = [];
  const claimed: Checkers["claimed"] = (node, _, how) => claims.push(`n${node} ${how}`);
  const watched = watchRooms(scenario, stage, world, false, () => ({ claimed }) as unknown as Checkers);
  const [first, second, third] = stage.nodes as [VirtualNode, VirtualNode, VirtualNode];
  first.start([]);
  second.start([first.endpoint]);
  const wait = (ms: number): void => agenda.runUntil(agenda.now() + ms);
  wait(5_000);
  first.say("hi");
  wait(20_000);
  return { first, second, third, wait, watched, claims };
}

test("a newcomer that asks for the history is counted as comparing, and so is nothing else", () => {
  const { first, third, wait, watched } = play();
  wait(60_000);
  expect(watched.comparedInQuiet(), "not counted before").toEqual({ frames: 0, checks: 0 });
  watched.startQuiet();
  wait(150_000);
  const { frames, checks } = watched.comparedInQuiet();
  expect(frames, "all are equal").toBe(0);
  // Two to four checks of each of the two, and their answers.
  expect(checks).toBeGreaterThanOrEqual(8);
  expect(checks).toBeLessThanOrEqual(16);
  third.start([first.endpoint]);
  wait(10_000);
  expect(third.core().ids()).toHaveLength(1);
  expect(watched.comparedInQuiet().frames).toBeGreaterThan(0);
});

test("comparing without end is a complaint, a question or two from before is none", () => {
  expect(complaintsOfQuiet({ frames: 12, checks: 0 }, 12)).toEqual([]);
  expect(complaintsOfQuiet({ frames: 13, checks: 0 }, 12)).toHaveLength(1);
});

test("checks of equal logs are no complaint, unless they never end", () => {
  expect(complaintsOfQuiet({ frames: 0, checks: 120 }, 12)).toEqual([]);
  expect(complaintsOfQuiet({ frames: 0, checks: 121 }, 12)).toEqual([
    "I10: 121 frames compared logs when all were equal and nobody talked",
  ]);
});

test("what waits among others that have it is a complaint, what waits for somebody to come is none", () => {
  expect(complaintsOfWaiting([waitingNode(2, 0), waitingNode(0, 3), waitingNode(2, 1, [], false)], WALL_START)).toEqual(
    [],
  );
  expect(complaintsOfWaiting([waitingNode(2, 0), waitingNode(2, 3)], WALL_START)).toEqual([
    "I8: n1 calls 3 of its messages waiting that all have",
  ]);
});

test("what a wrong clock stamped too far ahead waits, as long as no other has taken it", () => {
  const ahead = idAt(WALL_START + 500_000);
  const soon = idAt(WALL_START + 200_000);
  expect(complaintsOfWaiting([waitingNode(2, 0), waitingNode(2, 1, [ahead])], WALL_START)).toEqual([]);
  const complaint = ["I8: n1 calls 1 of its messages waiting that all have"];
  expect(complaintsOfWaiting([waitingNode(2, 0), waitingNode(2, 2, [ahead])], WALL_START)).toEqual(complaint);
  expect(complaintsOfWaiting([waitingNode(2, 0), waitingNode(2, 1, [soon])], WALL_START)).toEqual(complaint);
  expect(complaintsOfWaiting([waitingNode(2, 0, [ahead]), waitingNode(2, 1, [ahead])], WALL_START)).toEqual(complaint);
  expect(complaintsOfWaiting([waitingNode(2, 0), waitingNode(2, 1, [ahead])], WALL_START + 300_000)).toEqual(complaint);
});

test("whoever acknowledges a message claims it, by its number", () => {
  expect(play().claims).toContain("n1 acknowledged");
});

test("a scenario without silence and without disks is not looked into", () => {
  const { claims, watched } = play({ quietMs: 0 });
  expect([claims, watched.comparedInQuiet()]).toEqual([[], { frames: 0, checks: 0 }]);
});

// --- internal ---

/** It knows so many others, and calls so many of its messages waiting. */
function waitingNode(peers: number, waiting: number, ids: MessageId[] = [], isUp = true): VirtualNode {
  const core = { stats: () => ({ peers }), undelivered: () => waiting, ids: () => ids };
  return { isUp: () => isUp, core: () => core } as unknown as VirtualNode;
}

function idAt(time: number): MessageId {
  return `${time.toString(16).padStart(12, "0")}${"0".repeat(36)}` as MessageId;
}

function complete(): Scenario {
  const scenario = completeScenario({ name: "three", nodes: 3, quietMs: 1_000 });
  if (typeof scenario === "string") throw new Error(scenario);
  return scenario;
}
