/**
 * Reading back beyond what the timeline of a room holds: pages of what is kept come above it, and go below. The reader sees a
 * window of them, which ends with the newest entries of the timeline as long as it holds these, too.
 */
import { applyEvent, indexOfKey, noteAbout, type Timeline, type TimelineEvent } from "../chat/model/timeline.ts";
import { withMessages } from "../chat/model/window.ts";
import type { UnixMillis } from "../protocol/time.ts";
import type { Message } from "../protocol/views.ts";
import type { MessageId } from "../wire/ids.ts";

export type ReadingBack = {
  /** What the reader sees. BOUNDED: WINDOW_LINES_MAX. */
  timeline: Timeline;
  /**
   * All below it is in the window, as far as that goes back, and nothing else; undefined: the newest entries are among them, and what
   * comes now. One of `starts`.
   */
  end: MessageId | undefined;
  /** Nothing older is kept. */
  isTop: boolean;
  /** BOUNDED: kept messages by PAGE. Where pages begin, the newest first: the way back down. */
  readonly starts: MessageId[];
  isLoading: boolean;
  /** What is kept could not be read, and that was told. */
  hasFailed: boolean;
  /** The reader wants to see the beginning. */
  isGoingToTop: boolean;
};

/** Entries of the window: fewer than a timeline drops any of. */
export const WINDOW_LINES_MAX = 9_000;
/** Messages that are read at a time. */
export const PAGE = 500;
/** They are read when the reader is so near to the end of the window. */
export const NEAR_ENTRIES = 200;
/** Messages that may have come late between the beginnings of two pages. */
const LATE = 500;

/** `live`: the timeline of the room. */
export function readBack(live: Timeline): ReadingBack {
  const { entries } = live;
  const timeline = { ...live, floor: "", entries: entries.slice(Math.max(entries.length - WINDOW_LINES_MAX, 0)) };
  const top = topOf({ timeline, starts: [] });
  const starts = top === undefined ? [] : [top];
  return { timeline, end: undefined, isTop: false, starts, isLoading: false, hasFailed: false, isGoingToTop: false };
}

/** Older messages are to be read below this one; undefined: from the newest on. */
export function topOf({ timeline, starts }: Pick<ReadingBack, "timeline" | "starts">): MessageId | undefined {
  const first = timeline.entries.find(({ type }) => type === "message");
  const read = starts.at(-1);
  // What takes no line was read as well.
  return read !== undefined && (first === undefined || read < first.key) ? read : (first?.key as MessageId | undefined);
}

/** A page of those, oldest first. */
export function takeOlder(reading: ReadingBack, page: readonly Message[]): void {
  const [first] = page;
  reading.isTop = page.length < PAGE;
  if (first === undefined) return;
  reading.starts.push(first.id);
  reading.timeline = withMessages(reading.timeline, page);
  if (reading.timeline.entries.length <= WINDOW_LINES_MAX) return;
  const { entries } = reading.timeline;
  const end = reading.starts.find((start) => indexOfKey(entries, start) <= WINDOW_LINES_MAX);
  if (end !== undefined) cutAt(reading, end);
}

/** Newer messages, and how many, are to be read below this one; undefined: the window has come down to the timeline of the room. */
export function bottomOf(
  { end, starts }: ReadingBack,
  live: Timeline,
): { before: MessageId; limit: number } | undefined {
  if (end === undefined) return undefined;
  const top = topOf({ timeline: live, starts: [] });
  const before = starts.findLast((start) => start > end) ?? (top !== undefined && top > end ? top : undefined);
  return before && { before, limit: PAGE + LATE };
}

/** A page of those, oldest first, that were read below `before`. */
export function takeNewer(reading: ReadingBack, page: readonly Message[], before: MessageId): void {
  const { timeline, end = "" } = reading;
  const newer = page.filter(({ id }) => id >= end);
  if (!reading.starts.includes(before)) reading.starts.unshift(before);
  keepNewest(reading, withMessages(timeline, newer));
  reading.end = before;
}

/** The window has come down to the timeline of the room, and goes on as that does. */
export function followOn(reading: ReadingBack, live: Timeline): void {
  const { timeline, end = "" } = reading;
  const rest = live.entries.slice(indexOfKey(live.entries, end));
  reading.end = undefined;
  const { overlay, elsewhere } = timeline;
  keepNewest(reading, { ...live, floor: "", overlay, elsewhere, entries: [...timeline.entries, ...rest] });
}

/** What happens in the room meanwhile. `seen`: the key at the top of what the reader sees. */
export function noteInWindow(reading: ReadingBack, event: TimelineEvent, now: UnixMillis, seen = ""): void {
  const isAdding = event.type === "message" || event.type === "line" || event.type === "peer";
  if (isAdding && reading.end !== undefined) {
    // It stands below the window, and may change what is in it.
    if (event.type === "message") reading.timeline = noteAbout(reading.timeline, event.message);
    return;
  }
  reading.timeline = applyEvent(reading.timeline, event, now);
  const { entries } = reading.timeline;
  if (entries.length <= WINDOW_LINES_MAX) return;
  const [newest] = reading.starts;
  const isAbove = newest !== undefined && indexOfKey(entries, newest) - indexOfKey(entries, seen) > NEAR_ENTRIES;
  if (isAbove) cutAt(reading, newest);
  else keepNewest(reading, reading.timeline);
}

// --- internal ---

function cutAt(reading: ReadingBack, end: MessageId): void {
  const { entries } = reading.timeline;
  reading.end = end;
  reading.timeline = { ...reading.timeline, entries: entries.slice(0, indexOfKey(entries, end)) };
}

function keepNewest(reading: ReadingBack, timeline: Timeline): void {
  const over = Math.max(timeline.entries.length - WINDOW_LINES_MAX, 0);
  if (over > 0) reading.isTop = false;
  reading.timeline = over === 0 ? timeline : { ...timeline, entries: timeline.entries.slice(over) };
}
