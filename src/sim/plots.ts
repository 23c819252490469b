/**
 * `npm run sim:plots -- [--only NAME] [--workers N]`: draws the figures of docs/gossip.md into docs/plots/. It takes some
 * minutes and always gives the same figures.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command, Option } from "commander";
import { models } from "./baselines/models.ts";
import { drawChart, type Series } from "./report/chart.ts";
import { curve } from "./report/coverage.ts";
import { counting } from "./report/soaking.ts";
import { readScenario } from "./run/library.ts";
import { createPool, WORKERS_DEFAULT } from "./run/pool.ts";
import type { Run } from "./run/run.ts";
import type { Scenario } from "./run/scenario.ts";

const folder = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), "docs", "plots");
const SEED = 1;
const NODES = 100;
const LOSSES = [0, 0.1, 0.3];
const FANOUTS = [1, 2, 3, 5, 7, 10, 16, 24];
const SIZES = [10, 20, 50, 100, 200, 500, 1_000];
const UNTIL_MS = 600;

const drawings: Readonly<Record<string, () => Promise<Readonly<Record<string, string>>>>> = {
  coverage: coverageOverTime,
  fanout: againstFanout,
  size: costAgainstSize,
};
const { only, workers } = new Command("sim:plots")
  .description("draws the figures of docs/gossip.md")
  .addOption(new Option("--only <name...>", "these alone").choices(Object.keys(drawings)))
  .option("--workers <n>", "how many runs are played at the same time", counting, WORKERS_DEFAULT)
  .parse()
  .opts<{ only?: string[]; workers: number }>();

const pool = createPool(workers);
mkdirSync(folder, { recursive: true });
const drawn = Object.keys(drawings)
  .filter((name) => only?.includes(name) !== false)
  .map((name) => drawings[name]?.());
for (const pending of drawn) {
  for (const [name, svg] of Object.entries((await pending) ?? {})) {
    writeFileSync(join(folder, `${name}.svg`), svg);
    console.log(`docs/plots/${name}.svg`);
  }
}
await pool.close();

// --- internal ---

function play(scenario: Scenario): Promise<Run> {
  return pool.perform({ type: "run", scenario, seed: SEED, sniff: false });
}

/** The standard network with less talk: a curve needs no 200 messages. */
function standard(change: Partial<Scenario>, loss: number, messages: number): Scenario {
  const scenario = readScenario("standard");
  if (typeof scenario === "string") throw new Error(scenario);
  const network = { ...scenario.network, loss };
  return { ...scenario, idleMs: 10_000, network, speech: { ...scenario.speech, messages }, ...change };
}

async function coverageOverTime(): Promise<Readonly<Record<string, string>>> {
  const messages = 100;
  const scenario = standard({ nodes: NODES }, 0.1, messages);
  const whole = messages * (NODES - 1);
  const shown = models.filter((model) => model.name !== "flood").map((model) => model.name);
  const spreads = shown.map((model) => pool.perform({ type: "spread", model, scenario, seed: SEED }));
  const ours = (await play(scenario)).delays.flat().sort((a, b) => a - b);
  const theirs = await Promise.all(spreads);
  const series: Series[] = [
    { name: "smplchat", points: curve(ours, whole) },
    ...theirs.map(({ delays }, index) => ({ name: shown[index] ?? "", points: curve(delays, whole) })),
  ];
  const coverage = drawChart({
    title: `Who has a message how soon: ${NODES} nodes, 10 % loss`,
    x: { label: "ms since it was said", max: UNTIL_MS },
    y: { label: "% of receivers that have it", max: 100 },
    series: series.map(({ name, points }) => ({ name, points: until(points) })),
  });
  return { coverage };
}

/** Cut off at the right edge, and drawn up to it. */
function until(points: Series["points"]): Series["points"] {
  const within = points.filter(([at]) => at <= UNTIL_MS);
  return [...within, [UNTIL_MS, within.at(-1)?.[1] ?? 0]];
}

async function againstFanout(): Promise<Readonly<Record<string, string>>> {
  const swept = await Promise.all(
    LOSSES.map(async (loss) => {
      const runs = FANOUTS.map((fanout) => play(standard({ nodes: 50, config: { fanout } }, loss, 40)));
      return { name: `${100 * loss} % loss`, runs: await Promise.all(runs) };
    }),
  );
  const seriesOf = (figure: (run: Run) => number): Series[] =>
    swept.map(({ name, runs }) => ({
      name,
      points: runs.map((run, index) => [FANOUTS[index] ?? 0, figure(run)] as const),
    }));
  const sends = seriesOf((run) => run.measured.sendsPerDelivery);
  const times = seriesOf((run) => run.measured.p99Ms);
  const x = { label: "GOSSIP_FANOUT", max: 24 };
  const highest = (series: readonly Series[]): number =>
    Math.max(...series.flatMap((one) => one.points.map(([, y]) => y)));
  return {
    "sends-fanout": drawChart({
      title: "What a delivery costs: 50 nodes",
      x,
      y: { label: "sends per delivery", max: Math.ceil(highest(sends)) },
      series: sends,
    }),
    "time-fanout": drawChart({
      title: "How long the last percent waits: 50 nodes",
      x,
      y: { label: "p99 of first sight, ms", max: Math.ceil(highest(times) / 100) * 100 },
      series: times,
    }),
  };
}

async function costAgainstSize(): Promise<Readonly<Record<string, string>>> {
  const played = await Promise.all(SIZES.map((nodes) => play(standard({ nodes, idleMs: 60_000 }, 0, 30))));
  const runs = played.map(({ nodes, measured }) => ({ nodes, measured }));
  const series: Series[] = [
    {
      name: "idle, bytes/s per node",
      points: runs.map(({ nodes, measured: m }) => [nodes, m.idleBytesPerNodePerSecond ?? 0]),
    },
    { name: "bytes per delivery", points: runs.map(({ nodes, measured: m }) => [nodes, m.bytesPerDelivery]) },
    { name: "p99, ms", points: runs.map(({ nodes, measured: m }) => [nodes, m.p99Ms]) },
  ];
  const highest = Math.max(...series.flatMap((one) => one.points.map(([, y]) => y)));
  const size = drawChart({
    title: "What a larger room costs: no loss",
    x: { label: "nodes", max: SIZES.at(-1) as number, isLogarithmic: true },
    y: { label: "bytes, or ms", max: Math.ceil(highest / 100) * 100 },
    series,
  });
  return { "cost-size": size };
}
