/** The sentences for codes: what people read of notices, errors, refusals and changes of peers. */
import type { ChatError, ChatEvent, Notice } from "../../protocol/events.ts";
import type { Author } from "../../protocol/views.ts";
import { PORT_DEFAULT } from "../../settings.ts";
import type { ListTrouble } from "../../store/listFile.ts";
import { messageKinds } from "../../wire/bodies/kinds.ts";
import { MESSAGE_ID_BYTES } from "../../wire/ids.ts";
import { commandNamed } from "../command/commands.ts";
import type { Refusal, SessionEvent } from "./events.ts";
import { replyText } from "./replies.ts";
import { sanitizeLine, sanitizeNick } from "./sanitize.ts";
import { reasonText } from "./systemReason.ts";
import { countText, durationText } from "./wording.ts";

export type Sentence = { readonly tone: "info" | "error"; readonly text: string };

/**
 * What a person reads of an event, or undefined for those that are shown otherwise (messages, deliveries, comings and
 * goings, changes of the screen). The text of a reply may have several lines.
 */
export function sentenceFor(event: SessionEvent, room: string): Sentence | undefined {
  switch (event.type) {
    case "chat":
      return chatSentence(event.event, room);
    case "reply":
      return { tone: "info", text: replyText(event.reply) };
    case "refusal":
      return { tone: "error", text: refusalText(event.refusal) };
    case "undelivered":
      return {
        tone: "error",
        text: `${countText(event.messages, "message")} ${event.messages === 1 ? "has" : "have"} reached nobody yet`,
      };
    case "busy":
      return {
        tone: "info",
        text: `the network takes no more for the moment: ${countText(event.lines, "line")} ${event.lines === 1 ? "waits" : "wait"}`,
      };
    case "missed":
      return {
        tone: "info",
        text: `${event.messages} more ${event.messages === 1 ? "message" : "messages"} came meanwhile: /log lists them`,
      };
    case "earlier":
      return { tone: "info", text: `${countText(event.messages, "earlier message")} kept here: /log lists the newest` };
    case "key-changed":
      return { tone: "error", text: keyChangedText(event) };
    case "moved":
      return { tone: "info", text: `now in #${event.room.name}, listening on ${event.address}` };
    default:
      return undefined;
  }
}

export function noticeText(notice: Notice, room: string): string {
  switch (notice.code) {
    case "joined":
      return `found ${sanitizeNick(notice.peer.nick)} (${placeOf(notice.endpoint)})`;
    case "alone":
      return `alone in #${room}${notice.unreachable > 0 ? `, ${notice.unreachable} unreachable and tried again` : ""}; invite: /invite, or /join ADDRESS`;
    case "split":
      return `the network seems split: ${notice.reachable} of ${notice.of} reachable`;
    case "healed":
      return healedText(notice);
    case "history-synced":
      return `history is complete, the same as ${sanitizeNick(notice.peer.nick)}'s: ${countText(notice.messages, "message")} fetched`;
    case "no-answer":
      return `no answer from ${notice.endpoint} after ${durationText(notice.afterMs)}: is it running, and is UDP ${portOf(notice.endpoint)} open?`;
    case "same-identity":
      return `${placeOf(notice.endpoint)} runs with this same identity: its key is in use twice; --profile NAME gives this one its own`;
    case "renamed":
      return notice.own
        ? `you are ${sanitizeNick(notice.peer.nick)} now`
        : `${sanitizeNick(notice.before)} is ${sanitizeNick(notice.peer.nick)} now`;
    case "clock-skew":
      return `this clock is ${durationText(Math.abs(notice.aheadMs))} ${notice.aheadMs > 0 ? "ahead of" : "behind"} those of most peers`;
    case "forked-author":
      return `${sanitizeNick(notice.peer.nick)}·${notice.peer.tag} wrote two different messages with one number: its key is in use twice`;
    case "discovery-blocked":
      return `others on this network cannot be found automatically: ${blockedText(notice)}; /join ADDRESS still works`;
    case "let-go":
      return `${countText(notice.messages, "message")} of yours ${notice.messages === 1 ? "was" : "were"} let go before anybody had ${notice.messages === 1 ? "it" : "them"}: the room keeps no more than MAX_MESSAGES, MAX_AGE and MAX_DISK allow`;
    case "drained":
      return "there is room again: say it now";
    case "storing-again":
      return "messages are kept on disk again: what was in memory only is there now, too";
    case "other-version":
      return notice.isNewer
        ? `${notice.endpoint} runs a newer smplchat: update this one to talk with it`
        : `${notice.endpoint} runs an older smplchat: it has to be updated to talk with this one`;
    case "left-room":
      return `left #${room}; /join #${room} comes back`;
    case "addresses-damaged":
      return `the addresses remembered in ${shown(notice.path)} cannot be read${notice.reason === undefined ? "" : ` (${reasonText(notice.reason)})`}: the list begins anew`;
    case "history-outdated":
      return `the stored messages are of an earlier version, which signed them in another way: they are kept aside in ${shown(notice.path)}, and not used`;
    case "history-damaged":
      return `the stored messages are damaged: they are kept aside in ${shown(notice.path)}, and fetched from peers again`;
    case "offline":
      return "no network: nobody beyond this host can be reached until it is back";
    case "back":
      return backText(notice);
  }
}

export function errorText(error: ChatError): string {
  switch (error.code) {
    case "text-too-long":
      return `too long: ${error.bytes} bytes, the limit is ${error.limit}; nothing was sent`;
    case "busy":
      return `not sent: the queue holds ${countText(error.waiting, "message")}; say it again in a moment`;
    case "not-stored":
      return notStoredText(error);
    case "text-empty":
      return "nothing to say: the text is empty";
    case "bad-reaction":
      return `a reaction has at most ${error.limit} characters, not ${error.characters}; nothing was sent`;
    case "not-one-line":
      return `a ${error.kind === "topic" ? "topic" : "reaction"} stands on one line; nothing was sent`;
    case "bad-kind":
      return `no message has the kind ${error.kind}: kinds are whole numbers from 1 to ${error.limit}`;
    case "bad-target":
      return error.target === ""
        ? "this is said about a message, and none was named"
        : `${shown(error.target)} is no message that this can be about: an id has 48 hex digits`;
    case "bad-nick":
      return nickText(error.nick);
    case "not-in-room":
      return "you have left this room: nothing was sent; /join ROOM comes back";
    case "addresses-unwritable":
      return `the addresses of peers cannot be saved in ${shown(error.path)}: ${reasonText(error.reason)}`;
    case "history-unusable":
      return `messages are not kept on disk, as ${shown(error.path)} cannot be used (${reasonText(error.reason)}): they are in memory only, and gone when this program ends`;
  }
}

function notStoredText({ reason, detail, messages, own }: ChatError & { readonly code: "not-stored" }): string {
  const what = own.length > 0 ? "what you said" : countText(messages, "message");
  const why = reason === "full" ? "the disk is full" : reasonText(detail);
  return `${what} is not kept on disk (${why}): it is in memory only, and gone when this program ends`;
}

export function refusalText(refusal: Refusal): string {
  switch (refusal.code) {
    case "unknown-command":
      return `unknown command ${shown(refusal.command)}: did you mean ${refusal.nearest}? /help lists all`;
    case "bad-argument": {
      const example = commandNamed(refusal.command)?.example;
      if (example !== undefined) return `usage: /${refusal.command} ${refusal.usage}, as in ${example}`;
      return refusal.usage === ""
        ? `/${refusal.command} takes no argument`
        : `/${refusal.command} takes ${refusal.usage}: ${ARGUMENT_REASONS[refusal.reason]}`;
    }
    case "ask-slash":
      return `not sent: a command, or text? To send it as text: /say ${shown(refusal.line)}`;
    case "bad-address":
      return `${shown(refusal.address)} is no address: ${ADDRESS_REASONS[refusal.reason]}`;
    case "unknown-host":
      return `unknown host ${shown(refusal.host)}: ${refusal.reason === "timeout" ? "no answer from DNS in time" : "the name has no address"}`;
    case "own-address":
      return `${refusal.endpoint} is the address of this program itself: name that of somebody else`;
    case "bad-invite":
      return INVITE_REASONS[refusal.reason];
    case "bad-room":
      return `#${shown(refusal.name)} is no room name: letters, digits, - _ and ., at most 64 bytes`;
    case "bad-nick":
      return nickText(refusal.nick);
    case "nick-not-kept":
      return `you are ${shown(refusal.nick)} for this run only: the nick cannot be saved in ${shown(refusal.path)}: ${reasonText(refusal.reason)}`;
    case "bad-number":
      return `/${refusal.command} takes a whole number from 1 on, not ${shown(refusal.value)}`;
    case "no-such-message":
      return noSuchText(refusal);
    case "unknown-message":
      return `there is no message ${shown(refusal.id)}; /log lists the newest`;
    case "several-messages":
      return `${refusal.count} messages are called ${shown(refusal.id)}: give more of its id, which /log shows the end of`;
    case "not-yours":
      return `only ${sanitizeNick(refusal.nick)} can ${refusal.kind} this message`;
    case "already-deleted":
      return refusal.kind === "delete" ? "this message is deleted already" : "this message was deleted";
    case "not-a-line":
      return `only what somebody said can be ${PARTICIPLES[refusal.kind]}`;
    case "bad-kind":
      return `${shown(refusal.kind)} is no kind of message: wanted ${messageKinds.join(", ")}`;
    case "bad-target":
      return badTargetText(refusal);
    case "bad-search":
      return badSearchText(refusal);
    case "unknown-peer":
      return `nobody here is called ${shown(refusal.nick)}; /peers lists who is`;
    case "several-people":
      return `several people are called ${shown(refusal.nick)}: name one of ${refusal.peers.map(taggedName).join(", ")}`;
    case "wrong-words":
      return `these are not the words of ${taggedName(refusal.peer)}: nothing was changed; if they were read out as they stand there, it is somebody else who is here under this name`;
    case "that-is-you":
      return refusal.command === "verify"
        ? "that is you: others verify you with the words that /whois shows you of yourself"
        : "that is you: nobody hides the own lines";
    case "not-ignored":
      return `${taggedName(refusal.peer)} is not ignored; /ignore lists whom you ignore`;
    case "people-not-kept":
      return listTroubleText(refusal.trouble, "the list of people you know");
    case "unknown-topic":
      return `no command ${shown(refusal.topic)} to explain: did you mean ${refusal.nearest}?`;
    case "unknown-setting":
      return `unknown setting ${shown(refusal.name)}: did you mean ${refusal.nearest}? /set lists all`;
    case "bad-value":
      return `${refusal.setting} cannot be ${shown(refusal.value)}: wanted ${refusal.wanted}`;
    case "not-live":
      return `${refusal.setting} is read at start only: start with ${refusal.flag}`;
    case "left-room":
      return `you have left #${shown(refusal.room.name)}; /join #${shown(refusal.room.name)} comes back`;
    case "unknown-room":
      return `not in a room #${shown(refusal.name)}; /room list lists those you are in`;
    case "several-rooms":
      return `several rooms are called #${shown(refusal.name)}: ${refusal.labels.map((label) => `#${shown(label)}`).join(", ")}`;
    case "too-many-rooms":
      return `#${shown(refusal.room)} was not entered: you are in as many rooms as fit; restart after /leave ROOM`;
    case "rooms-not-kept":
      return listTroubleText(refusal.trouble, "the list of your rooms");
    case "cannot-open":
      return `could not open #${shown(refusal.room)}: ${shown(refusal.reason)}`;
    case "cannot-read":
      return `the stored messages of this room cannot be read: ${reasonText(refusal.detail)}`;
    case "busy":
      return `not sent: ${refusal.limit} lines wait already; type it again in a moment`;
    case "closing":
      return "not taken: the program is ending";
  }
}

// --- internal ---

const PARTICIPLES = { reply: "replied to", react: "reacted to", edit: "edited", delete: "deleted" } as const;

function noSuchText({ number, count, of }: Refusal & { readonly code: "no-such-message" }): string {
  const whose = of === "own" ? "of yours" : "of others";
  if (count > 0) return `${countText(count, "message")} ${whose} kept, none of them number ${number}`;
  return of === "own" ? "you have said nothing yet" : "nobody else has said anything yet";
}

function badTargetText({ reason, kind }: Refusal & { readonly code: "bad-target" }): string {
  switch (reason) {
    case "form":
      return `"target" is the id of a message: ${2 * MESSAGE_ID_BYTES} hex digits`;
    case "missing":
      return `the kind "${kind}" needs a "target", the id of the message that it is about`;
    case "unneeded":
      return `the kind "${kind}" is about no message: leave "target" out`;
  }
}

function badSearchText(refusal: Refusal & { readonly code: "bad-search" }): string {
  switch (refusal.reason) {
    case "empty":
      return `nothing to look for: /search TEXT, as in ${SEARCH_EXAMPLE}`;
    case "nothing-more":
      return `no search to go on with: begin with one, as in ${SEARCH_EXAMPLE}`;
    case "word":
      return `/search knows from: in: before: and after:, not ${shown(refusal.value)}; to find it as text: /search "${shown(refusal.value)}"`;
    case "date":
      return `${shown(refusal.value)} is no date: wanted 2026-05-03 or 2026-05-03T10:00, as in ${SEARCH_EXAMPLE}`;
    case "room":
      return `not in a room ${shown(refusal.value)}: in: takes one that you are in, or all, as in /search in:all coffee`;
  }
}

const SEARCH_EXAMPLE = "/search from:anna after:2026-05-03 coffee";

/** An endpoint, without the port that goes without saying. */
function placeOf(endpoint: string): string {
  const [, address = endpoint] = new RegExp(`^\\[?([^\\]]+)\\]?:${PORT_DEFAULT}$`).exec(endpoint) ?? [];
  return address;
}

function blockedText({ reason, port, detail }: Extract<Notice, { code: "discovery-blocked" }>): string {
  const code = detail === undefined ? "" : ` (${detail})`;
  switch (reason) {
    case "port":
      return `UDP port ${port} is not available${code}`;
    case "sending":
      return `this system lets no multicast out${code}`;
    case "receiving":
      return `no multicast comes in${code}; is UDP ${port} open?`;
  }
}

/** Whoever only moves to another address is not gone for so long. */
const SHORT_MS = 5_000;

const ARGUMENT_REASONS = {
  missing: "nothing was given",
  "too-many": "too much was given",
  unknown: "something else was given",
};

const ADDRESS_REASONS = {
  port: "the port is a number from 1 to 65535",
  ip: "not an IP address of a host",
  form: "wanted ip, ip:port, [ipv6]:port, host or host:port",
};

const INVITE_REASONS = {
  "not-an-invite": "not an invite: they start with smplchat:",
  mistyped: "mistyped invite: characters were lost or changed; copy the whole line",
  "newer-version": "this invite was made by a newer smplchat: update to use it",
  "older-version": "this invite was made by an older smplchat: ask for a new one",
  malformed: "this invite is damaged: copy the whole line, or ask for a new one",
};

function chatSentence(event: ChatEvent, room: string): Sentence | undefined {
  switch (event.type) {
    case "notice":
      // Nothing was fetched: that two logs are equal is what everybody expects.
      if (event.notice.code === "history-synced" && event.notice.messages === 0) return undefined;
      return { tone: "info", text: noticeText(event.notice, room) };
    case "error":
      return { tone: "error", text: errorText(event.error) };
    default:
      return undefined;
  }
}

/** `list`: what is meant. */
function listTroubleText({ code, path, reason }: ListTrouble, list: string): string {
  const why = reason === undefined ? "" : ` (${reasonText(reason)})`;
  switch (code) {
    case "damaged":
      return `${list} is damaged: it is kept aside in ${shown(path)}, and what can be read of it stays`;
    case "newer":
      return `a newer smplchat wrote ${list}, ${shown(path)}: it stays as it is, and changes are not kept`;
    case "unreadable":
      return `${list}, ${shown(path)}, cannot be read${why}: it stays as it is, and changes are not kept`;
    case "unwritable":
      return `${list} cannot be saved in ${shown(path)}${why}: the next start will not know the change`;
  }
}

function keyChangedText({ peer, known }: SessionEvent & { readonly type: "key-changed" }): string {
  const [nick, before] = [sanitizeNick(peer.nick), sanitizeNick(known.nick)];
  const tag = sanitizeLine(peer.tag);
  const whois = `/whois ${nick}·${tag}`;
  return known.verified
    ? `careful: this ${nick} (${tag}) is NOT the ${before} whom you verified (${known.tag}): somebody else uses the name, or the key is a new one; believe nothing until you have compared words: ${whois}`
    : `this ${nick} (${tag}) is not the ${before} you have known since ${known.since}: ${whois}`;
}

function taggedName({ nick, tag }: Author): string {
  return `${sanitizeNick(nick)}·${sanitizeLine(tag)}`;
}

function healedText({ sides, restarted, recovered }: Notice & { readonly code: "healed" }): string {
  const [here, back] = sides;
  // If all of them started anew, it was not the network that kept them away.
  if (restarted === back) return `${back} of ${here + back} are back after a restart, ${recovered} recovered`;
  return `the network was split: ${here} + ${back}, together again, ${recovered} recovered`;
}

function backText({ goneMs, movedTo, ...of }: Extract<Notice, { code: "back" }>): string {
  const where = movedTo === undefined ? "" : ` at ${placeOf(movedTo)}`;
  const since =
    goneMs < SHORT_MS && movedTo !== undefined ? `now${where}` : `back after ${durationText(goneMs)}${where}`;
  if (of.answered === 0) return `${since}: nobody answers yet`;
  const news = `${since}: ${of.messages} new from ${countText(of.peers, "peer")}`;
  if (of.complete) return `${news}, ${of.missing} missing`;
  return of.missing > 0 ? `${news}, at least ${of.missing} still missing` : `${news}, not all compared yet`;
}

function nickText(nick: string): string {
  return `${shown(nick)} is no nickname: 1 to 32 characters without blanks or check marks, at most 64 bytes`;
}

/** Foreign text inside a sentence: one line, and short. */
function shown(text: string): string {
  const line = sanitizeLine(text);
  return line.length <= 200 ? line : `${line.slice(0, 199)}…`;
}

function portOf(endpoint: string): string {
  return endpoint.slice(endpoint.lastIndexOf(":") + 1);
}
