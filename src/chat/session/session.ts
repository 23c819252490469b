/**
 * A person's session. It performs typed lines one after another, shows one room of its hub, and tells its face what
 * happens in all of them. `/join ROOM` shows another room; the rooms before stay entered. Every face is built on this.
 */
import { within } from "../../node/limit.ts";
import type { RoomHandle } from "../../node/types.ts";
import { StoreError } from "../../store/store.ts";
import type { MessageKind } from "../../wire/bodies/kinds.ts";
import type { MessageId } from "../../wire/ids.ts";
import type { CommandContext, Outcome, RoomOpening, SessionOptions } from "../command/commandContext.ts";
import { type AskedHistory, tellHistory } from "../command/historyCommand.ts";
import { sayAbout } from "../command/messageCommands.ts";
import { parseLine } from "../command/parse.ts";
import type { AskedSearch, BadSearch } from "../command/parseSearch.ts";
import { runCommand } from "../command/runCommand.ts";
import { sayText } from "../command/sayText.ts";
import { search } from "../command/searchCommand.ts";
import type { SessionEvent } from "../model/events.ts";
import { reasonText } from "../model/systemReason.ts";
import type { Trust } from "../model/trust.ts";
import type { FollowedRoom } from "./followedRoom.ts";
import { createLineQueue, enqueue, LINES_WAITING_MAX, waitForRoom } from "./lineQueue.ts";
import { createPeople } from "./people.ts";
import { labelAmong } from "./roomLabels.ts";
import { flushPeople, rememberPeople, seeAll, todayOf } from "./sessionPeople.ts";
import {
  begin,
  follow,
  forgetListed,
  leaveRoom,
  moveTo,
  rememberRooms,
  replayAtStart,
  unread,
} from "./sessionRooms.ts";
import {
  emit,
  enteredRooms,
  FOLLOWED_MAX,
  infoIn,
  knownRooms,
  labelOf,
  ROOMS_MAX,
  rememberedRooms,
  roomsNamed,
  type SessionListener,
  type SessionState,
} from "./sessionState.ts";

export type { Outcome, SessionOptions } from "../command/commandContext.ts";

export interface Session {
  /** The room that the session shows now. */
  room(): RoomHandle;
  /** Those that it is in, and the one that it shows, in the order in which they were entered. */
  rooms(): readonly RoomHandle[];
  /** What people and programs call it: its name, with a part of its id where another room has the same name. */
  label(room: RoomHandle): string;
  /** The rooms that a name or label means; more than one: the name is that of several. */
  named(text: string): readonly RoomHandle[];
  /** Whom this person has verified or ignores, now: an event `people` says when it changes. */
  trust(): Trust;
  /** Shows this room: at once, or after the lines that wait. */
  show(room: RoomHandle): Promise<Outcome>;
  /**
   * A typed line, after those before it. While the network takes nothing more it waits, and so do those after it, but `/quit`. What
   * answers it carries `ref`; if nothing else does, `done` or a refusal. `room`: for which it is meant, in place of the shown one.
   */
  line(text: string, ref?: string, room?: RoomHandle): Promise<Outcome>;
  /** Text as it is, even if it looks like a command, after the lines before it. `target`: of the kinds that need one. */
  say(text: string, kind?: MessageKind, ref?: string, room?: RoomHandle, target?: MessageId): Promise<Outcome>;
  /** As `/search`, in words that stand by themselves already; `limit`: of the messages that are told. */
  search(asked: AskedSearch | BadSearch, limit: number, ref?: string, room?: RoomHandle): Promise<Outcome>;
  /** A page of what is kept. */
  history(asked: AskedHistory, ref?: string, room?: RoomHandle): Promise<Outcome>;
  /**
   * The first listener gets what happened before, and then what is kept of the rooms, if the session was made to tell it; with it
   * the joins of the start begin. `ready`: when it can take more of what is kept.
   */
  subscribe(listener: SessionListener, ready?: () => Promise<void>): () => void;
  /** Resolves when what was said has reached a peer, or nobody can be reached, or after `msMax`; tells what has not. */
  settled(msMax: number): Promise<void>;
  /** Own messages that are not known to have reached anybody. */
  undelivered(): number;
  /** Leaves all rooms and closes the hub. Takes at most 1 s. */
  close(): Promise<void>;
  /** Resolves when the session was closed, by `/quit` or `close`. */
  readonly ended: Promise<void>;
}

/** Enters the rooms. Rejects as entering them does, if none can be entered; one of several that cannot is told. */
export async function createSession(options: SessionOptions): Promise<Session> {
  const { promise: ended, resolve: endedNow } = withResolvers();
  const state = await openState(options, endedNow);
  return {
    room: () => state.shown.room,
    rooms: () => enteredRooms(state),
    label: (room) => labelOf(state, room),
    named: (text) => roomsNamed(state, text),
    trust: () => state.people.trust,
    show: (room) => {
      const perform = async (context: CommandContext): Promise<Outcome> => {
        if (room !== state.shown.room) await context.moveTo(room);
        return "done";
      };
      // What is typed behind the key is meant for the room that it shows.
      return state.queue.waiting > 0
        ? inTurn(state, undefined, undefined, perform)
        : answered(state, undefined, undefined, perform);
    },
    line: (text, ref, room) => {
      const perform = (context: CommandContext): Promise<Outcome> => performLine(context, text);
      return state.queue.isBlocked && isQuit(text)
        ? answered(state, ref, room, perform)
        : inTurn(state, ref, room, perform);
    },
    say: (text, kind = "text", ref, room, target) =>
      inTurn(state, ref, room, (context) => sayAbout(context, { text, kind, target })),
    search: (asked, limit, ref, room) => inTurn(state, ref, room, (context) => search(context, asked, limit)),
    history: (asked, ref, room) => inTurn(state, ref, room, (context) => tellHistory(context, asked)),
    subscribe: (listener, ready) => {
      state.listeners.add(listener);
      if (!state.isHeard) {
        state.isHeard = true;
        state.ready = ready ?? state.ready;
        state.heardNow();
        for (const [event, room] of state.backlog.splice(0)) emit(state, event, room);
        queueMicrotask(() => begin(state));
      }
      return () => state.listeners.delete(listener);
    },
    settled: async (msMax) => {
      await settled(state, msMax);
      tellUndelivered(state);
    },
    undelivered: () => undeliveredIn(state),
    close: () => close(state),
    ended,
  };
}

// --- internal ---

/** How long closing waits for the lists of rooms and people to be written. */
const WRITTEN_MS_MAX = 300;

async function openState(options: SessionOptions, ended: () => void): Promise<SessionState> {
  const { entered, failed } = await enterAll(options);
  const { promise: heard, resolve: heardNow } = withResolvers();
  const state: Omit<SessionState, "shown"> = {
    options,
    live: { ...options.settings },
    searches: { next: undefined },
    listeners: new Set(),
    backlog: [],
    queue: createLineQueue(),
    followed: new Map(),
    listed: [...(options.listed ?? [])],
    people: createPeople(options.people ?? []),
    peopleKeeping: { timer: undefined, isLost: false, written: Promise.resolve() },
    isListLost: false,
    answered: new Set(),
    isHeard: false,
    heard,
    heardNow,
    replayed: Promise.resolve(),
    ready: () => Promise.resolve(),
    hasBegun: false,
    closing: undefined,
    ended,
    written: Promise.resolve(),
  };
  let shown: FollowedRoom | undefined;
  for (const [opening, room] of entered) {
    const followed = follow(state as SessionState, room, opening.joins);
    if (shown === undefined || opening.isShown === true) shown = followed;
  }
  const whole: SessionState = Object.assign(state, { shown: shown as FollowedRoom });
  for (const [opening, error] of failed)
    emit(whole, { type: "refusal", refusal: { code: "cannot-open", room: opening.room.name, reason: wordsOf(error) } });
  const { listTrouble } = options;
  if (listTrouble !== undefined)
    emit(whole, { type: "refusal", refusal: { code: "rooms-not-kept", trouble: listTrouble } });
  const { peopleTrouble } = options;
  if (peopleTrouble !== undefined)
    emit(whole, { type: "refusal", refusal: { code: "people-not-kept", trouble: peopleTrouble } });
  rememberRooms(whole);
  for (const room of whole.followed.keys()) seeAll(whole, room);
  // What is typed is done when the reader knows what was said before.
  whole.replayed = replayAtStart(whole);
  whole.queue.last = whole.replayed;
  return whole;
}

type Entered = {
  readonly entered: readonly (readonly [RoomOpening, RoomHandle])[];
  readonly failed: readonly (readonly [RoomOpening, unknown])[];
};

async function enterAll({ hub, nick, rooms }: SessionOptions): Promise<Entered> {
  const entered: (readonly [RoomOpening, RoomHandle])[] = [];
  const failed: (readonly [RoomOpening, unknown])[] = [];
  for (const opening of rooms) {
    try {
      entered.push([opening, await hub.enter(opening.room, nick)]);
    } catch (error) {
      failed.push([opening, error]);
    }
  }
  if (entered.length === 0) throw failed[0]?.[1];
  return { entered, failed };
}

function wordsOf(error: unknown): string {
  return error instanceof StoreError
    ? reasonText(error.detail)
    : error instanceof Error
      ? error.message
      : String(error);
}

/** What is kept is told whole, however soon the input ends: its reader sets the pace. */
async function settled({ followed, replayed }: SessionState, msMax: number): Promise<void> {
  await replayed;
  await Promise.all([...followed.values()].map(({ joins }) => joins.settled(msMax)));
}

function undeliveredIn({ followed }: SessionState): number {
  return [...followed.values()].reduce((sum, { joins }) => sum + joins.undelivered(), 0);
}

function tellUndelivered(state: SessionState): void {
  const messages = undeliveredIn(state);
  if (messages > 0) emit(state, { type: "undelivered", messages });
}

function close(state: SessionState): Promise<void> {
  state.closing ??= (async () => {
    state.heardNow();
    // What follows is said after `closing` is set: the goodbye must not look like news.
    await Promise.resolve();
    for (const { joins } of state.followed.values()) joins.stop();
    if (state.isListLost) rememberRooms(state);
    flushPeople(state);
    const written = Promise.all([state.written, state.peopleKeeping.written]);
    await Promise.all([state.options.hub.close(), within(WRITTEN_MS_MAX, written)]);
    emit(state, { type: "ended" });
    state.ended();
  })();
  return state.closing;
}

// --- lines ---

function inTurn(
  state: SessionState,
  ref: string | undefined,
  room: RoomHandle | undefined,
  perform: (context: CommandContext) => Promise<Outcome>,
): Promise<Outcome> {
  const outcome = enqueue(state.queue, () => answered(state, ref, room, perform));
  if (outcome !== undefined) return outcome;
  emit(state, { type: "refusal", refusal: { code: "busy", limit: LINES_WAITING_MAX }, ref }, room);
  return Promise.resolve("refused");
}

/** What is told by it answers the line with this `ref`; if nothing is, that it is done, or comes too late. */
async function answered(
  state: SessionState,
  ref: string | undefined,
  room: RoomHandle | undefined,
  perform: (context: CommandContext) => Promise<Outcome>,
): Promise<Outcome> {
  let isAnswered = false;
  const tell = (event: SessionEvent): void => {
    isAnswered = true;
    emit(state, { ...event, ref }, room);
  };
  const outcome =
    state.closing === undefined ? await perform(contextFor(state, tell, room)).catch(unread(tell)) : "refused";
  if (ref === undefined || isAnswered) return outcome;
  if (outcome === "done") tell({ type: "done" });
  else tell({ type: "refusal", refusal: { code: "closing" } });
  return outcome;
}

function contextFor(
  state: SessionState,
  tell: (event: SessionEvent) => void,
  meant: RoomHandle | undefined,
): CommandContext {
  const followed = (): FollowedRoom => (meant === undefined ? undefined : state.followed.get(meant)) ?? state.shown;
  return {
    options: state.options,
    live: state.live,
    searches: state.searches,
    people: state.people,
    today: () => todayOf(state),
    peopleChanged: () => {
      emit(state, { type: "people" });
      rememberPeople(state);
    },
    room: () => followed().room,
    rooms: () => [...state.followed.keys()],
    isShown: (room) => room === state.shown.room,
    label: (room) => labelOf(state, room),
    named: (text) => roomsNamed(state, text),
    remembered: () => rememberedRooms(state),
    info: (room) => infoIn(state, room),
    labelOf: (choice) => labelAmong(knownRooms(state), choice),
    forget: (choice) => forgetListed(state, choice),
    joins: () => {
      const { joins } = followed();
      return {
        ...joins,
        join: (endpoints) => {
          for (const endpoint of endpoints) state.answered.delete(endpoint);
          joins.join(endpoints);
        },
      };
    },
    emit: tell,
    ready: async () => {
      const busy = (): void => emit(state, { type: "busy", lines: state.queue.waiting }, followed().room);
      await waitForRoom(state.queue, followed().room, busy);
      return state.closing === undefined;
    },
    isFull: () => enteredRooms(state).length >= ROOMS_MAX || state.followed.size >= FOLLOWED_MAX,
    moveTo: (room) => moveTo(state, room, tell),
    leave: (room) => leaveRoom(state, room, tell),
    quit: async () => {
      await settled(state, state.options.quitMsMax);
      tellUndelivered(state);
      // The last that is told is that the session has ended.
      tell({ type: "done" });
      await close(state);
    },
  };
}

function performLine(context: CommandContext, text: string): Promise<Outcome> {
  const parsed = parseLine(text);
  if (parsed.type === "say") return sayText(context, { text: parsed.text, kind: "text" });
  if (parsed.type === "command") return runCommand(context, parsed.command);
  if (parsed.type === "refusal") context.emit({ type: "refusal", refusal: parsed.refusal });
  return Promise.resolve(parsed.type === "nothing" ? "done" : "refused");
}

function isQuit(text: string): boolean {
  const parsed = parseLine(text);
  return parsed.type === "command" && parsed.command.name === "quit";
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
