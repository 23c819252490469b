/** What of the room is on the screen, and that a scrolled view stays where it is. */
import { describe, expect, it } from "vitest";
import { applyEvent, createRoom, ROOM_LINES_MAX, type Room } from "../../src/chat/room.ts";
import type { Message, PeerView } from "../../src/protocol/views.ts";
import { createPalette } from "../../src/tui/style.ts";
import { type Anchor, scroll, scrollToStart, viewRoom } from "../../src/tui/viewport.ts";
import type { MessageId, PeerId } from "../../src/wire/ids.ts";

const DAY = new Date(2026, 0, 31, 12).getTime();
const palette = createPalette(1);
const self = { id: "00" as PeerId, tag: "aaaa", nick: "anna", status: "alive" } as PeerView;

function stored(room: Room, time: number, more: Partial<Message> = {}): Room {
  const id = time.toString(16).padStart(12, "0").padEnd(48, "0") as MessageId;
  const author = { id: "11" as PeerId, tag: "bbbb", nick: "bob" };
  const plain = {
    id,
    author,
    seq: 1,
    kind: "text",
    text: `${time - DAY}`,
    time,
    parents: [],
    own: false,
    history: false,
  } as const;
  return applyEvent(room, { type: "stored", message: { ...plain, ...more } }, DAY);
}

function roomWith(...offsets: number[]): Room {
  return offsets.reduce((room, offset) => stored(room, DAY + offset), createRoom(self, []));
}

/** Every message takes two rows: its text, and the same with a dash. */
const layout = (height: number) => ({
  height,
  palette,
  rowsOf: (entry: Room["entries"][number]) =>
    entry.type === "message" ? [entry.message.text, `${entry.message.text}-`] : ["?"],
});

const text = (rows: readonly string[]) => rows.map((row) => row.replace(/\x1b\[\d*m/g, "").replace(/-- .* --/, ""));
const rowsOf = (room: Room, height: number, anchor?: Anchor) => text(viewRoom(room, layout(height), anchor).rows);

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
    const room = roomWith(10, 20, 30, 40);
    const anchor = scroll(room, layout(3), undefined, -2);
    expect(rowsOf(room, 3, anchor)).toEqual(["20-", "30", "30-"]);
    const later = stored(stored(stored(room, DAY + 50), DAY + 5), DAY - 86_400_000);
    expect(rowsOf(later, 3, anchor)).toEqual(["20-", "30", "30-"]);
    expect(viewRoom(later, layout(3), anchor)).toMatchObject({ below: 2, anchor });
  });

  it("stays_when_the_day_line_above_it_goes", () => {
    const room = roomWith(10, 20, 30);
    const anchor = scroll(room, layout(2), undefined, -4);
    expect(rowsOf(room, 2, anchor)).toEqual(["10", "10-"]);
    expect(rowsOf(stored(room, DAY + 1), 2, anchor)).toEqual(["10", "10-"]);
  });

  it("follows_the_newest_line_again_when_scrolled_down_to_it", () => {
    const room = roomWith(10, 20, 30);
    const up = scroll(room, layout(3), undefined, -2);
    expect(up).toBeDefined();
    expect(scroll(room, layout(3), up, 1)).toBeDefined();
    expect(scroll(room, layout(3), up, 2)).toBeUndefined();
    expect(scroll(room, layout(3), up, 99)).toBeUndefined();
  });

  it("stops_at_the_first_row", () => {
    const room = roomWith(10, 20, 30);
    const top = scroll(room, layout(3), undefined, -99);
    expect(rowsOf(room, 3, top)).toEqual(["----", "10", "10-"]);
    expect(top).toEqual(scrollToStart(room, layout(3)));
    expect(scrollToStart(room, layout(9))).toBeUndefined();
  });

  it("of_lines_that_were_trimmed_goes_on_with_the_oldest_left", () => {
    let room = roomWith(...Array.from({ length: ROOM_LINES_MAX }, (_, at) => at));
    const top = scrollToStart(room, layout(3));
    room = stored(stored(room, DAY + ROOM_LINES_MAX), DAY + ROOM_LINES_MAX + 1);
    expect(rowsOf(room, 3, top)).toEqual(["----", "2", "2-"]);
  });

  it("shows_where_the_unread_messages_begin", () => {
    const away = applyEvent(roomWith(10), { type: "seeing", seeing: false }, DAY);
    expect(rowsOf(stored(away, DAY + 20), 9)).toEqual(["----", "10", "10-", "----", "20", "20-"]);
  });
});
