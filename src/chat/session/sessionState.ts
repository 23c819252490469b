/** What a session is made of, and how it tells its face what happens. */
import type { RoomHandle } from "../../node/types.ts";
import type { RememberedRoom } from "../../store/roomsFile.ts";
import { toHex } from "../../wire/ids.ts";
import type { LiveSettings, SessionOptions } from "../command/commandContext.ts";
import type { Searches } from "../command/parseSearch.ts";
import type { SessionEvent } from "../model/events.ts";
import type { FollowedRoom } from "./followedRoom.ts";
import type { LineQueue } from "./lineQueue.ts";

/** `room`: in which it happened; of what belongs to none, the one that is shown. */
export type SessionListener = (event: SessionEvent, room: RoomHandle) => void;

export type SessionState = {
  readonly options: SessionOptions;
  /** Changed in place. */
  readonly live: LiveSettings;
  /** Changed in place. */
  readonly searches: Searches;
  readonly listeners: Set<SessionListener>;
  /** BOUNDED: BACKLOG_EVENTS_MAX, the newest fall away. What happened before anybody listened. */
  readonly backlog: (readonly [SessionEvent, RoomHandle])[];
  readonly queue: LineQueue;
  /** BOUNDED: ROOMS_MAX. In the order in which they were entered, those that were left since among them. */
  readonly followed: Map<RoomHandle, FollowedRoom>;
  shown: FollowedRoom;
  /** BOUNDED: by what the list of an earlier start held. Rooms that are not followed, but stay in the list. */
  remembered: readonly RememberedRoom[];
  /** BOUNDED: JOINS_MAX. Addresses at which somebody answered in any room. */
  readonly answered: Set<string>;
  /** Somebody listens, or did. */
  isHeard: boolean;
  /** Settles when somebody listens, or nobody will. */
  readonly heard: Promise<void>;
  readonly heardNow: () => void;
  /** What was kept of the first rooms is told. */
  replayed: Promise<void>;
  /** When more can be told of what is kept. */
  ready: () => Promise<void>;
  /** The joins of the start have begun. */
  hasBegun: boolean;
  closing: Promise<void> | undefined;
  readonly ended: () => void;
  /** The newest list of rooms is written, or that failed. */
  written: Promise<unknown>;
};

/** Events kept for the first listener. */
export const BACKLOG_EVENTS_MAX = 1_000;
/** Rooms that a session follows at the same time. */
export const ROOMS_MAX = 50;

export function emit(state: SessionState, event: SessionEvent, room: RoomHandle = state.shown.room): void {
  if (state.isHeard) for (const listener of [...state.listeners]) listener(event, room);
  else if (state.backlog.length < BACKLOG_EVENTS_MAX) state.backlog.push([event, room]);
}

/** Those that were not left, and the one that is shown, in the order in which they were entered. */
export function enteredRooms({ followed, shown }: SessionState): RoomHandle[] {
  return [...followed.keys()].filter((room) => room.isIn() || room === shown.room);
}

/** The room's name; with four digits of its id where another room has the same name: `lab~3f9a`. */
export function labelOf({ followed }: SessionState, room: RoomHandle): string {
  const { name, secret } = room.choice;
  const isShared = [...followed.keys()].some((other) => other !== room && other.choice.name === name);
  return isShared ? `${name}~${toHex(secret.id).slice(0, 4)}` : name;
}

/** The followed rooms that a name or label means, with or without its `#`. */
export function roomsNamed(state: SessionState, text: string): RoomHandle[] {
  const wanted = text.replace(/^#/, "").normalize("NFC");
  const rooms = [...state.followed.keys()];
  const labelled = rooms.filter((room) => labelOf(state, room) === wanted);
  return labelled.length > 0 ? labelled : rooms.filter(({ choice }) => choice.name === wanted);
}
