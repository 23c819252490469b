/**
 * Two frames -> the bytes that turn the first into the second on the terminal. Only changed rows are written. Rows that
 * moved up together are scrolled by the terminal itself.
 */

export type Frame = {
  readonly columns: number;
  /** Every row of the terminal, top first. A row is at most `columns` wide, coloured by SGR sequences. */
  readonly rows: readonly string[];
  /** The rows [0, scrollRows) move together when lines arrive. */
  readonly scrollRows: number;
  readonly cursorRow: number;
  /** Plain text of the cursor's row up to the cursor. */
  readonly beforeCursor: string;
};

/** `previous` undefined: nothing is known of what the terminal shows, everything is drawn. */
export function paint(previous: Frame | undefined, next: Frame): string {
  const known =
    previous !== undefined && previous.columns === next.columns && previous.rows.length === next.rows.length
      ? previous
      : undefined;
  const shift = known === undefined ? 0 : findShift(known, next);
  const before = known === undefined ? undefined : shiftRows(known, shift);
  let rows = "";
  let changed = 0;
  for (let i = 0; i < next.rows.length; i++) {
    if (before !== undefined && before[i] === next.rows[i]) continue;
    // Erased first: behind a row that fills its columns an erase would take the last of them.
    rows += `\x1b[${i + 1}H\x1b[2K${next.rows[i]}`;
    changed++;
  }
  const cursor = placeCursor(next);
  if (known !== undefined && changed === 0 && shift === 0 && placeCursor(known) === cursor) return "";
  const scrolled = shift === 0 ? "" : `\x1b[1;${next.scrollRows}r\x1b[${next.scrollRows}H${"\n".repeat(shift)}\x1b[r`;
  const drawn = `${known === undefined ? "\x1b[2J" : ""}${scrolled}${rows}${cursor}`;
  if (changed <= 1 && shift === 0) return drawn;
  // Several rows appear at once on terminals that know synchronized output (mode 2026); the others ignore it.
  return `\x1b[?2026h\x1b[?25l${drawn}\x1b[?25h\x1b[?2026l`;
}

// --- internal ---

/**
 * Terminals disagree about the width of some emoji. Where the text before the cursor is more than ASCII it is written
 * once more: wherever the terminal ends up is where the cursor belongs.
 */
function placeCursor({ cursorRow, beforeCursor }: Frame): string {
  if (/^[ -~]*$/.test(beforeCursor)) return `\x1b[${cursorRow + 1};${beforeCursor.length + 1}H`;
  return `\x1b[${cursorRow + 1}H${beforeCursor}`;
}

/** By how many rows the upper part moved up, if drawing it so leaves fewer rows to write; else 0. */
function findShift(previous: Frame, next: Frame): number {
  const { scrollRows } = next;
  if (previous.scrollRows !== scrollRows) return 0;
  let best = 0;
  let bestSame = countSame(previous, next, 0);
  for (let shift = 1; shift < scrollRows && bestSame < scrollRows - shift; shift++) {
    const same = countSame(previous, next, shift);
    if (same > bestSame) {
      best = shift;
      bestSame = same;
    }
  }
  return best;
}

function countSame(previous: Frame, next: Frame, shift: number): number {
  let same = 0;
  for (let i = 0; i < next.scrollRows - shift; i++) {
    if (next.rows[i] === previous.rows[i + shift]) same++;
  }
  return same;
}

function shiftRows({ rows, scrollRows }: Frame, shift: number): string[] {
  if (shift === 0) return [...rows];
  return [...rows.slice(shift, scrollRows), ...new Array<string>(shift).fill(""), ...rows.slice(scrollRows)];
}
