/**
 * The view model of a room: what a screen that can go back shows, as a pure function of the events so far.
 *
 * Messages stand in the order of their ids wherever they arrive, so any order of the same `stored` events gives the same
 * room. Lines of this program itself (notices, answers to commands) are placed by the time at which they were said.
 */
import type { ChatEvent } from "../protocol/events.ts";
import type { UnixMillis } from "../protocol/time.ts";
import type { Message, PeerView } from "../protocol/views.ts";
import type { MessageId, PeerId } from "../wire/ids.ts";
import { sameNick } from "./names.ts";
import { type Folded, foldPresence, nothingFolded, type PresenceChange } from "./presence.ts";

/** Lines kept on the screen's side; the journal keeps its own number. */
export const ROOM_LINES_MAX = 10_000;
/** Nicks remembered to know which are shared by two keys. */
export const ROOM_NICKS_MAX = 10_000;
/** Joins and leaves further apart than this are not folded into one line. */
const PRESENCE_FOLD_MS = 600_000;

/** `info`: an answer or a notice; `error`: something was refused. */
export type LineTone = "info" | "error";

export type Delivery = { readonly reached: number; readonly of: number; readonly lacking: readonly string[] };

/** One line of the room (it may wrap). `key` orders the room; keys are unique. */
export type Entry =
  | {
      readonly type: "message";
      readonly key: string;
      readonly time: UnixMillis;
      readonly message: Message;
      readonly delivery?: Delivery;
    }
  | {
      readonly type: "local";
      readonly key: string;
      readonly time: UnixMillis;
      readonly text: string;
      readonly tone: LineTone;
    }
  | ({ readonly type: "presence"; readonly key: string; readonly time: UnixMillis } & Folded);

export type Room = {
  /** Ascending by key. BOUNDED: ROOM_LINES_MAX, the oldest go first. */
  readonly entries: readonly Entry[];
  /** Entries up to and including this key are not shown (trimmed or cleared). */
  readonly floor: string;
  /** Alive and suspected peers. BOUNDED: by the core's roster. */
  readonly peers: ReadonlyMap<PeerId, PeerView>;
  /** The first key seen with each nick, as `sameNick` gives it. BOUNDED: ROOM_NICKS_MAX. */
  readonly nickOwners: ReadonlyMap<string, PeerId>;
  /** Nicks, as `sameNick` gives them, that two keys have used: shown with the tag of the key. BOUNDED: ROOM_NICKS_MAX. */
  readonly sharedNicks: ReadonlySet<string>;
  /** Whether the newest lines are before the reader's eyes: if not, what arrives is unread. */
  readonly seeing: boolean;
  /** Where the unread line stands and how many messages of others came since. */
  readonly unread: { readonly key: string; readonly count: number } | undefined;
  /** Local lines so far; makes their keys unique. */
  readonly localCount: number;
};

/** What changes a room: everything a node tells, and what its reader does. `cleared` hides all that is shown now. */
export type RoomEvent =
  | ChatEvent
  | { readonly type: "line"; readonly text: string; readonly tone: LineTone }
  | { readonly type: "seeing"; readonly seeing: boolean }
  | { readonly type: "unread-read" }
  | { readonly type: "cleared" };

export function createRoom(self: PeerView, peers: readonly PeerView[]): Room {
  const empty: Room = {
    entries: [],
    floor: "",
    peers: new Map(peers.filter(isHere).map((peer) => [peer.id, peer])),
    nickOwners: new Map(),
    sharedNicks: new Set(),
    seeing: true,
    unread: undefined,
    localCount: 0,
  };
  return [self, ...peers].reduce((room, peer) => noteNick(room, peer.nick, peer.id), empty);
}

/** The room after an event at wall time `now`. Returns the same object when nothing changed. */
export function applyEvent(room: Room, event: RoomEvent, now: UnixMillis): Room {
  switch (event.type) {
    case "stored":
      return insertMessage(room, event.message);
    case "delivery":
      return setDelivery(room, event.id, { reached: event.reached, of: event.of, lacking: event.lacking });
    case "peer":
      return applyPeer(room, event.peer, event.status, now);
    case "notice":
      return event.notice.code === "renamed" ? rename(room, event.notice.peer, event.notice.own) : room;
    case "line": {
      const at = localKey(room, now);
      const entry: Entry = { type: "local", key: at, time: now, text: event.text, tone: event.tone };
      return insert({ ...room, localCount: room.localCount + 1 }, entry);
    }
    case "seeing":
      if (event.seeing === room.seeing) return room;
      return {
        ...room,
        seeing: event.seeing,
        unread: room.unread && event.seeing ? { ...room.unread, count: 0 } : room.unread,
      };
    case "unread-read":
      return room.unread === undefined ? room : { ...room, unread: undefined };
    case "cleared":
      return { ...room, entries: [], floor: room.entries.at(-1)?.key ?? room.floor, unread: undefined };
    case "message": // the same message comes as `stored`
    case "error": // the session says it as a line
      return room;
  }
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
export function nicksBySpeech(room: Room, self: PeerId): string[] {
  const nicks = new Set<string>();
  for (let i = room.entries.length - 1; i >= 0 && i >= room.entries.length - 1_000; i--) {
    const entry = room.entries[i];
    if (entry?.type === "message" && entry.message.author.id !== self) {
      nicks.add(room.peers.get(entry.message.author.id)?.nick ?? entry.message.author.nick);
    }
  }
  for (const nick of [...room.peers.values()].map((peer) => peer.nick).sort()) nicks.add(nick);
  return [...nicks];
}

// --- internal ---

const isHere = (peer: PeerView): boolean => peer.status === "alive" || peer.status === "suspect";

function insertMessage(room: Room, message: Message): Room {
  const named = noteNick(room, message.author.nick, message.author.id);
  const entry: Entry = { type: "message", key: message.id, time: message.time, message };
  const next = insert(named, entry);
  // Own messages and fetched history are nothing new to their reader.
  if (next === named || message.own || message.history || room.seeing) return next;
  const { unread } = room;
  // Coming back to the newest lines set the count to 0 and left the line standing: the next one begins anew.
  if (unread === undefined || unread.count === 0) return { ...next, unread: { key: entry.key, count: 1 } };
  const isAbove = entry.key < unread.key;
  return { ...next, unread: { key: isAbove ? entry.key : unread.key, count: unread.count + 1 } };
}

/** Puts the entry at the place of its key; a key that is there already, or at or below the floor, changes nothing. */
function insert(room: Room, entry: Entry): Room {
  if (entry.key <= room.floor) return room;
  const at = indexOfKey(room.entries, entry.key);
  if (room.entries[at]?.key === entry.key) return room;
  const entries = room.entries.slice();
  entries.splice(at, 0, entry);
  if (entries.length <= ROOM_LINES_MAX) return { ...room, entries };
  const floor = (entries.shift() as Entry).key;
  return { ...room, entries, floor };
}

function replaceAt(room: Room, at: number, entry: Entry): Room {
  const entries = room.entries.slice();
  entries[at] = entry;
  return { ...room, entries };
}

function setDelivery(room: Room, id: MessageId, delivery: Delivery): Room {
  const at = indexOfKey(room.entries, id);
  const entry = room.entries[at];
  if (entry?.type !== "message" || entry.key !== id) return room;
  return replaceAt(room, at, { ...entry, delivery });
}

/**
 * A local line stands below everything that was on the screen when it was said, even where the room's clock runs ahead
 * of this host's.
 */
function localKey(room: Room, now: UnixMillis): string {
  const newest = room.entries.at(-1);
  const time = Math.max(now, newest === undefined ? 0 : Number.parseInt(newest.key.slice(0, 12), 16));
  // "~" sorts after every hex digit: below the messages of the same millisecond.
  return `${time.toString(16).padStart(12, "0")}~${room.localCount.toString(16).padStart(8, "0")}`;
}

function applyPeer(room: Room, peer: PeerView, status: PeerView["status"], now: UnixMillis): Room {
  const known = room.peers.has(peer.id);
  const here = status === "alive" || status === "suspect";
  if (!known && !here) return room;
  const peers = new Map(room.peers);
  if (here) peers.set(peer.id, { ...peer, status });
  else peers.delete(peer.id);
  const next = noteNick({ ...room, peers }, peer.nick, peer.id);
  if (known === here) return next;
  return addPresence(
    next,
    { id: peer.id, nick: peer.nick, tag: peer.tag, status: here ? "joined" : status === "left" ? "left" : "lost" },
    now,
  );
}

/** Adds the change to the newest line if that is one of joins and leaves, else begins such a line. */
function addPresence(room: Room, change: PresenceChange, now: UnixMillis): Room {
  const at = room.entries.length - 1;
  const newest = room.entries[at];
  if (newest?.type === "presence" && now - newest.time < PRESENCE_FOLD_MS) {
    return replaceAt(room, at, { ...newest, ...foldPresence(newest, change) });
  }
  const folded = foldPresence(nothingFolded, change);
  const entry: Entry = { type: "presence", key: localKey(room, now), time: now, ...folded };
  return insert({ ...room, localCount: room.localCount + 1 }, entry);
}

function rename(room: Room, peer: PeerView, own: boolean): Room {
  const named = noteNick(room, peer.nick, peer.id);
  if (own || !room.peers.has(peer.id)) return named;
  return { ...named, peers: new Map(room.peers).set(peer.id, peer) };
}

function noteNick(room: Room, given: string, id: PeerId): Room {
  const nick = sameNick(given);
  const owner = room.nickOwners.get(nick);
  if (owner === id || (owner !== undefined && room.sharedNicks.has(nick))) return room;
  if (owner !== undefined) return { ...room, sharedNicks: new Set(room.sharedNicks).add(nick) };
  if (room.nickOwners.size >= ROOM_NICKS_MAX) return room;
  return { ...room, nickOwners: new Map(room.nickOwners).set(nick, id) };
}
