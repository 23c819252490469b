/**
 * `npm run sim:soak -- [--seed S] [--seeds N] [--workers N] [--hostile]`: plays random mixes of nodes, loss and faults. If an
 * invariant breaks, the run is made smaller as long as it still breaks, and the rest is written to a file that
 * `npm run sim` replays. Exit code 1 if any run broke.
 */
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { stringify } from "smol-toml";
import { addHarm, closing, counting, linesOf, wholeNumber } from "./report/soaking.ts";
import { ingredientsOf, mixOf } from "./run/mix.ts";
import { createPool, WORKERS_DEFAULT } from "./run/pool.ts";
import { reduce } from "./run/reduce.ts";
import { run } from "./run/run.ts";
import type { Scenario } from "./run/scenario.ts";

const program = new Command("sim:soak")
  .description("plays random scenarios and checks the invariants")
  .option("--seed <n>", "the first seed", wholeNumber, 1)
  .option("--seeds <n>", "how many seeds", counting, 100)
  .option("--hostile", "hostile members in every mix", false)
  .option("--workers <n>", "how many are played at the same time", counting, WORKERS_DEFAULT)
  .option("--attempts <n>", "runs spent on making a failing one smaller", wholeNumber, 100)
  .parse();
const options = program.opts<{ seed: number; seeds: number; hostile: boolean; workers: number; attempts: number }>();
const scenarioOf = (seed: number) => (options.hostile ? mixOf(seed, 1) : mixOf(seed));

const seeds = Array.from({ length: options.seeds }, (_, index) => options.seed + index);
const pool = createPool(Math.min(options.workers, options.seeds));
const runs = seeds.map((seed) => pool.perform({ type: "run", scenario: scenarioOf(seed), seed, sniff: false }));
const totals: Record<string, number> = {};
let failed = 0;
for (const running of runs) {
  const result = await running;
  const { seed } = result;
  const mix = scenarioOf(seed);
  addHarm(totals, result, ingredientsOf(mix));
  const loss = `${Math.round(100 * mix.network.loss)} % loss`;
  const replay = `npm run sim:soak -- --seed ${seed} --seeds 1${options.hostile ? " --hostile" : ""}`;
  const [first, ...rest] = linesOf(result, replay);
  console.log(`${first} (${mix.about}, ${loss})`);
  for (const line of rest) console.log(line);
  if (result.broken.length === 0) continue;
  failed += 1;
  reduceAndTell(mix, seed);
}
await pool.close();
console.log(closing(options.seeds, failed, totals));
process.exit(failed === 0 ? 0 : 1);

// --- internal ---

function reduceAndTell(mix: Scenario, seed: number): void {
  const small = reduce(mix, (smaller) => run(smaller, seed).broken.length > 0, options.attempts);
  const file = join(tmpdir(), `smplchat-${mix.name}.toml`);
  writeFileSync(file, stringify(small));
  const { nodes, faults, speech } = small;
  const kinds = faults.map((fault) => fault.type).join(", ");
  console.log(`  smaller: ${nodes} nodes, ${speech.messages} messages, ${kinds === "" ? "no faults" : kinds}`);
  for (const line of run(small, seed).broken.slice(0, 3)) console.log(`    ${line}`);
  console.log(`  replay the smaller: npm run sim -- --scenario ${file} --seed ${seed}`);
}
