/** What edits, deletions, reactions, replies and topics make of a room: the same on all nodes, in every order of arrival. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  amendmentOf,
  createOverlay,
  nothingRelated,
  overlayWith,
  RELATED_MAX,
  type Related,
  type Relation,
  relatedTo,
  withRelation,
} from "../../../src/chat/model/overlay.ts";
import { applyEvent, createTimeline, type Timeline } from "../../../src/chat/model/timeline.ts";
import { withMessages } from "../../../src/chat/model/window.ts";
import type { Message, PeerView } from "../../../src/protocol/views.ts";
import { kindNumber, type MessageKind } from "../../../src/wire/bodies/kinds.ts";
import type { MessageId, PeerId } from "../../../src/wire/ids.ts";

const peer = (nick: string): PeerView => ({
  id: Buffer.from(nick).toString("hex").padEnd(64, "0") as PeerId,
  tag: "abcd",
  nick,
  status: "alive",
  sinceMs: undefined,
  address: undefined,
  rttMs: undefined,
  lastHeardMs: undefined,
});
const [anna, bob, eve] = [peer("anna"), peer("bob"), peer("eve")];
const people = [anna, bob, eve];
const idAt = (time: number): MessageId => time.toString(16).padStart(12, "0").padEnd(48, "a") as MessageId;

function said(time: number, by: PeerView, kind: MessageKind, text: string, about?: number): Message {
  return {
    id: idAt(time),
    author: { id: by.id, tag: by.tag, nick: by.nick },
    seq: time,
    kind,
    kindNumber: kindNumber(kind),
    target: about === undefined ? undefined : idAt(about),
    text,
    time,
    parents: [],
    own: by === anna,
    history: false,
  };
}

const empty = createTimeline(anna, []);
const roomOf = (messages: readonly Message[]): Timeline =>
  messages.reduce((room, message) => applyEvent(room, { type: "message", message, isInOrder: true }, 0), empty);

/** A line of the room in words. */
function lines({ entries }: Timeline): string[] {
  return entries.map((entry) => {
    if (entry.type !== "message") return "?";
    const { quote, reactions = [] } = entry;
    const to =
      quote === undefined
        ? ""
        : quote.type === "missing"
          ? " to ?"
          : ` to ${quote.nick} ${quote.type === "here" ? quote.text : "-"}`;
    const mark = entry.editedBy === undefined ? "" : " (edited)";
    const row = reactions.map(({ text, authors }) => ` ${text}${authors.length}`).join("");
    return `${entry.nick}${to}: ${entry.text}${mark}${row}`;
  });
}

describe("an edit", () => {
  it("changes the text in place, the newest whatever comes first", () => {
    const [text, first, second] = [
      said(1, bob, "text", "tee"),
      said(2, bob, "edit", "tea", 1),
      said(3, bob, "edit", "chai", 1),
    ];
    expect(lines(roomOf([text, first, second]))).toEqual(["bob: chai (edited)"]);
    expect(lines(roomOf([second, first, text]))).toEqual(["bob: chai (edited)"]);
  });

  it("of somebody else's message, of a topic, or of what came later changes nothing", () => {
    const text = said(5, bob, "text", "tea");
    for (const edit of [said(6, eve, "edit", "x", 5), said(4, bob, "edit", "x", 5), said(8, bob, "edit", "x", 7)])
      expect(lines(roomOf([text, said(7, bob, "topic", "tea"), edit]))).toEqual([
        "bob: tea",
        "bob: set the topic: tea",
      ]);
  });
});

describe("a deletion", () => {
  it("takes the text and the reactions for good, whatever edit comes before or after it", () => {
    const all = [
      said(1, bob, "text", "secret"),
      said(2, bob, "edit", "secret too", 1),
      said(3, bob, "delete", "", 1),
      said(4, bob, "edit", "secret again", 1),
      said(5, eve, "react", "👍", 1),
      said(6, eve, "reply", "what was it?", 1),
    ];
    expect(lines(roomOf(all))).toEqual(["bob: (deleted)", "eve to bob -: what was it?"]);
    expect(
      JSON.stringify(roomOf(all.toReversed()).entries.map(({ type: _, ...entry }) => ({ ...entry, message: 0 }))),
    ).not.toContain("secret");
  });

  it("by another than the author takes nothing", () => {
    expect(lines(roomOf([said(1, bob, "text", "hi"), said(2, eve, "delete", "", 1)]))).toEqual(["bob: hi"]);
  });
});

describe("reactions", () => {
  it("are counted, one of each author, and taken back by an empty one", () => {
    const all = [
      said(1, bob, "text", "cake"),
      said(2, anna, "react", "👍", 1),
      said(3, eve, "react", "👍", 1),
      said(4, bob, "react", "🎉", 1),
      said(5, eve, "react", "🎂", 1),
      said(6, bob, "react", "", 1),
    ];
    expect(lines(roomOf(all.slice(0, 4)))).toEqual(["bob: cake 👍2 🎉1"]);
    expect(lines(roomOf(all))).toEqual(["bob: cake 👍1 🎂1"]);
  });

  it("are one with and without a selector, and steer no terminal", () => {
    const all = [said(1, bob, "text", "x"), said(2, anna, "react", "❤\ufe0f", 1), said(3, eve, "react", "❤", 1)];
    expect(lines(roomOf(all))).toEqual(["bob: x ❤\ufe0f2"]);
    expect(lines(roomOf([all[0] as Message, said(2, eve, "react", "\u202e\u200b", 1)]))).toEqual(["bob: x"]);
  });
});

describe("a reply", () => {
  it("says that its target is not here, and is completed when it comes, changes and goes", () => {
    const reply = said(3, eve, "reply", "yes", 1);
    const missing = roomOf([reply]);
    expect(lines(missing)).toEqual(["eve to ?: yes"]);
    const then = (room: Timeline, message: Message) =>
      applyEvent(room, { type: "message", message, isInOrder: true }, 0);
    const complete = then(missing, said(1, bob, "text", 'a "fine" day'));
    expect(lines(complete)[1]).toBe("eve to bob a 'fine' day: yes");
    const edited = then(complete, said(4, bob, "edit", "a bad day", 1));
    expect(lines(edited)[1]).toBe("eve to bob a bad day: yes");
    expect(lines(then(edited, said(5, bob, "delete", "", 1)))[1]).toBe("eve to bob -: yes");
    const known = { type: "known", messages: [said(1, bob, "text", "on the disk")] } as const;
    expect(lines(applyEvent(missing, known, 0))).toEqual(["eve to bob on the disk: yes"]);
  });
});

it("the topic is the newest, whoever set it, and may be cleared", () => {
  const all = [said(1, bob, "topic", "tea"), said(2, eve, "topic", "co\u202effee"), said(3, anna, "topic", "")];
  expect(roomOf(all.slice(0, 2)).topic).toEqual({ id: idAt(2), nick: "eve", text: "coffee" });
  expect(roomOf(all.toReversed()).topic).toMatchObject({ id: idAt(3), text: "" });
});

const KINDS: readonly MessageKind[] = ["text", "notice", "action", "reply", "react", "edit", "delete", "topic"];

/** Few authors, few targets, small times: everything speaks about everything. */
const messages = fc
  .array(
    fc.record({
      by: fc.nat({ max: people.length - 1 }),
      kind: fc.constantFrom(...KINDS),
      text: fc.constantFrom("", "a", "b", "👍", "🎉"),
      about: fc.nat({ max: 14 }),
    }),
    { maxLength: 15 },
  )
  .map((list) =>
    list.map(({ by, kind, text, about }, time) => {
      const isAbout = kind === "reply" || kind === "react" || kind === "edit" || kind === "delete";
      return said(time, people[by] as PeerView, kind, kind === "delete" ? "" : text, isAbout ? about : undefined);
    }),
  );

describe("every order of arrival", () => {
  const orders = messages.chain((list) => {
    const shuffled = fc.shuffledSubarray(list, { minLength: list.length });
    return fc.tuple(fc.constant(list), shuffled, shuffled, shuffled);
  });

  it("gives the same room on all nodes, also where a message comes twice", () => {
    fc.assert(
      fc.property(orders, ([list, ...others]) => {
        const room = roomOf(list);
        for (const other of others) {
          const twice = roomOf([...other, ...other.toReversed()]);
          expect(twice.entries).toEqual(room.entries);
          expect(twice.topic).toEqual(room.topic);
        }
      }),
      { numRuns: 400 },
    );
  });

  it("gives the same room where a part of it is paged in", () => {
    fc.assert(
      fc.property(orders, fc.nat({ max: 15 }), ([list, other], cut) => {
        const [late, page] = [other.filter(({ time }) => time >= cut), list.filter(({ time }) => time < cut)];
        expect(withMessages(roomOf(late), page).entries).toEqual(roomOf(list).entries);
      }),
      { numRuns: 400 },
    );
  });

  it("gives what the rules say, by a plain model that looks through all messages each time", () => {
    fc.assert(
      fc.property(orders, ([list, other]) => {
        for (const entry of roomOf(other).entries) {
          if (entry.type !== "message" || !["text", "notice", "action", "reply"].includes(entry.message.kind)) continue;
          const { id, author } = entry.message;
          const about = list.filter((one) => one.target === id && one.id > id);
          const mine = about.filter((one) => one.author.id === author.id);
          const isDeleted = mine.some(({ kind }) => kind === "delete");
          const edit = mine.filter(({ kind }) => kind === "edit").at(-1);
          expect(entry.deleted === true).toBe(isDeleted);
          expect(entry.editedBy).toBe(isDeleted ? undefined : edit?.id);
          if (!isDeleted) expect(entry.text).toBe(edit?.text ?? entry.message.text);
          const counts = new Map<string, number>();
          for (const { id: by } of people) {
            const text = about.filter((one) => one.kind === "react" && one.author.id === by).at(-1)?.text ?? "";
            if (text !== "" && !isDeleted) counts.set(text, (counts.get(text) ?? 0) + 1);
          }
          expect(new Map(entry.reactions?.map(({ text, authors }) => [text, authors.length]))).toEqual(counts);
        }
      }),
      { numRuns: 400 },
    );
  });
});

describe("the overlay is bounded", () => {
  const about = (id: number, target: number, by: number, kind: Relation["kind"]): Relation => ({
    id: idAt(id),
    target: idAt(target),
    author: by.toString(16).padStart(64, "0") as PeerId,
    kind,
    text: "x",
  });

  it("for one message, whoever speaks about it, and keeps the newest", () => {
    let related: Related = nothingRelated;
    for (const kind of ["react", "edit", "delete", "reply"] as const)
      for (let at = 1; at <= 1_200; at += 1) related = withRelation(related, about(at, 0, at, kind));
    const { edits, deletes, reactions, replies } = related;
    expect([edits.size, deletes.size, reactions.size, replies.length]).toEqual([8, 8, 1_000, 1_000]);
    expect(replies.at(-1)).toBe(idAt(1_200));
    const author = { id: about(0, 0, 1_200, "edit").author, tag: "", nick: "" };
    expect(amendmentOf({ ...related, deletes: new Map() }, { author, kind: "text" }).edit?.id).toBe(idAt(1_200));
  });

  it("in all: what is said about the oldest messages goes first, and does not come back", () => {
    let overlay = createOverlay();
    for (let at = 0; at < 1.2 * RELATED_MAX; at += 1) overlay = overlayWith(overlay, about(at + 1, at, 1, "react"));
    expect(overlay.related.older.size + overlay.related.recent.size).toBeLessThanOrEqual(RELATED_MAX + 100);
    expect(relatedTo(overlay, idAt(1.2 * RELATED_MAX - 1)).reactions.size).toBe(1);
    expect(relatedTo(overlay, idAt(0))).toBe(nothingRelated);
    expect(overlayWith(overlay, about(20_000, 0, 1, "react"))).toBe(overlay);
  });
});
