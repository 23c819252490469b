/**
 * Runs targets on hostile inputs and says what it found. A target plays episodes; each has a seed of its own, so that one
 * episode replays what many have found.
 */
import { type Rng, seededRng } from "../../src/protocol/rng.ts";
import { type Mutator, nextInput } from "./mutate.ts";

/** `refused`: the input was no valid one, and it was said so in the way that the target has for that. */
export type Outcome = "accepted" | "refused";

/** One after another, with one state. Whatever is thrown is a finding. */
export type Episode = {
  readonly step: (rng: Rng) => Outcome | Promise<Outcome>;
  /** The last input, hex, where it alone replays the finding. */
  readonly input: () => string | undefined;
  /** What has to hold when all inputs were taken. */
  readonly end: () => void;
};

export type Target = {
  readonly name: string;
  /** Its share of a campaign, in relation to the others. */
  readonly weight: number;
  readonly inputsPerEpisode: number;
  /** No input takes longer on any machine. */
  readonly inputMsMax: number;
  readonly begin: (seed: number) => Episode;
  /** One input by itself; undefined: it needs what came before. */
  readonly replay?: (bytes: Uint8Array) => Outcome | Promise<Outcome>;
};

export type Finding = { readonly target: string; readonly replay: string; readonly error: unknown };

export type Tally = {
  readonly target: string;
  readonly executions: number;
  readonly accepted: number;
  readonly seconds: number;
  readonly slowestMs: number;
  readonly findings: readonly Finding[];
};

/** After so many findings of one target the rest would say the same. */
const FINDINGS_MAX = 5;
const COMMAND = "npm run fuzz --";

/** A target whose inputs do not depend on one another. */
export function decoderTarget(options: {
  readonly name: string;
  readonly weight?: number;
  readonly mutator: () => Mutator;
  /** Throws where something is wrong. */
  readonly take: (bytes: Uint8Array) => Outcome | Promise<Outcome>;
}): Target {
  const { name, weight = 100, take } = options;
  let mutator: Mutator | undefined;
  const begin = (): Episode => {
    mutator ??= options.mutator();
    const from = mutator;
    let last: Uint8Array = Buffer.alloc(0);
    return {
      step: (rng) => {
        last = nextInput(rng, from);
        return take(last);
      },
      input: () => Buffer.from(last).toString("hex"),
      end: () => {},
    };
  };
  return { name, weight, inputsPerEpisode: 10_000, inputMsMax: 2_000, begin, replay: take };
}

/** So many inputs in all, shared among the targets by their weight. */
export async function fuzz(targets: readonly Target[], executions: number, seed: number): Promise<Tally[]> {
  const weights = targets.reduce((sum, { weight }) => sum + weight, 0);
  const tallies: Tally[] = [];
  for (const target of targets)
    tallies.push(await fuzzOne(target, Math.max(1, Math.round((executions * target.weight) / weights)), seed));
  return tallies;
}

/** As a line for people. */
export function tallyLine({ target, executions, accepted, seconds, slowestMs, findings }: Tally): string {
  const rate = Math.round(executions / Math.max(seconds, 0.001));
  const share = Math.round((100 * accepted) / executions);
  const cells = [
    target.padEnd(16),
    `${executions} executions`.padStart(20),
    `${rate}/s`.padStart(11),
    `${share} % accepted`.padStart(15),
    `slowest ${slowestMs.toFixed(1)} ms`.padStart(20),
  ];
  return `${cells.join("")}   ${findings.length} findings`;
}

// --- internal ---

async function fuzzOne(target: Target, executions: number, seed: number): Promise<Tally> {
  const findings: Finding[] = [];
  const counts = { done: 0, accepted: 0, slowestMs: 0 };
  const startedAt = performance.now();
  for (let index = 0; counts.done < executions && findings.length < FINDINGS_MAX; index += 1) {
    const inputs = Math.min(target.inputsPerEpisode, executions - counts.done);
    const finding = await play(target, seed + index, inputs, counts);
    if (finding !== undefined) findings.push(finding);
  }
  return {
    target: target.name,
    executions: counts.done,
    accepted: counts.accepted,
    seconds: (performance.now() - startedAt) / 1_000,
    slowestMs: counts.slowestMs,
    findings,
  };
}

/** An episode to its end, or to its first finding. */
async function play(
  target: Target,
  seed: number,
  inputs: number,
  counts: { done: number; accepted: number; slowestMs: number },
): Promise<Finding | undefined> {
  const rng = seededRng(seed);
  const episode = target.begin(seed);
  let taken = 0;
  const found = (error: unknown): Finding => {
    const input = episode.input();
    const from = input === undefined ? `--seed ${seed} --executions ${taken}` : `--input ${input}`;
    return { target: target.name, replay: `${COMMAND} --target ${target.name} ${from}`, error };
  };
  try {
    while (taken < inputs) {
      taken += 1;
      counts.done += 1;
      const before = performance.now();
      const outcome = episode.step(rng);
      if ((typeof outcome === "string" ? outcome : await outcome) === "accepted") counts.accepted += 1;
      const tookMs = performance.now() - before;
      if (tookMs > counts.slowestMs) counts.slowestMs = tookMs;
      if (tookMs > target.inputMsMax) throw new Error(`took ${Math.round(tookMs)} ms`);
    }
    episode.end();
    return undefined;
  } catch (error) {
    return found(error);
  }
}
