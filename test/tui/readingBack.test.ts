/** Scrolling up beyond what the screen was opened with: pages of what is kept come, and nothing on the screen moves. */
import { describe, expect, it, vi } from "vitest";
import { createTimeline, type Timeline } from "../../src/chat/model/timeline.ts";
import { withMessages } from "../../src/chat/model/window.ts";
import { idsFrom } from "../../src/node/search.ts";
import type { Message, PeerView } from "../../src/protocol/views.ts";
import {
  bottomOf,
  followOn,
  noteInWindow,
  PAGE,
  type ReadingBack,
  readBack,
  takeNewer,
  takeOlder,
  topOf,
  WINDOW_LINES_MAX,
} from "../../src/tui/readingBack.ts";
import type { MessageId } from "../../src/wire/ids.ts";
import { createFakeRoom, type FakeRoom, fakePeer } from "../suites/fakeRoom.ts";
import { NOON, sitWith } from "../suites/screenRig.ts";

const [PAGE_UP, PAGE_DOWN, ALT_HOME, ALT_END] = ["\x1b[5~", "\x1b[6~", "\x1b[1;3H", "\x1b[1;3F"];

const stamp = (second: number) => {
  const time = NOON - 86_400_000 + second * 1_000;
  return { time, id: `${idsFrom(time).slice(0, 12)}${"7".repeat(36)}` as MessageId };
};

/** A room in which so much was said before it is opened. */
function roomOf(count: number): FakeRoom {
  const first = createFakeRoom();
  const bob = first.addPeer("bob");
  for (let at = 0; at < count; at += 1) first.hear(bob, `message ${at}`, { ...stamp(at), history: true });
  return first;
}

async function openOn(count: number) {
  const first = roomOf(count);
  const rig = await sitWith({ first, rows: 12 });
  await vi.waitFor(() => expect(rig.rows().join("\n")).toContain(`message ${count - 1}`));
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const numbers = (): number[] =>
    rig.rows().flatMap((row) => (/message (\d+)$/.exec(row)?.[1] ?? "").split(" ").filter(Boolean).map(Number));
  /** Everything that is read has been read. */
  const press = async (key: string): Promise<number[]> => {
    rig.type(key);
    for (let round = 0; round < 5; round += 1) await turn();
    return numbers();
  };
  return { ...rig, numbers, press };
}

describe("the screen", () => {
  it("pages up through everything that is kept, without a gap and without a jump, and down again", async () => {
    const { press, rows } = await openOn(3_000);
    const seen = new Set<number>();
    let top = 3_000;
    for (let pages = 0; top > 0; pages += 1) {
      expect(pages).toBeLessThan(600);
      const shown = await press(PAGE_UP);
      for (const number of shown) seen.add(number);
      expect(shown, `page ${pages}`).toEqual(Array.from(shown, (_, at) => (shown[0] as number) + at));
      expect(shown[0]).toBeLessThan(top);
      top = shown[0] as number;
    }
    expect(seen.size).toBeGreaterThan(2_980);
    await press(PAGE_UP);
    expect(rows()[0]).toBe("---- the conversation begins on 30 January 2026 ----");
    for (let [bottom, pages] = [0, 0]; bottom < 2_999; pages += 1) {
      expect(pages).toBeLessThan(600);
      const shown = await press(PAGE_DOWN);
      expect(shown).toEqual(Array.from(shown, (_, at) => (shown[0] as number) + at));
      expect(shown.at(-1)).toBeGreaterThan(bottom);
      bottom = shown.at(-1) as number;
    }
  });

  it("goes to the very beginning and back to the end", async () => {
    const { press, numbers, rows, room, type } = await openOn(12_500);
    room.reachBack({ oldest: NOON - 86_400_000, isWhole: false, gapsUntil: undefined });
    await press(ALT_HOME);
    await vi.waitFor(() => expect(numbers()[0]).toBe(0), { timeout: 10_000 });
    expect(rows()[0]).toBe("---- nothing before 30 January 2026 is kept here ----");
    // Its newest entries made room for the oldest ones: what comes now does not change what is read.
    const before = rows().slice(0, 8);
    room.hear(room.peers()[0] as PeerView, "message 12500", stamp(12_500));
    expect(rows().slice(0, 8)).toEqual(before);
    type(ALT_END);
    expect(numbers().at(-1)).toBe(12_500);
  }, 30_000);

  it("stays where it is when a page comes above it and when messages come below it", async () => {
    const { press, rows, room } = await openOn(1_500);
    for (let pages = 0; pages < 90; pages += 1) await press(PAGE_UP);
    const before = rows().slice(0, 9);
    for (let at = 1_500; at < 1_510; at += 1) room.hear(room.peers()[0] as PeerView, `message ${at}`, stamp(at));
    expect(rows().slice(0, 9)).toEqual(before);
    expect(rows().at(-2)).toContain("10 unread");
  });

  it("says that what is kept cannot be read, and stays as it is", async () => {
    const { press, rows, room } = await openOn(1_500);
    room.breakHistory(new Error("worn out"));
    for (let pages = 0; pages < 130; pages += 1) await press(PAGE_UP);
    expect(rows()[0]).toMatch(/message 500$|Friday/);
    await press(ALT_END);
    expect(
      rows()
        .join(" ")
        .match(/cannot be read:\s+Error: worn out/g),
    ).toHaveLength(1);
  });
});

describe("the window of what is read", () => {
  const messages = (from: number, count: number): Message[] =>
    roomOf(from + count)
      .kept()
      .slice(from) as Message[];
  const self = fakePeer("anna", 1);
  const timelineOf = (page: readonly Message[]): Timeline => withMessages(createTimeline(self, []), page);

  it("holds no more than its bound, whichever way the reader goes, and finds the way back", () => {
    const all = messages(0, 15_000);
    const page = (before: string | undefined, limit = PAGE): Message[] =>
      all.filter(({ id }) => before === undefined || id < before).slice(-limit);
    const live = timelineOf(all.slice(-1_000));
    const reading = readBack(live);
    for (let pages = 0; !reading.isTop; pages += 1) {
      expect(pages).toBeLessThan(50);
      takeOlder(reading, page(topOf(reading)));
      expect(reading.timeline.entries.length).toBeLessThanOrEqual(WINDOW_LINES_MAX);
    }
    expect(reading.timeline.entries[0]?.key).toBe(all[0]?.id);
    expect(reading.end).toBeDefined();
    for (let pages = 0; reading.end !== undefined; pages += 1) {
      const bottom = bottomOf(reading, live);
      if (bottom === undefined) followOn(reading, live);
      else takeNewer(reading, page(bottom.before, bottom.limit), bottom.before);
      const { entries } = reading.timeline;
      expect(entries.length).toBeLessThanOrEqual(WINDOW_LINES_MAX);
      const first = all.findIndex(({ id }) => id === entries[0]?.key);
      expect(entries.map(({ key }) => key)).toEqual(all.slice(first, first + entries.length).map(({ id }) => id));
      expect(pages).toBeLessThan(50);
    }
    expect([reading.timeline.entries.at(-1)?.key, reading.isTop]).toEqual([all.at(-1)?.id, false]);
  });

  it("shows a message once, and one that came late in its place", () => {
    const all = messages(0, 20);
    const timeline = timelineOf(all.slice(10, 15));
    const both = withMessages(timeline, [...all.slice(5, 12), all[16] as Message]);
    expect(both.entries.map(({ key }) => key)).toEqual([...all.slice(5, 15), all[16] as Message].map(({ id }) => id));
  });

  it("that is full makes room at the end where the reader is not", () => {
    const all = messages(0, WINDOW_LINES_MAX + 1);
    const next = { type: "message", message: all.at(-1) as Message, isInOrder: true } as const;
    const open = (): ReadingBack => {
      const reading = readBack(timelineOf(all.slice(1_000, WINDOW_LINES_MAX)));
      takeOlder(reading, all.slice(500, 1_000));
      takeOlder(reading, all.slice(0, 500));
      return reading;
    };
    const above = open();
    noteInWindow(above, next, NOON, all[0]?.id);
    expect([above.timeline.entries[0]?.key, above.end]).toEqual([all[0]?.id, all[1_000]?.id]);
    const below = open();
    noteInWindow(below, next, NOON, all[WINDOW_LINES_MAX - 10]?.id);
    expect([below.timeline.entries.at(-1)?.key, below.end]).toEqual([all.at(-1)?.id, undefined]);
    expect([below.timeline.entries.length, below.isTop]).toEqual([WINDOW_LINES_MAX, false]);
  });
});
