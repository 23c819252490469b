/**
 * A person's session. It performs typed lines one after another, shows one room of its hub, and tells its face what
 * happens. `/join ROOM` shows another room; the rooms before stay entered. Every face is built on this.
 */
import type { RoomHandle } from "../../node/types.ts";
import type { ChatEvent } from "../../protocol/events.ts";
import type { Message } from "../../protocol/views.ts";
import { StoreError } from "../../store/store.ts";
import type { MessageKind } from "../../wire/bodies/kinds.ts";
import type { CommandContext, LiveSettings, Outcome, SessionOptions } from "../command/commandContext.ts";
import { parseLine } from "../command/parse.ts";
import { runCommand, sayText } from "../command/runCommand.ts";
import { infoOf, type SessionEvent } from "../model/events.ts";
import { type FollowedRoom, followedRoom, isToldInReplay, isToldMeanwhile, note, takeMissed } from "./followedRoom.ts";
import { createJoins } from "./joins.ts";
import { createLineQueue, enqueue, LINES_WAITING_MAX, type LineQueue, waitForRoom } from "./lineQueue.ts";

export type { Outcome, SessionOptions } from "../command/commandContext.ts";

export interface Session {
  /** The room that the session shows now. */
  room(): RoomHandle;
  /**
   * A typed line, after those before it. While the network takes nothing more it waits, and so do those after it, but `/quit`. What
   * answers it carries `ref`; if nothing else does, `done` or a refusal.
   */
  line(text: string, ref?: string): Promise<Outcome>;
  /** Text as it is, even if it looks like a command, after the lines before it. */
  say(text: string, kind?: MessageKind, ref?: string): Promise<Outcome>;
  /**
   * The first listener gets what happened before, and then what is kept of the room, if the session was made to tell it; with it
   * the joins of the start begin. `ready`: when it can take more of what is kept.
   */
  subscribe(listener: (event: SessionEvent) => void, ready?: () => Promise<void>): () => void;
  /** Resolves when what was said has reached a peer, or nobody can be reached, or after `msMax`; tells what has not. */
  settled(msMax: number): Promise<void>;
  /** Leaves all rooms and closes the hub. Takes at most 1 s. */
  close(): Promise<void>;
  /** Resolves when the session was closed, by `/quit` or `close`. */
  readonly ended: Promise<void>;
}

/** Events kept for the first listener. */
export const BACKLOG_EVENTS_MAX = 1_000;

/** Enters the room. Throws what that throws. */
export async function createSession(options: SessionOptions): Promise<Session> {
  const { promise: ended, resolve: endedNow } = withResolvers();
  const room = await options.hub.enter(options.room, options.nick);
  const state = openState(options, room, endedNow);
  return {
    room: () => state.shown.room,
    line: (text, ref) => {
      const perform = (context: CommandContext): Promise<Outcome> => performLine(context, text);
      return state.queue.isBlocked && isQuit(text) ? answered(state, ref, perform) : inTurn(state, ref, perform);
    },
    say: (text, kind = "text", ref) => inTurn(state, ref, (context) => sayText(context, text, kind)),
    subscribe: (listener, ready) => {
      state.listeners.add(listener);
      if (!state.isHeard) {
        state.isHeard = true;
        state.ready = ready ?? state.ready;
        state.heardNow();
        for (const event of state.backlog.splice(0)) emit(state, event);
        queueMicrotask(() => begin(state));
      }
      return () => state.listeners.delete(listener);
    },
    settled: async (msMax) => {
      await settled(state, msMax);
      const undelivered = [...state.followed.values()].map(({ joins }) => joins.undelivered());
      const messages = undelivered.reduce((sum, count) => sum + count, 0);
      if (messages > 0) emit(state, { type: "undelivered", messages });
    },
    close: () => close(state),
    ended,
  };
}

// --- internal ---

type State = {
  readonly options: SessionOptions;
  /** Changed in place. */
  readonly live: LiveSettings;
  readonly listeners: Set<(event: SessionEvent) => void>;
  /** BOUNDED: BACKLOG_EVENTS_MAX, the newest fall away. What happened before anybody listened. */
  readonly backlog: SessionEvent[];
  readonly queue: LineQueue;
  /** BOUNDED: by what a person enters. */
  readonly followed: Map<RoomHandle, FollowedRoom>;
  shown: FollowedRoom;
  /** Somebody listens, or did. */
  isHeard: boolean;
  /** Settles when somebody listens, or nobody will. */
  readonly heard: Promise<void>;
  readonly heardNow: () => void;
  /** What was kept of the first room is told. */
  replayed: Promise<void>;
  /** When more can be told of what is kept. */
  ready: () => Promise<void>;
  /** The joins of the start have begun. */
  hasBegun: boolean;
  closing: Promise<void> | undefined;
  readonly ended: () => void;
};

function openState(options: SessionOptions, room: RoomHandle, ended: () => void): State {
  const { promise: heard, resolve: heardNow } = withResolvers();
  const state: Omit<State, "shown"> = {
    options,
    live: { ...options.settings },
    listeners: new Set(),
    backlog: [],
    queue: createLineQueue(),
    followed: new Map(),
    isHeard: false,
    heard,
    heardNow,
    replayed: Promise.resolve(),
    ready: () => Promise.resolve(),
    hasBegun: false,
    closing: undefined,
    ended,
  };
  const whole: State = Object.assign(state, { shown: follow(state as State, room) });
  // What is typed is done when the reader knows what was said before.
  whole.replayed = replay(whole, whole.shown);
  whole.queue.last = whole.replayed;
  return whole;
}

function emit(state: State, event: SessionEvent): void {
  if (state.isHeard) for (const listener of [...state.listeners]) listener(event);
  else if (state.backlog.length < BACKLOG_EVENTS_MAX) state.backlog.push(event);
}

// --- rooms ---

function follow(state: State, room: RoomHandle): FollowedRoom {
  const joins = createJoins({
    room: () => room,
    refuse: (refusal) => {
      emit(state, { type: "refusal", refusal });
      tellAlone(state, followed);
    },
    lookup: state.options.lookup,
  });
  const followed = followedRoom(room, joins);
  state.followed.set(room, followed);
  room.subscribe((event) => onRoomEvent(state, followed, event));
  return followed;
}

function onRoomEvent(state: State, followed: FollowedRoom, event: ChatEvent): void {
  note(followed, event);
  const notice = event.type === "notice" ? event.notice : undefined;
  // What was not taken is said again as soon as there is room.
  if (notice?.code === "drained") return;
  // Leaving is part of closing, and not news to whoever asked for it.
  if (notice?.code === "left-room" && state.closing !== undefined) return;
  if (followed.isReplaying) {
    if (isToldInReplay(followed, event)) emit(state, { type: "chat", event });
    return;
  }
  if (followed !== state.shown) {
    if (isToldMeanwhile(followed, event)) emit(state, { type: "chat", event });
    return;
  }
  if (notice?.code === "alone") {
    if (followed.isToldAlone || expectsCompany(state, followed)) return;
    followed.isToldAlone = true;
  }
  emit(state, { type: "chat", event });
  if (notice?.code === "no-answer") tellAlone(state, followed);
}

/** Whether it is too early to call oneself alone: the first answer may come any moment. */
function expectsCompany({ options, hasBegun }: State, { room, joins, hadCompany }: FollowedRoom): boolean {
  return !hadCompany && (room.isSeeking() || (hasBegun ? joins.isTrying() : options.joins.length > 0));
}

/** When the first address has failed, nobody is expected any more. */
function tellAlone(state: State, followed: FollowedRoom): void {
  if (followed.hadCompany || followed.isToldAlone || followed !== state.shown) return;
  followed.isToldAlone = true;
  emit(state, { type: "chat", event: { type: "notice", notice: { code: "alone", unreachable: 0 } } });
}

/** Shows another room, or the same again, and what came in it meanwhile. */
async function moveTo(state: State, room: RoomHandle, tell: (event: SessionEvent) => void): Promise<void> {
  const known = state.followed.get(room);
  state.shown = known ?? follow(state, room);
  tell({ type: "moved", room: infoOf(room), address: room.address() });
  if (known === undefined) await replay(state, state.shown);
  else tellMissed(state, known);
}

function tellMissed(state: State, followed: FollowedRoom): void {
  const { events, forgotten } = takeMissed(followed);
  if (forgotten > 0) emit(state, { type: "missed", messages: forgotten });
  for (const event of events) emit(state, { type: "chat", event });
}

/** Tells what is kept of a room that has just been entered, before what comes from others. */
async function replay(state: State, followed: FollowedRoom): Promise<void> {
  const { replayed } = state.options;
  if (replayed === undefined) return;
  const { room } = followed;
  const ready = async (): Promise<void> => {
    await state.heard;
    await state.ready();
  };
  const take = async (messages: readonly Message[]): Promise<void> => {
    await ready();
    if (state.closing !== undefined) return;
    const earlier = replayed === "all" ? 0 : kept - messages.length;
    if (earlier > 0) emit(state, { type: "earlier", messages: earlier });
    for (const message of messages) emit(state, { type: "chat", event: { type: "message", message, isInOrder: true } });
  };
  const kept = room.stats().messages;
  followed.isReplaying = true;
  await room
    .replay(take, replayed === "all" ? undefined : replayed, ready)
    .catch(unread((event) => emit(state, event)));
  followed.isReplaying = false;
  tellMissed(state, followed);
}

/** Nobody listened until now: the first contacts are made, and whoever is alone from the start is told. */
function begin(state: State): void {
  if (state.closing !== undefined) return;
  const { options, shown } = state;
  // Who reads what was said is told afterwards that nobody is here now.
  if (shown.isReplaying) void state.replayed.then(() => tellAloneAtStart(state, shown));
  else tellAloneAtStart(state, shown);
  for (const address of options.joins) shown.joins.joinAtStart(address);
  state.hasBegun = true;
}

function tellAloneAtStart(state: State, shown: FollowedRoom): void {
  if (state.options.joins.length > 0 || shown.room.peers().length > 0 || shown.room.isSeeking()) return;
  if (state.closing === undefined && shown === state.shown)
    onRoomEvent(state, shown, { type: "notice", notice: { code: "alone", unreachable: 0 } });
}

async function settled({ followed }: State, msMax: number): Promise<void> {
  await Promise.all([...followed.values()].map(({ joins }) => joins.settled(msMax)));
}

function close(state: State): Promise<void> {
  state.closing ??= (async () => {
    state.heardNow();
    // What follows is said after `closing` is set: the goodbye must not look like news.
    await Promise.resolve();
    for (const { joins } of state.followed.values()) joins.stop();
    await state.options.hub.close();
    emit(state, { type: "ended" });
    state.ended();
  })();
  return state.closing;
}

// --- lines ---

function inTurn(
  state: State,
  ref: string | undefined,
  perform: (context: CommandContext) => Promise<Outcome>,
): Promise<Outcome> {
  const outcome = enqueue(state.queue, () => answered(state, ref, perform));
  if (outcome !== undefined) return outcome;
  emit(state, { type: "refusal", refusal: { code: "busy", limit: LINES_WAITING_MAX }, ref });
  return Promise.resolve("refused");
}

/** What is told by it answers the line with this `ref`; if nothing is, that it is done, or comes too late. */
async function answered(
  state: State,
  ref: string | undefined,
  perform: (context: CommandContext) => Promise<Outcome>,
): Promise<Outcome> {
  let isAnswered = false;
  const tell = (event: SessionEvent): void => {
    isAnswered = true;
    emit(state, { ...event, ref });
  };
  const outcome = state.closing === undefined ? await perform(contextFor(state, tell)).catch(unread(tell)) : "refused";
  if (ref === undefined || isAnswered) return outcome;
  if (outcome === "done") tell({ type: "done" });
  else tell({ type: "refusal", refusal: { code: "closing" } });
  return outcome;
}

function contextFor(state: State, tell: (event: SessionEvent) => void): CommandContext {
  return {
    options: state.options,
    live: state.live,
    room: () => state.shown.room,
    joins: () => state.shown.joins,
    emit: tell,
    ready: async () => {
      const busy = (): void => emit(state, { type: "busy", lines: state.queue.waiting });
      await waitForRoom(state.queue, state.shown.room, busy);
      return state.closing === undefined;
    },
    moveTo: (room) => moveTo(state, room, tell),
    quit: async () => {
      await settled(state, state.options.quitMsMax);
      // The last that is told is that the session has ended.
      tell({ type: "done" });
      await close(state);
    },
  };
}

/** What is kept cannot be read: the command is refused, and the chat goes on. */
function unread(tell: (event: SessionEvent) => void): (error: unknown) => Outcome {
  return (error) => {
    if (!(error instanceof StoreError)) throw error;
    tell({ type: "refusal", refusal: { code: "cannot-read", reason: error.code, detail: error.detail } });
    return "refused";
  };
}

function performLine(context: CommandContext, text: string): Promise<Outcome> {
  const parsed = parseLine(text);
  if (parsed.type === "say") return sayText(context, parsed.text, "text");
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
