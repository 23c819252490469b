/** Frames of history in bulk: what may be asked for, what a page holds, and that every message has a place somewhere. */
import { describe, expect, it } from "vitest";
import { CursorError } from "../../src/wire/cursor.ts";
import { FRAMES_BYTES_MAX } from "../../src/wire/datagram.ts";
import { CREDIT_MAX, decodeFrames, END, encodeFrame, type Frame, type PageItem } from "../../src/wire/frames.ts";
import type { MessageId } from "../../src/wire/ids.ts";
import {
  ANNOUNCED_ITEM_BYTES,
  PAGE_HEAD_BYTES_MAX,
  PAGE_ITEM_BYTES_MAX,
  PAGE_ITEMS_MAX,
  STRETCHES_MAX,
  type Stretch,
  sizedItemBytes,
} from "../../src/wire/page.ts";

const id = "ab".repeat(24) as MessageId;
const decoded = (hex: string): Frame[] | "bad-frame" => decodeFrames(Buffer.from(hex, "hex"));
const fetch = (stretches: readonly Stretch[], credit = 1): Frame => ({
  type: "fetch",
  set: "log",
  number: 9,
  credit,
  stretches,
});
const itemBytes = (item: PageItem): number =>
  item instanceof Uint8Array ? sizedItemBytes(item.length) : ANNOUNCED_ITEM_BYTES;
const page = (items: readonly PageItem[], change: object = {}): Frame =>
  ({ type: "page", set: "log", number: 9, index: 0, isLast: false, lo: "", hi: END, items, ...change }) as Frame;

describe("a fetch", () => {
  it("names disjoint stretches, the newest first", () => {
    const both = fetch([
      { lo: "06", hi: END },
      { lo: "", hi: "05" },
    ]);
    expect(Buffer.from(encodeFrame(both)).toString("hex")).toBe("0f0009" + "01" + "02" + "0106ff" + "000105");
    expect(decodeFrames(encodeFrame(both))).toEqual([both]);
    const adjoining = fetch([
      { lo: "06", hi: END },
      { lo: "", hi: "06" },
    ]);
    expect(decodeFrames(encodeFrame(adjoining))).toEqual([adjoining]);
  });

  it.each([
    ["with no credit", "0f0009" + "00" + "01" + "00ff"],
    ["with too much credit", "0f0009" + "41" + "01" + "00ff"],
    ["of nothing", "0f0009" + "01" + "00"],
    ["of too many stretches", "0f0009" + "01" + "11" + "00ff".repeat(17)],
    ["of a third set", "0f0209" + "01" + "01" + "00ff"],
    ["of an empty stretch", "0f0009" + "01" + "01" + "01050105"],
    ["of stretches that overlap", "0f0009" + "01" + "02" + "0106ff" + "000107"],
    ["with the older stretch first", "0f0009" + "01" + "02" + "000105" + "0106ff"],
  ])("%s is refused", (_, hex) => {
    expect(decoded(hex)).toBe("bad-frame");
  });

  it("beyond its bounds is not made", () => {
    const many = (count: number): Stretch[] =>
      Array.from({ length: count }, (_, index) => {
        const at = (255 - 2 * index).toString(16);
        return { lo: (254 - 2 * index).toString(16), hi: at };
      });
    expect(decodeFrames(encodeFrame(fetch(many(STRETCHES_MAX), CREDIT_MAX)))).toHaveLength(1);
    expect(() => encodeFrame(fetch(many(STRETCHES_MAX + 1)))).toThrow(CursorError);
    expect(() => encodeFrame(fetch([]))).toThrow(CursorError);
    expect(() => encodeFrame(fetch(many(2).reverse()))).toThrow(CursorError);
    for (const credit of [0, CREDIT_MAX + 1]) expect(() => encodeFrame(fetch(many(1), credit))).toThrow(CursorError);
  });
});

describe("a page", () => {
  it("has room for the largest item that is not announced, whatever its bounds", () => {
    const bounds = { lo: "ab".repeat(24), hi: "cd".repeat(24) };
    const item = Buffer.alloc(PAGE_ITEM_BYTES_MAX, 1);
    const full = encodeFrame(page([item], bounds));
    expect(full.length).toBe(FRAMES_BYTES_MAX);
    expect(full.length).toBe(1 + PAGE_HEAD_BYTES_MAX + itemBytes(item));
    expect(decodeFrames(full)).toEqual([page([item], bounds)]);
    expect(() => encodeFrame(page([Buffer.alloc(PAGE_ITEM_BYTES_MAX + 1)]))).toThrow(CursorError);
  });

  it("says how many bytes an item takes, or more", () => {
    const empty = encodeFrame(page([])).length;
    const items: PageItem[] = [
      Buffer.alloc(1),
      Buffer.alloc(127),
      Buffer.alloc(128),
      { id, bytes: 1_109 },
      { id, bytes: 65_812 },
    ];
    for (const item of items) expect(encodeFrame(page([item])).length - empty).toBeLessThanOrEqual(itemBytes(item));
    expect(encodeFrame(page([{ id, bytes: 65_812 }])).length - empty).toBe(itemBytes({ id, bytes: 65_812 }));
  });

  it("announces messages, never statements", () => {
    const announced = page([{ id, bytes: 65_812 }]);
    expect(decodeFrames(encodeFrame(announced))).toEqual([announced]);
    expect(() => encodeFrame(page([{ id, bytes: 65_812 }], { set: "roster" }))).toThrow(CursorError);
    expect(decoded(`16010900` + "00ff" + `0100${id}948204`)).toBe("bad-frame");
    expect(decoded(`16000900` + "00ff" + `0100${id}948204`)).toEqual([announced]);
  });

  it.each([
    ["after the last there can be", "160009" + "40" + "00ff" + "00"],
    ["of an empty range", "160009" + "00" + "01050105" + "00"],
    ["with more items than there can be", "160009" + "00" + "00ff" + "41" + "0101".repeat(65)],
    ["that announces what would fit", `160009` + "00" + "00ff" + `0100${id}ce08`],
    ["that ends early", "160009" + "00" + "00ff" + "02" + "0101"],
  ])("%s is refused", (_, hex) => {
    expect(decoded(hex)).toBe("bad-frame");
  });

  it("beyond its bounds is not made", () => {
    expect(() => encodeFrame(page([], { index: CREDIT_MAX }))).toThrow(CursorError);
    expect(() => encodeFrame(page(new Array(PAGE_ITEMS_MAX + 1).fill(Buffer.alloc(1))))).toThrow(CursorError);
    expect(() => encodeFrame(page([Buffer.alloc(0)]))).toThrow(CursorError);
    expect(() => encodeFrame(page([], { lo: "06", hi: "05" }))).toThrow(CursorError);
  });
});
