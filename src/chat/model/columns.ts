/**
 * Measures text as a terminal shows it, in graphemes and columns, and makes tables whose columns stay aligned whatever
 * they contain.
 */
import stringWidth from "string-width";
import { clusterEnds } from "./graphemes.ts";

/** A grapheme (what a reader calls a character) and how many columns it takes: 0, 1, 2 or, rarely, more. */
export type Glyph = { readonly text: string; readonly width: number };

/** The graphemes of `[from, to)`, one after another: whoever needs only the first rows does not pay for the rest. */
export function* glyphsIn(text: string, from = 0, to = text.length): Generator<Glyph, void, undefined> {
  let at = from;
  for (const end of clusterEnds(text, from, to)) {
    const ascii = end === at + 1 ? ASCII_GLYPHS[text.charCodeAt(at)] : undefined;
    yield ascii ?? glyphOf(text.slice(at, end));
    at = end;
  }
}

export function glyphsOf(text: string): Glyph[] {
  return [...glyphsIn(text)];
}

export function widthOf(text: string): number {
  if (isPlainAscii(text)) return text.length;
  let width = 0;
  for (const glyph of glyphsIn(text)) width += glyph.width;
  return width;
}

/** Nothing but characters of one column each. */
export function isPlainAscii(text: string): boolean {
  return PRINTABLE_ASCII.test(text);
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

const PRINTABLE_ASCII = /^[ -~]*$/;

const ASCII_GLYPHS: readonly Glyph[] = Array.from({ length: 0x7f }, (_, code) => ({
  text: String.fromCharCode(code),
  width: code < 0x20 ? 0 : 1,
}));

/** Measured once. BOUNDED: emptied when it holds GLYPHS_MAX. */
const glyphs = new Map<string, Glyph>();
const GLYPHS_MAX = 4_096;
/** A longer slice would keep the whole text alive that it was cut from. */
const GLYPH_KEPT_UNITS_MAX = 12;

/** Of a text that is one grapheme. */
function glyphOf(grapheme: string): Glyph {
  const known = glyphs.get(grapheme);
  if (known !== undefined) return known;
  const glyph = { text: grapheme, width: stringWidth(grapheme) };
  if (grapheme.length > GLYPH_KEPT_UNITS_MAX) return glyph;
  if (glyphs.size >= GLYPHS_MAX) glyphs.clear();
  glyphs.set(grapheme, glyph);
  return glyph;
}
