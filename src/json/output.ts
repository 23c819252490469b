/** Writes every event as a JSON object with a `type`. Texts are exact and not cleaned: the reading program decides. */
import { commandTable } from "../chat/command/commands.ts";
import { escapeUnsafe } from "../chat/model/escape.ts";
import type { Kept, Reply, SessionEvent } from "../chat/model/events.ts";
import { keyWords } from "../chat/model/keyWords.ts";
import { replyText } from "../chat/model/replies.ts";
import { errorText, noticeText, refusalText, sentenceFor } from "../chat/model/sentences.ts";
import type { Trust } from "../chat/model/trust.ts";
import type { Session } from "../chat/session/session.ts";
import type { ChatEvent } from "../protocol/events.ts";
import type { Author, Message, PeerView } from "../protocol/views.ts";
import { needsTarget } from "../wire/bodies/kinds.ts";
import type { PeerId } from "../wire/ids.ts";

/** One line; nothing in it steers a terminal. */
export function jsonLine(value: object): string {
  return escapeUnsafe(JSON.stringify(value));
}

export function jsonReady(session: Session, version: string): object {
  const room = session.room();
  const { private: isPrivate } = room.choice;
  return {
    type: "ready",
    version,
    self: { ...authorOf(room.self()), verified: true },
    room: { name: session.label(room), private: isPrivate },
    rooms: session.rooms().map((one) => ({ name: session.label(one), private: one.choice.private })),
    address: room.address(),
  };
}

/** Who is verified and ignored, and who one is: that is verified, too. */
export type Seen = Trust & { readonly self: PeerId };

/** Nothing for events that are for screens only. Each names its room. What answers a line with a `ref` carries it. */
export function jsonOf(event: SessionEvent, room: string, seen: Seen): object[] {
  const { ref } = event;
  return valuesOf(event, room, seen).map((value) => ({ ...value, room, ...refOf(ref) }));
}

export function jsonDone(): object {
  return jsonNotice("done", "done", {});
}

export function refOf(ref: string | undefined): object {
  return ref === undefined ? {} : { ref };
}

export function jsonError(code: string, text: string, data: object): object {
  return { type: "error", code, text, data };
}

// --- internal ---

function valuesOf(event: SessionEvent, room: string, seen: Seen): object[] {
  switch (event.type) {
    case "sent":
      return event.ref === undefined ? [] : [{ type: "sent", id: event.id }];
    case "done":
      return event.ref === undefined ? [] : [jsonDone()];
    case "chat":
      return jsonOfChat(event.event, room, seen);
    case "reply":
      // A search is told whole.
      if (event.reply.code === "search" && !event.reply.isOver) return [];
      return [jsonOfReply(event.reply, seen)];
    case "refusal": {
      const { code, ...data } = event.refusal;
      return [jsonError(code, refusalText(event.refusal), plain(data, seen))];
    }
    case "moved": {
      const { name, private: isPrivate } = event.room;
      const data = { room: { name, private: isPrivate }, address: event.address };
      return [jsonNotice("moved", sentenceFor(event, room)?.text ?? "", data)];
    }
    case "missed":
      return [jsonNotice("missed", sentenceFor(event, room)?.text ?? "", { messages: event.messages })];
    case "earlier":
      return [jsonNotice("earlier", sentenceFor(event, room)?.text ?? "", { messages: event.messages })];
    case "undelivered":
      return [jsonNotice("undelivered", sentenceFor(event, room)?.text ?? "", { messages: event.messages })];
    case "busy":
      return [jsonNotice("busy", sentenceFor(event, room)?.text ?? "", { lines: event.lines })];
    case "key-changed": {
      const { peer, known } = event;
      const { since } = known;
      const data = { nick: peer.nick, peer: jsonAuthor(peer, seen), known: { ...jsonAuthor(known, seen), since } };
      return [jsonNotice("key-changed", sentenceFor(event, room)?.text ?? "", data)];
    }
    case "clear":
      return [jsonNotice("cleared", "there is no screen to clear", {})];
    case "people":
    case "ended":
      return [];
  }
}

function jsonOfChat(event: ChatEvent, room: string, seen: Seen): object[] {
  switch (event.type) {
    case "message":
      return [jsonMessage(event.message, seen)];
    case "ordered":
      return [];
    case "stored":
      return event.ids.map((id) => ({ type: "stored", id }));
    case "peer":
      return [
        {
          type: "peer",
          status: event.status,
          peer: { ...jsonAuthor(event.peer, seen), address: event.peer.address ?? null },
        },
      ];
    case "delivery":
      return [{ ...event, final: isFinal(event) }];
    case "notice": {
      const { code, ...data } = event.notice;
      return [jsonNotice(code, noticeText(event.notice, room), plain(data, seen))];
    }
    case "error": {
      const { code, ...data } = event.error;
      return [jsonError(code, errorText(event.error), data)];
    }
  }
}

/** Somebody has it, and of all others it is known that they have or lack it. Whoever lacks it may get it later all the same. */
function isFinal({ reached, of, lacking }: ChatEvent & { type: "delivery" }): boolean {
  return reached > 0 && reached + lacking.length >= of;
}

function jsonOfReply(reply: Reply, seen: Seen): object {
  switch (reply.code) {
    case "peers":
      return {
        type: "peers",
        self: jsonPeer(reply.self, seen),
        peers: reply.peers.map((peer) => jsonPeer(peer, seen)),
      };
    case "stats":
      return { type: "stats", ...reply.stats };
    case "log":
      return { type: "log", ids: reply.messages.map((message) => message.id) };
    case "search":
      return jsonSearch(reply, seen);
    case "history": {
      const { room, messages, more } = reply;
      const past = messages.map((message) => ({
        ...jsonMessage({ ...message, history: true }, seen),
        room: room.name,
      }));
      return { type: "history", room: room.name, messages: past, more };
    }
    case "show":
      return jsonNotice("show", replyText(reply), { id: reply.message.id });
    case "info": {
      const { number, message, delivery } = reply;
      return jsonNotice("info", replyText(reply), { number, id: message.id, ...delivery });
    }
    case "whois":
      return jsonNotice("whois", replyText(reply), { peers: reply.peers.map((peer) => jsonWhois(peer, reply, seen)) });
    case "ignoring": {
      const people = reply.people.map((person) => ({ ...jsonAuthor(person, seen), since: person.since }));
      return jsonNotice("ignoring", replyText(reply), { people });
    }
    case "rooms": {
      const rooms = reply.rooms.map(({ room, label, messages = null, ...row }) => {
        return { name: room.name, label, private: room.private, ...row, messages };
      });
      return jsonNotice("rooms", replyText(reply), { rooms });
    }
    case "topic": {
      const { topic } = reply;
      const set = topic && {
        id: topic.id,
        author: jsonAuthor(topic.author, seen),
        time: new Date(topic.time).toISOString(),
      };
      return jsonNotice("topic", replyText(reply), { topic: topic?.text ?? "", ...set });
    }
    case "help": {
      const commands = commandTable.filter((spec) => reply.command === undefined || spec.name === reply.command);
      return jsonNotice("help", replyText(reply), { commands });
    }
    case "settings":
      return jsonNotice("settings", replyText(reply), { settings: reply.rows });
    default: {
      const { code, ...data } = reply;
      return jsonNotice(code, replyText(reply), plain(data, seen));
    }
  }
}

/** Newest first. `kept`: how far back it goes in each room, and before when some may be lacking. */
function jsonSearch({ found, more, kept }: Reply & { readonly code: "search" }, seen: Seen): object {
  return {
    type: "search",
    messages: found.map(({ room, message }) => ({ ...jsonMessage(message, seen), room: room.name })),
    more: more > 0,
    kept: kept.map(({ room, span }) => jsonKept(room.name, span)),
  };
}

function jsonKept(room: string, { oldest, isWhole, gapsUntil }: Kept["span"]): object {
  const timeOf = (time: number | undefined): string | null =>
    time === undefined ? null : new Date(time).toISOString();
  return { room, since: timeOf(oldest), whole: isWhole, gapsUntil: timeOf(gapsUntil) };
}

function jsonNotice(code: string, text: string, data: object): object {
  return { type: "notice", code, text, data };
}

/**
 * Of an unknown kind: the number of the kind and what it is about, in place of what this version cannot read. Of what was read from
 * what is kept: whether it was edited or deleted.
 */
function jsonMessage({ kind, kindNumber, target, text, ...message }: Message, seen: Seen): object {
  const isUnknown = kind === "unknown";
  const author = jsonAuthor(message.author, seen);
  return {
    type: "message",
    id: message.id,
    author: isUnknown ? { ...author, nick: null } : author,
    ...(isUnknown ? {} : { text }),
    time: new Date(message.time).toISOString(),
    own: message.own,
    history: message.history,
    kind,
    ...(isUnknown ? { kindNumber, target: target ?? null } : {}),
    ...(!isUnknown && needsTarget(kind) ? { target } : {}),
    ...(message.editedBy === undefined ? {} : { edited: true }),
    ...(message.deleted === true ? { deleted: true } : {}),
    ...(seen.ignored.has(message.author.id) ? { ignored: true } : {}),
  };
}

function authorOf({ id, tag, nick }: Author): Author {
  return { id, tag, nick };
}

function jsonAuthor(author: Author, { self, verified }: Seen): object {
  return { ...authorOf(author), verified: author.id === self || verified.has(author.id) };
}

function jsonPeer(peer: PeerView, seen: Seen): object {
  const { status, address = null } = peer;
  const times = { sinceMs: tenths(peer.sinceMs), rttMs: tenths(peer.rttMs), lastHeardMs: tenths(peer.lastHeardMs) };
  const ignored = seen.ignored.has(peer.id) ? { ignored: true } : {};
  return { ...jsonAuthor(peer, seen), status, address, ...times, ...ignored };
}

/** `since`: the day on which the key was first seen; null: of oneself. */
function jsonWhois(peer: PeerView, { known }: Reply & { readonly code: "whois" }, seen: Seen): object {
  const since = known.find(({ id }) => id === peer.id)?.since ?? null;
  return { ...jsonPeer(peer, seen), words: keyWords(peer.id), since };
}

function tenths(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms * 10) / 10;
}

/** `peer`, `peers` and `self` in the form of all people, `room` without what `/invite` is for, times in whole milliseconds. */
function plain(data: object, seen: Seen): object {
  const person = (value: Author | PeerView): object =>
    "status" in value ? jsonPeer(value, seen) : jsonAuthor(value, seen);
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => {
      if ((key === "peer" || key === "self") && typeof value?.id === "string") return [key, person(value)];
      if (key === "peers" && Array.isArray(value)) return [key, value.map(person)];
      if (key === "room" && typeof value === "object") return [key, { name: value.name, private: value.private }];
      return [key, key.endsWith("Ms") && typeof value === "number" ? Math.round(value) : value];
    }),
  );
}
