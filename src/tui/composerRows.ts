/**
 * The composer -> the rows of the screen, and the place of the cursor in them. Only the text around the cursor is looked
 * at.
 */

import { type Glyph, isPlainAscii, widthOf } from "../chat/model/columns.ts";
import { clusterEnds, placeUpTo } from "../chat/model/graphemes.ts";
import { limitMarks, sanitizeGrapheme } from "../chat/model/sanitize.ts";
import type { Composer } from "./composer.ts";

export const PROMPT = "> ";

export type ComposerRows = {
  readonly rows: readonly string[];
  readonly cursorRow: number;
  /** The text of the cursor's row up to the cursor; its width is the cursor's column. */
  readonly beforeCursor: string;
};

/** At most `height` rows of `width` columns; rows further from the cursor are left out. Cut by grapheme, not by word. */
export function composerRows({ text, cursor }: Composer, width: number, height: number): ComposerRows {
  // One column stays free for the cursor behind a full row.
  const limit = Math.max(1, width - PROMPT.length - 1);
  let piece = pieceAt(text, cursor, limit);
  const here = rowsOf(text, piece, limit);
  const cursorAt = here.findLastIndex((row) => row.from <= cursor);
  const shown = here.slice(Math.max(0, cursorAt - height + 1), cursorAt + 1);
  for (let above = piece; above.from > 0 && shown.length < height; ) {
    above = pieceAt(text, above.from - 1, limit);
    shown.unshift(...rowsOf(text, above, limit).slice(shown.length - height));
  }
  const cursorRow = shown.length - 1;
  shown.push(...here.slice(cursorAt + 1));
  while (piece.to < text.length && shown.length < height) {
    piece = pieceAt(text, piece.to < piece.lineEnd ? piece.to : piece.lineEnd + 1, limit);
    shown.push(...rowsOf(text, piece, limit));
  }
  const drawn = (from: number, to: number): string => (from === 0 ? PROMPT : INDENT) + shownText(text.slice(from, to));
  return {
    rows: shown.slice(0, height).map((row) => drawn(row.from, row.to)),
    cursorRow,
    beforeCursor: drawn(shown[cursorRow]?.from ?? 0, cursor),
  };
}

// --- internal ---

/** A row of the screen: the text in `[from, to)`, without a line end. */
type Row = { readonly from: number; readonly to: number };

/** A line, or a part of a long one that is laid out by itself. */
type Piece = Row & { readonly lineEnd: number };

const INDENT = " ".repeat(PROMPT.length);
/**
 * Where a row ends depends on all that stands before it in its line; so that a key does not depend on the length of a line,
 * a new row begins after about so many units. Where each takes one column the row before is full.
 */
const PIECE_UNITS = 4_000;

/** The piece that a cursor at `offset` stands in. */
function pieceAt(text: string, offset: number, limit: number): Piece {
  const lineFrom = offset === 0 ? 0 : text.lastIndexOf("\n", offset - 1) + 1;
  const found = text.indexOf("\n", offset);
  const lineEnd = found < 0 ? text.length : found;
  const units = limit * Math.max(1, Math.floor(PIECE_UNITS / limit));
  const border = (number: number): number =>
    number === 0 ? lineFrom : Math.min(lineEnd, placeUpTo(text, lineFrom + number * units));
  // Behind a full row a cursor stays on it at the end of its line.
  let number = Math.floor(Math.max(0, offset - lineFrom - (offset === lineEnd ? 1 : 0)) / units);
  if (offset >= border(number + 1) && border(number + 1) < lineEnd) number++;
  return { from: border(number), to: border(number + 1), lineEnd };
}

function rowsOf(text: string, { from, to }: Piece, limit: number): Row[] {
  if (isPlainAscii(text.slice(from, to))) {
    const count = Math.max(1, Math.ceil((to - from) / limit));
    return Array.from({ length: count }, (_, row) => ({
      from: from + row * limit,
      to: Math.min(to, from + (row + 1) * limit),
    }));
  }
  const rows: Row[] = [];
  let start = from;
  let used = 0;
  let at = from;
  for (const end of clusterEnds(text, from, to)) {
    const { width } = shownGlyph(text.slice(at, end));
    if (used + width > limit && at > start) {
      rows.push({ from: start, to: at });
      start = at;
      used = 0;
    }
    used += width;
    at = end;
  }
  return [...rows, { from: start, to }];
}

function shownText(row: string): string {
  if (isPlainAscii(row)) return row;
  let shown = "";
  let at = 0;
  for (const end of clusterEnds(row)) {
    shown += shownGlyph(row.slice(at, end)).text;
    at = end;
  }
  return limitMarks(shown);
}

/** What is drawn of a grapheme, which may be nothing. BOUNDED: emptied when it holds SHOWN_MAX. */
const shownGlyphs = new Map<string, Glyph>();
const SHOWN_MAX = 4_096;
/** A longer slice would keep the whole text alive that it was cut from. */
const SHOWN_KEPT_UNITS_MAX = 12;

function shownGlyph(grapheme: string): Glyph {
  const known = shownGlyphs.get(grapheme);
  if (known !== undefined) return known;
  const text = sanitizeGrapheme(grapheme);
  const glyph = { text, width: widthOf(text) };
  if (grapheme.length > SHOWN_KEPT_UNITS_MAX) return glyph;
  if (shownGlyphs.size >= SHOWN_MAX) shownGlyphs.clear();
  shownGlyphs.set(grapheme, glyph);
  return glyph;
}
