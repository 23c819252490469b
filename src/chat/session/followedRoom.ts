/** A room that a session has entered, and what the session knows of it beside what the node does. */
import type { RoomHandle } from "../../node/types.ts";
import type { ChatEvent } from "../../protocol/events.ts";
import type { Joins } from "./joins.ts";

export type FollowedRoom = {
  readonly room: RoomHandle;
  readonly joins: Joins;
  /** Addresses to contact when the session begins. */
  readonly joinsAtStart: readonly string[];
  /** What is kept of it is being told, or will be: what is said meanwhile waits for its end. */
  isReplaying: boolean;
  /** Somebody was here. */
  hadCompany: boolean;
  /** It was said that nobody is here, and nobody came since. */
  isToldAlone: boolean;
  /** BOUNDED: MISSED_MAX events, MISSED_UNITS_MAX of text; the oldest go. What was said while what is kept was told. */
  readonly missed: ChatEvent[];
  missedUnits: number;
  /** Messages that went from it. */
  forgotten: number;
};

/** More than is said while what is kept is told, unless a reader has stopped. */
export const MISSED_MAX = 10_000;
const MISSED_UNITS_MAX = 4 << 20;

export function followedRoom(room: RoomHandle, joins: Joins, joinsAtStart: readonly string[]): FollowedRoom {
  const hadCompany = room.peers().some(({ status }) => status === "alive");
  const nothing = { missed: [], missedUnits: 0, forgotten: 0 };
  return { room, joins, joinsAtStart, isReplaying: false, hadCompany, isToldAlone: false, ...nothing };
}

/** What every event says of the room. */
export function note(followed: FollowedRoom, event: ChatEvent): void {
  const { joins } = followed;
  if (event.type === "notice" && event.notice.code === "joined") joins.answered(event.notice.endpoint);
  if (event.type === "notice" && event.notice.code === "same-identity") joins.answered(event.notice.endpoint);
  if (event.type === "peer" && event.status === "alive") {
    followed.isToldAlone = false;
    followed.hadCompany = true;
  }
}

/** While what is kept of it is told. Returns whether it is told all the same. */
export function isToldInReplay(followed: FollowedRoom, event: ChatEvent): boolean {
  const isSaid = event.type === "message" || event.type === "ordered";
  if (isSaid) miss(followed, event);
  return !isSaid;
}

/** What was said meanwhile, oldest first, once; `forgotten`: how many more messages there were before. */
export function takeMissed(followed: FollowedRoom): { events: readonly ChatEvent[]; forgotten: number } {
  const { forgotten } = followed;
  followed.missedUnits = 0;
  followed.forgotten = 0;
  return { events: followed.missed.splice(0), forgotten };
}

// --- internal ---

function miss(followed: FollowedRoom, event: ChatEvent): void {
  const { missed } = followed;
  missed.push(event);
  followed.missedUnits += unitsOf(event);
  while (missed.length > MISSED_MAX || followed.missedUnits > MISSED_UNITS_MAX) {
    const oldest = missed.shift() as ChatEvent;
    followed.missedUnits -= unitsOf(oldest);
    if (oldest.type === "message") followed.forgotten += 1;
  }
}

function unitsOf(event: ChatEvent): number {
  return event.type === "message" ? event.message.text.length : 0;
}
