/**
 * `npm run sim:table -- [--seeds N] [--nodes N] [--only-models]`: this protocol beside the models of others on the standard
 * network, at 0, 10 and 30 % loss, each figure the mean of the seeds. Markdown, as in docs/benchmarks.md.
 */
import { Command } from "commander";
import { spread } from "./baselines/model.ts";
import { models } from "./baselines/models.ts";
import { readScenario } from "./library.ts";
import { run } from "./run.ts";
import type { Scenario } from "./scenario.ts";
import { wholeNumber } from "./soaking.ts";

const LOSSES = [0, 0.1, 0.3];

const options = new Command("sim:table")
  .description("this protocol and models of others on the standard network")
  .option("--seeds <n>", "how many seeds, from 1", wholeNumber, 10)
  .option("--nodes <n>", "how many nodes", wholeNumber, 100)
  .option("--only-models", "without this protocol, which takes longest")
  .parse()
  .opts<{ seeds: number; nodes: number; onlyModels?: true }>();

type Figures = { readonly coverage: number; readonly sendsPerDelivery: number; readonly p99Ms: number };
type Row = { readonly name: string; readonly play: (scenario: Scenario, seed: number) => Figures };

const standard = readScenario("standard");
if (typeof standard === "string") throw new Error(standard);
const rows: Row[] = models.map((model) => ({
  name: model.name,
  play: (scenario, seed) => spread(model, scenario, seed),
}));
if (options.onlyModels !== true)
  rows.push({ name: "**smplchat**", play: (scenario, seed) => run(scenario, seed).measured });

const { speech } = standard;
console.log(
  `${options.nodes} nodes, ${standard.network.delayMs.join(" to ")} ms one way, ${speech.messages} messages, one every ` +
    `${speech.everyMs} ms; mean of seeds 1 to ${options.seeds}: coverage / sends per delivery / p99 of first sight\n`,
);
console.log(`| | ${LOSSES.map((loss) => `${100 * loss} % loss`).join(" | ")} |`);
console.log(`|---|${LOSSES.map(() => "---|").join("")}`);
for (const { name, play } of rows) {
  const cells = LOSSES.map((loss) => {
    const scenario = { ...standard, nodes: options.nodes, network: { ...standard.network, loss } };
    return cell(Array.from({ length: options.seeds }, (_, index) => play(scenario, index + 1)));
  });
  console.log(`| ${name} | ${cells.join(" | ")} |`);
}

// --- internal ---

function cell(played: readonly Figures[]): string {
  const mean = (of: (figures: Figures) => number): number =>
    played.reduce((sum, figures) => sum + of(figures), 0) / Math.max(played.length, 1);
  const coverage = `${Number((100 * mean((figures) => figures.coverage)).toFixed(2))} %`;
  return `${coverage} / ${mean((figures) => figures.sendsPerDelivery).toFixed(2)} / ${mean((figures) => figures.p99Ms).toFixed(0)} ms`;
}
