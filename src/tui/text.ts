/** Fits and wraps text for the screen. */
import { type Glyph, glyphsIn } from "../chat/model/columns.ts";

/** The longest beginning of `text` that fits into `width` columns. */
export function fitWidth(text: string, width: number): string {
  let used = 0;
  let fitted = "";
  for (const glyph of glyphsIn(text)) {
    used += glyph.width;
    if (used > width) break;
    fitted += glyph.text;
  }
  return fitted;
}

/** Rows of one line of text, and the first cell that found no room in them. */
export type Wrapped<Cell> = { readonly rows: readonly (readonly Cell[])[]; readonly rest: Cell | undefined };

/**
 * Cuts the cells of one line into rows: the first of `firstWidth` columns, the others of `width`; at spaces where possible,
 * inside a word that alone is wider. The space at a cut is dropped. At least one row; a cell wider than a row still gets
 * one. After `rowsMax` rows it takes no more cells than it needs to know that there are more.
 */
export function wrapCells<Cell extends Glyph>(
  cells: Iterable<Cell>,
  firstWidth: number,
  width: number,
  rowsMax = Number.POSITIVE_INFINITY,
): Wrapped<Cell> {
  const rows: Cell[][] = [];
  let row: Cell[] = [];
  let used = 0;
  let space = -1;
  const finish = (taken: Cell[]): void => {
    rows.push(taken);
    row = [];
    used = 0;
    space = -1;
  };
  const add = (cell: Cell): void => {
    if (used + cell.width <= Math.max(1, rows.length === 0 ? firstWidth : width) || row.length === 0) {
      if (cell.text === " ") space = row.length;
      row.push(cell);
      used += cell.width;
      return;
    }
    if (cell.text === " ") {
      finish(row);
      return;
    }
    // What moves down is measured anew: it may be wider than a row that is indented.
    const moved = space > 0 ? row.slice(space + 1) : [];
    finish(space > 0 ? row.slice(0, space) : row);
    for (const before of moved) add(before);
    add(cell);
  };
  for (const cell of cells) {
    if (rows.length >= rowsMax) return { rows: rows.slice(0, rowsMax), rest: restOf(rows, rowsMax) ?? row[0] ?? cell };
    add(cell);
  }
  rows.push(row);
  return { rows: rows.slice(0, rowsMax), rest: restOf(rows, rowsMax) };
}

// --- internal ---

function restOf<Cell>(rows: readonly (readonly Cell[])[], rowsMax: number): Cell | undefined {
  return rows[rowsMax]?.[0];
}
