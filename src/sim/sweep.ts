/**
 * `npm run sim:sweep -- [--seeds N] [--messages N] [--workers N]`: plays the standard network with other numbers in the
 * place of those that the relay chooses, beside models of others. It writes Markdown and docs/plots/sweep.svg. The
 * defaults of redundancy.ts come from it.
 */
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import type { Config } from "../protocol/config.ts";
import { drawChart, type Series } from "./report/chart.ts";
import { counting } from "./report/soaking.ts";
import { readScenario } from "./run/library.ts";
import { createPool, WORKERS_DEFAULT } from "./run/pool.ts";
import type { Scenario } from "./run/scenario.ts";

type Figures = { readonly sends: number; readonly bytes: number; readonly p99Ms: number };
type Row = { readonly loss: number; readonly what: string; readonly config: Partial<Config> };

const LOSSES = [0, 0.05, 0.1, 0.2, 0.3];
const FANOUTS = [5, 10, 16, 20, 24, 32, 50];
/** Orders with the message, and with its id. */
const PLANS: Readonly<Record<number, readonly (readonly [bodies: number, ids: number])[]>> = {
  0: [
    [1, 0],
    [1.5, 0],
    [2, 0],
  ],
  0.05: [
    [1, 0],
    [1, 2],
    [1.5, 1],
    [2, 0],
    [2, 1],
  ],
  0.1: [
    [2, 0],
    [2, 1],
    [2, 3],
    [2.3, 2],
    [2.5, 1],
    [3, 0],
    [3, 1],
  ],
  0.2: [
    [2.5, 1],
    [3, 3],
    [3.5, 3],
    [4, 2],
    [4, 3],
  ],
  0.3: [
    [3, 5],
    [4, 3],
    [4, 5],
    [4.6, 5],
    [5, 3],
    [5, 5],
    [6, 5],
  ],
};
const MODELS = ["gossipsub-like mesh", "Plumtree"];
const P99_MS_SHOWN = 600;

const { seeds, messages, workers } = new Command("sim:sweep")
  .description("the relay with other numbers than its own, on the standard network")
  .option("--seeds <n>", "how many seeds, from 1", counting, 2)
  .option("--messages <n>", "how many messages are said", counting, 100)
  .option("--workers <n>", "how many runs are played at the same time", counting, WORKERS_DEFAULT)
  .parse()
  .opts<{ seeds: number; messages: number; workers: number }>();
const pool = createPool(workers);
const standard = scenario();

console.log(`100 nodes, ${messages} messages, mean of ${seeds} seeds\n`);
console.log("| loss | what | sends per delivery | bytes per delivery | p99 |");
console.log("|---|---|---|---|---|");
const series: Series[] = [];
for (const loss of LOSSES) await sweep(loss);
const theirs = await Promise.all(MODELS.map(modelSeries));
writeFileSync(
  join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), "docs", "plots", "sweep.svg"),
  drawChart({
    title: "What p99 costs: plans of this relay, and models of others at 10 and 30 % loss",
    x: { label: "sends per delivery", max: 6 },
    y: { label: "p99 of first sight, ms", max: P99_MS_SHOWN },
    series: [...series, ...theirs],
  }),
);
await pool.close();

// --- internal ---

async function sweep(loss: number): Promise<void> {
  const plans = (PLANS[loss] ?? []).map(
    ([bodies, ids]): Row => ({ loss, what: `${bodies} + ${ids} orders`, config: { bodies, ids } }),
  );
  const fanouts = FANOUTS.map((fanout): Row => ({ loss, what: `fanout ${fanout}`, config: { fanout } }));
  const rows: Row[] = [{ loss, what: "the defaults", config: {} }, ...plans, ...fanouts];
  const figures = await Promise.all(rows.map((row) => mean(row)));
  for (const [index, row] of rows.entries()) print(row, figures[index] as Figures);
  const ofPlans = figures.slice(1, 1 + plans.length).sort((a, b) => a.sends - b.sends);
  if (loss === 0.1 || loss === 0.3) {
    const points = ofPlans.map(({ sends, p99Ms }) => [sends, Math.min(p99Ms, P99_MS_SHOWN)] as const);
    series.push({ name: `smplchat, ${100 * loss} % loss`, points });
  }
}

async function mean({ loss, config }: Row): Promise<Figures> {
  const changed = { ...standard, config, network: { ...standard.network, loss } };
  const runs = await Promise.all(
    Array.from({ length: seeds }, (_, index) =>
      pool.perform({ type: "run", scenario: changed, seed: index + 1, sniff: false }),
    ),
  );
  const of = (figure: (run: (typeof runs)[number]) => number): number =>
    runs.reduce((sum, run) => sum + figure(run), 0) / runs.length;
  return {
    sends: of((run) => run.measured.sendsPerDelivery),
    bytes: of((run) => run.measured.bytesPerDelivery),
    p99Ms: of((run) => run.measured.p99Ms),
  };
}

async function modelSeries(model: string): Promise<Series> {
  const points = await Promise.all(
    [0.1, 0.3].map(async (loss) => {
      const changed = { ...standard, network: { ...standard.network, loss } };
      const { sendsPerDelivery, p99Ms } = await pool.perform({ type: "spread", model, scenario: changed, seed: 1 });
      return [sendsPerDelivery, Math.min(p99Ms, P99_MS_SHOWN)] as const;
    }),
  );
  return { name: `${model}, 10 and 30 %`, points };
}

function print({ loss, what }: Row, { sends, bytes, p99Ms }: Figures): void {
  console.log(
    `| ${Math.round(100 * loss)} % | ${what} | ${sends.toFixed(2)} | ${bytes.toFixed(0)} | ${p99Ms.toFixed(0)} ms |`,
  );
}

function scenario(): Scenario {
  const found = readScenario("standard");
  if (typeof found === "string") throw new Error(found);
  return { ...found, speech: { ...found.speech, messages } };
}
