/** Several rooms on the full screen: a row lists them with what is unread, and keys choose one. */
import { describe, expect, it, vi } from "vitest";
import { nextActive, paintTabs, type RoomTab } from "../../src/tui/roomViews.ts";
import { createPalette } from "../../src/tui/style.ts";
import type { FakeRoom } from "../suites/fakeRoom.ts";
import { plainRow, type ScreenRig, sitWith } from "../suites/screenRig.ts";

const alt = (key: string): string => `\x1b${key}`;
const [ALT_LEFT, ALT_RIGHT] = ["\x1b[1;3D", "\x1b[1;3C"];

async function sitInThree(): Promise<
  ScreenRig & { rooms: [FakeRoom, FakeRoom, FakeRoom]; tabs: () => string | undefined }
> {
  const rig = await sitWith({ columns: 60, rows: 12 });
  await rig.session.line("/join lab");
  await rig.session.line("/join tea");
  const rooms = [...rig.hub.entered] as [FakeRoom, FakeRoom, FakeRoom];
  return { ...rig, rooms, tabs: () => rig.rows().find((row) => row.startsWith("1 #") || row.startsWith("… ")) };
}

describe("the row of rooms", () => {
  it("is there as soon as there are two, and says what is unread and whether it calls", async () => {
    const one = await sitWith({ columns: 60, rows: 12 });
    expect(one.rows().some((row) => row.startsWith("1 #"))).toBe(false);
    const { rooms, tabs } = await sitInThree();
    expect(tabs()).toBe("1 #smplchat  2 #lab  3 #tea");
    const [first, lab, tea] = rooms;
    const bob = lab.addPeer("bob");
    lab.hear(bob, "one");
    lab.hear(bob, "two");
    first.hear(first.addPeer("eve"), "Anna, are you here?");
    tea.hear(tea.addPeer("kim"), "seen at once");
    lab.hear(bob, "savannah is no call");
    lab.hear(bob, "of old", { history: true });
    expect(tabs()).toBe("1 #smplchat 1!  2 #lab 3  3 #tea");
  });

  it("gives its place to messages on a small screen", async () => {
    const { controller, rows, tabs } = await sitInThree();
    controller.resize(60, 4);
    expect([rows().length, tabs()]).toEqual([4, undefined]);
    controller.resize(60, 7);
    expect([rows().length, tabs()]).toEqual([7, "1 #smplchat  2 #lab  3 #tea"]);
  });

  it("tells what is unread out of sight, at either end, and shortens long names", () => {
    const palette = createPalette(1);
    const tab = (label: string, more: Partial<RoomTab> = {}): RoomTab => {
      return { label, isShown: false, unread: 0, mentions: 0, ...more };
    };
    const tabs = [
      tab("one", { unread: 2 }),
      tab("two"),
      tab("three", { isShown: true }),
      tab("four"),
      tab("x".repeat(64), { unread: 3 }),
      tab("six", { unread: 4, mentions: 1 }),
    ];
    const row = (width: number) => plainRow(paintTabs(tabs, width, palette) ?? "");
    expect(row(100)).toBe("1 #one 2  2 #two  3 #three  4 #four  5 #xxxxxxxxxxxxxxxxxxx… 3  6 #six 4!");
    expect(row(45)).toBe("1 #one 2  2 #two  3 #three  4 #four …7!");
    expect(row(32)).toBe("…2 2 #two  3 #three  4 #four …7!");
    for (let width = 1; width < 100; width += 1) expect(row(width).length).toBeLessThanOrEqual(width);
  });

  it("has the shown room in it, however many there are and however long their names", () => {
    const palette = createPalette(1);
    const tabs = Array.from({ length: 30 }, (_, at): RoomTab => {
      return { label: `a-room-with-a-long-name-${at}-日本語`, isShown: at === 20, unread: 0, mentions: 0 };
    });
    for (const width of [10, 20, 40, 80, 200]) {
      const row = plainRow(paintTabs(tabs, width, palette) ?? "");
      expect(row, String(width)).toContain("21 #a-roo".slice(0, width - 3));
    }
  });
});

describe("a room is chosen", () => {
  it("by Alt and its number, by Alt with an arrow, and is as it was left: its lines, its place, its unsent text", async () => {
    const { rooms, type, rows, session, tabs } = await sitInThree();
    const [first, lab, tea] = rooms;
    lab.hear(lab.addPeer("bob"), "said in the lab");
    type("for tea");
    type(alt("2"));
    expect(session.room()).toBe(lab);
    await vi.waitFor(() => expect(rows().join("\n")).toContain("said in the lab"));
    expect(rows().at(-1)).toBe("> ");
    expect(rows().join("\n")).toContain("[#lab]");
    expect(tabs()).toBe("1 #smplchat  2 #lab  3 #tea");
    type("for the lab\r");
    await vi.waitFor(() => expect(lab.kept().at(-1)?.text).toBe("for the lab"));
    type(ALT_RIGHT);
    expect([session.room(), rows().at(-1)]).toEqual([tea, "> for tea"]);
    type(ALT_RIGHT);
    expect(session.room()).toBe(first);
    type(ALT_LEFT);
    expect(session.room()).toBe(tea);
    type(alt("7"));
    expect(session.room()).toBe(tea);
    expect(tea.kept()).toEqual([]);
    // What was sent last comes back by Up, in whichever room.
    type("\x15\x1b[A");
    expect(rows().at(-1)).toBe("> for the lab");
  });

  it("by Alt-A: the next that calls, else the next with something unread, else none", async () => {
    const { rooms, type, session } = await sitInThree();
    const [first, lab, tea] = rooms;
    first.hear(first.addPeer("eve"), "hello all");
    lab.hear(lab.addPeer("bob"), "anna?");
    type(alt("a"));
    expect(session.room()).toBe(lab);
    type(alt("a"));
    expect(session.room()).toBe(first);
    type(alt("a"));
    expect(session.room()).toBe(first);
    expect(nextActive([{ label: "x", isShown: true, unread: 3, mentions: 1 }])).toBeUndefined();
    expect(tea.kept()).toEqual([]);
  });

  it("with one room, Alt with an arrow goes by word as ever", async () => {
    const { type, rows } = await sitWith({ columns: 60, rows: 8 });
    type(`one two${ALT_LEFT}x`);
    expect(rows().at(-1)).toBe("> one xtwo");
  });

  it("what was kept of a room follows when it is looked at first, above what came since", async () => {
    const { rooms, type, rows } = await sitInThree();
    const [first] = rooms;
    const eve = first.addPeer("eve");
    first.hear(eve, "since");
    type(alt("1"));
    await vi.waitFor(() => expect(rows().join("\n")).toContain("<eve> since"));
    expect(rows().filter((row) => row.includes("<eve> since"))).toHaveLength(1);
    // Only that a room was entered is news.
    type(alt("2"));
    expect(rows().filter((row) => row.includes("now in"))).toEqual([expect.stringContaining("now in #lab")]);
    type(alt("1"));
    expect(rows().filter((row) => row.includes("now in"))).toEqual([]);
  });
});
