/**
 * Which rows of the room are on the screen. A scrolled view is anchored at the entry at its top, so nothing that arrives
 * moves it. Without an anchor the view follows the newest lines.
 */
import { type Entry, indexOfKey, type Timeline } from "../chat/model/timeline.ts";
import { dayText } from "../chat/model/wording.ts";
import { dayRow, type RowLayout, unreadRow } from "./rows.ts";
import type { Palette } from "./style.ts";

/** The row at the top of the view: row `row` of the entry's own text; negative for the day and unread lines above it. */
export type Anchor = { readonly key: string; readonly row: number };

export type View = {
  readonly rows: readonly string[];
  /** Entries that begin below the view. */
  readonly below: number;
  /** undefined: the newest line is in view and the view follows it. */
  readonly anchor: Anchor | undefined;
};

/** What laying out needs, besides the room itself. */
export type Layout = {
  readonly height: number;
  readonly rowsOf: RowLayout;
  readonly palette: Palette;
  /** What stands above the very first entry; undefined: nothing. */
  readonly beginning?: string | undefined;
  /** More entries follow that are not here: the view does not follow the newest. */
  readonly isOpenEnded?: boolean;
};

/** At most `height` rows of the room. The anchor that comes back is undefined once the newest line is in view. */
export function viewTimeline(timeline: Timeline, layout: Layout, anchor: Anchor | undefined): View {
  const top = anchor === undefined ? endTop(timeline, layout) : resolve(timeline, layout, anchor);
  const rows: string[] = [];
  let index = top.index;
  for (let row = top.row; index < timeline.entries.length && rows.length < layout.height; index++, row = 0) {
    rows.push(...block(timeline, layout, index).rows.slice(row, row + layout.height - rows.length));
  }
  const isEnd = !isAbove(top, endTop(timeline, layout));
  const isFollowing = isEnd && layout.isOpenEnded !== true;
  if (anchor !== undefined && isFollowing)
    return viewTimeline(timeline, { ...layout, beginning: undefined }, undefined);
  return { rows, below: timeline.entries.length - index, anchor: isFollowing ? undefined : anchor };
}

/** The anchor after scrolling by `delta` rows (negative: up). */
export function scroll(
  timeline: Timeline,
  layout: Layout,
  anchor: Anchor | undefined,
  delta: number,
): Anchor | undefined {
  const end = endTop(timeline, layout);
  let { index, row } = anchor === undefined ? end : resolve(timeline, layout, anchor);
  if (timeline.entries.length === 0) return undefined;
  row += delta;
  while (row < 0 && index > 0) row += block(timeline, layout, --index).rows.length;
  while (index < end.index && row >= block(timeline, layout, index).rows.length)
    row -= block(timeline, layout, index++).rows.length;
  const top = { index, row: Math.max(0, row) };
  if (isAbove(top, end)) return anchorAt(timeline, layout, top);
  return layout.isOpenEnded === true ? anchorAt(timeline, layout, end) : undefined;
}

/** The anchor of the very first row; undefined if all rows fit. */
export function scrollToStart(timeline: Timeline, layout: Layout): Anchor | undefined {
  const start = { index: 0, row: 0 };
  return isAbove(start, endTop(timeline, layout)) ? anchorAt(timeline, layout, start) : undefined;
}

// --- internal ---

/** Row `row` of the block of entry `index`. */
type Position = { readonly index: number; readonly row: number };

const isAbove = (a: Position, b: Position): boolean => a.index < b.index || (a.index === b.index && a.row < b.row);

/** The rows of an entry with the lines that stand above it: a new day, unread. */
function block(
  timeline: Timeline,
  { rowsOf, palette, beginning }: Layout,
  index: number,
): { rows: readonly string[]; headers: number } {
  const entry = timeline.entries[index] as Entry;
  const before = timeline.entries[index - 1];
  const headers: string[] = [];
  if (before === undefined && beginning !== undefined) headers.push(beginning);
  if (before === undefined || dayText(before.time) !== dayText(entry.time)) headers.push(dayRow(entry.time, palette));
  if (timeline.unread?.key === entry.key) headers.push(unreadRow(palette));
  const rows = rowsOf(entry);
  return { rows: headers.length === 0 ? rows : [...headers, ...rows], headers: headers.length };
}

/** The top of the view that ends with the newest row. */
function endTop(timeline: Timeline, layout: Layout): Position {
  let index = timeline.entries.length;
  let missing = layout.height;
  while (index > 0 && missing > 0) missing -= block(timeline, layout, --index).rows.length;
  return { index, row: Math.max(0, -missing) };
}

function resolve(timeline: Timeline, layout: Layout, anchor: Anchor): Position {
  // An entry that is gone was trimmed or cleared: the next one takes its place.
  const index = indexOfKey(timeline.entries, anchor.key);
  if (index >= timeline.entries.length) return endTop(timeline, layout);
  const isSame = timeline.entries[index]?.key === anchor.key;
  const { rows, headers } = block(timeline, layout, index);
  let row = isSame ? anchor.row + headers : 0;
  let at = index;
  // What stood above it gave way to older entries: they take its rows.
  while (row < 0 && at > 0) row += block(timeline, layout, --at).rows.length;
  return { index: at, row: at === index ? Math.min(Math.max(0, row), rows.length - 1) : Math.max(0, row) };
}

function anchorAt(timeline: Timeline, layout: Layout, { index, row }: Position): Anchor {
  return { key: (timeline.entries[index] as Entry).key, row: row - block(timeline, layout, index).headers };
}
