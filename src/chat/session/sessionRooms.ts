/** The rooms of a session: follows them, tells what is kept of them and what happens in them, shows one, and leaves them. */
import { isSameRoom } from "../../crypto/roomKeys.ts";
import type { RoomChoice, RoomHandle } from "../../node/types.ts";
import type { ChatEvent } from "../../protocol/events.ts";
import type { Message } from "../../protocol/views.ts";
import type { RememberedRoom } from "../../store/roomsFile.ts";
import { StoreError } from "../../store/store.ts";
import type { Outcome } from "../command/commandContext.ts";
import { asTheyRead } from "../history/keptView.ts";
import type { SessionEvent } from "../model/events.ts";
import { type FollowedRoom, followedRoom, isToldInReplay, note, takeMissed } from "./followedRoom.ts";
import { createJoins, JOINS_MAX } from "./joins.ts";
import { flushPeople, noteSeen, seeAll } from "./sessionPeople.ts";
import { emit, enteredRooms, infoIn, type SessionState } from "./sessionState.ts";

/** Of a room that is not shown at the start, lines for people have so many messages of what is kept. */
const REPLAYED_ELSEWHERE = 10;

/** Listens to the room from now on. */
export function follow(state: SessionState, room: RoomHandle, joinsAtStart: readonly string[] = []): FollowedRoom {
  const joins = createJoins({
    room: () => room,
    refuse: (refusal) => {
      emit(state, { type: "refusal", refusal }, room);
      tellAlone(state, followed);
    },
    lookup: state.options.lookup,
  });
  const followed = followedRoom(room, joins, joinsAtStart);
  followed.isReplaying = state.options.replayed !== undefined;
  state.followed.set(room, followed);
  room.subscribe((event) => onRoomEvent(state, followed, event));
  return followed;
}

/** Shows another room, or the same again. Of one that was not followed before, what is kept is told. */
export async function moveTo(
  state: SessionState,
  room: RoomHandle,
  tell: (event: SessionEvent) => void,
): Promise<void> {
  const known = state.followed.get(room);
  state.shown = known ?? follow(state, room);
  tell({ type: "moved", room: infoIn(state, room), address: room.address() });
  rememberRooms(state);
  if (known === undefined) seeAll(state, room);
  if (known === undefined) await replay(state, state.shown, state.options.replayed);
}

/**
 * Leaves the room and stays in the others. Its handle is kept: without a disk, nothing else has what was said in it. If it was
 * shown, the one entered before it is; the last one stays shown.
 */
export async function leaveRoom(
  state: SessionState,
  room: RoomHandle,
  tell: (event: SessionEvent) => void,
): Promise<Outcome> {
  const joins = state.followed.get(room)?.joins;
  // Once it is left, what was said in it goes out no more until it is entered again.
  if (room.isIn()) await joins?.settled(state.options.quitMsMax);
  joins?.forget();
  const before = enteredRooms(state);
  const outcome = await room.run({ type: "leave" });
  if (!outcome.isDone) {
    tell({ type: "chat", event: { type: "error", error: outcome.error } });
    return "refused";
  }
  const others = before.filter((other) => other !== room);
  const next = others[Math.max(0, before.indexOf(room) - 1)];
  if (room === state.shown.room && next !== undefined) await moveTo(state, next, tell);
  else rememberRooms(state);
  return "done";
}

/** Tells what is kept of the rooms of the start: as much as the face wants of the shown one, less of the others. */
export async function replayAtStart(state: SessionState): Promise<void> {
  const { replayed } = state.options;
  const others = [...state.followed.values()].filter((followed) => followed !== state.shown);
  // Lines end with the room in which one goes on; a program wants that one first.
  const isForPeople = typeof replayed === "number";
  if (!isForPeople) await replay(state, state.shown, replayed);
  for (const other of others) await replay(state, other, isForPeople ? REPLAYED_ELSEWHERE : replayed);
  if (isForPeople) await replay(state, state.shown, replayed);
}

/** The first contacts are made, and whoever is alone from the start is told. */
export function begin(state: SessionState): void {
  if (state.closing !== undefined) return;
  for (const followed of state.followed.values()) {
    // Who reads what was said is told afterwards that nobody is here now.
    if (followed.isReplaying) void state.replayed.then(() => tellAloneAtStart(state, followed));
    else tellAloneAtStart(state, followed);
    for (const address of followed.joinsAtStart) followed.joins.joinAtStart(address);
  }
  state.hasBegun = true;
}

/** Keeps the list of rooms for the next start. Rooms stay where they were in it, and new ones come last. */
export function rememberRooms(state: SessionState): void {
  const { options, shown, followed } = state;
  const stateOf = (room: RoomHandle): RememberedRoom["state"] =>
    room.isIn() ? (room === shown.room ? "shown" : "in") : "left";
  const rooms = [...followed.keys()];
  const listed = state.listed.map((one): RememberedRoom => {
    const room = rooms.find(({ choice }) => isSameRoom(choice.secret, one.secret));
    return room === undefined ? one : { ...one, state: stateOf(room) };
  });
  const isListed = ({ choice }: RoomHandle): boolean => listed.some(({ secret }) => isSameRoom(secret, choice.secret));
  const added = rooms.filter((room) => !isListed(room)).map((room) => ({ ...room.choice, state: stateOf(room) }));
  state.listed = [...listed, ...added];
  const written = options.rememberRooms?.(state.listed) ?? Promise.resolve(undefined);
  state.written = written.then((trouble) => {
    state.isListLost = trouble !== undefined;
    if (trouble !== undefined) emit(state, { type: "refusal", refusal: { code: "rooms-not-kept", trouble } });
  });
}

/** A room of the list that is not entered this time is not to be entered the next. */
export function forgetListed(state: SessionState, { secret }: RoomChoice): void {
  state.listed = state.listed.map((one) => (isSameRoom(one.secret, secret) ? { ...one, state: "left" } : one));
  rememberRooms(state);
}

/** What is kept cannot be read: the command is refused, and the chat goes on. */
export function unread(tell: (event: SessionEvent) => void): (error: unknown) => Outcome {
  return (error) => {
    if (!(error instanceof StoreError)) throw error;
    tell({ type: "refusal", refusal: { code: "cannot-read", reason: error.code, detail: error.detail } });
    return "refused";
  };
}

// --- internal ---

function onRoomEvent(state: SessionState, followed: FollowedRoom, event: ChatEvent): void {
  note(followed, event);
  const { room } = followed;
  const notice = event.type === "notice" ? event.notice : undefined;
  // What was not taken is said again as soon as there is room.
  if (notice?.code === "drained") return;
  // Leaving is part of closing, and not news to whoever asked for it.
  if (notice?.code === "left-room" && state.closing !== undefined) return;
  noteSeen(state, room, event);
  if (followed.isReplaying && !isToldInReplay(followed, event)) return;
  if (notice?.code === "alone") {
    if (followed.isToldAlone || expectsCompany(state, followed)) return;
    followed.isToldAlone = true;
  }
  // The disk takes something again.
  if (notice?.code === "storing-again" && state.isListLost) rememberRooms(state);
  if (notice?.code === "storing-again") flushPeople(state);
  if (notice?.code === "joined") noteAnswered(state, notice.endpoint);
  // An address that is tried in several rooms answers in those in which somebody is there.
  if (notice?.code === "no-answer" && state.answered.has(notice.endpoint)) return;
  emit(state, { type: "chat", event }, room);
  if (notice?.code === "no-answer") tellAlone(state, followed);
}

function noteAnswered({ answered }: SessionState, endpoint: string): void {
  answered.add(endpoint);
  const [oldest] = answered;
  if (answered.size > JOINS_MAX && oldest !== undefined) answered.delete(oldest);
}

/** Whether it is too early to call oneself alone: the first answer may come any moment. */
function expectsCompany({ hasBegun }: SessionState, { room, joins, joinsAtStart, hadCompany }: FollowedRoom): boolean {
  return !hadCompany && (room.isSeeking() || (hasBegun ? joins.isTrying() : joinsAtStart.length > 0));
}

/** When the first address has failed, nobody is expected any more. */
function tellAlone(state: SessionState, followed: FollowedRoom): void {
  if (followed.hadCompany || followed.isToldAlone || !followed.room.isIn()) return;
  followed.isToldAlone = true;
  const event: ChatEvent = { type: "notice", notice: { code: "alone", unreachable: 0 } };
  emit(state, { type: "chat", event }, followed.room);
}

function tellAloneAtStart(state: SessionState, followed: FollowedRoom): void {
  const { room, joinsAtStart } = followed;
  if (joinsAtStart.length > 0 || room.peers().length > 0 || room.isSeeking()) return;
  if (state.closing === undefined && room.isIn())
    onRoomEvent(state, followed, { type: "notice", notice: { code: "alone", unreachable: 0 } });
}

/** Tells what is kept of a room that has just been entered, before what comes from others. `replayed`: how much of it. */
async function replay(
  state: SessionState,
  followed: FollowedRoom,
  replayed: number | "all" | undefined,
): Promise<void> {
  if (replayed === undefined) return;
  const { room } = followed;
  const ready = async (): Promise<void> => {
    await state.heard;
    await state.ready();
  };
  const take = async (given: readonly Message[]): Promise<void> => {
    await ready();
    if (state.closing !== undefined) return;
    const earlier = replayed === "all" ? 0 : kept - given.length;
    if (earlier > 0) emit(state, { type: "earlier", messages: earlier }, room);
    const messages = await asTheyRead(room, given);
    for (const message of messages) {
      // People read what it changed as it is now.
      if (replayed !== "all" && (message.kind === "edit" || message.kind === "delete")) continue;
      emit(state, { type: "chat", event: { type: "message", message, isInOrder: true } }, room);
      const delivery = message.own ? room.delivery(message.id) : undefined;
      if (delivery === undefined) continue;
      emit(state, { type: "chat", event: { type: "delivery", id: message.id, ...delivery } }, room);
    }
  };
  const kept = room.stats().messages;
  followed.isReplaying = true;
  await room
    .replay(take, replayed === "all" ? undefined : replayed, ready)
    .catch(unread((event) => emit(state, event, room)));
  followed.isReplaying = false;
  const { events, forgotten } = takeMissed(followed);
  if (forgotten > 0) emit(state, { type: "missed", messages: forgotten }, room);
  for (const event of events) emit(state, { type: "chat", event }, room);
}
