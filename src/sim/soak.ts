/**
 * `npm run sim -- [--scenario NAME|FILE] [--seed S] [--seeds N]`: plays a scenario with one seed after another and prints, for
 * each run in which an invariant broke, what broke and the one command that replays it. Exit code 1 if any did.
 */
import { Command, InvalidArgumentError } from "commander";
import { readScenario } from "./library.ts";
import { type Run, run } from "./run.ts";
import type { Scenario } from "./scenario.ts";

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
    for (const [kind, count] of Object.entries({ ...result.faults, ...harm(result) })) {
      totals[kind] = (totals[kind] ?? 0) + count;
    }
  }
  const faults = Object.entries(totals).map(([kind, count]) => `${kind} ${count}`);
  console.log(`${options.seeds} seeds, ${failed} with a broken invariant; faults injected: ${faults.join(", ")}`);
  return failed;
}

function report(result: Run): void {
  const { seed, measured, settledMs, broken } = result;
  const coverage = `${(100 * measured.coverage).toFixed(2)} %`;
  const settled = settledMs === undefined ? "never" : `after ${(settledMs / 1000).toFixed(1)} s`;
  const trace = options.trace ? `, trace ${result.trace}` : "";
  console.log(`seed ${seed}: coverage ${coverage}, one log ${settled}${trace}${broken.length > 0 ? ": BROKEN" : ""}`);
  for (const line of broken) console.log(`  ${line}`);
  if (broken.length > 0) console.log(`  replay: npm run sim -- --scenario ${options.scenario} --seed ${seed}`);
}

function harm({ network }: Run): Record<string, number> {
  const { lost, duplicated, reordered, cut, junk } = network;
  return { lost, duplicated, reordered, cut, junk };
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError("a whole number fits");
  return value;
}
