/** A row of the table: it asks for runs, and turns them into figures, each with its goal and whether it is met. */
import type { Spread } from "../baselines/model.ts";
import { readScenario } from "../run/library.ts";
import type { Run } from "../run/run.ts";
import type { Scenario } from "../run/scenario.ts";
import type { Reconciled } from "../run/work.ts";

export type { Reconciled } from "../run/work.ts";

export type Line = {
  readonly what: string;
  readonly figure: string;
  readonly goal: string;
  readonly isMet: boolean;
};

export type Outcome = {
  readonly lines: readonly Line[];
  /** Markdown that belongs before them. */
  readonly preface?: string;
};

export type Row = {
  readonly name: string;
  readonly about: string;
  readonly measure: (bench: Bench) => Promise<Outcome>;
};

/** Where the runs of a row are played. */
export type Bench = {
  /** A short look: fewer seeds, less talk, smaller rooms. Its figures are no measure of the goals. */
  readonly isQuick: boolean;
  /** From 1, at most `most` of those asked for. */
  readonly seeds: (most?: number) => readonly number[];
  readonly play: (scenario: Scenario, seed: number) => Promise<Run>;
  readonly spread: (model: string, scenario: Scenario, seed: number) => Promise<Spread>;
  /** One trial of bench/reconcile.js. */
  readonly reconcile: (missing: string, seed: number) => Promise<Reconciled>;
};

/** One of scenarios/. */
export function scenarioOf(name: string, change: Partial<Scenario> = {}): Scenario {
  const scenario = readScenario(name);
  if (typeof scenario === "string") throw new Error(scenario);
  return { ...scenario, ...change };
}

export function playAll(bench: Bench, scenario: Scenario, most?: number): Promise<Run[]> {
  return Promise.all(bench.seeds(most).map((seed) => bench.play(scenario, seed)));
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(values.length, 1);
}

/** Of what each run came to; undefined if one of them never came to it. */
export function worst(values: readonly (number | undefined)[]): number | undefined {
  return values.some((value) => value === undefined) ? undefined : Math.max(...(values as number[]));
}

export function inSeconds(ms: number | undefined): string {
  return ms === undefined ? "never" : `${(ms / 1_000).toFixed(1)} s`;
}

export function inPercent(share: number): string {
  return `${Number((100 * share).toFixed(2))} %`;
}

/** No goal is met by a run in which an invariant broke. */
export function line(runs: readonly Run[], { what, figure, goal, isMet }: Line): Line {
  const broken = runs.reduce((sum, run) => sum + run.broken.length, 0);
  if (broken === 0) return { what, figure, goal, isMet };
  return { what, figure: `${figure}; ${broken} invariants broken`, goal, isMet: false };
}
