/**
 * `npm run sim:table -- [--seeds N] [--quick] [--only ROW] [--workers N]`: measures every goal that the simulator can
 * measure, and this protocol beside models of others on the standard network. Markdown on stdout, progress on stderr.
 */
import { Command, Option } from "commander";
import { counting } from "./report/soaking.ts";
import { createPool, type Pool, WORKERS_DEFAULT } from "./run/pool.ts";
import type { Result, Work } from "./run/work.ts";
import { joiner, reconcile } from "./targets/historyRows.ts";
import { hostile } from "./targets/hostileRows.ts";
import { relay, scale } from "./targets/relayRows.ts";
import { crowd, detection, idle, split, stalls } from "./targets/roomRows.ts";
import type { Bench, Line, Row } from "./targets/row.ts";

const ROWS: readonly Row[] = [relay, idle, detection, stalls, crowd, split, reconcile, joiner, hostile, scale];

const options = new Command("sim:table")
  .description("what the simulator measures, beside the goals")
  .option("--seeds <n>", "how many seeds, from 1; the largest rooms take 3 at most", counting)
  .option("--quick", "a short look: one seed, less talk, smaller rooms; no measure of the goals")
  .addOption(new Option("--only <row...>", "these rows alone").choices(ROWS.map((row) => row.name)))
  .option("--workers <n>", "how many runs are played at the same time", counting, WORKERS_DEFAULT)
  .addHelpText("after", `\nRows:\n${ROWS.map(({ name, about }) => `  ${name.padEnd(10)} ${about}`).join("\n")}`)
  .parse()
  .opts<{ seeds?: number; quick?: true; only?: string[]; workers: number }>();

const isQuick = options.quick === true;
const seeds = Array.from({ length: options.seeds ?? (isQuick ? 1 : 10) }, (_, index) => index + 1);
const rows = ROWS.filter(({ name }) => options.only?.includes(name) !== false);
const pool = createPool(options.workers);
const bench = benchOn(pool);
const outcomes = rows.map((row) => row.measure(bench));
const lines: Line[] = [];
for (const pending of outcomes) {
  const { preface, lines: more } = await pending;
  if (preface !== undefined) console.log(`${preface}\n`);
  if (lines.length === 0) console.log("| what | measured | goal | met |\n|---|---|---|---|");
  for (const line of more) console.log(rowOf(line));
  lines.push(...more);
}
await pool.close();
const missed = lines.filter((line) => !line.isMet).length;
console.log(`\n${lines.length - missed} of ${lines.length} goals met${isQuick ? " (a quick look, no measure)" : ""}`);

// --- internal ---

function benchOn(threads: Pool): Bench {
  let asked = 0;
  let done = 0;
  const began = performance.now();
  const perform = async <W extends Work>(work: W, what: string): Promise<Result<W>> => {
    asked += 1;
    const result = await threads.perform(work);
    done += 1;
    const seconds = ((performance.now() - began) / 1_000).toFixed(0);
    process.stderr.write(`${done} of ${asked} runs, ${seconds} s: ${what}, seed ${work.seed}\n`);
    return result;
  };
  return {
    isQuick,
    seeds: (most = seeds.length) => seeds.slice(0, most),
    play: (scenario, seed) => {
      const { name, nodes, network } = scenario;
      const what = `${name}, ${nodes} nodes, ${100 * network.loss} % loss`;
      return perform({ type: "run", scenario, seed, sniff: false }, what);
    },
    reconcile: (missing, seed) => perform({ type: "reconcile", missing, seed }, `reconciliation, missing: ${missing}`),
    spread: (model, scenario, seed) =>
      perform({ type: "spread", model, scenario, seed }, `${model}, ${100 * scenario.network.loss} % loss`),
  };
}

function rowOf({ what, figure, goal, isMet }: Line): string {
  return `| ${what} | ${figure} | ${goal} | ${isMet ? "yes" : "**no**"} |`;
}
