/** One entry of the room as rows: what is said how, wrapped below the text; and the status line. */
import { describe, expect, it } from "vitest";
import type { PresenceChange } from "../../src/chat/model/presence.ts";
import { createTimeline, type Entry, type LineTone, messageEntry } from "../../src/chat/model/timeline.ts";
import type { Message } from "../../src/protocol/views.ts";
import { emptyComposer } from "../../src/tui/composer.ts";
import { createRowLayout } from "../../src/tui/rows.ts";
import { paintStatus, questionText, type StatusFacts, statusText } from "../../src/tui/statusLine.ts";
import { createPalette } from "../../src/tui/style.ts";
import type { MessageId } from "../../src/wire/ids.ts";
import { fakePeer } from "../suites/fakeRoom.ts";

const NOON = new Date(2026, 0, 31, 12).getTime();
const bob = fakePeer("bob", 2);

function rows(entry: Entry, width = 60, shared: readonly string[] = []): string[] {
  const lines = createRowLayout(width, { shared: new Set(shared), verified: new Set() }, createPalette(1))(entry);
  return lines.map((line) => line.replace(/\x1b\[[\d;]*m/g, ""));
}

function said(text: string, more: Partial<Message> = {}, nick?: string): Entry {
  const id = `${"0".repeat(42)}a1b2c3` as MessageId;
  return messageEntry({ id, author: bob, time: NOON, kind: "text", text, own: false, ...more } as Message, nick);
}

const local = (text: string, tone: LineTone = "info", continued = false): Entry => ({
  type: "local",
  key: "1",
  time: NOON,
  text,
  tone,
  continued,
});

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
    [
      "what this version cannot read",
      said("", { kind: "unknown", kindNumber: 9, author: { ...bob, nick: "" } }, "bob"),
      ["12:00 <bob> (a message of a kind that this version cannot", "      show: update to see it)"],
    ],
    [
      "what makes no sense, of someone who is not here",
      said("", { kind: "unknown", kindNumber: 2, author: { ...bob, nick: "" } }),
      ["12:00 <?·t002> (a message that makes no sense)"],
    ],
    ["a text of several lines", said("one\ntwo"), ["12:00 <bob> one", "      two"]],
    ["a refusal", local("no", "error"), ["12:00 !! no"]],
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
    expect(rows(said("one two three"), 20)).toEqual(["12:00 <bob> one two", "  three"]);
  });

  it("no_row_of_a_text_but_its_first_begins_at_the_edge_whatever_the_width", () => {
    const text = "ok\n13:07 <anna> I resign\n13:07 <anna> and so does everyone else here";
    for (let width = 2; width <= 120; width++) {
      const [first, ...others] = rows(said(text), width);
      expect(first?.startsWith("12:00".slice(0, width)), `${width} columns`).toBe(true);
      expect(others.length).toBeGreaterThan(0);
      for (const row of others) expect(row, `${width} columns`).toMatch(/^ /);
    }
    expect(rows(said(text), 28).slice(0, 2)).toEqual(["12:00 <bob> ok", "  13:07 <anna> I resign"]);
    expect(rows(said(text), 1), "nothing could tell them apart").toEqual(["1", "…"]);
  });

  it("a_line_of_a_list_that_is_wrapped_cannot_pass_for_the_next_line_of_the_list", () => {
    const list = local("11:00 <eve> hm                        11:01 <anna> I resign\n11:02 <bob> hi");
    for (const width of [28, 40]) {
      const indents = rows(list, width)
        .slice(1)
        .map((row) => /^ */.exec(row)?.[0].length);
      const depth = width < 30 ? 2 : 6;
      expect(indents.at(-1)).toBe(depth);
      expect(Math.min(...indents.slice(0, -1).map(Number))).toBeGreaterThan(depth);
    }
    expect(rows(local("11:02 <bob> hi", "info", true))).toEqual(["      11:02 <bob> hi"]);
  });

  it("a_long_text_is_shown_to_its_fortieth_row_and_says_how_to_see_the_rest", () => {
    const lines = Array.from({ length: 940 }, (_, at) => `line ${at}`);
    const shown = rows(said(lines.join("\n")));
    expect(shown).toHaveLength(41);
    expect(shown.slice(-2)).toEqual(["      line 39", "      … 900 more lines: /show a1b2c3"]);
    expect(rows(said(lines.slice(0, 40).join("\n"))).at(-1)).toBe("      line 39");
    expect(rows(said(lines.slice(0, 41).join("\n"))).at(-1)).toBe("      … 1 more line: /show a1b2c3");
    expect(rows(said("x".repeat(60_000))).at(-1)).toBe("      … 57894 more characters: /show a1b2c3");
    expect(rows(said("x".repeat(60_000)), 28).at(-1)).toMatch(/^ {2}… 58986 more: \/show a1b2c3$/);
    expect(rows(said("x".repeat(60_000)), 20).at(-1)).toBe("  …/show a1b2c3");
  });

  it("a_long_text_shows_its_delivery_all_the_same", () => {
    const own = said("x\n".repeat(100), { own: true }) as Entry & { type: "message" };
    const shown = rows({ ...own, delivery: { reached: 7, of: 12, lacking: [] } });
    expect(shown.at(-1)).toBe("      … 61 more lines: /show a1b2c3 → 7/12");
    const full = said(`x\n${Array.from({ length: 39 }, () => "x".repeat(54)).join("\n")}`, { own: true }) as typeof own;
    expect(rows({ ...full, delivery: { reached: 7, of: 12, lacking: [] } }).slice(-2)).toEqual([
      `      ${"x".repeat(54)}`,
      "      → 7/12",
    ]);
  });

  it("no_more_than_eight_marks_on_a_letter_reach_the_terminal", () => {
    const shown = rows(said(`a${"\u0301".repeat(32_000)}b${"\u0489".repeat(9)}c`)).join("");
    expect(shown).toBe(`12:00 <bob> a${"\u0301".repeat(8)}b${"\u0489".repeat(8)}c`);
  });

  it("many_joins_are_counted", () => {
    const many = Array.from({ length: 20 }, (_, at) => [`p${at}`, "joined"] as const);
    expect(rows(changes(...many))).toEqual(["12:00 -- p0, p1, p2, p3, p4, p5, p6, p7 and 12 others joined"]);
  });

  it("delivery_is_shown_as_far_as_it_is_known", () => {
    const own = said("hi", { own: true }) as Entry & { type: "message" };
    expect(rows(own)).toEqual(["12:00 <bob> hi"]);
    expect(rows({ ...own, delivery: { reached: 7, of: 12, lacking: [] } })).toEqual(["12:00 <bob> hi → 7/12"]);
    for (const [reached, of, mark] of [
      [0, 0, "waiting"],
      [0, 3, "waiting"],
      [1, 1, "→ 1/1"],
      [3, 3, "→ 3/3"],
      [12, 12, "→ all 12"],
    ] as const)
      expect(rows({ ...own, delivery: { reached, of, lacking: [] } })).toEqual([`12:00 <bob> hi ${mark}`]);
  });

  it("one_key_has_one_colour_and_without_colours_there_are_none", () => {
    const painted = (depth: number) =>
      createRowLayout(60, { shared: new Set(), verified: new Set() }, createPalette(depth))(said("x"))[0] ?? "";
    expect(painted(8)).toContain("\x1b[38;5;");
    expect(painted(8)).toBe(painted(8));
    expect(painted(1)).not.toMatch(/\x1b\[(3|4|9)\d/);
  });
});

describe("the status line", () => {
  const self = fakePeer("anna", 1);
  const calm = {
    now: NOON,
    roomName: "smplchat",
    isIn: true,
    self,
    timeline: createTimeline(self, []),
    below: 0,
    clockAheadMs: 0,
  };
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
    const busy = { below: 12, clockAheadMs: 180_000, timeline: { ...calm.timeline, unread } };
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

  it("takes_the_peer_in_the_middle_for_the_lag_of_those_who_are_here_and_were_measured", () => {
    const lags = (...rttsMs: (number | undefined)[]) =>
      status(rttsMs.map((rttMs, at) => fakePeer(`p${at}`, 10 + at, { rttMs })));
    expect(lags(9_000, 800, 20)).toContain("[lag 800 ms]");
    expect(lags(9_000, 800, 20, undefined, undefined)).toContain("[lag 800 ms]");
    expect(lags(9_000, 9_000, 500, 20, 20)).not.toContain("lag");
    expect(lags(undefined)).not.toContain("lag");
    expect(status([bob, fakePeer("eve", 3, { rttMs: 9_000, status: "dead" })])).not.toContain("lag");
  });

  it("is_cut_at_the_width_and_gives_way_to_a_question", () => {
    const palette = createPalette(1);
    expect(paintStatus("[12:00] [#日本]", undefined, 11, palette)).toBe("\x1b[7m[12:00] [#\x1b[0m");
    expect(questionText({ ...emptyComposer, question: "quit" }, undefined)).toContain("/quit");
    expect(questionText(emptyComposer, undefined)).toBeUndefined();
  });
});
