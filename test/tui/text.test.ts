/** Fitting and wrapping. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { glyphsOf, widthOf } from "../../src/chat/model/columns.ts";
import { fitWidth, wrapCells } from "../../src/tui/text.ts";

const FAMILY = "👩‍👩‍👧";

function wrap(text: string, width: number, indent = 0, rowsMax?: number): string[] {
  return text
    .split("\n")
    .flatMap((line, at) => wrapCells(glyphsOf(line), at === 0 ? width : width - indent, width - indent, rowsMax).rows)
    .map((row) => row.map((glyph) => glyph.text).join(""));
}

describe("fitting", () => {
  it("a_text_is_fitted_by_whole_graphemes", () => {
    expect(fitWidth("日本語", 5)).toBe("日本");
    expect(fitWidth("abc", 5)).toBe("abc");
  });
});

describe("wrapping", () => {
  it.each([
    ["at spaces", "the quick brown fox", 10, 0, ["the quick", "brown fox"]],
    ["inside a word that alone is wider", "see abcdefghijklmno now", 10, 0, ["see", "abcdefghij", "klmno now"]],
    ["a space at the edge is dropped", "0123456789 next", 10, 0, ["0123456789", "next"]],
    ["at line ends, empty lines kept", "one\n\ntwo", 10, 0, ["one", "", "two"]],
    ["wide characters count two", "日本語日本語", 5, 0, ["日本", "語日", "本語"]],
    ["a family is not torn", `abc${FAMILY}${FAMILY}`, 5, 0, [`abc${FAMILY}`, FAMILY]],
    ["later rows are narrower by the indent", "aaa bbb ccc ddd", 8, 4, ["aaa bbb", "ccc", "ddd"]],
    ["a word that fits the first row alone is cut below it", "ab 0123456789", 10, 4, ["ab", "012345", "6789"]],
    ["a row narrower than a character still takes it", "日本", 1, 0, ["日", "本"]],
  ])("%s", (_name, text, width, indent, expected) => {
    expect(wrap(text, width, indent)).toEqual(expected);
  });

  it("so_many_rows_and_the_first_that_is_left_over", () => {
    const cells = glyphsOf("aaa bbb ccc ddd");
    const taken = wrapCells(cells, 7, 3, 2);
    expect(taken.rows.map((row) => row.map((glyph) => glyph.text).join(""))).toEqual(["aaa bbb", "ccc"]);
    expect(taken.rest).toBe(cells[12]);
    expect(wrapCells(cells, 7, 3, 3).rest).toBeUndefined();
  });

  it("takes_no_more_of_a_text_than_it_needs_for_its_rows", () => {
    let taken = 0;
    function* endless() {
      for (;;) {
        taken++;
        yield { text: "x", width: 1 };
      }
    }
    expect(wrapCells(endless(), 20, 20, 40).rows).toHaveLength(40);
    expect(taken).toBeLessThan(1_000);
  });

  it("no_row_is_wider_than_allowed_and_nothing_but_blanks_is_lost", () => {
    const text = fc
      .array(
        fc.oneof(fc.constantFrom("a", " ", "word", "\n", "日", FAMILY, "🇩🇪", "e\u0301"), fc.string({ maxLength: 3 })),
      )
      .map((parts) => parts.join("").replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, ""));
    fc.assert(
      fc.property(text, fc.integer({ min: 4, max: 30 }), fc.integer({ min: 0, max: 2 }), (input, width, indent) => {
        const rows = wrap(input, width, indent);
        rows.forEach((row, at) => {
          const limit = at === 0 ? width : width - indent;
          expect(widthOf(row) <= limit || glyphsOf(row).length === 1).toBe(true);
        });
        expect(rows.join("").replaceAll(/[ \n]/g, "")).toBe(input.replaceAll(/[ \n]/g, ""));
      }),
    );
  });
});
