/**
 * The view model of a room: what a screen that can go back shows. It is a pure function of the events so far.
 *
 * Messages stand in the order of their ids, so any order of the same `message` events gives the same timeline. Lines of
 * this program itself (notices, answers to commands) stand at the time at which they were made.
 *
 * Edits, deletions and reactions change the entry that they are about, and take no line. What they are about may come later, or
 * never: overlay.ts says what follows from them.
 *
 * Text of others is made safe to show once, on its way in. A face draws an entry as it is.
 */
import type { ChatEvent } from "../../protocol/events.ts";
import type { UnixMillis } from "../../protocol/time.ts";
import type { Author, Message, PeerView } from "../../protocol/views.ts";
import type { MessageId, PeerId } from "../../wire/ids.ts";
import { type Layers, noLayers, sizeOf, valueIn, withValue } from "./layers.ts";
import { piecesOf } from "./longText.ts";
import { messageText, quotableText } from "./messageText.ts";
import { namelessLabel, sameNick } from "./names.ts";
import {
  amended,
  amendmentOf,
  createOverlay,
  isLine,
  type Overlay,
  overlayWith,
  type Reaction,
  relatedTo,
  relationOf,
  takesLine,
} from "./overlay.ts";
import { type Folded, foldPresence, nothingFolded, type PresenceChange } from "./presence.ts";
import { sanitizeLine, sanitizeNick, sanitizeText } from "./sanitize.ts";

/** Lines kept on the screen's side; the store keeps its own number. */
export const TIMELINE_LINES_MAX = 10_000;
/** Nicks remembered to know which are shared by two keys. */
export const TIMELINE_NICKS_MAX = 10_000;
/** Joins and leaves further apart than this are not folded into one line. */
const PRESENCE_FOLD_MS = 600_000;
/** Messages that are known for replies to them and are not shown. */
const ELSEWHERE_MAX = 1_000;

/** `info`: an answer or a notice; `error`: something was refused. */
export type LineTone = "info" | "error";

export type Delivery = { readonly reached: number; readonly of: number; readonly lacking: readonly string[] };

/** One line of the room (it may wrap). `key` orders the room; keys are unique. `nick` and `text` are safe to show. */
export type Entry =
  | {
      readonly type: "message";
      readonly key: string;
      readonly time: UnixMillis;
      /** As it was said: `author.nick` and `text` are not for the screen. */
      readonly message: Message;
      readonly nick: string;
      readonly text: string;
      readonly delivery?: Delivery;
      /** The edit whose text it has. */
      readonly editedBy?: MessageId;
      /** `text` says so. */
      readonly deleted?: true;
      readonly reactions?: readonly Reaction[];
      /** Of a reply. */
      readonly quote?: Quote;
    }
  | {
      readonly type: "local";
      readonly key: string;
      readonly time: UnixMillis;
      readonly text: string;
      readonly tone: LineTone;
      /** Goes on with the text of the entry before it. */
      readonly continued: boolean;
    }
  | ({ readonly type: "presence"; readonly key: string; readonly time: UnixMillis } & Folded);

export type MessageEntry = Entry & { readonly type: "message" };

/** What a reply is to. `missing`: it is not here, and may come. `text`: its beginning, safe to show, without `"`. */
export type Quote =
  | { readonly type: "missing" }
  | { readonly type: "here"; readonly author: Author; readonly nick: string; readonly text: string }
  | { readonly type: "deleted"; readonly author: Author; readonly nick: string };

export type Timeline = {
  /** Ascending by key. BOUNDED: TIMELINE_LINES_MAX, the oldest go first. */
  readonly entries: readonly Entry[];
  /** Entries up to and including this key are not shown (trimmed or cleared). */
  readonly floor: string;
  /** Alive and suspected peers, their nicks safe to show. BOUNDED: by the core's roster. */
  readonly peers: ReadonlyMap<PeerId, PeerView>;
  /** The first key seen with each nick, as `sameNick` gives it. BOUNDED: TIMELINE_NICKS_MAX. */
  readonly nickOwners: Layers<PeerId>;
  /** Nicks, as `sameNick` gives them, that two keys have used: shown with the tag of the key. BOUNDED: TIMELINE_NICKS_MAX. */
  readonly sharedNicks: ReadonlySet<string>;
  /** What they say, and their reactions, are not shown. BOUNDED: by the people that are kept. */
  readonly ignored: ReadonlySet<PeerId>;
  /** What they said, for when they are not ignored any more, ascending by key. BOUNDED: TIMELINE_LINES_MAX, the oldest go first. */
  readonly hidden: readonly Entry[];
  /** Whether the newest lines are before the reader's eyes: if not, what arrives is unread. */
  readonly seeing: boolean;
  /** Where the unread line stands and how many messages of others came since. */
  readonly unread: { readonly key: string; readonly count: number } | undefined;
  /** Local lines so far; makes their keys unique. */
  readonly localCount: number;
  /** What messages say about others, also about those that are not here. */
  readonly overlay: Overlay;
  /** Messages that are not shown, for replies to them. BOUNDED: ELSEWHERE_MAX, the first told go first. */
  readonly elsewhere: ReadonlyMap<MessageId, MessageEntry>;
  /** The newest that is known, and who set it; safe to show. An empty text: it was cleared. */
  readonly topic: { readonly id: MessageId; readonly nick: string; readonly text: string } | undefined;
};

/** What changes a room: everything a node tells, and what its reader does. `cleared` hides all that is shown now. */
export type TimelineEvent =
  | ChatEvent
  | { readonly type: "line"; readonly text: string; readonly tone: LineTone }
  | { readonly type: "seeing"; readonly seeing: boolean }
  | { readonly type: "unread-read" }
  /** From now on these people are ignored, and nobody else. */
  | { readonly type: "ignored"; readonly people: ReadonlySet<PeerId> }
  /** These are kept, and not to be shown: what replies are to, and the topic. */
  | { readonly type: "known"; readonly messages: readonly Message[] }
  | { readonly type: "cleared" };

export function createTimeline(self: PeerView, peers: readonly PeerView[]): Timeline {
  const empty: Timeline = {
    entries: [],
    floor: "",
    peers: new Map(peers.filter(isHere).map((peer) => [peer.id, shownPeer(peer)])),
    nickOwners: noLayers(),
    sharedNicks: new Set(),
    ignored: new Set(),
    hidden: [],
    seeing: true,
    unread: undefined,
    localCount: 0,
    overlay: createOverlay(),
    elsewhere: new Map(),
    topic: undefined,
  };
  return [self, ...peers].reduce((timeline, peer) => noteNick(timeline, peer.nick, peer.id), empty);
}

/** The room after an event at wall time `now`. Returns the same object when nothing changed. */
export function applyEvent(timeline: Timeline, event: TimelineEvent, now: UnixMillis): Timeline {
  switch (event.type) {
    case "message":
      return insertMessage(timeline, event.message);
    case "ignored":
      return withIgnored(timeline, event.people);
    case "known":
      return event.messages.reduce(noteKnown, timeline);
    case "delivery":
      return setDelivery(timeline, event.id, { reached: event.reached, of: event.of, lacking: event.lacking });
    case "peer":
      return applyPeer(timeline, event.peer, event.status, now);
    case "notice":
      if (event.notice.code === "let-go") return event.notice.ids.reduce(withoutDelivery, timeline);
      return event.notice.code === "renamed" ? rename(timeline, event.notice.peer, event.notice.own) : timeline;
    case "line":
      return insertLine(timeline, sanitizeText(event.text), event.tone, now);
    case "seeing":
      if (event.seeing === timeline.seeing) return timeline;
      return {
        ...timeline,
        seeing: event.seeing,
        unread: timeline.unread && event.seeing ? { ...timeline.unread, count: 0 } : timeline.unread,
      };
    case "unread-read":
      return timeline.unread === undefined ? timeline : { ...timeline, unread: undefined };
    case "cleared":
      return { ...timeline, entries: [], hidden: [], floor: lastKey(timeline), unread: undefined };
    case "ordered": // it shows messages in their places, whatever comes first
    case "stored":
    case "error": // the session says it as a line
      return timeline;
  }
}

/** `nick`: of its author, safe to show, where the message says none. */
export function messageEntry(message: Message, nick?: string): MessageEntry {
  const { id, time, author } = message;
  const shown = author.nick === "" ? (nick ?? namelessLabel(author)) : sanitizeNick(author.nick);
  const entry = {
    type: "message",
    key: id,
    time,
    message,
    nick: shown,
    text: sanitizeText(messageText(message)),
  } as const;
  return { ...entry, ...stateOf(message) };
}

/** What the message says about others, and about the room; its own line apart. */
export function noteAbout(timeline: Timeline, message: Message): Timeline {
  const { author, kind, id, text, erased } = message;
  const named = author.nick === "" ? timeline : noteNick(timeline, author.nick, author.id);
  if (kind === "topic" && erased !== true && id > (named.topic?.id ?? ""))
    return { ...named, topic: { id, nick: sanitizeNick(author.nick), text: sanitizeLine(text) } };
  const relation = relationOf(message);
  if (relation === undefined) return named;
  const overlay = overlayWith(named.overlay, relation);
  if (overlay === named.overlay) return named;
  if (kind === "reply") return { ...named, overlay };
  // No reply quotes a reaction.
  return refreshed({ ...named, overlay }, [relation.target], kind !== "react");
}

/** These messages, where they are here, and replies to them, as they read by all that is known. */
export function refreshed(timeline: Timeline, ids: readonly MessageId[], hasQuotes = true): Timeline {
  const entries = timeline.entries.slice();
  const next = { ...timeline, entries };
  let isChanged = false;
  const refresh = (id: MessageId): void => {
    const at = indexOfKey(entries, id);
    const entry = entries[at];
    if (entry?.type !== "message" || entry.key !== id) return;
    const now = dressed(next, entry);
    isChanged ||= now !== entry;
    entries[at] = now;
  };
  for (const id of ids) refresh(id);
  if (hasQuotes) for (const id of ids) for (const reply of relatedTo(next.overlay, id).replies) refresh(reply);
  return isChanged ? next : timeline;
}

/** Index of the first entry whose key is not below `key`; `entries.length` if there is none. */
export function indexOfKey(entries: readonly Entry[], key: string): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle] as Entry).key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Nicks for completion: who spoke last comes first, then those who have not spoken, by name. Own nick left out. */
export function nicksBySpeech(timeline: Timeline, self: PeerId): string[] {
  const nicks = new Set<string>();
  for (let i = timeline.entries.length - 1; i >= 0 && i >= timeline.entries.length - 1_000; i--) {
    const entry = timeline.entries[i];
    if (entry?.type === "message" && entry.message.author.id !== self) {
      const nick = timeline.peers.get(entry.message.author.id)?.nick ?? entry.nick;
      if (nick !== namelessLabel(entry.message.author)) nicks.add(nick);
    }
  }
  for (const nick of [...timeline.peers.values()].map((peer) => peer.nick).sort()) nicks.add(nick);
  return [...nicks];
}

// --- internal ---

const isHere = (peer: PeerView): boolean => peer.status === "alive" || peer.status === "suspect";
const shownPeer = (peer: PeerView): PeerView => ({ ...peer, nick: sanitizeNick(peer.nick) });

function insertMessage(timeline: Timeline, message: Message): Timeline {
  const named = noteAbout(timeline, message);
  if (!takesLine(message)) return named;
  const entry = messageEntry(message, timeline.peers.get(message.author.id)?.nick);
  if (timeline.ignored.has(message.author.id)) return hide(named, entry);
  const inserted = insert(named, dressed(named, entry));
  const { replies } = relatedTo(named.overlay, message.id);
  const next = replies.length === 0 || inserted === named ? inserted : refreshed(inserted, [message.id]);
  // Own messages and fetched history are nothing new to their reader.
  if (next === named || message.own || message.history || timeline.seeing) return next;
  const { unread } = timeline;
  // Coming back to the newest lines set the count to 0 and left the line standing: the next one begins anew.
  if (unread === undefined || unread.count === 0) return { ...next, unread: { key: entry.key, count: 1 } };
  const isAbove = entry.key < unread.key;
  return { ...next, unread: { key: isAbove ? entry.key : unread.key, count: unread.count + 1 } };
}

/** Puts the entry at the place of its key; a key that is there already, or at or below the floor, changes nothing. */
function insert(timeline: Timeline, entry: Entry): Timeline {
  if (entry.key <= timeline.floor) return timeline;
  const at = indexOfKey(timeline.entries, entry.key);
  if (timeline.entries[at]?.key === entry.key) return timeline;
  const entries = timeline.entries.slice();
  entries.splice(at, 0, entry);
  if (entries.length <= TIMELINE_LINES_MAX) return { ...timeline, entries };
  const floor = (entries.shift() as Entry).key;
  return { ...timeline, entries, floor };
}

/** A text of many lines becomes several entries, so that nobody has to lay out more of it than is in view. */
function insertLine(timeline: Timeline, text: string, tone: LineTone, now: UnixMillis): Timeline {
  let next = timeline;
  piecesOf(text).forEach((piece, index) => {
    const key = localKey(next, now);
    const entry: Entry = { type: "local", key, time: now, text: piece, tone, continued: index > 0 };
    next = insert({ ...next, localCount: next.localCount + 1 }, entry);
  });
  return next;
}

function replaceAt(timeline: Timeline, at: number, entry: Entry): Timeline {
  const entries = timeline.entries.slice();
  entries[at] = entry;
  return { ...timeline, entries };
}

function setDelivery(timeline: Timeline, id: MessageId, delivery: Delivery): Timeline {
  const at = indexOfKey(timeline.entries, id);
  const entry = timeline.entries[at];
  if (entry?.type !== "message" || entry.key !== id || entry.message.kind === "topic") return timeline;
  return replaceAt(timeline, at, { ...entry, delivery });
}

function noteKnown(timeline: Timeline, message: Message): Timeline {
  const noted = noteAbout(timeline, message);
  if (!isLine(message)) return noted;
  const elsewhere = new Map(noted.elsewhere);
  elsewhere.delete(message.id);
  elsewhere.set(message.id, messageEntry(message));
  const [oldest] = elsewhere.keys();
  if (elsewhere.size > ELSEWHERE_MAX && oldest !== undefined) elsewhere.delete(oldest);
  return refreshed({ ...noted, elsewhere }, [message.id]);
}

/** What there is to say of a message that was read as it reads now. */
function stateOf({ editedBy, deleted }: Message): Pick<MessageEntry, "editedBy" | "deleted"> {
  if (deleted === true) return { deleted };
  return editedBy === undefined ? {} : { editedBy };
}

/** Those of people who are heard. */
function heardReactions(reactions: readonly Reaction[], ignored: ReadonlySet<PeerId>): readonly Reaction[] {
  if (ignored.size === 0) return reactions;
  return reactions
    .map(({ text, authors }) => ({ text, authors: authors.filter((author) => !ignored.has(author)) }))
    .filter(({ authors }) => authors.length > 0);
}

function lastKey({ entries, hidden, floor }: Timeline): string {
  const keys = [entries.at(-1)?.key, hidden.at(-1)?.key, floor].filter((key) => key !== undefined);
  return keys.reduce((last, key) => (key > last ? key : last), "");
}

/** Kept out of sight. */
function hide(timeline: Timeline, entry: MessageEntry): Timeline {
  const { hidden } = timeline;
  const at = indexOfKey(hidden, entry.key);
  if (entry.key <= timeline.floor || hidden[at]?.key === entry.key) return timeline;
  return { ...timeline, hidden: hidden.toSpliced(at, 0, entry).slice(-TIMELINE_LINES_MAX) };
}

/** What those said who are ignored now goes out of sight, what the others said comes back where it was. */
function withIgnored(timeline: Timeline, ignored: ReadonlySet<PeerId>): Timeline {
  if (ignored === timeline.ignored) return timeline;
  const all = [...timeline.entries, ...timeline.hidden].sort((a, b) => (a.key < b.key ? -1 : 1));
  const isHidden = (entry: Entry): boolean => entry.type === "message" && ignored.has(entry.message.author.id);
  const entries = all.filter((entry) => !isHidden(entry) && entry.key > timeline.floor).slice(-TIMELINE_LINES_MAX);
  const next = { ...timeline, ignored, entries, hidden: all.filter(isHidden).slice(-TIMELINE_LINES_MAX) };
  // Replies quote what the first time has made of others.
  return dressedAnew(dressedAnew(next));
}

function dressedAnew(timeline: Timeline): Timeline {
  const dress = (entry: Entry): Entry => (entry.type === "message" ? dressed(timeline, entry) : entry);
  return { ...timeline, entries: timeline.entries.map(dress) };
}

/** The entry with all that is said about it; the same where that is nothing new. */
function dressed(timeline: Timeline, entry: MessageEntry): MessageEntry {
  const { message } = entry;
  const amendment = amendmentOf(relatedTo(timeline.overlay, message.id), message);
  const reactions = heardReactions(amendment.reactions, timeline.ignored);
  const reads = amended(message, amendment);
  const quote = message.kind === "reply" ? quoteOf(timeline, message) : undefined;
  const { editedBy, deleted, reactions: _, quote: __, ...bare } = entry;
  const isSameText = editedBy === reads.editedBy && deleted === reads.deleted;
  const now: MessageEntry = {
    ...bare,
    text: isSameText ? entry.text : sanitizeText(messageText(reads)),
    ...stateOf(reads),
    ...(reads.deleted === true || reactions.length === 0 ? {} : { reactions }),
    ...(quote === undefined ? {} : { quote }),
  };
  return isSameText && isEqual(now.reactions, entry.reactions) && isEqual(now.quote, entry.quote) ? entry : now;
}

/** Both are small. */
function isEqual(one: unknown, other: unknown): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

function quoteOf(timeline: Timeline, { id, target }: Message): Quote {
  if (target === undefined || target >= id) return { type: "missing" };
  const found = timeline.entries[indexOfKey(timeline.entries, target)];
  const known = timeline.elsewhere.get(target);
  const entry = found?.key === target ? found : known && dressed(timeline, known);
  if (entry?.type !== "message" || !isLine(entry.message)) return { type: "missing" };
  const { message, nick, text, deleted } = entry;
  if (timeline.ignored.has(message.author.id)) return { type: "missing" };
  if (deleted === true) return { type: "deleted", author: message.author, nick };
  return { type: "here", author: message.author, nick, text: quotableText(text) };
}

/** Nobody will have it: that it waits would not be true. */
function withoutDelivery(timeline: Timeline, id: MessageId): Timeline {
  const at = indexOfKey(timeline.entries, id);
  const entry = timeline.entries[at];
  if (entry?.type !== "message" || entry.key !== id || entry.delivery === undefined) return timeline;
  const { delivery: _, ...rest } = entry;
  return replaceAt(timeline, at, rest);
}

/**
 * A local line stands below everything that was on the screen when it was said, even where the room's clock runs ahead
 * of this host's.
 */
function localKey(timeline: Timeline, now: UnixMillis): string {
  const newest = timeline.entries.at(-1);
  const time = Math.max(now, newest === undefined ? 0 : Number.parseInt(newest.key.slice(0, 12), 16));
  // "~" sorts after every hex digit: below the messages of the same millisecond.
  return `${time.toString(16).padStart(12, "0")}~${timeline.localCount.toString(16).padStart(8, "0")}`;
}

function applyPeer(timeline: Timeline, given: PeerView, status: PeerView["status"], now: UnixMillis): Timeline {
  const peer = shownPeer(given);
  const known = timeline.peers.has(peer.id);
  const here = status === "alive" || status === "suspect";
  if (!known && !here) return timeline;
  const peers = new Map(timeline.peers);
  if (here) peers.set(peer.id, { ...peer, status });
  else peers.delete(peer.id);
  const next = noteNick({ ...timeline, peers }, peer.nick, peer.id);
  if (known === here) return next;
  return addPresence(
    next,
    { id: peer.id, nick: peer.nick, tag: peer.tag, status: here ? "joined" : status === "left" ? "left" : "lost" },
    now,
  );
}

/** Adds the change to the newest line if that is one of joins and leaves, else begins such a line. */
function addPresence(timeline: Timeline, change: PresenceChange, now: UnixMillis): Timeline {
  const at = timeline.entries.length - 1;
  const newest = timeline.entries[at];
  if (newest?.type === "presence" && now - newest.time < PRESENCE_FOLD_MS) {
    return replaceAt(timeline, at, { ...newest, ...foldPresence(newest, change) });
  }
  const folded = foldPresence(nothingFolded, change);
  const entry: Entry = { type: "presence", key: localKey(timeline, now), time: now, ...folded };
  return insert({ ...timeline, localCount: timeline.localCount + 1 }, entry);
}

function rename(timeline: Timeline, peer: PeerView, own: boolean): Timeline {
  const named = noteNick(timeline, peer.nick, peer.id);
  if (own || !timeline.peers.has(peer.id)) return named;
  return { ...named, peers: new Map(timeline.peers).set(peer.id, shownPeer(peer)) };
}

/** Of the author of a message that is shown. */
export function noteNick(timeline: Timeline, given: string, id: PeerId): Timeline {
  const nick = sameNick(given);
  const owner = valueIn(timeline.nickOwners, nick);
  if (owner === id || (owner !== undefined && timeline.sharedNicks.has(nick))) return timeline;
  if (owner !== undefined) return { ...timeline, sharedNicks: new Set(timeline.sharedNicks).add(nick) };
  if (sizeOf(timeline.nickOwners) >= TIMELINE_NICKS_MAX) return timeline;
  return { ...timeline, nickOwners: withValue(timeline.nickOwners, nick, id) };
}
