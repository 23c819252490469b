/** One entry of the room as rows: what is said how, wrapped below the text; and the status line. */
import { describe, expect, it } from "vitest";
import type { PresenceChange } from "../../src/chat/model/presence.ts";
import { createTimeline, type Entry } from "../../src/chat/model/timeline.ts";
import type { Message } from "../../src/protocol/views.ts";
import { emptyComposer } from "../../src/tui/composer.ts";
import { createRowLayout } from "../../src/tui/rows.ts";
import { paintStatus, questionText, type StatusFacts, statusText } from "../../src/tui/statusLine.ts";
import { createPalette } from "../../src/tui/style.ts";
import { fakePeer } from "../suites/fakeNode.ts";

const NOON = new Date(2026, 0, 31, 12).getTime();
const bob = fakePeer("bob", 2);

function rows(entry: Entry, width = 60, shared: readonly string[] = []): string[] {
  const lines = createRowLayout(width, new Set(shared), createPalette(1))(entry);
  return lines.map((line) => line.replace(/\x1b\[[\d;]*m/g, ""));
}

function said(text: string, more: Partial<Message> = {}): Entry {
  const message = { author: bob, kind: "text", text, own: false, ...more } as Message;
  return { type: "message", key: "1", time: NOON, message };
}

const changes = (...list: readonly (readonly [string, PresenceChange["status"]])[]): Entry => ({
  type: "presence",
  key: "1",
  time: NOON,
  changes: list.map(([nick, status], at) => ({ ...fakePeer(nick, at + 1), status })),
  further: {},
});

describe("rows", () => {
  it.each([
    ["a text", said("hello"), ["12:00 <bob> hello"]],
    ["an action", said("waves", { kind: "action" }), ["12:00 * bob waves"]],
    ["a text of several lines", said("one\ntwo"), ["12:00 <bob> one", "      two"]],
    ["a refusal", { type: "local", key: "1", time: NOON, text: "no", tone: "error" } as const, ["12:00 !! no"]],
    ["joins", changes(["bob", "joined"], ["eve", "joined"]), ["12:00 -- bob, eve joined"]],
    [
      "all that can happen to peers",
      changes(["a", "left"], ["b", "lost"], ["c", "passed"], ["d", "back"]),
      ["12:00 -- d is back; c came and went; a left; b does not", "      answer any more"],
    ],
  ])("%s", (_name, entry, expected) => {
    expect(rows(entry)).toEqual(expected);
  });

  it("a_long_text_is_indented_below_the_time_where_there_is_room", () => {
    expect(rows(said("one two three four five"), 30)).toEqual(["12:00 <bob> one two three four", "      five"]);
    expect(rows(said("one two three"), 20)).toEqual(["12:00 <bob> one two", "three"]);
  });

  it("many_joins_are_counted", () => {
    const many = Array.from({ length: 20 }, (_, at) => [`p${at}`, "joined"] as const);
    expect(rows(changes(...many))).toEqual(["12:00 -- p0, p1, p2, p3, p4, p5, p6, p7 and 12 others joined"]);
  });

  it("delivery_is_shown_as_far_as_it_is_known", () => {
    const own = said("hi", { own: true }) as Entry & { type: "message" };
    expect(rows(own)).toEqual(["12:00 <bob> hi"]);
    expect(rows({ ...own, delivery: { reached: 7, of: 12, lacking: [] } })).toEqual(["12:00 <bob> hi → 7/12"]);
    expect(rows({ ...own, delivery: { reached: 0, of: 0, lacking: [] } })).toEqual(["12:00 <bob> hi → nobody yet"]);
  });

  it("one_key_has_one_colour_and_without_colours_there_are_none", () => {
    const painted = (depth: number) => createRowLayout(60, new Set(), createPalette(depth))(said("x"))[0] ?? "";
    expect(painted(8)).toContain("\x1b[38;5;");
    expect(painted(8)).toBe(painted(8));
    expect(painted(1)).not.toMatch(/\x1b\[(3|4|9)\d/);
  });
});

describe("the status line", () => {
  const self = fakePeer("anna", 1);
  const calm = { now: NOON, roomName: "smplchat", self, timeline: createTimeline(self, []), below: 0, clockAheadMs: 0 };
  const status = (peers: StatusFacts["peers"], more: Partial<StatusFacts> = {}, width = 200) =>
    statusText({ ...calm, peers, ...more }, width);
  const dead = (count: number) =>
    Array.from({ length: count }, (_, at) => fakePeer(`d${at}`, 50 + at, { status: "dead" }));

  it("says_who_is_there_in_words", () => {
    expect(status([])).toBe("[12:00] [#smplchat] [anna] [alone]");
    expect(status([bob])).toBe("[12:00] [#smplchat] [anna] [1 peer]");
    expect(status([bob, fakePeer("eve", 3, { status: "suspect" }), fakePeer("dan", 4, { status: "left" })])).toBe(
      "[12:00] [#smplchat] [anna] [2 peers]",
    );
  });

  it("says_how_many_are_out_of_reach_oneself_counted", () => {
    expect(status([bob, fakePeer("eve", 3), fakePeer("dan", 4), ...dead(8)])).toContain("[4 of 12 reachable]");
    expect(status(dead(11))).toContain("[alone, 11 unreachable]");
  });

  it("names_a_clock_that_is_off", () => {
    expect(status([bob], { clockAheadMs: 180_000 })).toContain("[1 peer] [clock 3 min ahead]");
    expect(status([bob], { clockAheadMs: -7_200_000 })).toContain("[clock 2 h behind]");
    expect(status([bob], { clockAheadMs: -59_000 })).not.toContain("clock");
  });

  it("drops_the_least_important_first_where_the_terminal_is_narrow", () => {
    const unread = { key: "", count: 3 };
    const busy = { below: 12, clockAheadMs: 180_000, room: { ...calm.timeline, unread } };
    const shown = Array.from({ length: 120 }, (_, at) => 120 - at).map((width) =>
      status([fakePeer("bob", 2, { rttMs: 800 }), ...dead(2)], busy, width),
    );
    expect([...new Set(shown)]).toEqual([
      "[12:00] [#smplchat] [-MORE(12)-] [3 unread] [anna] [2 of 4 reachable] [clock 3 min ahead] [lag 800 ms]",
      "[12:00] [#smplchat] [-MORE(12)-] [3 unread] [2 of 4 reachable] [clock 3 min ahead] [lag 800 ms]",
      "[#smplchat] [-MORE(12)-] [3 unread] [2 of 4 reachable] [clock 3 min ahead] [lag 800 ms]",
      "[#smplchat] [-MORE(12)-] [3 unread] [2 of 4 reachable] [clock 3 min ahead]",
      "[-MORE(12)-] [3 unread] [2 of 4 reachable] [clock 3 min ahead]",
      "[-MORE(12)-] [2 of 4 reachable] [clock 3 min ahead]",
      "[2 of 4 reachable] [clock 3 min ahead]",
      "[2 of 4 reachable]",
    ]);
  });

  it("names_the_lag_only_when_it_is_high_and_what_is_below", () => {
    expect(status([fakePeer("bob", 2, { rttMs: 800 })], { below: 12 })).toBe(
      "[12:00] [#smplchat] [-MORE(12)-] [anna] [1 peer] [lag 800 ms]",
    );
  });

  it("is_cut_at_the_width_and_gives_way_to_a_question", () => {
    const palette = createPalette(1);
    expect(paintStatus("[12:00] [#日本]", undefined, 11, palette)).toBe("\x1b[7m[12:00] [#\x1b[0m");
    expect(questionText({ ...emptyComposer, question: "quit" }, undefined)).toContain("/quit");
    expect(questionText(emptyComposer, undefined)).toBeUndefined();
  });
});
