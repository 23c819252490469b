/** What a session is made of, and how it tells its face what happens. */
import { isSameRoom } from "../../crypto/roomKeys.ts";
import type { RoomChoice, RoomHandle } from "../../node/types.ts";
import type { RememberedRoom } from "../../store/roomsFile.ts";
import type { LiveSettings, SessionOptions } from "../command/commandContext.ts";
import type { Searches } from "../command/parseSearch.ts";
import type { RoomInfo, SessionEvent } from "../model/events.ts";
import type { FollowedRoom } from "./followedRoom.ts";
import type { LineQueue } from "./lineQueue.ts";
import type { People } from "./people.ts";
import { labelAmong, roomsAmong } from "./roomLabels.ts";

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
  /** BOUNDED: FOLLOWED_MAX. In the order in which they were entered, those that were left since among them. */
  readonly followed: Map<RoomHandle, FollowedRoom>;
  shown: FollowedRoom;
  /** BOUNDED: by what the list of an earlier start held, in its order. Their states are those of then where they are not followed. */
  listed: readonly RememberedRoom[];
  readonly people: People;
  readonly peopleKeeping: PeopleKeeping;
  /** The newest list of rooms could not be written. */
  isListLost: boolean;
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

/** How the list of people gets to the disk. */
export type PeopleKeeping = {
  /** Until it is written. */
  timer: NodeJS.Timeout | undefined;
  /** It could not be written, and that was told. */
  isLost: boolean;
  /** The newest is written, or that failed. */
  written: Promise<unknown>;
};

/** Events kept for the first listener. */
export const BACKLOG_EVENTS_MAX = 1_000;
/** Rooms that a session is in at the same time. */
export const ROOMS_MAX = 50;
/** With those that it has left. */
export const FOLLOWED_MAX = 500;

export function emit(state: SessionState, event: SessionEvent, room: RoomHandle = state.shown.room): void {
  if (state.isHeard) for (const listener of [...state.listeners]) listener(event, room);
  else if (state.backlog.length < BACKLOG_EVENTS_MAX) state.backlog.push([event, room]);
}

/** Those that were not left, and the one that is shown, in the order in which they were entered. */
export function enteredRooms({ followed, shown }: SessionState): RoomHandle[] {
  return [...followed.keys()].filter((room) => room.isIn() || room === shown.room);
}

export function labelOf(state: SessionState, room: RoomHandle): string {
  return labelAmong(knownRooms(state), room.choice);
}

export function infoIn(state: SessionState, room: RoomHandle): RoomInfo {
  return { name: labelOf(state, room), private: room.choice.private };
}

/** The followed rooms that a name or label means. */
export function roomsNamed({ followed }: SessionState, text: string): RoomHandle[] {
  const rooms = [...followed.keys()];
  const named = roomsAmong(
    rooms.map(({ choice }) => choice),
    text,
  );
  return rooms.filter(({ choice }) => named.includes(choice));
}

/** Of the list, those that are not followed. */
export function rememberedRooms({ listed, followed }: SessionState): readonly RememberedRoom[] {
  return listed.filter((one) => ![...followed.keys()].some(({ choice }) => isSameRoom(choice.secret, one.secret)));
}

/** Followed or remembered. */
export function knownRooms(state: SessionState): readonly RoomChoice[] {
  return [...[...state.followed.keys()].map(({ choice }) => choice), ...rememberedRooms(state)];
}
