/**
 * Rows for the cost and time of a delivery on the standard network, beside models of others, and in a room ten times as
 * large.
 */
import { models } from "../baselines/models.ts";
import type { Run } from "../run/run.ts";
import type { Scenario } from "../run/scenario.ts";
import { type Bench, inPercent, type Line, line, mean, playAll, type Row, scenarioOf } from "./row.ts";

type Goal = { readonly loss: number; readonly sends: number; readonly p99Ms: number };

const GOALS: readonly Goal[] = [
  { loss: 0, sends: 1.1, p99Ms: 100 },
  { loss: 0.1, sends: 2.5, p99Ms: 150 },
  { loss: 0.3, sends: 4, p99Ms: 260 },
];
/** A room of a thousand may cost so much more than one of a hundred. */
const SCALE_SHARE = 0.2;
const SCALE_SEEDS_MAX = 3;

export const relay: Row = {
  name: "relay",
  about: "coverage, sends per delivery and p99 at 0, 10 and 30 % loss, beside models of others",
  measure: async (bench) => {
    const scenarios = GOALS.map((goal) => standard(goal.loss, bench.isQuick ? 40 : 200));
    const [runs, spreads] = await Promise.all([
      Promise.all(scenarios.map((scenario) => playAll(bench, scenario))),
      Promise.all(
        models.map((model) => Promise.all(scenarios.map((scenario) => spreadAll(bench, model.name, scenario)))),
      ),
    ]);
    const rows = [
      ...models.map((model, index) => [model.name, ...(spreads[index] ?? []).map(cellOf)]),
      ["**smplchat**", ...runs.map((played) => cellOf(played.map((run) => run.measured)))],
      ["*goal*", ...GOALS.map(goalOf)],
    ];
    return {
      preface: [
        `${scenarios[0]?.nodes} nodes, ${scenarios[0]?.speech.messages} messages, mean of seeds ${bench.seeds().join(", ")}: ` +
          "coverage / sends per delivery / p99 of first sight\n",
        `| | ${GOALS.map(({ loss }) => `${inPercent(loss)} loss`).join(" | ")} |`,
        `|---|${GOALS.map(() => "---|").join("")}`,
        ...rows.map((cells) => `| ${cells.join(" | ")} |`),
      ].join("\n"),
      lines: GOALS.map((goal, index) => relayLine(`relay, ${inPercent(goal.loss)} loss`, goal, runs[index] ?? [])),
    };
  },
};

export const scale: Row = {
  name: "scale",
  about: "the same with 1,000 nodes, and what one of them costs against one of 100",
  measure: async (bench) => {
    const [large, messages] = bench.isQuick ? [300, 10] : [1_000, 60];
    const measured = await Promise.all(
      GOALS.map(async (goal) => {
        const at = (nodes: number): Promise<Run[]> =>
          playAll(bench, { ...standard(goal.loss, messages), nodes, idleMs: 60_000 }, SCALE_SEEDS_MAX);
        const [few, many] = await Promise.all([at(100), at(large)]);
        const what = `${large} nodes, ${inPercent(goal.loss)} loss`;
        return [relayLine(what, goal, many), ...costLines(what, few, many)];
      }),
    );
    return { lines: measured.flat() };
  },
};

// --- internal ---

function standard(loss: number, messages: number): Scenario {
  const scenario = scenarioOf("standard");
  return { ...scenario, network: { ...scenario.network, loss }, speech: { ...scenario.speech, messages } };
}

type Figures = { readonly coverage: number; readonly sendsPerDelivery: number; readonly p99Ms: number };

function spreadAll(bench: Bench, model: string, scenario: Scenario): Promise<Figures[]> {
  return Promise.all(bench.seeds().map((seed) => bench.spread(model, scenario, seed)));
}

function figuresOf(played: readonly Figures[]): Figures {
  return {
    coverage: mean(played.map((one) => one.coverage)),
    sendsPerDelivery: mean(played.map((one) => one.sendsPerDelivery)),
    p99Ms: mean(played.map((one) => one.p99Ms)),
  };
}

function cellOf(played: readonly Figures[]): string {
  const { coverage, sendsPerDelivery, p99Ms } = figuresOf(played);
  return `${inPercent(coverage)} / ${sendsPerDelivery.toFixed(2)} / ${p99Ms.toFixed(0)} ms`;
}

function goalOf({ sends, p99Ms }: Goal): string {
  return `100 % / ≤ ${sends} / ≤ ${p99Ms} ms`;
}

function relayLine(what: string, goal: Goal, runs: readonly Run[]): Line {
  const measured = runs.map((run) => run.measured);
  const { coverage, sendsPerDelivery, p99Ms } = figuresOf(measured);
  const isMet = coverage === 1 && sendsPerDelivery <= goal.sends && p99Ms <= goal.p99Ms;
  return line(runs, { what, figure: cellOf(measured), goal: goalOf(goal), isMet });
}

function costLines(what: string, few: readonly Run[], many: readonly Run[]): Line[] {
  const compare = (label: string, of: (run: Run) => number): Line => {
    const [small, large] = [mean(few.map(of)), mean(many.map(of))];
    return line(many, {
      what: `${what}: ${label}`,
      figure: `${large.toFixed(0)}, with 100 nodes ${small.toFixed(0)}`,
      goal: `≤ ${(small * (1 + SCALE_SHARE)).toFixed(0)}`,
      isMet: large <= small * (1 + SCALE_SHARE),
    });
  };
  return [
    compare("bytes per delivery", (run) => run.measured.bytesPerDelivery),
    compare("idle bytes/s per node", (run) => run.measured.idleBytesPerNodePerSecond ?? Number.NaN),
  ];
}
