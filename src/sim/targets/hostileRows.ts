/** A row for what hostile members cost the honest ones: each attack beside the same room without it. */
import { hostileStrategies, type StrategyName, strategyNames } from "../hostile/names.ts";
import type { Run } from "../run/run.ts";
import type { Scenario } from "../run/scenario.ts";
import { type Bench, type Line, line, playAll, type Row, scenarioOf, worst } from "./row.ts";

const SEEDS_MAX = 3;
/** Nobody may be held up beyond this factor; what is over sooner than the floor holds up nobody. */
const FACTOR_MAX = 2;
const FLOOR_MS = 250;
/** Each node needs so long for a datagram, so that a flood of them can hold up what matters. */
const DATAGRAM_MS = 1;
const QUICK: readonly StrategyName[] = ["flood", "announceNever", "creditHog"];

export const hostile: Row = {
  name: "hostile",
  about: "p99 of what honest nodes say while 3 of 15 members attack, for each attack",
  measure: async (bench) => {
    const names = bench.isQuick ? QUICK : strategyNames;
    const [calm, ...attacked] = await Promise.all([
      play(bench, undefined),
      ...names.map((strategy) => play(bench, strategy)),
    ]);
    return { lines: names.map((name, index) => lineOf(name, calm, attacked[index] ?? [])) };
  },
};

// --- internal ---

/** Without the hostile members of the scenario, or with one attack by all of them. */
function play(bench: Bench, strategy: StrategyName | undefined): Promise<Run[]> {
  const { hostile: attack, ...honest } = scenarioOf("hostile", { nodes: 12, quietMs: 0 });
  const { messages, everyMs } = honest.speech;
  const slow = { type: "slow", count: honest.nodes, byMs: DATAGRAM_MS, forMs: messages * everyMs } as const;
  const calm: Scenario = {
    ...honest,
    faults: [{ atMs: 0, groups: 2, share: 0.5, times: 1, everyMs: 1_000, ...slow }],
  };
  if (strategy === undefined || attack === undefined) return playAll(bench, calm, SEEDS_MAX);
  return playAll(bench, { ...calm, hostile: { ...attack, count: 3, strategies: [strategy] } }, SEEDS_MAX);
}

function lineOf(name: StrategyName, calm: readonly Run[], attacked: readonly Run[]): Line {
  const [before, under] = [calm, attacked].map((runs) => worst(runs.map((run) => run.measured.p99Ms)) ?? 0) as [
    number,
    number,
  ];
  const most = Math.max(FACTOR_MAX * before, FLOOR_MS);
  return line(attacked, {
    what: `p99 while a member ${hostileStrategies[name]} (${name})`,
    figure: `${under.toFixed(0)} ms, without ${before.toFixed(0)} ms`,
    goal: `≤ ${most.toFixed(0)} ms`,
    isMet: under <= most,
  });
}
