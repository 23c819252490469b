/** Texts of 64 KiB on the full screen: all of them is shown, and nobody waits for it. */
import { describe, expect, it } from "vitest";
import { glyphsOf } from "../../src/chat/model/columns.ts";
import { wrapSpans } from "../../src/tui/rows.ts";

const LONGEST = 65_536;
/** A hundred times what it takes: a quadratic step would take minutes. */
const LIMIT_MS = 5_000;

const timed = <Value>(work: () => Value): Value => {
  const from = performance.now();
  const value = work();
  expect(performance.now() - from).toBeLessThan(LIMIT_MS);
  return value;
};
const plain = (rows: readonly string[]): string => rows.map((row) => row.trimStart()).join("");

describe("a text of 64 KiB", () => {
  it.each([
    ["of one word", "x".repeat(LONGEST)],
    ["of one word of wide characters", "語".repeat(LONGEST / 3)],
    ["of emoji with skin tones", "👩🏽‍🚀".repeat(LONGEST / 15)],
    ["of combining marks on one letter", `e${"\u0301".repeat((LONGEST - 1) / 2)}`],
  ])("%s is wrapped, and nothing of it is lost", (_, text) => {
    const rows = timed(() => wrapSpans([{ text, style: "" }], 80));
    expect(plain(rows)).toBe(text);
    expect(rows.length).toBeGreaterThanOrEqual(1);
  });

  it("of words is wrapped between them", () => {
    const text = "lorem ipsum dolor ".repeat(LONGEST / 18);
    const rows = timed(() => wrapSpans([{ text, style: "" }], 40));
    expect(rows.every((row) => row.length <= 40)).toBe(true);
    expect(plain(rows).replaceAll(" ", "")).toBe(text.replaceAll(" ", ""));
  });

  it("of 10,000 lines takes 10,000 rows", () => {
    const rows = timed(() =>
      wrapSpans([{ text: Array.from({ length: 10_000 }, (_, at) => at).join("\n"), style: "" }], 80),
    );
    expect(rows).toHaveLength(10_000);
    expect(rows.at(-1)?.trim()).toBe("9999");
  });

  it("of spaces or of line ends alone is wrapped as well", () => {
    for (const text of [" ".repeat(LONGEST), "\n".repeat(LONGEST)]) {
      expect(timed(() => wrapSpans([{ text, style: "" }], 20)).length).toBeGreaterThan(1);
    }
    expect(glyphsOf("\n")).toHaveLength(1);
  });
});
