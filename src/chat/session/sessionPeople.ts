/** What a session makes of the people whom it sees: it warns where a nick has another key, and keeps the list of those it knows. */
import { tagOf } from "../../crypto/identity.ts";
import type { RoomHandle } from "../../node/types.ts";
import type { ChatEvent } from "../../protocol/events.ts";
import type { Author } from "../../protocol/views.ts";
import { isoDateText } from "../model/wording.ts";
import { seePerson } from "./people.ts";
import { emit, type SessionState } from "./sessionState.ts";

/** Those who come at once are written at once. */
const WRITE_AFTER_MS = 1_000;

/** Everyone who is here, when a room is entered. */
export function seeAll(state: SessionState, room: RoomHandle): void {
  for (const peer of room.peers()) if (peer.status === "alive") see(state, room, peer);
}

/** Who comes or speaks. What was said before it came here says nothing of who is here now. */
export function noteSeen(state: SessionState, room: RoomHandle, event: ChatEvent): void {
  const author = seenIn(event);
  if (author !== undefined) see(state, room, author);
}

export function todayOf({ options }: SessionState): string {
  return options.today?.() ?? isoDateText(Date.now());
}

/** Writes the list now. */
export function rememberPeople(state: SessionState): void {
  const { options, people, peopleKeeping: keeping } = state;
  clearTimeout(keeping.timer);
  keeping.timer = undefined;
  if (options.rememberPeople === undefined) return;
  keeping.written = options.rememberPeople([...people.known.values()]).then((trouble) => {
    const isTold = keeping.isLost;
    keeping.isLost = trouble !== undefined;
    // Of a disk that is full it is enough to be told once.
    if (trouble !== undefined && !isTold)
      emit(state, { type: "refusal", refusal: { code: "people-not-kept", trouble } });
  });
}

/** What has not been written yet is. */
export function flushPeople(state: SessionState): void {
  if (state.peopleKeeping.timer !== undefined || state.peopleKeeping.isLost) rememberPeople(state);
}

// --- internal ---

function seenIn(event: ChatEvent): Author | undefined {
  switch (event.type) {
    case "peer":
      return event.status === "alive" ? event.peer : undefined;
    case "message":
      return event.message.own || event.message.history ? undefined : event.message.author;
    case "notice":
      if (event.notice.code === "joined") return event.notice.peer;
      return event.notice.code === "renamed" && !event.notice.own ? event.notice.peer : undefined;
    default:
      return undefined;
  }
}

function see(state: SessionState, room: RoomHandle, { id, nick, tag }: Author): void {
  if (id === state.options.hub.id) return;
  const { isNews, otherOne } = seePerson(state.people, { id, nick }, todayOf(state));
  if (isNews) writeSoon(state);
  if (otherOne === undefined) return;
  const known = { ...otherOne, tag: tagOf(otherOne.id) };
  emit(state, { type: "key-changed", peer: { id, tag, nick }, known }, room);
}

function writeSoon(state: SessionState): void {
  const { peopleKeeping: keeping } = state;
  if (state.options.rememberPeople === undefined || state.closing !== undefined) return;
  keeping.timer ??= setTimeout(() => rememberPeople(state), WRITE_AFTER_MS);
}
