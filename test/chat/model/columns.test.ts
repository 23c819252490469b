/** Widths as a terminal draws them, and columns that stay straight. */
import { describe, expect, it } from "vitest";
import { glyphsOf, tableLines, widthOf } from "../../../src/chat/model/columns.ts";

const FAMILY = "👩‍👩‍👧";

describe("graphemes", () => {
  it("a family, a flag and an accented letter are one each", () => {
    expect(glyphsOf(`a${FAMILY}🇩🇪e\u0301日`).map((glyph) => glyph.width)).toEqual([1, 2, 2, 1, 2]);
    expect(widthOf(`日本 ${FAMILY}`)).toBe(7);
  });
});

describe("a table", () => {
  it("keeps its columns whatever is in them, and ends no line with blanks", () => {
    expect(
      tableLines([
        ["a", "b", "c"],
        ["日本", "x", ""],
        [FAMILY, "", ""],
        ["e\u0301", "yy", "z"],
      ]),
    ).toEqual(["a     b   c", "日本  x", FAMILY, "e\u0301     yy  z"]);
    expect(tableLines([])).toEqual([]);
  });
});
