/** Line charts as SVG, drawn by hand: axes with round ticks, a line for each series, a legend. */

export type Axis = {
  readonly label: string;
  /** From 0 (logarithmic: from the smallest x) to this. */
  readonly max: number;
  readonly isLogarithmic?: boolean;
};
export type Series = { readonly name: string; readonly points: readonly (readonly [x: number, y: number])[] };
export type Chart = {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  /** At most as many as there are colours, 6. */
  readonly series: readonly Series[];
};

/** A whole SVG document. Reads on white and on dark pages: it brings its own background. */
export function drawChart({ title, x, y, series }: Chart): string {
  const smallest = Math.min(...series.flatMap((one) => one.points.map(([at]) => at)));
  const scaleX = scale(x, smallest, LEFT, WIDTH - RIGHT);
  const scaleY = scale(y, 0, HEIGHT - BOTTOM, TOP);
  const grid = [
    ...ticks(x, smallest).map((at) => {
      const place = round(scaleX(at));
      return (
        `<path class="grid" d="M${place} ${TOP}V${HEIGHT - BOTTOM}"/>` +
        `<text x="${place}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${number(at)}</text>`
      );
    }),
    ...ticks(y, 0).map((at) => {
      const place = round(scaleY(at));
      return (
        `<path class="grid" d="M${LEFT} ${place}H${WIDTH - RIGHT}"/>` +
        `<text x="${LEFT - 8}" y="${place + 4}" text-anchor="end">${number(at)}</text>`
      );
    }),
  ];
  const lines = series.map((one, index) => {
    const path = one.points.map(([px, py]) => `${round(scaleX(px))} ${round(scaleY(Math.min(py, y.max)))}`).join("L");
    const row = TOP + 16 + 18 * index;
    const style = `stroke="${COLOURS[index % COLOURS.length]}"${index === 0 ? "" : ` stroke-dasharray="${DASHES[index % DASHES.length]}"`}`;
    const dots = one.points.length > DOTS_MAX ? [] : one.points;
    const fill = `fill="${COLOURS[index % COLOURS.length]}"`;
    return (
      dots.map(([px, py]) => `<circle ${fill} cx="${round(scaleX(px))}" cy="${round(scaleY(py))}" r="3"/>`).join("") +
      `<path class="line" ${style} d="M${path}"/>` +
      `<path class="line" ${style} d="M${WIDTH - RIGHT + 12} ${row}h28"/>` +
      `<text x="${WIDTH - RIGHT + 46}" y="${row + 4}">${escaped(one.name)}</text>`
    );
  });
  const middle = (TOP + HEIGHT - BOTTOM) / 2;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="ui-sans-serif, system-ui, sans-serif" font-size="12" role="img" aria-label="${escaped(title)}">
<style>.grid { stroke: #d8dee4 } .line { fill: none; stroke-width: 2 } text { fill: #24292f }</style>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>
<text x="${LEFT}" y="22" font-size="14" font-weight="600">${escaped(title)}</text>
${grid.join("\n")}
${lines.join("\n")}
<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 10}" text-anchor="middle">${escaped(x.label)}</text>
<text transform="translate(16 ${middle}) rotate(-90)" text-anchor="middle">${escaped(y.label)}</text>
</svg>
`;
}

// --- internal ---

/** Up to so many points of a line are marked. */
const DOTS_MAX = 12;
const WIDTH = 800;
const HEIGHT = 360;
const LEFT = 64;
const RIGHT = 210;
const TOP = 38;
const BOTTOM = 52;
/** Told apart by people who see no red or no green (Okabe and Ito 2008). */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
const DASHES = ["", "6 3", "2 3", "8 3 2 3", "1 2", "4 2"];

function scale(axis: Axis, smallest: number, from: number, to: number): (value: number) => number {
  if (axis.isLogarithmic !== true) return (value) => from + ((to - from) * value) / axis.max;
  const low = Math.log(smallest);
  const span = Math.log(axis.max) - low;
  return (value) => from + ((to - from) * (Math.log(value) - low)) / span;
}

/** About five round numbers; on a logarithmic axis those of 1, 2, 5, 10, ... that are within it. */
function ticks(axis: Axis, smallest: number): number[] {
  const decade = 10 ** Math.floor(Math.log10(axis.isLogarithmic === true ? smallest : axis.max / 5));
  if (axis.isLogarithmic !== true) {
    const step = decade * ([1, 2, 5, 10].find((factor) => (decade * factor * 6) / axis.max >= 1) ?? 10);
    return Array.from({ length: Math.floor(axis.max / step + 1e-9) + 1 }, (_, index) => index * step);
  }
  const found: number[] = [];
  for (let base = decade; base <= axis.max; base *= 10)
    for (const factor of [1, 2, 5]) {
      const at = base * factor;
      if (at >= smallest && at <= axis.max) found.push(at);
    }
  return found;
}

function number(value: number): string {
  return String(Number(value.toPrecision(6)));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/"/g, "&quot;");
}
