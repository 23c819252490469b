/** The view model of a room: order, duplicates, bounds, folding, unread. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sameNick } from "../../../src/chat/model/names.ts";
import { PRESENCE_NAMES_MAX, presenceText } from "../../../src/chat/model/presence.ts";
import {
  applyEvent,
  createTimeline,
  nicksBySpeech,
  TIMELINE_LINES_MAX,
  type Timeline,
  type TimelineEvent,
} from "../../../src/chat/model/timeline.ts";
import type { Message, PeerStatus, PeerView } from "../../../src/protocol/views.ts";
import type { MessageId, PeerId } from "../../../src/wire/ids.ts";

const NOON = Date.UTC(2026, 0, 31, 12);

function peer(nick: string, key = nick): PeerView {
  const id = Buffer.from(key).toString("hex").padEnd(64, "0") as PeerId;
  const unknown = { sinceMs: undefined, address: undefined, rttMs: undefined, lastHeardMs: undefined };
  return { id, tag: "abcd", nick, status: "alive", ...unknown };
}

const self = peer("anna");

function message(time: number, nick = "bob", more: Partial<Message> = {}): Message {
  const author = peer(nick);
  const own = nick === self.nick;
  const id = (time.toString(16).padStart(12, "0") + author.id.slice(0, 36)) as MessageId;
  const { tag, id: authorId } = author;
  const plain: Message = {
    id,
    author: { id: authorId, tag, nick },
    seq: 1,
    kind: "text",
    kindNumber: 1,
    target: undefined,
    text: `at ${time}`,
    time,
    parents: [],
    own,
    history: false,
  };
  return { ...plain, ...more };
}

const said = (time: number, nick?: string, more?: Partial<Message>): TimelineEvent => told(message(time, nick, more));
const told = (of: Message, isInOrder = true): TimelineEvent => ({ type: "message", message: of, isInOrder });
const peerEvent = (view: PeerView, status: PeerStatus): TimelineEvent => ({ type: "peer", status, peer: view });
const line = (text: string): TimelineEvent => ({ type: "line", text, tone: "info" });

function roomAfter(events: readonly TimelineEvent[], from: Timeline = createTimeline(self, []), now = NOON): Timeline {
  return events.reduce((timeline, event) => applyEvent(timeline, event, now), from);
}

/** What stands in the room, in words. */
function shown(timeline: Timeline): string[] {
  return timeline.entries.map((entry) => {
    if (entry.type === "message") return entry.message.text;
    if (entry.type === "local") return `-- ${entry.text}`;
    return entry.changes.map((change) => `${change.nick} ${change.status}`).join(", ");
  });
}

describe("messages in a room", () => {
  const events = fc
    .uniqueArray(
      fc.record({ time: fc.integer({ min: 0, max: 500 }), nick: fc.constantFrom("bob", "eve", "anna", "zoë") }),
      {
        selector: ({ time, nick }) => `${time} ${nick}`,
        maxLength: 60,
      },
    )
    .map((list) => list.map(({ time, nick }) => said(time, nick)));

  it("any_order_of_the_same_messages_gives_the_same_room", () => {
    const twoOrders = events.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    fc.assert(
      fc.property(twoOrders, ([one, other]) => {
        const [left, right] = [roomAfter(one), roomAfter(other)];
        expect(left.entries).toEqual(right.entries);
        expect(left.sharedNicks).toEqual(right.sharedNicks);
      }),
    );
  });

  it("repeated_messages_are_shown_once_in_the_order_of_their_ids", () => {
    fc.assert(
      fc.property(events, (list) => {
        const { entries } = roomAfter([...list, ...list.toReversed(), ...list]);
        const keys = entries.map((entry) => entry.key);
        expect(keys).toEqual([...new Set(keys)].sort());
        expect(keys).toHaveLength(list.length);
      }),
    );
  });

  it("late_history_slots_in_above_what_is_shown", () => {
    expect(shown(roomAfter([said(30), said(10, "eve", { history: true }), said(20)]))).toEqual([
      "at 10",
      "at 20",
      "at 30",
    ]);
  });

  it("the_oldest_lines_go_first_and_do_not_come_back", () => {
    const times = Array.from({ length: TIMELINE_LINES_MAX + 2 }, (_, time) => said(time));
    const full = roomAfter(times);
    expect(full.entries).toHaveLength(TIMELINE_LINES_MAX);
    expect(shown(full)[0]).toBe("at 2");
    expect(roomAfter([said(1)], full)).toBe(full);
  });

  it("one_that_comes_before_what_its_author_had_seen_is_shown_at_once_and_stands_right_when_that_is_here", () => {
    const [question, answer] = [message(10, "bob"), message(20, "eve", { parents: [message(10, "bob").id] })];
    const early = roomAfter([told(answer, false)]);
    expect(shown(early)).toEqual(["at 20"]);
    const both = roomAfter([told(question), { type: "ordered", ids: [answer.id] }], early);
    expect(shown(both)).toEqual(["at 10", "at 20"]);
  });

  it("what_is_said_of_its_order_or_its_store_adds_nothing", () => {
    const timeline = roomAfter([said(1)]);
    const ids = [message(1).id];
    for (const type of ["ordered", "stored"] as const) expect(roomAfter([{ type, ids }], timeline)).toBe(timeline);
  });

  it("delivery_is_kept_with_its_message_and_ignored_without_one", () => {
    const own = message(5, "anna");
    const delivery: TimelineEvent = { type: "delivery", id: own.id, reached: 7, of: 12, lacking: ["bob"] };
    const timeline = roomAfter([told(own), delivery]);
    expect(timeline.entries[0]).toMatchObject({ delivery: { reached: 7, of: 12, lacking: ["bob"] } });
    const without = createTimeline(self, []);
    expect(roomAfter([delivery], without)).toBe(without);
  });

  it("clearing_hides_what_was_shown_and_nothing_that_comes_after", () => {
    const cleared = roomAfter([said(1), said(2), { type: "cleared" }, said(2), said(1, "eve"), said(3)]);
    expect(shown(cleared)).toEqual(["at 3"]);
  });
});

describe("what others wrote", () => {
  const nasty = "a\x1b[2J\tb\u202e\x9d";

  it("is_safe_to_show_from_its_entry_on_and_exact_where_it_is_told", () => {
    const author = { id: peer("eve").id, tag: "abcd", nick: "e\x1b[1mve" };
    const given = message(1, "eve", { text: nasty, author });
    const [entry] = roomAfter([told(given)]).entries;
    expect(entry).toMatchObject({ nick: "eve", text: "a    b" });
    expect(entry).toMatchObject({ message: given });
  });

  it("is_safe_in_nicks_of_peers_too", () => {
    const eve = peer("e\x9b31mve");
    const timeline = roomAfter([peerEvent(eve, "alive")]);
    expect(timeline.peers.get(eve.id)?.nick).toBe("eve");
    expect(shown(timeline)).toEqual(["eve joined"]);
    expect(createTimeline(self, [eve]).peers.get(eve.id)?.nick).toBe("eve");
    const renamed = { ...eve, nick: "e\nve" };
    const after = roomAfter(
      [{ type: "notice", notice: { code: "renamed", peer: renamed, before: "x", own: false } }],
      timeline,
    );
    expect(after.peers.get(eve.id)?.nick).toBe("e_ve");
    expect(nicksBySpeech(roomAfter([said(1, "m\x1b[31mal")]), self.id)).toEqual(["mal"]);
  });

  it("is_safe_in_what_this_program_says_of_it", () => {
    expect(shown(roomAfter([line(nasty)]))).toEqual(["-- a    b"]);
  });
});

describe("local lines", () => {
  it("of_a_long_text_are_several_entries_that_go_on_with_one_another", () => {
    const text = Array.from({ length: 1_000 }, (_, at) => `line ${at}`).join("\n");
    const { entries } = roomAfter([said(NOON), line(text), line("after it")]);
    const parts = entries.filter((entry) => entry.type === "local");
    expect(parts.map((entry) => entry.text).join("\n")).toBe(`${text}\nafter it`);
    expect(parts.map((entry) => entry.continued)).toEqual([false, true, true, true, true, false]);
  });

  it("stand_below_what_was_on_the_screen_even_where_the_rooms_clock_is_ahead", () => {
    const timeline = roomAfter([said(NOON + 60_000), line("one"), line("two"), said(NOON + 60_001)]);
    expect(shown(timeline)).toEqual([`at ${NOON + 60_000}`, "-- one", "-- two", `at ${NOON + 60_001}`]);
  });
});

describe("joins and leaves", () => {
  const [bob, eve] = [peer("bob"), peer("eve")];

  it("several_in_a_row_fold_into_one_line", () => {
    const timeline = roomAfter([peerEvent(bob, "alive"), peerEvent(eve, "alive")]);
    expect(shown(timeline)).toEqual(["bob joined, eve joined"]);
    expect(timeline.peers.size).toBe(2);
  });

  it("a_message_between_them_begins_a_new_line", () => {
    const timeline = roomAfter([peerEvent(bob, "alive"), said(NOON + 1), peerEvent(eve, "alive")]);
    expect(shown(timeline)).toEqual(["bob joined", `at ${NOON + 1}`, "eve joined"]);
  });

  it("suspicion_and_its_refutation_are_no_news", () => {
    const timeline = roomAfter([peerEvent(bob, "suspect"), peerEvent(bob, "alive")], createTimeline(self, [bob]));
    expect(shown(timeline)).toEqual([]);
    expect(timeline.peers.get(bob.id)?.status).toBe("alive");
  });

  it("one_who_came_and_went_is_named_once", () => {
    expect(shown(roomAfter([peerEvent(bob, "alive"), peerEvent(bob, "left")]))).toEqual(["bob passed"]);
    expect(shown(roomAfter([peerEvent(bob, "dead"), peerEvent(bob, "alive")], createTimeline(self, [bob])))).toEqual([
      "bob back",
    ]);
  });

  it("a_crowd_is_one_line_whatever_its_size_and_whoever_does_not_answer_for_a_moment_is_no_line", () => {
    const crowd = Array.from({ length: 1_000 }, (_, at) => peer(`p${at}`));
    const timeline = roomAfter([
      ...crowd.map((each): TimelineEvent => ({ type: "peer", status: "alive", peer: each })),
      ...crowd.map((each): TimelineEvent => ({ type: "peer", status: "suspect", peer: each })),
      ...crowd.slice(0, 10).map((each): TimelineEvent => ({ type: "peer", status: "alive", peer: each })),
      ...crowd.slice(990).map((each): TimelineEvent => ({ type: "peer", status: "left", peer: each })),
    ]);
    expect(timeline.entries).toHaveLength(1);
    const [entry] = timeline.entries;
    if (entry?.type !== "presence") throw new Error("no such line");
    expect(entry.changes).toHaveLength(PRESENCE_NAMES_MAX);
    expect(presenceText(entry, ({ nick }) => nick)).toBe(
      "p0, p1, p2, p3, p4, p5, p6, p7 and 992 others joined; 10 peers left",
    );
  });

  it("those_long_apart_are_not_folded", () => {
    const timeline = roomAfter([peerEvent(eve, "alive")], roomAfter([peerEvent(bob, "alive")]), NOON + 3_600_000);
    expect(shown(timeline)).toEqual(["bob joined", "eve joined"]);
  });
});

describe("nicks", () => {
  const withNick = (nick: string, key = "eve") => ({ author: { id: peer(key).id, tag: "abcd", nick } });

  it("a_nick_used_by_two_keys_is_shared_whoever_came_first", () => {
    expect(
      roomAfter([peerEvent(peer("bob", "b1"), "alive"), peerEvent(peer("bob", "b2"), "alive")]).sharedNicks,
    ).toEqual(new Set(["bob"]));
    expect(
      roomAfter([peerEvent(peer("Bob", "b1"), "alive"), peerEvent(peer("ｂob", "b2"), "alive")]).sharedNicks,
      "nicks that look alike",
    ).toEqual(new Set(["bob"]));
    expect(roomAfter([peerEvent(peer("anna", "other"), "alive")]).sharedNicks).toEqual(new Set(["anna"]));
    expect(roomAfter([peerEvent(peer("bob"), "alive"), said(1, "bob")]).sharedNicks.size).toBe(0);
  });

  it("a_new_nick_in_each_of_ten_thousand_messages_is_noted_at_once_and_found_again", () => {
    let timeline = createTimeline(self, []);
    const from = performance.now();
    for (let at = 0; at < 10_000; at++) timeline = applyEvent(timeline, said(at, "eve", withNick(`nick${at}`)), NOON);
    // 0.3 s; with a copy of all nicks for each it is 9 s.
    expect(performance.now() - from).toBeLessThan(3_000);
    const again = roomAfter([said(20_000, "bob", withNick("nick7", "bob"))], timeline);
    expect(again.sharedNicks).toEqual(new Set([sameNick("nick7")]));
    expect(timeline.sharedNicks.size).toBe(0);
  });

  it("completion_offers_the_last_speaker_first_then_the_silent", () => {
    const timeline = roomAfter(
      [said(1, "bob"), said(2, "eve"), said(3, "anna")],
      createTimeline(self, [peer("dan"), peer("bob")]),
    );
    expect(nicksBySpeech(timeline, self.id)).toEqual(["eve", "bob", "dan"]);
  });
});

describe("a message that this version cannot read", () => {
  const unreadable = (time: number, nick: string): TimelineEvent => {
    const { author } = message(time, nick);
    return said(time, nick, { kind: "unknown", kindNumber: 300, text: "", author: { ...author, nick: "" } });
  };
  const entries = (timeline: Timeline) =>
    timeline.entries.flatMap((entry) => (entry.type === "message" ? [[entry.nick, entry.text]] : []));

  it("says so, under the nick that its author has now, or under the tag of the key", () => {
    const timeline = roomAfter([unreadable(1, "bob"), unreadable(2, "eve")], createTimeline(self, [peer("bob")]));
    const text = "(a message of a kind that this version cannot show: update to see it)";
    expect(entries(timeline)).toEqual([
      ["bob", text],
      ["?·abcd", text],
    ]);
  });

  it("takes no nick from anybody and offers none for completion", () => {
    const timeline = roomAfter([unreadable(1, "bob"), unreadable(2, "eve"), said(3, "zoë")]);
    expect(timeline.sharedNicks.size).toBe(0);
    expect(nicksBySpeech(timeline, self.id)).toEqual(["zoë"]);
  });

  it("counts as unread like any other", () => {
    const away = roomAfter([{ type: "seeing", seeing: false }]);
    expect(roomAfter([unreadable(1, "bob")], away).unread?.count).toBe(1);
  });
});

describe("unread", () => {
  const away = roomAfter([{ type: "seeing", seeing: false }]);

  it("messages_of_others_count_while_the_newest_lines_are_not_seen", () => {
    const timeline = roomAfter([said(1), said(2), said(3, "anna"), said(0, "eve", { history: true })], away);
    expect(timeline.unread).toEqual({ key: message(1).id, count: 2 });
    expect(roomAfter([said(1)]).unread).toBeUndefined();
  });

  it("the_line_stays_when_the_reader_comes_back_and_moves_with_the_next_absence", () => {
    const back = roomAfter([said(1), { type: "seeing", seeing: true }], away);
    expect(back.unread).toEqual({ key: message(1).id, count: 0 });
    const again = roomAfter([{ type: "seeing", seeing: false }, said(5)], back);
    expect(again.unread).toEqual({ key: message(5).id, count: 1 });
    expect(roomAfter([{ type: "unread-read" }], again).unread).toBeUndefined();
  });
});
