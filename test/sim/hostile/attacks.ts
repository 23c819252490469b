/** Plays one attack in a small room: what each of the tests of hostile members begins with. */
import { expect } from "vitest";
import type { StrategyName } from "../../../src/sim/hostile/names.ts";
import { type Run, run } from "../../../src/sim/run/run.ts";
import { completeScenario, type Scenario } from "../../../src/sim/run/scenario.ts";

const LIMIT_MS = 60_000;
export const timeout = { timeout: LIMIT_MS };

/** Eight nodes, and two hostile members for 15 s while the others talk. */
export function attackedRoom(strategy: StrategyName, change: Readonly<Record<string, unknown>> = {}): Scenario {
  const speech = { messages: 40, everyMs: 500 };
  const hostile = { count: 2, strategies: [strategy], atMs: 3_000, forMs: 15_000 };
  const scenario = completeScenario({
    name: strategy,
    nodes: 8,
    settleMs: 60_000,
    quietMs: 15_000,
    speech,
    hostile,
    ...change,
  });
  if (typeof scenario === "string") throw new Error(scenario);
  return scenario;
}

/** The attack was really played, and the room has come through it. */
export function expectUnharmed(strategy: StrategyName, seed = 1): Run {
  const played = run(attackedRoom(strategy), seed);
  expect(played.hostile).toMatchObject({ members: { [strategy]: 2 }, knownTo: 8 });
  expect(played.hostile?.sent).toBeGreaterThan(100);
  expect(played.broken, `attack ${strategy}, seed ${seed}`).toEqual([]);
  expect(played.measured.coverage).toBe(1);
  expect(played.settledMs).toBeDefined();
  expect(played.rosterSettledMs).toBeDefined();
  expect(played.detected.falseDeaths).toBe(0);
  return played;
}
