/**
 * Rows for idle traffic, for how soon a crash is noticed, for false deaths, and for how soon a split room is one again.
 */
import { quantile } from "../run/quantile.ts";
import type { Run } from "../run/run.ts";
import type { Scenario } from "../run/scenario.ts";
import { type Bench, inSeconds, type Line, line, mean, playAll, type Row, scenarioOf, worst } from "./row.ts";

const IDLE_BYTES_MAX = 400;
const DETECTION_MS_MAX = 9_000;
/** The largest beside the smallest room. */
const IDLE_RATIO_MAX = 1.1;
const CROWD_MS_MAX = 15_000;
const HEAL_MS_MAX = 60_000;
const LARGE_SEEDS_MAX = 3;

export const idle: Row = {
  name: "idle",
  about: "idle traffic with 10, 100 and 1,000 nodes",
  measure: async (bench) => {
    const sizes = bench.isQuick ? [10, 100] : [10, 100, 1_000];
    const rooms = await Promise.all(
      sizes.map((nodes) => playAll(bench, scenarioOf("idle", { nodes }), nodes > 100 ? LARGE_SEEDS_MAX : undefined)),
    );
    const costs = rooms.map((runs) => mean(runs.map((run) => run.measured.idleBytesPerNodePerSecond ?? Number.NaN)));
    const lines = rooms.map((runs, index): Line => {
      const bytes = costs[index] ?? Number.NaN;
      return line(runs, {
        what: `idle traffic per node, in and out, ${sizes[index]} nodes`,
        figure: `${bytes.toFixed(0)} bytes/s`,
        goal: `≤ ${IDLE_BYTES_MAX} bytes/s`,
        isMet: bytes <= IDLE_BYTES_MAX,
      });
    });
    const ratio = Math.max(...costs) / Math.min(...costs);
    const spread = line(rooms.flat(), {
      what: "idle traffic, the dearest of these rooms beside the cheapest",
      figure: `${(100 * (ratio - 1)).toFixed(1)} % more`,
      goal: "within 10 %",
      isMet: ratio <= IDLE_RATIO_MAX,
    });
    return { lines: [...lines, spread] };
  },
};

export const detection: Row = {
  name: "detection",
  about: "from a crash until the last of 100 nodes knows",
  measure: async (bench) => {
    const runs = await playAll(bench, bench.isQuick ? striking(scenarioOf("detection"), 3) : scenarioOf("detection"));
    const times = runs.flatMap((run) => run.detected.detectionMs).sort((a, b) => a - b);
    const undetected = runs.reduce((sum, run) => sum + run.detected.undetected, 0);
    const median = times.length === 0 ? undefined : quantile(times, 0.5);
    const missed = undetected === 0 ? "" : `, ${undetected} not noticed within 30 s`;
    return {
      lines: [
        line(runs, {
          what: `crash until the last survivor knows, ${runs[0]?.nodes} nodes`,
          figure: `median ${inSeconds(median)}, worst ${inSeconds(times.at(-1))} of ${times.length}${missed}`,
          goal: `median ≤ ${inSeconds(DETECTION_MS_MAX)}`,
          isMet: median !== undefined && median <= DETECTION_MS_MAX && undetected === 0,
        }),
      ],
    };
  },
};

export const stalls: Row = {
  name: "stalls",
  about: "false deaths at 10 % loss while a tenth of the nodes stand still for 5 s, again and again",
  measure: async (bench) => {
    const scenario = bench.isQuick ? striking(scenarioOf("stalls"), 6) : scenarioOf("stalls");
    const runs = await playAll(bench, scenario);
    const deaths = runs.reduce((sum, run) => sum + run.detected.falseDeaths, 0);
    const nodeHours = runs.reduce((sum, run) => sum + (run.nodes * run.virtualMs) / 3_600_000, 0);
    const bytes = mean(runs.map((run) => (2_000 * run.network.bytes) / run.nodes / run.virtualMs));
    return {
      lines: [
        line(runs, {
          what: "false deaths, 10 % loss, 10 % of nodes stalling 5 s",
          figure: `${deaths} in ${nodeHours.toFixed(1)} node-hours (${bytes.toFixed(0)} bytes/s per node, in and out)`,
          goal: "0 in 10 node-hours",
          isMet: deaths === 0,
        }),
      ],
    };
  },
};

export const crowd: Row = {
  name: "crowd",
  about: "500 nodes join one within 10 s",
  measure: async (bench) => {
    const scenario = bench.isQuick ? smaller(scenarioOf("crowd-500"), 100) : scenarioOf("crowd-500");
    const runs = await playAll(bench, scenario, LARGE_SEEDS_MAX);
    const rosterMs = worst(runs.map((run) => run.rosterSettledMs));
    return {
      lines: [
        line(runs, {
          what: `${scenario.nodes - 1} nodes join one within 10 s: complete rosters`,
          figure: `after ${inSeconds(rosterMs)}, one log after ${inSeconds(worst(runs.map((run) => run.settledMs)))}`,
          goal: "≤ 15 s after the last joined",
          isMet: rosterMs !== undefined && rosterMs <= CROWD_MS_MAX,
        }),
      ],
    };
  },
};

export const split: Row = {
  name: "split",
  about: "one log and one roster after a partition of 60 s and of 30 min, also with one side restarted",
  measure: async (bench) => {
    const short = [
      ["split-heal", "split of 60 s"],
      ["split-restart", "split of 60 s, one side restarted"],
    ] as const;
    const long = [
      ["split-long", "split of 30 min"],
      ["split-long-restart", "split of 30 min, one side restarted"],
    ] as const;
    const rows = bench.isQuick ? short : [...short, ...long];
    return { lines: await Promise.all(rows.map(([name, what]) => healLine(bench, name, what))) };
  },
};

// --- internal ---

async function healLine(bench: Bench, name: string, what: string): Promise<Line> {
  const runs = await playAll(bench, scenarioOf(name));
  const [logs, rosters] = [settled(runs, "settledMs"), settled(runs, "rosterSettledMs")];
  const isWithin = (ms: number | undefined): boolean => ms !== undefined && ms <= HEAL_MS_MAX;
  return line(runs, {
    what: `${what}, messages on both sides, healed`,
    figure: `one log ${logs.text}, one roster ${rosters.text}`,
    goal: `≤ ${inSeconds(HEAL_MS_MAX)}, nothing lost`,
    isMet: isWithin(logs.worst) && isWithin(rosters.worst) && runs.every((run) => run.measured.coverage === 1),
  });
}

function settled(
  runs: readonly Run[],
  of: "settledMs" | "rosterSettledMs",
): { text: string; worst: number | undefined } {
  const times = runs.map((run) => run[of]);
  const longest = worst(times);
  if (longest === undefined) return { text: "never", worst: undefined };
  return { text: `${inSeconds(mean(times as number[]))} (worst ${inSeconds(longest)})`, worst: longest };
}

/** The scenario with its one fault striking less often. */
function striking(scenario: Scenario, times: number): Scenario {
  return { ...scenario, faults: scenario.faults.map((fault) => ({ ...fault, times })) };
}

/** A crowd of fewer. */
function smaller(scenario: Scenario, count: number): Scenario {
  return { ...scenario, nodes: count + 1, faults: scenario.faults.map((fault) => ({ ...fault, count })) };
}
