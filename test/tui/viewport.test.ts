/** What of the room is on the screen, and that a scrolled view stays where it is. */
import { describe, expect, it } from "vitest";
import { applyEvent, createTimeline, TIMELINE_LINES_MAX, type Timeline } from "../../src/chat/model/timeline.ts";
import type { Message, PeerView } from "../../src/protocol/views.ts";
import { createPalette } from "../../src/tui/style.ts";
import { type Anchor, scroll, scrollToStart, viewTimeline } from "../../src/tui/viewport.ts";
import type { MessageId, PeerId } from "../../src/wire/ids.ts";

const DAY = new Date(2026, 0, 31, 12).getTime();
const palette = createPalette(1);
const self = { id: "00" as PeerId, tag: "aaaa", nick: "anna", status: "alive" } as PeerView;

function said(timeline: Timeline, time: number, more: Partial<Message> = {}): Timeline {
  const id = time.toString(16).padStart(12, "0").padEnd(48, "0") as MessageId;
  const author = { id: "11" as PeerId, tag: "bbbb", nick: "bob" };
  const plain = {
    id,
    author,
    seq: 1,
    kind: "text",
    kindNumber: 1,
    target: undefined,
    text: `${time - DAY}`,
    time,
    parents: [],
    own: false,
    history: false,
  } as const;
  return applyEvent(timeline, { type: "message", message: { ...plain, ...more }, isInOrder: true }, DAY);
}

function roomWith(...offsets: number[]): Timeline {
  return offsets.reduce((timeline, offset) => said(timeline, DAY + offset), createTimeline(self, []));
}

/** Every message takes two rows: its text, and the same with a dash. */
const layout = (height: number) => ({
  height,
  palette,
  rowsOf: (entry: Timeline["entries"][number]) =>
    entry.type === "message" ? [entry.message.text, `${entry.message.text}-`] : ["?"],
});

const text = (rows: readonly string[]) => rows.map((row) => row.replace(/\x1b\[\d*m/g, "").replace(/-- .* --/, ""));
const rowsOf = (timeline: Timeline, height: number, anchor?: Anchor) =>
  text(viewTimeline(timeline, layout(height), anchor).rows);

describe("view", () => {
  it("without_an_anchor_ends_with_the_newest_row", () => {
    expect(rowsOf(roomWith(1, 2, 3), 3)).toEqual(["2-", "3", "3-"]);
    expect(rowsOf(roomWith(1), 9)).toEqual(["----", "1", "1-"]);
    expect(rowsOf(roomWith(), 9)).toEqual([]);
  });

  it("begins_each_day_with_a_line", () => {
    expect(rowsOf(roomWith(1, 86_400_000), 9)).toEqual(["----", "1", "1-", "----", "86400000", "86400000-"]);
  });

  it("scrolled_up_stays_when_messages_arrive_below_and_above", () => {
    const timeline = roomWith(10, 20, 30, 40);
    const anchor = scroll(timeline, layout(3), undefined, -2);
    expect(rowsOf(timeline, 3, anchor)).toEqual(["20-", "30", "30-"]);
    const later = said(said(said(timeline, DAY + 50), DAY + 5), DAY - 86_400_000);
    expect(rowsOf(later, 3, anchor)).toEqual(["20-", "30", "30-"]);
    expect(viewTimeline(later, layout(3), anchor)).toMatchObject({ below: 2, anchor });
  });

  it("stays_when_the_day_line_above_it_goes", () => {
    const timeline = roomWith(10, 20, 30);
    const anchor = scroll(timeline, layout(2), undefined, -4);
    expect(rowsOf(timeline, 2, anchor)).toEqual(["10", "10-"]);
    expect(rowsOf(said(timeline, DAY + 1), 2, anchor)).toEqual(["10", "10-"]);
  });

  it("follows_the_newest_line_again_when_scrolled_down_to_it", () => {
    const timeline = roomWith(10, 20, 30);
    const up = scroll(timeline, layout(3), undefined, -2);
    expect(up).toBeDefined();
    expect(scroll(timeline, layout(3), up, 1)).toBeDefined();
    expect(scroll(timeline, layout(3), up, 2)).toBeUndefined();
    expect(scroll(timeline, layout(3), up, 99)).toBeUndefined();
  });

  it("stops_at_the_first_row", () => {
    const timeline = roomWith(10, 20, 30);
    const top = scroll(timeline, layout(3), undefined, -99);
    expect(rowsOf(timeline, 3, top)).toEqual(["----", "10", "10-"]);
    expect(top).toEqual(scrollToStart(timeline, layout(3)));
    expect(scrollToStart(timeline, layout(9))).toBeUndefined();
  });

  it("of_lines_that_were_trimmed_goes_on_with_the_oldest_left", () => {
    let timeline = roomWith(...Array.from({ length: TIMELINE_LINES_MAX }, (_, at) => at));
    const top = scrollToStart(timeline, layout(3));
    timeline = said(said(timeline, DAY + TIMELINE_LINES_MAX), DAY + TIMELINE_LINES_MAX + 1);
    expect(rowsOf(timeline, 3, top)).toEqual(["----", "2", "2-"]);
  });

  it("shows_where_the_unread_messages_begin", () => {
    const away = applyEvent(roomWith(10), { type: "seeing", seeing: false }, DAY);
    expect(rowsOf(said(away, DAY + 20), 9)).toEqual(["----", "10", "10-", "----", "20", "20-"]);
  });
});
