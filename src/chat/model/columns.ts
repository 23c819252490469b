/** Text as a terminal sees it: graphemes and the columns they take; and tables whose columns stay straight whatever is in them. */
import stringWidth from "string-width";

/** A grapheme (what a reader calls a character) and how many columns it takes: 0, 1, 2 or, rarely, more. */
export type Glyph = { readonly text: string; readonly width: number };

export function glyphsOf(text: string): Glyph[] {
  if (PRINTABLE_ASCII.test(text)) return Array.from(text, (character) => ({ text: character, width: 1 }));
  return Array.from(segmenter.segment(text), ({ segment }) => ({ text: segment, width: glyphWidth(segment) }));
}

export function widthOf(text: string): number {
  if (PRINTABLE_ASCII.test(text)) return text.length;
  return glyphsOf(text).reduce((sum, glyph) => sum + glyph.width, 0);
}

/** Rows of cells as lines: every column as wide as its widest cell, two blanks between, none at the ends of lines. */
export function tableLines(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, at) => {
      widths[at] = Math.max(widths[at] ?? 0, widthOf(cell));
    });
  return rows.map((row) => {
    const cells = row.map((cell, at) => cell + " ".repeat((widths[at] ?? 0) - widthOf(cell)));
    return cells.join("  ").trimEnd();
  });
}

// --- internal ---

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const PRINTABLE_ASCII = /^[ -~]*$/;

/** Widths of graphemes beyond ASCII, measured once. BOUNDED: emptied when it holds WIDTHS_MAX. */
const widths = new Map<string, number>();
const WIDTHS_MAX = 4_096;

function glyphWidth(grapheme: string): number {
  if (grapheme.length === 1 && grapheme >= " " && grapheme <= "~") return 1;
  const known = widths.get(grapheme);
  if (known !== undefined) return known;
  const width = stringWidth(grapheme);
  if (widths.size >= WIDTHS_MAX) widths.clear();
  widths.set(grapheme, width);
  return width;
}
