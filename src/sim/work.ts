/** A piece of work for one thread: everything it needs, and nothing but plain values. */
import { type Spread, spread } from "./baselines/model.ts";
import { models } from "./baselines/models.ts";
import { type Run, run } from "./run.ts";
import type { Scenario } from "./scenario.ts";

export type Work =
  | { readonly type: "run"; readonly scenario: Scenario; readonly seed: number; readonly sniff: boolean }
  | { readonly type: "spread"; readonly model: string; readonly scenario: Scenario; readonly seed: number };

export type Result<W extends Work> = W extends { readonly type: "run" } ? Run : Spread;

/** Not to be called while another piece is being worked on in this thread. */
export function perform<W extends Work>(work: W): Result<W> {
  return (work.type === "run" ? played(work) : spreadBy(work)) as Result<W>;
}

// --- internal ---

function played({ scenario, seed, sniff }: Work & { type: "run" }): Run {
  return run(scenario, seed, { sniff });
}

function spreadBy({ model, scenario, seed }: Work & { type: "spread" }): Spread {
  const found = models.find((candidate) => candidate.name === model);
  if (found === undefined) throw new Error(`no model ${model}`);
  return spread(found, scenario, seed);
}
