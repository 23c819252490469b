/** A piece of work for one thread: all that it needs, as plain values. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Millis } from "../../protocol/time.ts";
import { type Spread, spread } from "../baselines/model.ts";
import { models } from "../baselines/models.ts";
import { type Run, run } from "./run.ts";
import type { Scenario } from "./scenario.ts";

export type Work =
  | { readonly type: "run"; readonly scenario: Scenario; readonly seed: number; readonly sniff: boolean }
  | { readonly type: "spread"; readonly model: string; readonly scenario: Scenario; readonly seed: number }
  | { readonly type: "reconcile"; readonly missing: string; readonly seed: number };

export type Result<W extends Work> = W extends { readonly type: "run" }
  ? Run
  : W extends { readonly type: "spread" }
    ? Spread
    : Reconciled;

/** What bench/reconcile.js prints of a trial; null: that never came, or there was nothing to come. */
export type Reconciled = {
  readonly missing: string;
  /** Of the frames that compare. */
  readonly bytes: number;
  readonly roundTripsFirst: number | null;
  readonly roundTrips: number | null;
  readonly pageMs: Millis | null;
  readonly allMs: Millis | null;
};

/** Not to be called while another piece is being worked on in this thread. */
export function perform<W extends Work>(work: W): Result<W> {
  switch (work.type) {
    case "run":
      return played(work) as Result<W>;
    case "spread":
      return spreadBy(work) as Result<W>;
    default:
      return reconciled(work) as Result<W>;
  }
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

/** The benchmark stands outside of the program that is installed: it runs by itself, and prints a line. */
function reconciled({ missing, seed }: Work & { type: "reconcile" }): Reconciled {
  const program = fileURLToPath(new URL("../../../bench/reconcile.js", import.meta.url));
  const words = [program, "--json", "--only", missing, "--seed", String(seed)];
  return JSON.parse(execFileSync(process.execPath, words, { encoding: "utf8" }));
}
