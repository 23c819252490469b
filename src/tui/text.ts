/** Text on the screen: where a cursor can stand in it, fitting and wrapping. */
import { type Glyph, glyphsOf } from "../chat/model/columns.ts";

/** Where the graphemes of `text` begin, and its length as the last item: the places a cursor can stand at. */
export function boundariesOf(text: string): number[] {
  const starts = PRINTABLE_ASCII.test(text)
    ? Array.from(text, (_, index) => index)
    : Array.from(segmenter.segment(text), ({ index }) => index);
  return [...starts, text.length];
}

/** The longest beginning of `text` that fits into `width` columns. */
export function fitWidth(text: string, width: number): string {
  let used = 0;
  let fitted = "";
  for (const glyph of glyphsOf(text)) {
    used += glyph.width;
    if (used > width) break;
    fitted += glyph.text;
  }
  return fitted;
}

/**
 * Cuts glyphs into rows of at most `width` columns: at spaces where possible, inside a word that alone is wider.
 * The space at a cut is dropped; "\n" ends a row. Rows are given as [from, to) of the glyphs; rows after the first
 * have `width - indent` columns. At least one row; a glyph wider than a row still gets one.
 */
export function wrapGlyphs(glyphs: readonly Glyph[], width: number, indent: number): Array<readonly [number, number]> {
  const rows: Array<readonly [number, number]> = [];
  let from = 0;
  let used = 0;
  let space = -1;
  const available = () => Math.max(1, rows.length === 0 ? width : width - indent);
  for (let i = 0; i < glyphs.length; i++) {
    const glyph = glyphs[i] as Glyph;
    if (glyph.text === "\n") {
      rows.push([from, i]);
      from = i + 1;
      used = 0;
      space = -1;
      continue;
    }
    if (used + glyph.width > available() && i > from) {
      if (glyph.text === " ") {
        rows.push([from, i]);
        from = i + 1;
        used = 0;
        space = -1;
        continue;
      }
      const cut = space > from ? space : i;
      rows.push([from, cut]);
      from = cut === i ? i : cut + 1;
      // Measure what moved down anew: it may be wider than a row that is indented.
      i = from - 1;
      used = 0;
      space = -1;
      continue;
    }
    if (glyph.text === " ") space = i;
    used += glyph.width;
  }
  rows.push([from, glyphs.length]);
  return rows;
}

// --- internal ---

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const PRINTABLE_ASCII = /^[ -~]*$/;
