/** Charts are whole SVG documents whose lines stay within the axes. */
import { expect, test } from "vitest";
import { drawChart } from "../../../src/sim/report/chart.ts";
import { coverageSeries, curve } from "../../../src/sim/report/coverage.ts";

const axes = { x: { label: "ms", max: 100 }, y: { label: "%", max: 100 } };

test("a line from corner to corner spans the drawing area, and no more", () => {
  const svg = drawChart({
    title: "a < b",
    ...axes,
    series: [
      {
        name: "all",
        points: [
          [0, 0],
          [100, 250],
        ],
      },
    ],
  });
  expect(svg).toContain('d="M64 308L590 38"');
  expect(svg).toContain("a &lt; b");
  expect(svg.match(/<text[^>]*>(0|20|40|60|80|100)<\/text>/g)).toHaveLength(12);
});

test("a logarithmic axis begins at the smallest value and has ticks of 1, 2 and 5", () => {
  const points = [10, 100, 1_000].map((x) => [x, 50] as const);
  const svg = drawChart({
    title: "t",
    x: { label: "nodes", max: 1_000, isLogarithmic: true },
    y: axes.y,
    series: [{ name: "s", points }],
  });
  expect(svg).toContain('d="M64 173L327 173L590 173"');
  for (const tick of [10, 20, 50, 100, 200, 500, 1_000]) expect(svg).toContain(`text-anchor="middle">${tick}</text>`);
});

test("a curve climbs to the share that was delivered, in few points", () => {
  const points = curve(
    Array.from({ length: 900 }, (_, at) => at),
    1_000,
  );
  expect(points[0]).toEqual([0, 0]);
  expect(points.at(-1)).toEqual([899, 90]);
  expect(points.length).toBeLessThan(210);
});

test("the slowest message is the one that lacks a receiver, else the one that came last", () => {
  const late = [5, 90];
  const lacking = [10];
  expect(coverageSeries([[1, 2], late], 2)[1].points.at(-1)).toEqual([90, 100]);
  expect(coverageSeries([late, lacking], 2)[1].points.at(-1)).toEqual([10, 50]);
});
