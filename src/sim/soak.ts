/**
 * `npm run sim -- [--scenario NAME|FILE] [--seed S] [--seeds N] [--workers N]`: plays a scenario with many seeds. For each
 * run in which an invariant broke it prints what broke and the one command that replays the run. Exit code 1 if any did.
 */
import { Command } from "commander";
import { addHarm, closing, counting, linesOf, wholeNumber } from "./report/soaking.ts";
import { readScenario } from "./run/library.ts";
import { createPool, WORKERS_DEFAULT } from "./run/pool.ts";
import type { Run } from "./run/run.ts";
import type { Scenario } from "./run/scenario.ts";

const program = new Command("sim")
  .description("plays a scenario of scenarios/ with many seeds and checks the invariants")
  .option("--scenario <name>", "a file of scenarios/, or a path", "mesh")
  .option("--seed <n>", "the first seed", wholeNumber, 1)
  .option("--seeds <n>", "how many seeds", counting, 1)
  .option("--workers <n>", "how many are played at the same time", counting, WORKERS_DEFAULT)
  .option("--trace", "print the hash of each run's trace")
  .parse();
const options = program.opts<{ scenario: string; seed: number; seeds: number; workers: number; trace?: true }>();

const scenario = readScenario(options.scenario);
if (typeof scenario === "string") {
  console.error(`sim: ${scenario}`);
  process.exit(2);
}
process.exit((await soak(scenario)) === 0 ? 0 : 1);

// --- internal ---

/** Plays all seeds; how many runs broke an invariant. */
async function soak(played: Scenario): Promise<number> {
  console.log(`${played.name}: ${played.about}`);
  const pool = createPool(Math.min(options.workers, options.seeds));
  const runs = Array.from({ length: options.seeds }, (_, index) =>
    pool.perform({ type: "run", scenario: played, seed: options.seed + index, sniff: false }),
  );
  let failed = 0;
  const totals: Record<string, number> = {};
  for (const running of runs) {
    const result = await running;
    if (result.broken.length > 0) failed += 1;
    report(result);
    addHarm(totals, result);
  }
  await pool.close();
  console.log(closing(options.seeds, failed, totals));
  return failed;
}

function report(result: Run): void {
  for (const line of linesOf(result, `npm run sim -- --scenario ${options.scenario} --seed ${result.seed}`))
    console.log(line);
  if (options.trace === true) console.log(`  trace ${result.trace}`);
}
