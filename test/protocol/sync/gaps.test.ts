/** What is still to be fetched: gaps are cut, given out, covered and freed, and never overlap. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createGaps, GAPS_MAX, type Gap, type Gaps } from "../../../src/protocol/sync/gaps.ts";
import { type Bound, END } from "../../../src/wire/frames.ts";
import type { BootId } from "../../../src/wire/ids.ts";

const anna = "aa".repeat(8) as BootId;
const bob = "bb".repeat(8) as BootId;
const shown = (gaps: Gaps): [Bound, Bound, number, string | undefined][] =>
  gaps.all().map(({ lo, hi, count, taker }) => [lo, hi, count, taker]);
const at = (gaps: Gaps, hi: Bound): Gap => gaps.all().find((gap) => gap.hi === hi) as Gap;

describe("a gap", () => {
  it("is cut where a peer says how much of it is where, the newest part first", () => {
    const gaps = createGaps();
    gaps.add("", END, 1_000, anna);
    gaps.add("", "30", 700, anna);
    gaps.add("30", "60", 200, anna);
    gaps.add("60", END, 100, anna);
    expect(shown(gaps)).toEqual([
      ["60", END, 100, undefined],
      ["30", "60", 200, undefined],
      ["", "30", 700, undefined],
    ]);
    expect(gaps.count()).toBe(1_000);
  });

  it("that is asked for shrinks page by page, and what got lost between two pages stays", () => {
    const gaps = createGaps();
    gaps.add("", END, 100, anna);
    gaps.take(at(gaps, END), "grant 1");
    gaps.cover("grant 1", "80", END, 4);
    gaps.cover("grant 1", "60", "70", 4);
    expect(shown(gaps)).toEqual([
      ["70", "80", 4, "grant 1"],
      ["", "60", 88, "grant 1"],
    ]);
    gaps.release("grant 1", 0);
    expect(gaps.all().map(({ taker }) => taker)).toEqual([undefined, undefined]);
  });

  it("is covered by whom it was asked of, and nobody else", () => {
    const gaps = createGaps();
    gaps.add("", END, 10, anna);
    gaps.cover("grant 1", "", END, 10);
    expect(gaps.count()).toBe(10);
    gaps.take(at(gaps, END), "grant 1");
    gaps.cover("grant 2", "", END, 10);
    expect(gaps.count()).toBe(10);
    gaps.cover("grant 1", "", END, 10);
    expect(gaps.all()).toEqual([]);
  });

  it("that was covered does not come back by what another peer says of it", () => {
    const gaps = createGaps();
    gaps.add("20", END, 100, anna);
    gaps.take(at(gaps, END), "grant 1");
    gaps.cover("grant 1", "50", END, 40);
    gaps.add("10", END, 120, bob);
    expect(shown(gaps)).toEqual([
      ["20", "50", 60, "grant 1"],
      ["10", "20", 60, undefined],
    ]);
    gaps.clear();
    gaps.add("10", END, 120, bob);
    expect(shown(gaps)).toEqual([["10", END, 120, undefined]]);
  });

  it("of which more came than was said is taken to hold as much again", () => {
    const gaps = createGaps();
    gaps.add("", END, 4, anna);
    gaps.take(at(gaps, END), "grant 1");
    gaps.cover("grant 1", "50", END, 40);
    gaps.release("grant 1", 40);
    expect(shown(gaps)).toEqual([["", "50", 40, undefined]]);
  });
});

describe("too many gaps", () => {
  it("cost the oldest that nobody was asked for", () => {
    const gaps = createGaps();
    const bound = (index: number): Bound => (index + 1).toString(16).padStart(3, "0").concat("1");
    for (let index = 0; index < GAPS_MAX; index += 1) gaps.add(bound(2 * index), bound(2 * index + 1), 1, anna);
    gaps.take(gaps.all().at(-1) as Gap, "grant 1");
    gaps.add(bound(2 * GAPS_MAX), bound(2 * GAPS_MAX + 1), 1, anna);
    expect(gaps.all()).toHaveLength(GAPS_MAX);
    expect(gaps.all().at(-1)).toMatchObject({ lo: bound(0), taker: "grant 1" });
    expect(gaps.all().at(-2)).toMatchObject({ lo: bound(4) });
  });
});

describe("gaps in any order of events", () => {
  const bound = fc.integer({ min: 0, max: 40 }).map((n): Bound => (n === 40 ? END : n === 0 ? "" : `${10 + n}`));
  const range = fc
    .tuple(bound, bound)
    .filter(([one, other]) => one !== other)
    .map(([one, other]) => (one < other ? { lo: one, hi: other } : { lo: other, hi: one }));
  const event = fc.tuple(fc.constantFrom("add", "take", "cover", "release"), range, fc.nat({ max: 3 }));

  it("are disjoint, the newest first, and what was covered is asked for no more", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        const gaps = createGaps();
        const covered: { lo: Bound; hi: Bound }[] = [];
        for (const [what, { lo, hi }, grant] of events) {
          const taker = `grant ${grant}`;
          if (what === "add") gaps.add(lo, hi, 10, anna);
          if (what === "release") gaps.release(taker, 0);
          const free = gaps.all().find((gap) => gap.taker === undefined && gap.hi > lo);
          if (what === "take" && free !== undefined) gaps.take(free, taker);
          if (what === "cover") {
            for (const gap of gaps.all().filter((other) => other.taker === taker && other.lo < hi && lo < other.hi))
              covered.push({ lo: gap.lo < lo ? lo : gap.lo, hi: gap.hi < hi ? gap.hi : hi });
            gaps.cover(taker, lo, hi, 2);
          }
          const all = gaps.all();
          for (const [index, gap] of all.entries()) {
            expect(gap.lo < gap.hi && gap.count >= 1).toBe(true);
            expect(gap.hi <= (all[index - 1]?.lo ?? END)).toBe(true);
            expect(covered.some((part) => part.lo < gap.hi && gap.lo < part.hi)).toBe(false);
          }
        }
      }),
    );
  });
});
