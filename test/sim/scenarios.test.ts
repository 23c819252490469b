/** Each scenario that comes with the program is played once: the trouble it promises happens, and all invariants hold. */
import { expect, test } from "vitest";
import { readScenario, scenarioNames } from "../../src/sim/run/library.ts";
import { type Run, run } from "../../src/sim/run/run.ts";

/** The mesh has test files of its own, the last are measured, not tested; the largest of the others is played smaller. */
const elsewhere = ["mesh", "standard", "vast", "crowd-500", "stalls", "split-long", "split-long-restart"];
const NODES_MAX = 16;
const LIMIT_MS = 120_000;

test.each(scenarioNames().filter((name) => !elsewhere.includes(name)))(
  "%s",
  (name) => {
    const scenario = readScenario(name);
    if (typeof scenario === "string") throw new Error(scenario);
    const nodes = scenario.faults.some((fault) => fault.type === "late")
      ? scenario.nodes
      : Math.min(scenario.nodes, NODES_MAX);
    const played = run({ ...scenario, nodes }, 1, { sniff: scenario.newer > 0 });
    const replay = `replay: smplchat sim ${name} --nodes ${nodes} --seed 1`;
    expect(played.broken, replay).toEqual([]);
    expect(played.measured.coverage, replay).toBe(1);
    expect(played.settledMs, replay).toBeDefined();
    for (const { type } of scenario.faults) expect(played.faults[type], replay).toBeGreaterThan(0);
    for (const [type, count] of Object.entries(harmOf(played)))
      if (scenario.faults.some((fault) => fault.type === type)) expect(count, replay).toBeGreaterThan(0);
    if (scenario.newer > 0) expect(played.sniffed?.frameBytes.unknown, replay).toBeGreaterThan(0);
    const perNodeSecond = played.network.sent / played.nodes / (played.virtualMs / 1_000);
    expect(perNodeSecond, replay).toBeLessThan(scenario.speech.flood === undefined ? 150 : 400);
  },
  LIMIT_MS,
);

/** What came of the faults of disks, by their type. */
function harmOf({ disks }: Run): Readonly<Record<string, number>> {
  return { full: disks.full, failing: disks.failed, badReads: disks.unreadable + disks.damaged };
}
