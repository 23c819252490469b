/** `smplchat sim SCENARIO`: plays one run in virtual time and prints its result. */
import { openSync, writeFileSync } from "node:fs";
import { escapeUnsafe } from "../chat/model/escape.ts";
import { coverageChart } from "../sim/report/coverage.ts";
import { summaryOf, tableOf } from "../sim/report/report.ts";
import { readScenario, scenarioNames } from "../sim/run/library.ts";
import { type Run, run } from "../sim/run/run.ts";
import { completeScenario, type Scenario } from "../sim/run/scenario.ts";
import type { SimOptions } from "./options.ts";
import { SettingsError } from "./resolve.ts";

/** 0: all invariants hold; 1: one is broken. Throws a SettingsError for what does not fit. */
export type Simulated = { readonly exitCode: 0 | 1; readonly text: string };

/** What can be played, a line each. */
export function scenarioList(): string {
  const names = scenarioNames();
  const width = Math.max(...names.map((name) => name.length));
  const lines = names.map((name) => `  ${name.padEnd(width)}  ${found(name).about}\n`);
  return `Scenarios (files of scenarios/):\n${lines.join("")}`;
}

export function simulate(name: string | undefined, options: SimOptions, json: boolean): Simulated {
  const seed = numberOf("--seed", options.seed ?? "1", (value) => Number.isSafeInteger(value) && value >= 0, SEED_FITS);
  const scenario = changed(found(name), options);
  const plot = options.plot === undefined ? undefined : openPlot(options.plot);
  const played = run(scenario, seed, { sniff: true, ...(process.stderr.isTTY ? { onProgress: progressTo() } : {}) });
  if (plot !== undefined) writeFileSync(plot, coverageChart(played));
  const text = escapeUnsafe(json ? JSON.stringify(summaryOf(played)) : inWords(scenario, played));
  return { exitCode: played.broken.length === 0 ? 0 : 1, text: `${text}\n` };
}

// --- internal ---

const SEED_FITS = "a whole number fits";

function inWords(scenario: Scenario, played: Run): string {
  const setup = `${played.nodes} nodes, ${100 * played.loss} % loss, seed ${played.seed}`;
  const virtual = `${(played.virtualMs / 1_000).toFixed(0)} s of virtual time`;
  return `${scenario.name}: ${scenario.about}\n${setup}, ${virtual}\n${tableOf(played)}`;
}

function found(name: string | undefined): Scenario {
  if (name === undefined) throw new SettingsError(`sim needs a scenario: ${scenarioNames().join(", ")} or a file fit`);
  const scenario = readScenario(name);
  if (typeof scenario === "string") throw new SettingsError(scenario);
  return scenario;
}

function changed(scenario: Scenario, { nodes, loss }: SimOptions): Scenario {
  const network = { ...scenario.network };
  if (loss !== undefined)
    network.loss = numberOf("--loss", loss, (value) => value >= 0 && value < 1, "0 to below 1 fits");
  const count = nodes === undefined ? scenario.nodes : numberOf("--nodes", nodes, () => true, "a whole number fits");
  const complete = completeScenario({ ...scenario, nodes: count, network });
  if (typeof complete === "string") throw new SettingsError(`--${complete}`);
  return complete;
}

function numberOf(flag: string, text: string, isFit: (value: number) => boolean, fits: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (Number.isNaN(value) || !isFit(value)) throw new SettingsError(`${flag} cannot be "${text}": ${fits}`);
  return value;
}

/** A line each tenth of the virtual time. */
function progressTo(): (passedMs: number, wholeMs: number) => void {
  let told = 0;
  return (passedMs, wholeMs) => {
    const tenth = Math.floor((10 * passedMs) / Math.max(wholeMs, 1));
    if (tenth <= told || tenth >= 10) return;
    told = tenth;
    process.stderr.write(`${10 * tenth} % of ${(wholeMs / 1_000).toFixed(0)} s of virtual time\n`);
  };
}

/** Before the run, which may take minutes; the file is emptied. */
function openPlot(file: string): number {
  try {
    return openSync(file, "w");
  } catch (error) {
    throw new SettingsError(`--plot cannot write ${file}: ${(error as Error).message}`);
  }
}
