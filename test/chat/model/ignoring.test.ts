/** What ignored people say, and do to what others say, is out of sight, and comes back where it was. */
import { expect, it } from "vitest";
import { applyEvent, createTimeline, type Timeline, type TimelineEvent } from "../../../src/chat/model/timeline.ts";
import { withMessages } from "../../../src/chat/model/window.ts";
import type { Message, PeerView } from "../../../src/protocol/views.ts";
import { kindNumber, type MessageKind } from "../../../src/wire/bodies/kinds.ts";
import type { MessageId } from "../../../src/wire/ids.ts";
import { fakePeer } from "../../suites/fakeRoom.ts";

const [anna, bob, eve] = [fakePeer("anna", 1), fakePeer("bob", 2), fakePeer("eve", 3)];
const idAt = (time: number): MessageId => time.toString(16).padStart(12, "0").padEnd(48, "a") as MessageId;

function said(time: number, by: PeerView, kind: MessageKind, text: string, about?: number): Message {
  const target = about === undefined ? undefined : idAt(about);
  const about_ = { id: idAt(time), kind, kindNumber: kindNumber(kind), target, text, time };
  const author = { id: by.id, tag: by.tag, nick: by.nick };
  return { ...about_, author, seq: time, parents: [], own: by === anna, history: false };
}

const heard = (message: Message): TimelineEvent => ({ type: "message", message, isInOrder: true });
const ignoring = (...people: PeerView[]): TimelineEvent => ({
  type: "ignored",
  people: new Set(people.map(({ id }) => id)),
});
const after = (events: readonly TimelineEvent[], from = createTimeline(anna, [])): Timeline =>
  events.reduce((timeline, event) => applyEvent(timeline, event, 50), from);

function lines({ entries }: Timeline): string[] {
  return entries.flatMap((entry) => {
    if (entry.type !== "message") return [];
    const { nick, text, reactions = [], quote } = entry;
    const to = quote === undefined ? "" : ` to ${quote.type === "here" ? quote.text : quote.type}`;
    return `${nick}${to}: ${text}${reactions.map((one) => ` ${one.text}${one.authors.length}`).join("")}`;
  });
}

const talk = [
  said(1, bob, "text", "tea?"),
  said(2, eve, "text", "buy this"),
  said(3, eve, "react", "👎", 1),
  said(4, bob, "react", "👍", 1),
  said(5, eve, "reply", "no", 1),
  said(6, bob, "reply", "stop it", 2),
  said(7, eve, "edit", "buy that", 2),
].map(heard);
const whole = ["bob: tea? 👎1 👍1", "eve: buy that", "eve to tea?: no", "bob to buy that: stop it"];
const rest = ["bob: tea? 👍1", "bob to missing: stop it"];

it("whenever they are ignored, before or after they spoke, the same is left, and the same comes back", () => {
  expect(lines(after(talk))).toEqual(whole);
  for (let at = 0; at <= talk.length; at += 1) {
    const ignored = after([...talk.slice(0, at), ignoring(eve), ...talk.slice(at)]);
    expect(lines(ignored), `before ${at}`).toEqual(rest);
    expect(lines(after([ignoring()], ignored))).toEqual(whole);
    expect(lines(after([ignoring(bob)], ignored)).every((line) => line.startsWith("eve"))).toBe(true);
  }
});

it("is nothing unread, also where it was read back from what is kept", () => {
  const away = after([ignoring(eve), { type: "seeing", seeing: false }, ...talk]);
  expect(away.unread?.count).toBe(2);
  const page = talk.flatMap((event) => (event.type === "message" ? [event.message] : []));
  expect(lines(withMessages(after([ignoring(eve)]), page))).toEqual(rest);
});

it("stays away when the screen was cleared meanwhile", () => {
  const cleared = after([ignoring(eve), ...talk, { type: "cleared" }, ignoring()]);
  expect(lines(cleared)).toEqual([]);
  expect(lines(after([heard(said(9, eve, "text", "new"))], cleared))).toEqual(["eve: new"]);
});

it("keeps their words out of replies to them, wherever these words are known from", () => {
  const known: TimelineEvent = { type: "known", messages: [said(2, eve, "text", "buy this")] };
  const reply = heard(said(6, bob, "reply", "stop it", 2));
  expect(lines(after([known, reply]))).toEqual(["bob to buy this: stop it"]);
  expect(lines(after([ignoring(eve), known, reply]))).toEqual(["bob to missing: stop it"]);
});
