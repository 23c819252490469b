/** The screen as a person uses it: keys and events in, rows out; no terminal, no network. */
import { describe, expect, it, vi } from "vitest";
import type { MessageId } from "../../src/wire/ids.ts";
import { createFakeRoom, FAKE_TEXT_LIMIT, type FakeRoom } from "../suites/fakeRoom.ts";
import { NOON, plainRow, sitWith } from "../suites/screenRig.ts";

const [PAGE_UP, PAGE_DOWN, ALT_HOME, ALT_END] = ["\x1b[5~", "\x1b[6~", "\x1b[1;3H", "\x1b[1;3F"];
const [FOCUS_IN, FOCUS_OUT] = ["\x1b[I", "\x1b[O"];

/** Hears `count` messages of bob, a minute apart, beginning at noon and `from` minutes. */
function hearMany(room: FakeRoom, count: number, from = 0): void {
  const bob = room.peers()[0] ?? room.addPeer("bob");
  for (let at = from; at < from + count; at++) room.hear(bob, `message ${at}`, stamp(at));
}

const stamp = (minute: number) => ({
  time: NOON + minute * 60_000,
  id: (NOON + minute * 60_000).toString(16).padStart(12, "0").padEnd(48, "0") as MessageId,
});

describe("the full screen", () => {
  it("shows_who_said_what_when_with_a_status_line_and_the_composer", async () => {
    const { room, type, rows } = await sitWith();
    await vi.waitFor(() => expect(rows().join("\n")).toContain("alone"));
    hearMany(room, 2);
    type("hi");
    expect(rows()).toEqual([
      "---- Saturday, 31 January 2026 ----",
      "12:00 <bob> message 0",
      "12:00 -- alone in #smplchat; invite: /invite, or /join",
      "      ADDRESS",
      "12:00 -- bob joined",
      "12:01 <bob> message 1",
      "[12:00] [#smplchat] [anna] [1 peer]",
      "> hi",
    ]);
  });

  it("sends_a_line_and_shows_its_delivery", async () => {
    const { room, type, rows } = await sitWith();
    room.addPeer("bob");
    type("hello\r");
    await vi.waitFor(() => expect(rows().join("\n")).toMatch(/<anna> hello$/m));
    room.acknowledge();
    expect(rows().join("\n")).toMatch(/<anna> hello → 1\/1$/m);
    expect(rows().at(-1)).toBe("> ");
  });

  it("shows_of_what_was_said_before_whether_it_waits_or_how_far_it_got_and_then_that_it_reached_somebody", async () => {
    const room = createFakeRoom();
    const own = (text: string, minute: number) => room.hear(room.self(), text, { own: true, ...stamp(minute) });
    const [waits, got] = [own("one", 0), own("two", 1)];
    own("three", 2);
    room.play({ type: "delivery", id: waits.id, reached: 0, of: 0, lacking: [] });
    room.play({ type: "delivery", id: got.id, reached: 2, of: 3, lacking: [] });
    const { rows } = await sitWith({ first: room });
    await vi.waitFor(() =>
      expect(rows().join("\n")).toMatch(/<anna> one waiting\n.*<anna> two → 2\/3\n.*<anna> three$/m),
    );
    room.play({ type: "delivery", id: waits.id, reached: 1, of: 1, lacking: [] });
    expect(rows().join("\n")).toMatch(/<anna> one → 1\/1$/m);
  });

  it("names_the_limit_of_a_text_that_is_too_long_and_gives_it_back_whole", async () => {
    const { room, type, rows, controller } = await sitWith({ columns: 120, rows: 40 });
    const long = "x".repeat(FAKE_TEXT_LIMIT + 1);
    type(`${long}\r`);
    await vi.waitFor(() => expect(rows().at(-1)).toContain("xxx"));
    expect(rows().join("\n")).toContain(`too long: ${FAKE_TEXT_LIMIT + 1} bytes, the limit is ${FAKE_TEXT_LIMIT}`);
    expect(controller.frame().composer.join("").replace(/[> ]/g, "")).toBe(long);
    expect(room.kept()).toEqual([]);
  });

  it("gives_a_mistyped_command_back_to_be_mended", async () => {
    const { type, rows } = await sitWith();
    type("/peerz\r");
    await vi.waitFor(() => expect(rows().at(-1)).toBe("> /peerz"));
    expect(rows().join("\n")).toContain("!! unknown command /peerz: did you mean /peers?");
  });

  it("sends_a_confirmed_text_as_text_whatever_it_looks_like", async () => {
    const { room, type, rows } = await sitWith();
    type(" /peers\r");
    expect(rows().at(-2)).toContain("Enter sends this as text");
    type("\r");
    await vi.waitFor(() => expect(room.kept()[0]?.text).toBe(" /peers"));
  });

  it("scrolled_up_does_not_move_when_messages_arrive_and_says_how_many", async () => {
    const { room, type, rows } = await sitWith();
    hearMany(room, 20);
    type(PAGE_UP);
    const before = rows();
    hearMany(room, 5, 20);
    expect(rows().slice(0, 6)).toEqual(before.slice(0, 6));
    expect(rows().at(-2)).toMatch(/\[-MORE\(\d+\)-\] \[5 unread\]/);
    type(PAGE_DOWN + PAGE_DOWN + PAGE_DOWN);
    expect(rows().join("\n")).toMatch(/message 24/);
    expect(rows().at(-2)).not.toMatch(/MORE|unread/);
  });

  it("alt_home_and_alt_end_go_to_the_ends", async () => {
    const { room, type, rows } = await sitWith();
    hearMany(room, 20);
    type(ALT_HOME);
    expect(rows().slice(0, 3)).toEqual([
      "---- the conversation begins on 31 January 2026 ----",
      "---- Saturday, 31 January 2026 ----",
      "12:00 <bob> message 0",
    ]);
    type(ALT_END);
    expect(rows()[5]).toContain("message 19");
  });

  it("marks_what_came_while_the_terminal_was_out_of_sight", async () => {
    const { room, type, rows } = await sitWith();
    hearMany(room, 1);
    type(FOCUS_OUT);
    hearMany(room, 1, 1);
    expect(rows().at(-2)).toContain("[1 unread]");
    type(FOCUS_IN);
    expect(rows().at(-2)).not.toContain("unread");
    expect(rows()).toContain("---- new ----");
    type("seen\r");
    expect(rows()).not.toContain("---- new ----");
  });

  it("tells_two_of_one_nick_apart_and_only_them", async () => {
    const { room, rows } = await sitWith({ rows: 12 });
    const one = room.addPeer("eve");
    room.hear(one, "alone yet", stamp(0));
    expect(rows().join("\n")).toContain("<eve> alone yet");
    room.hear(room.addPeer("eve"), "me too", stamp(1));
    room.hear(room.addPeer("bob"), "and me", stamp(2));
    expect(rows().join("\n")).toMatch(/<eve·t002> alone yet\n[^<]*<eve·t003> me too\n[^<]*<bob> and me/);
  });

  it("lists_the_peers_in_straight_columns", async () => {
    const { room, type, rows } = await sitWith({ columns: 80, rows: 12 });
    room.addPeer("日本語");
    room.addPeer("bob");
    type("/peers\r");
    await vi.waitFor(() => expect(rows().join("\n")).toContain("2 peers in #smplchat"));
    expect(rows().slice(-6, -2)).toEqual([
      "      nick    state  round trip  last heard  address",
      "      anna    you                            10.0.0.1:62733",
      "      bob     here   3 ms        400 ms ago  10.0.0.3:62733",
      "      日本語  here   3 ms        400 ms ago  10.0.0.2:62733",
    ]);
  });

  it("shows_no_escape_sequence_that_came_from_the_network", async () => {
    const { room, controller } = await sitWith();
    room.hear(room.addPeer("m\x1b[31mal"), "a\x1b[2Jb\x07\x9b31mc", stamp(0));
    const text = controller.frame().messages.join("");
    expect(text).toContain("abc");
    expect(text.replace(/\x1b\[\d*m/g, "")).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
    expect(text).not.toContain("\x1b[31m");
  });

  it("completes_a_nick_without_what_would_steer_the_terminal", async () => {
    const { room, controller, type } = await sitWith({ columns: 80 });
    room.hear(room.addPeer("m\x1b[31mal\x9b2J"), "hi", stamp(0));
    type("ma\t");
    expect(controller.frame().composer).toEqual(["> mal: "]);
  });

  it("fits_any_size_of_terminal", async () => {
    const { room, controller, type } = await sitWith();
    hearMany(room, 30);
    type("some text that is longer than a narrow terminal is wide");
    for (const [columns, rows] of [
      [80, 24],
      [40, 10],
      [200, 50],
      [5, 4],
      [10, 2],
      [3, 1],
    ] as const) {
      controller.resize(columns, rows);
      const frame = controller.frame();
      const drawn = [...frame.messages, ...(frame.status === undefined ? [] : [frame.status]), ...frame.composer];
      expect(drawn).toHaveLength(rows);
      expect(frame.cursorRow).toBeLessThan(rows);
      for (const row of drawn) expect(plainRow(row).length).toBeLessThanOrEqual(columns);
    }
  });

  it("clear_empties_it_and_another_room_begins_anew", async () => {
    const { room, type, rows } = await sitWith();
    hearMany(room, 3);
    type("/clear\r");
    await vi.waitFor(() => expect(rows().join("\n")).not.toContain("message"));
    hearMany(room, 1, 9);
    type("/join #other\r");
    await vi.waitFor(() => expect(rows().at(-2)).toContain("[#other] [anna] [alone]"));
    expect(rows().join("\n")).not.toContain("message 9");
  });

  it("keys_of_the_host_are_told_to_it", async () => {
    const { type } = await sitWith();
    expect(type("a\x0c\x1a")).toEqual(["draw", "redraw", "suspend"]);
    expect(type("\x03\x03\x03")).toEqual(["draw", "draw", "quit"]);
  });
});
