/** The composer as rows: the same as if all of its text had been laid out, whatever its length. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { glyphsOf, widthOf } from "../../src/chat/model/columns.ts";
import { clusterEnds } from "../../src/chat/model/graphemes.ts";
import { emptyComposer } from "../../src/tui/composer.ts";
import { type ComposerRows, composerRows } from "../../src/tui/composerRows.ts";

const FAMILY = "👩‍👩‍👧";
const at = (text: string, cursor: number) => ({ ...emptyComposer, text, cursor });

/** All rows of a text, from its first character on, and then those around the cursor. */
function laidOutWhole(text: string, cursor: number, width: number, height: number): ComposerRows {
  const limit = Math.max(1, width - 3);
  const rows = ["> "];
  let used = 0;
  let offset = 0;
  let place = { row: 0, before: "> " };
  const look = () => {
    if (offset === cursor) place = { row: rows.length - 1, before: rows.at(-1) ?? "" };
  };
  for (const glyph of glyphsOf(text)) {
    const isLineEnd = glyph.text === "\n";
    if (!isLineEnd && used + glyph.width > limit && used > 0) {
      rows.push("  ");
      used = 0;
    }
    look();
    offset += glyph.text.length;
    if (isLineEnd) {
      rows.push("  ");
      used = 0;
    } else {
      rows[rows.length - 1] += glyph.text;
      used += glyph.width;
    }
  }
  look();
  const top = Math.max(0, place.row - height + 1);
  return { rows: rows.slice(top, top + height), cursorRow: place.row - top, beforeCursor: place.before };
}

describe("the rows of the composer", () => {
  it("are_those_of_the_whole_text_around_the_cursor", () => {
    const text = fc
      .array(fc.constantFrom("a", "word ", "\n", "\n\n", "日", FAMILY, "🇩🇪", "e\u0301", "x".repeat(50)), {
        maxLength: 60,
      })
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, fc.nat(), fc.integer({ min: 5, max: 40 }), fc.integer({ min: 1, max: 8 }), (input, n, w, h) => {
        const places = [0, ...clusterEnds(input)];
        const cursor = places[n % places.length] ?? 0;
        expect(composerRows(at(input, cursor), w, h)).toEqual(laidOutWhole(input, cursor, w, h));
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ["of one letter", "a".repeat(65_536)],
    ["of one letter beyond ascii", "é".repeat(65_536)],
    ["of short lines", "short\n".repeat(10_900)],
  ])("are_those_of_the_whole_text_in_a_long_one_%s", (_name, text) => {
    for (const cursor of [0, 1, 3_999, 4_000, 4_018, 30_002, 65_399, 65_400]) {
      expect(composerRows(at(text, cursor), 80, 8)).toEqual(laidOutWhole(text, cursor, 80, 8));
    }
  });

  it.each(["日", FAMILY, "🇩🇪", "é", "क्ष", "e\u0301"])("lose_nothing_of_a_long_line_of_%s", (character) => {
    const text = character.repeat(Math.floor(20_000 / character.length));
    for (const cursor of [0, text.length]) {
      const { rows } = composerRows(at(text, cursor), 40, 100_000);
      expect(rows.map((row) => row.slice(2)).join("")).toBe(text);
      for (const row of rows) expect(widthOf(row)).toBeLessThan(40);
    }
  });

  it("show_nothing_that_steers_a_terminal_and_eight_marks_on_a_letter", () => {
    const shown = composerRows(at(`a\u001b[31m\tb\u202ec${"\u0301".repeat(60)}d`, 0), 80, 3);
    expect(shown.rows).toEqual([`> a[31m    bc${"\u0301".repeat(8)}d`]);
    expect(composerRows(at("a\tb", 2), 80, 3).beforeCursor).toBe("> a    ");
  });
});
