/** `npm run sim:plots`: draws the figures of docs/gossip.md into docs/plots/. Takes a few minutes; the same each time. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { spread } from "./baselines/model.ts";
import { models } from "./baselines/models.ts";
import { drawChart, type Series } from "./chart.ts";
import { curve } from "./coverage.ts";
import { readScenario } from "./library.ts";
import { run } from "./run.ts";
import type { Scenario } from "./scenario.ts";

const folder = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), "docs", "plots");
const SEED = 1;
const NODES = 100;
const LOSSES = [0, 0.1, 0.3];
const FANOUTS = [1, 2, 3, 5, 7, 10, 15];
const SIZES = [10, 20, 50, 100, 200];
const UNTIL_MS = 600;

mkdirSync(folder, { recursive: true });
draw("coverage", coverageOverTime());
for (const [name, svg] of againstFanout()) draw(name, svg);
draw("cost-size", costAgainstSize());

// --- internal ---

function draw(name: string, svg: string): void {
  writeFileSync(join(folder, `${name}.svg`), svg);
  console.log(`docs/plots/${name}.svg`);
}

/** The standard network with less talk: a curve needs no 200 messages. */
function standard(change: Partial<Scenario>, loss: number, messages: number): Scenario {
  const scenario = readScenario("standard");
  if (typeof scenario === "string") throw new Error(scenario);
  const network = { ...scenario.network, loss };
  return { ...scenario, idleMs: 10_000, network, speech: { ...scenario.speech, messages }, ...change };
}

function coverageOverTime(): string {
  const messages = 100;
  const scenario = standard({ nodes: NODES }, 0.1, messages);
  const whole = messages * (NODES - 1);
  const ours = run(scenario, SEED)
    .delays.flat()
    .sort((a, b) => a - b);
  const shown = models.filter((model) => model.name !== "flood");
  const series: Series[] = [
    { name: "smplchat", points: curve(ours, whole) },
    ...shown.map((model) => ({ name: model.name, points: curve(spread(model, scenario, SEED).delays, whole) })),
  ];
  return drawChart({
    title: `Who has a message how soon: ${NODES} nodes, 10 % loss`,
    x: { label: "ms since it was said", max: UNTIL_MS },
    y: { label: "% of receivers that have it", max: 100 },
    series: series.map(({ name, points }) => ({ name, points: until(points) })),
  });
}

/** Cut off at the right edge, and drawn up to it. */
function until(points: Series["points"]): Series["points"] {
  const within = points.filter(([at]) => at <= UNTIL_MS);
  return [...within, [UNTIL_MS, within.at(-1)?.[1] ?? 0]];
}

function againstFanout(): [string, string][] {
  const sends: Series[] = [];
  const times: Series[] = [];
  for (const loss of LOSSES) {
    const name = `${100 * loss} % loss`;
    const runs = FANOUTS.map((fanout) => {
      const { measured } = run(standard({ nodes: 50, config: { fanout } }, loss, 40), SEED);
      return { fanout, measured };
    });
    sends.push({ name, points: runs.map(({ fanout, measured }) => [fanout, measured.sendsPerDelivery]) });
    times.push({ name, points: runs.map(({ fanout, measured }) => [fanout, measured.p99Ms]) });
  }
  const x = { label: "GOSSIP_FANOUT", max: 15 };
  const highest = (series: readonly Series[]): number =>
    Math.max(...series.flatMap((one) => one.points.map(([, y]) => y)));
  return [
    [
      "sends-fanout",
      drawChart({
        title: "What a delivery costs: 50 nodes",
        x,
        y: { label: "sends per delivery", max: Math.ceil(highest(sends)) },
        series: sends,
      }),
    ],
    [
      "time-fanout",
      drawChart({
        title: "How long the last percent waits: 50 nodes",
        x,
        y: { label: "p99 of first sight, ms", max: Math.ceil(highest(times) / 100) * 100 },
        series: times,
      }),
    ],
  ];
}

function costAgainstSize(): string {
  const runs = SIZES.map((nodes) => {
    // A large room has more to say about itself after a common start: silence until that has died down.
    const scenario = standard({ nodes, idleMs: 60_000 }, 0, 30);
    return { nodes, measured: run(scenario, SEED).measured };
  });
  const series: Series[] = [
    {
      name: "idle, bytes/s per node",
      points: runs.map(({ nodes, measured: m }) => [nodes, m.idleBytesPerNodePerSecond ?? 0]),
    },
    { name: "bytes per delivery", points: runs.map(({ nodes, measured: m }) => [nodes, m.bytesPerDelivery]) },
    { name: "p99, ms", points: runs.map(({ nodes, measured: m }) => [nodes, m.p99Ms]) },
  ];
  const highest = Math.max(...series.flatMap((one) => one.points.map(([, y]) => y)));
  return drawChart({
    title: "What a larger room costs: no loss",
    x: { label: "nodes", max: SIZES.at(-1) as number, isLogarithmic: true },
    y: { label: "bytes, or ms", max: Math.ceil(highest / 100) * 100 },
    series,
  });
}
