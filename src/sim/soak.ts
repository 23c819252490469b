/**
 * `npm run sim -- [--scenario NAME|FILE] [--seed S] [--seeds N]`: plays a scenario with one seed after another and prints, for
 * each run in which an invariant broke, what broke and the one command that replays it. Exit code 1 if any did.
 */
import { Command } from "commander";
import { readScenario } from "./library.ts";
import { type Run, run } from "./run.ts";
import type { Scenario } from "./scenario.ts";
import { addHarm, closing, linesOf, wholeNumber } from "./soaking.ts";

const program = new Command("sim")
  .description("plays a scenario of scenarios/ with many seeds and checks the invariants")
  .option("--scenario <name>", "a file of scenarios/, or a path", "mesh")
  .option("--seed <n>", "the first seed", wholeNumber, 1)
  .option("--seeds <n>", "how many seeds, one after another", wholeNumber, 1)
  .option("--trace", "print the hash of each run's trace")
  .parse();
const options = program.opts<{ scenario: string; seed: number; seeds: number; trace?: true }>();

const scenario = readScenario(options.scenario);
if (typeof scenario === "string") {
  console.error(`sim: ${scenario}`);
  process.exit(2);
}
process.exit(soak(scenario) === 0 ? 0 : 1);

// --- internal ---

/** Plays all seeds; how many runs broke an invariant. */
function soak(played: Scenario): number {
  console.log(`${played.name}: ${played.about}`);
  let failed = 0;
  const totals: Record<string, number> = {};
  for (let seed = options.seed; seed < options.seed + options.seeds; seed += 1) {
    const result = run(played, seed);
    if (result.broken.length > 0) failed += 1;
    report(result);
    addHarm(totals, result);
  }
  console.log(closing(options.seeds, failed, totals));
  return failed;
}

function report(result: Run): void {
  for (const line of linesOf(result, `npm run sim -- --scenario ${options.scenario} --seed ${result.seed}`))
    console.log(line);
  if (options.trace === true) console.log(`  trace ${result.trace}`);
}
