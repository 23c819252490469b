/** Text as a terminal sees it: graphemes, their widths in columns, and wrapping. */
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
