/** Coverage over the time since a message was said: the curve that shows how a message spreads. */
import type { Millis } from "../../protocol/time.ts";
import type { Run } from "../run/run.ts";
import { drawChart, type Series } from "./chart.ts";

/** Percent of the receivers that have a message, mean over messages, and for the message that came last to someone. */
export function coverageSeries(delays: Run["delays"], receivers: number): [mean: Series, worst: Series] {
  const all = delays.flat().sort((a, b) => a - b);
  const last = (of: readonly Millis[]): Millis => (of.length < receivers ? Number.POSITIVE_INFINITY : (of.at(-1) ?? 0));
  const worst = [...delays].sort((a, b) => last(b) - last(a))[0] ?? [];
  return [
    { name: "mean of messages", points: curve(all, delays.length * receivers) },
    {
      name: "slowest message",
      points: curve(
        [...worst].sort((a, b) => a - b),
        receivers,
      ),
    },
  ];
}

export function coverageChart(run: Run): string {
  const series = coverageSeries(run.delays, run.nodes - 1);
  const longest = Math.max(10, ...series.flatMap((one) => one.points.map(([at]) => at)));
  return drawChart({
    title: `${run.scenario}: ${run.nodes} nodes, ${100 * run.loss} % loss, seed ${run.seed}`,
    x: { label: "ms since it was said", max: longest },
    y: { label: "% of receivers that have it", max: 100 },
    series: series.map(({ name, points }) => ({ name, points: [...points, [longest, points.at(-1)?.[1] ?? 0]] })),
  });
}

/** Percent of `whole` over time, in steps of equal height, at most POINTS_MAX of them. */
export function curve(ascending: ArrayLike<Millis>, whole: number): [number, number][] {
  const step = Math.max(1, Math.ceil(ascending.length / POINTS_MAX));
  const points: [number, number][] = [[0, 0]];
  for (let at = step - 1; at < ascending.length; at += step)
    points.push([ascending[at] as number, (100 * (at + 1)) / Math.max(whole, 1)]);
  const last = ascending[ascending.length - 1];
  if (last !== undefined) points.push([last, (100 * ascending.length) / Math.max(whole, 1)]);
  return points;
}

// --- internal ---

const POINTS_MAX = 200;
