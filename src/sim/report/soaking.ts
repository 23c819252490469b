/** What the programs that play many runs share: a line for each run, and totals of what was done to all of them. */
import { InvalidArgumentError } from "commander";
import type { Run } from "../run/run.ts";

/** One line, and for a broken run what broke and how to see it again. */
export function linesOf({ seed, measured, settledMs, broken }: Run, replay: string): string[] {
  const coverage = `${(100 * measured.coverage).toFixed(2)} %`;
  const settled = settledMs === undefined ? "never" : `after ${(settledMs / 1000).toFixed(1)} s`;
  const line = `seed ${seed}: coverage ${coverage}, one log ${settled}`;
  if (broken.length === 0) return [line];
  return [`${line}: BROKEN`, ...broken.map((complaint) => `  ${complaint}`), `  replay: ${replay}`];
}

/** Adds the faults of a run, what its network did, and what else there was, to the totals. */
export function addHarm(
  totals: Record<string, number>,
  { faults, network, hostile }: Run,
  others: Readonly<Record<string, number>> = {},
): void {
  const { lost, duplicated, reordered, cut, junk } = network;
  const attacks = hostileCounts(hostile);
  for (const [kind, count] of Object.entries({
    ...faults,
    ...attacks,
    ...others,
    lost,
    duplicated,
    reordered,
    cut,
    junk,
  }))
    totals[kind] = (totals[kind] ?? 0) + count;
}

/** How many members played each attack, by the names of the totals. */
export function hostileCounts(hostile: Run["hostile"]): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(hostile?.members ?? {}).map(([name, count]) => [`hostile ${name}`, count]));
}

export function closing(seeds: number, failed: number, totals: Readonly<Record<string, number>>): string {
  const faults = Object.entries(totals)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, count]) => `${kind} ${count}`);
  return `${seeds} seeds, ${failed} with a broken invariant; faults injected: ${faults.join(", ")}`;
}

/** For commander. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isSafeInteger(value) || value < 0)
    throw new InvalidArgumentError("a whole number fits");
  return value;
}

/** For commander: at least one. */
export function counting(text: string): number {
  const value = wholeNumber(text);
  if (value === 0) throw new InvalidArgumentError("a whole number from 1 fits");
  return value;
}
