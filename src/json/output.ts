/** Writes every event as a JSON object with a `type`. Texts are exact and not cleaned: the reading program decides. */
import { commandTable } from "../chat/command/commands.ts";
import { escapeUnsafe } from "../chat/model/escape.ts";
import type { Kept, Reply, SessionEvent } from "../chat/model/events.ts";
import { replyText } from "../chat/model/replies.ts";
import { errorText, noticeText, refusalText, sentenceFor } from "../chat/model/sentences.ts";
import type { Session } from "../chat/session/session.ts";
import type { ChatEvent } from "../protocol/events.ts";
import type { Author, Message, PeerView } from "../protocol/views.ts";
import { needsTarget } from "../wire/bodies/kinds.ts";

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
    self: jsonAuthor(room.self()),
    room: { name: session.label(room), private: isPrivate },
    rooms: session.rooms().map((one) => ({ name: session.label(one), private: one.choice.private })),
    address: room.address(),
  };
}

/** Nothing for events that are for screens only. Each names its room. What answers a line with a `ref` carries it. */
export function jsonOf(event: SessionEvent, room: string): object[] {
  const { ref } = event;
  return valuesOf(event, room).map((value) => ({ ...value, room, ...refOf(ref) }));
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

function valuesOf(event: SessionEvent, room: string): object[] {
  switch (event.type) {
    case "sent":
      return event.ref === undefined ? [] : [{ type: "sent", id: event.id }];
    case "done":
      return event.ref === undefined ? [] : [jsonDone()];
    case "chat":
      return jsonOfChat(event.event, room);
    case "reply":
      // A search is told whole.
      if (event.reply.code === "search" && !event.reply.isOver) return [];
      return [jsonOfReply(event.reply)];
    case "refusal": {
      const { code, ...data } = event.refusal;
      return [jsonError(code, refusalText(event.refusal), data)];
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
    case "clear":
      return [jsonNotice("cleared", "there is no screen to clear", {})];
    case "ended":
      return [];
  }
}

function jsonOfChat(event: ChatEvent, room: string): object[] {
  switch (event.type) {
    case "message":
      return [jsonMessage(event.message)];
    case "ordered":
      return [];
    case "stored":
      return event.ids.map((id) => ({ type: "stored", id }));
    case "peer":
      return [
        {
          type: "peer",
          status: event.status,
          peer: { ...jsonAuthor(event.peer), address: event.peer.address ?? null },
        },
      ];
    case "delivery":
      return [{ ...event, final: isFinal(event) }];
    case "notice": {
      const { code, ...data } = event.notice;
      return [jsonNotice(code, noticeText(event.notice, room), plain(data))];
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

function jsonOfReply(reply: Reply): object {
  switch (reply.code) {
    case "peers":
      return { type: "peers", self: jsonPeer(reply.self), peers: reply.peers.map(jsonPeer) };
    case "stats":
      return { type: "stats", ...reply.stats };
    case "log":
      return { type: "log", ids: reply.messages.map((message) => message.id) };
    case "search":
      return jsonSearch(reply);
    case "history": {
      const { room, messages, more } = reply;
      const past = messages.map((message) => ({ ...jsonMessage({ ...message, history: true }), room: room.name }));
      return { type: "history", room: room.name, messages: past, more };
    }
    case "show":
      return jsonNotice("show", replyText(reply), { id: reply.message.id });
    case "info": {
      const { number, message, delivery } = reply;
      return jsonNotice("info", replyText(reply), { number, id: message.id, ...delivery });
    }
    case "whois":
      return jsonNotice("whois", replyText(reply), { peers: reply.peers.map(jsonPeer) });
    case "rooms": {
      const rooms = reply.rooms.map(({ room, label, messages = null, ...row }) => {
        return { name: room.name, label, private: room.private, ...row, messages };
      });
      return jsonNotice("rooms", replyText(reply), { rooms });
    }
    case "topic": {
      const { topic } = reply;
      const set = topic && { id: topic.id, author: jsonAuthor(topic.author), time: new Date(topic.time).toISOString() };
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
      return jsonNotice(code, replyText(reply), plain(data));
    }
  }
}

/** Newest first. `kept`: how far back it goes in each room, and before when some may be lacking. */
function jsonSearch({ found, more, kept }: Reply & { readonly code: "search" }): object {
  return {
    type: "search",
    messages: found.map(({ room, message }) => ({ ...jsonMessage(message), room: room.name })),
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
function jsonMessage({ kind, kindNumber, target, text, ...message }: Message): object {
  const isUnknown = kind === "unknown";
  const author = jsonAuthor(message.author);
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
  };
}

function jsonAuthor({ id, tag, nick }: Author | PeerView): object {
  return { id, tag, nick };
}

function jsonPeer(peer: PeerView): object {
  const { status, address = null } = peer;
  const times = { sinceMs: tenths(peer.sinceMs), rttMs: tenths(peer.rttMs), lastHeardMs: tenths(peer.lastHeardMs) };
  return { ...jsonAuthor(peer), status, address, ...times };
}

function tenths(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms * 10) / 10;
}

/** `peer` and `self` of notices in the form of all peers, `room` without what `/invite` is for, times in whole milliseconds. */
function plain(data: object): object {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => {
      if ((key === "peer" || key === "self") && typeof value.status === "string") return [key, jsonPeer(value)];
      if (key === "room" && typeof value === "object") return [key, { name: value.name, private: value.private }];
      return [key, key.endsWith("Ms") && typeof value === "number" ? Math.round(value) : value];
    }),
  );
}
