/** Pages: newest first, each of them all of a range, together no more than what was asked for. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createOrderedSet } from "../../../src/protocol/idset/orderedSet.ts";
import { type Fetch, pagesFor } from "../../../src/protocol/sync/pages.ts";
import { FRAMES_BYTES_MAX } from "../../../src/wire/datagram.ts";
import { END, encodeFrame, type PageItem, type Stretch } from "../../../src/wire/frames.ts";
import type { MessageId } from "../../../src/wire/ids.ts";
import { PAGE_ITEM_BYTES_MAX } from "../../../src/wire/page.ts";

const idOf = (time: number): string => time.toString(16).padStart(12, "0").concat("ab".repeat(18));
const setOf = (times: readonly number[]) => {
  const ids = createOrderedSet<string>();
  for (const time of times) ids.insert(idOf(time));
  return ids;
};
const fetchOf = (stretches: readonly Stretch[], credit: number): Fetch => ({
  type: "fetch",
  set: "log",
  number: 3,
  credit,
  stretches,
});
const all: readonly Stretch[] = [{ lo: "", hi: END }];
/** All items have this size. */
const sized = (bytes: number) => (): number => bytes;
const itemOf = (id: MessageId, size: number): PageItem => (size === 0 ? { id, bytes: 65_812 } : Buffer.alloc(size, 1));

describe("pages", () => {
  it("come newest first, adjoin, and the last one says so", () => {
    const ids = setOf([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const pages = pagesFor(fetchOf(all, 64), ids, sized(300));
    expect(pages.map(({ index, isLast, ids: held }) => [index, isLast, held.length])).toEqual([
      [0, false, 3],
      [1, false, 3],
      [2, true, 3],
    ]);
    expect(pages.map(({ lo, hi }) => [lo, hi])).toEqual([
      ["000000000007", END],
      ["000000000004", "000000000007"],
      ["", "000000000004"],
    ]);
    expect(pages[0]?.ids).toEqual([idOf(9), idOf(8), idOf(7)]);
  });

  it("end with the credit, and what they cover ends there too", () => {
    const ids = setOf([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const pages = pagesFor(fetchOf(all, 2), ids, sized(300));
    expect(pages.map(({ lo, isLast }) => [lo, isLast])).toEqual([
      ["000000000007", false],
      ["000000000004", true],
    ]);
  });

  it("say of a stretch that holds nothing that it holds nothing", () => {
    const stretches = [
      { lo: "50", hi: END },
      { lo: "", hi: "40" },
    ];
    const pages = pagesFor(fetchOf(stretches, 8), setOf([]), sized(1));
    expect(pages.map(({ lo, hi, ids, isLast }) => [lo, hi, ids.length, isLast])).toEqual([
      ["50", END, 0, false],
      ["", "40", 0, true],
    ]);
  });

  it("have a place for what they only announce, and leave out what is not there any more", () => {
    const pages = pagesFor(fetchOf(all, 8), setOf([1, 2, 3]), (id) => (id === idOf(2) ? 0 : undefined));
    expect(pages).toHaveLength(1);
    expect(pages[0]).toMatchObject({ ids: [idOf(2)], lo: "", hi: END, isLast: true });
  });

  it("hold each item of the stretches once, whatever the sizes, and fit a datagram", () => {
    const cut = fc.integer({ min: 1, max: 299 }).map((time) => time.toString(16).padStart(12, "0"));
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 300 }), { maxLength: 120 }),
        fc.uniqueArray(cut, { minLength: 2, maxLength: 6 }),
        // 0: it is announced.
        fc.array(fc.integer({ min: 0, max: PAGE_ITEM_BYTES_MAX }), { minLength: 1, maxLength: 9 }),
        fc.integer({ min: 1, max: 64 }),
        (times, cuts, sizes, credit) => {
          const bounds = cuts
            .map((bound) => bound.replace(/(00)+$/, ""))
            .sort()
            .reverse();
          const stretches = Array.from({ length: bounds.length >> 1 }, (_, index) => ({
            hi: bounds[2 * index] as string,
            lo: bounds[2 * index + 1] as string,
          }));
          const size = (id: string): number => sizes[Number.parseInt(id.slice(0, 12), 16) % sizes.length] as number;
          const pages = pagesFor(fetchOf(stretches, credit), setOf(times), size);
          expect(pages.length).toBeLessThanOrEqual(credit);
          expect(pages.map(({ isLast }) => isLast).indexOf(true)).toBe(pages.length - 1);
          for (const page of pages) {
            const items = page.ids.map((id) => itemOf(id as MessageId, size(id)));
            const frame = encodeFrame({ type: "page", set: "log", ...page, items });
            expect(frame.length).toBeLessThanOrEqual(FRAMES_BYTES_MAX);
          }
          const inside = (lo: string, hi: string): string[] =>
            times
              .map(idOf)
              .filter((id) => lo <= id && id < hi)
              .sort()
              .reverse();
          for (const { lo, hi, ids } of pages) expect(ids).toEqual(inside(lo, hi));
          if (pages.length < credit) {
            const wanted = stretches.flatMap(({ lo, hi }) => inside(lo, hi));
            expect(pages.flatMap(({ ids }) => ids)).toHaveLength(wanted.length);
          }
        },
      ),
    );
  });
});
