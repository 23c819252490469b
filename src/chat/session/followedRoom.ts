/**
 * A room that a session has entered. One of them is shown. The others keep what was said until they are shown again, but
 * news about own messages is told at once.
 */
import type { RoomHandle } from "../../node/types.ts";
import type { ChatEvent } from "../../protocol/events.ts";
import type { Joins } from "./joins.ts";

export type FollowedRoom = {
  readonly room: RoomHandle;
  readonly joins: Joins;
  /** What is kept of it is being told: what is said meanwhile waits for its end. */
  isReplaying: boolean;
  /** Somebody was here. */
  hadCompany: boolean;
  /** It was said that nobody is here, and nobody came since. */
  isToldAlone: boolean;
  /** BOUNDED: MISSED_MAX events, MISSED_UNITS_MAX of text; the oldest go. What was said while another room was shown. */
  readonly missed: ChatEvent[];
  missedUnits: number;
  /** Messages that went from it. */
  forgotten: number;
};

/** What a reader who comes back has to go through is less. */
export const MISSED_MAX = 10_000;
const MISSED_UNITS_MAX = 4 << 20;

export function followedRoom(room: RoomHandle, joins: Joins): FollowedRoom {
  const hadCompany = room.peers().some(({ status }) => status === "alive");
  return { room, joins, isReplaying: false, hadCompany, isToldAlone: false, missed: [], missedUnits: 0, forgotten: 0 };
}

/** What every event says of the room, shown or not. */
export function note(followed: FollowedRoom, event: ChatEvent): void {
  const { joins } = followed;
  if (event.type === "notice" && event.notice.code === "joined") joins.answered(event.notice.endpoint);
  if (event.type === "notice" && event.notice.code === "history-synced") joins.synced();
  if (event.type === "message" && event.message.own) joins.said();
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

/** While another room is shown. Returns whether it is told all the same. */
export function isToldMeanwhile(followed: FollowedRoom, event: ChatEvent): boolean {
  if (event.type === "message" || event.type === "ordered") miss(followed, event);
  // They name a message of this node, or what nobody else would say.
  return event.type === "stored" || event.type === "delivery" || event.type === "error";
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
