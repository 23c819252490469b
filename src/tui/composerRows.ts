/** The composer -> rows of the screen and the place of the cursor in them. */
import { glyphsOf } from "../chat/model/columns.ts";
import type { Composer } from "./composer.ts";

export const PROMPT = "> ";

export type ComposerRows = {
  readonly rows: readonly string[];
  readonly cursorRow: number;
  /** The text of the cursor's row up to the cursor; its width is the cursor's column. */
  readonly beforeCursor: string;
};

/** At most `height` rows of `width` columns; rows further from the cursor are left out. Cut by grapheme, not by word. */
export function composerRows(composer: Composer, width: number, height: number): ComposerRows {
  // One column stays free for the cursor behind a full row.
  const limit = Math.max(1, width - PROMPT.length - 1);
  const rows: string[] = [PROMPT];
  let used = 0;
  let offset = 0;
  let cursor = { row: 0, before: PROMPT };
  const newRow = () => {
    rows.push(" ".repeat(PROMPT.length));
    used = 0;
  };
  for (const glyph of glyphsOf(composer.text)) {
    const isLineEnd = glyph.text === "\n";
    if (!isLineEnd && used + glyph.width > limit && used > 0) newRow();
    if (offset === composer.cursor) cursor = { row: rows.length - 1, before: rows.at(-1) ?? "" };
    offset += glyph.text.length;
    if (isLineEnd) {
      newRow();
      continue;
    }
    rows[rows.length - 1] += glyph.text;
    used += glyph.width;
  }
  if (offset === composer.cursor) cursor = { row: rows.length - 1, before: rows.at(-1) ?? "" };
  const top = Math.max(0, cursor.row - height + 1);
  return { rows: rows.slice(top, top + height), cursorRow: cursor.row - top, beforeCursor: cursor.before };
}
