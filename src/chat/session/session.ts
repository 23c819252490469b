/**
 * A person's session: takes typed lines, performs them one after another, shows one room of its hub (another one after `/join ROOM`,
 * while those before stay entered) and tells its face what happens. Every face stands on this.
 */
import type { RoomHandle } from "../../node/types.ts";
import type { ChatEvent } from "../../protocol/events.ts";
import type { MessageKind } from "../../wire/bodies/kinds.ts";
import type { CommandContext, Outcome, SessionOptions } from "../command/commandContext.ts";
import { parseLine } from "../command/parse.ts";
import { runCommand, sayText } from "../command/runCommand.ts";
import type { SessionEvent } from "../model/events.ts";
import { createJoins } from "./joins.ts";

export type { Outcome, SessionOptions } from "../command/commandContext.ts";

export interface Session {
  /** The room that the session shows now. */
  room(): RoomHandle;
  /**
   * A typed line, after those before it. While the network takes nothing more it waits, and so do those after it, but `/quit`. What
   * answers it carries `ref`.
   */
  line(text: string, ref?: string): Promise<Outcome>;
  /** Text as it is, even if it looks like a command, after the lines before it. */
  say(text: string, kind?: MessageKind, ref?: string): Promise<Outcome>;
  /** The first listener gets what happened before; with it the joins of the start begin. */
  subscribe(listener: (event: SessionEvent) => void): () => void;
  /** Resolves when what was said has reached a peer, or nobody can be reached, or after `msMax`; tells what has not. */
  settled(msMax: number): Promise<void>;
  /** Leaves all rooms and closes the hub. Takes at most 1 s. */
  close(): Promise<void>;
  /** Resolves when the session was closed, by `/quit` or `close`. */
  readonly ended: Promise<void>;
}

/** Lines typed and not yet performed. */
export const LINES_WAITING_MAX = 1_000;
/** Who waits for longer than this until the node takes a message is told. */
const BUSY_TOLD_MS = 1_000;
/** Events kept for the first listener. */
export const BACKLOG_EVENTS_MAX = 1_000;

/** Enters the room. Throws what that throws. */
export async function createSession(options: SessionOptions): Promise<Session> {
  const listeners = new Set<(event: SessionEvent) => void>();
  /** BOUNDED: BACKLOG_EVENTS_MAX, the newest fall away. */
  const backlog: SessionEvent[] = [];
  const { promise: ended, resolve: endedNow } = withResolvers();
  let started = false;
  let closing: Promise<void> | undefined;
  /** BOUNDED: LINES_WAITING_MAX. */
  let waiting = 0;
  /** The first of them waits until the node takes a message. */
  let isBlocked = false;
  let queue: Promise<unknown> = Promise.resolve();
  /** The first joins have begun. */
  let begun = false;
  let hadCompany = false;
  let knownAlone = false;

  const emit = (event: SessionEvent): void => {
    if (!started) {
      if (backlog.length < BACKLOG_EVENTS_MAX) backlog.push(event);
      return;
    }
    for (const listener of [...listeners]) listener(event);
  };

  let room = await options.hub.enter(options.room, options.nick);
  const joins = createJoins({
    room: () => room,
    refuse: (refusal) => {
      emit({ type: "refusal", refusal });
      tellAlone();
    },
    lookup: options.lookup,
  });

  /** Whether it is too early to call oneself alone: the first answer may come any moment. */
  const expectsCompany = (): boolean =>
    !hadCompany && (room.isSeeking() || (begun ? joins.isTrying() : options.joins.length > 0));

  /** When the first address has failed, nobody is expected any more. */
  const tellAlone = (): void => {
    if (hadCompany || knownAlone) return;
    knownAlone = true;
    emit({ type: "chat", event: { type: "notice", notice: { code: "alone", unreachable: 0 } } });
  };

  const ready = async (): Promise<boolean> => {
    isBlocked = true;
    const timer = setTimeout(() => emit({ type: "busy", lines: waiting }), BUSY_TOLD_MS);
    await room.whenReady();
    clearTimeout(timer);
    isBlocked = false;
    return closing === undefined;
  };

  const onRoomEvent = (event: ChatEvent): void => {
    // What was not taken is said again as soon as there is room.
    if (event.type === "notice" && event.notice.code === "drained") return;
    if (event.type === "notice" && event.notice.code === "alone") {
      if (knownAlone || expectsCompany()) return;
      knownAlone = true;
    }
    // Leaving is part of closing, and not news to whoever asked for it.
    if (event.type === "notice" && event.notice.code === "left-room" && closing !== undefined) return;
    if (event.type === "notice" && event.notice.code === "joined") joins.answered(event.notice.endpoint);
    if (event.type === "notice" && event.notice.code === "history-synced") joins.synced();
    if (event.type === "message" && event.message.own) joins.said();
    if (event.type === "peer" && event.status === "alive") {
      knownAlone = false;
      hadCompany = true;
    }
    emit({ type: "chat", event });
    if (event.type === "notice" && event.notice.code === "no-answer") tellAlone();
  };
  let unsubscribe = room.subscribe(onRoomEvent);

  const context: CommandContext = {
    options,
    live: { ...options.settings },
    room: () => room,
    emit,
    ready,
    joins,
    moveTo: (next) => {
      unsubscribe();
      room = next;
      hadCompany = room.peers().some(({ status }) => status === "alive");
      knownAlone = false;
      unsubscribe = room.subscribe(onRoomEvent);
    },
    quit: async () => {
      await joins.settled(options.quitMsMax);
      await close();
    },
  };

  /** What is emitted by it answers the line or text with this `ref`. */
  const answering = (ref: string | undefined): CommandContext => {
    return ref === undefined ? context : { ...context, emit: (event) => emit({ ...event, ref } as SessionEvent) };
  };
  const enqueue = (perform: () => Promise<Outcome>): Promise<Outcome> => {
    if (waiting >= LINES_WAITING_MAX) {
      emit({ type: "refusal", refusal: { code: "busy", limit: LINES_WAITING_MAX } });
      return Promise.resolve("refused");
    }
    waiting += 1;
    const outcome = queue.then(async (): Promise<Outcome> => {
      try {
        return closing === undefined ? await perform() : "refused";
      } finally {
        waiting -= 1;
      }
    });
    queue = outcome.catch(() => undefined);
    return outcome;
  };

  const perform = (text: string, ref: string | undefined): Promise<Outcome> => {
    const parsed = parseLine(text);
    const answered = answering(ref);
    if (parsed.type === "say") return sayText(answered, parsed.text, "text");
    if (parsed.type === "command") return runCommand(answered, parsed.command);
    if (parsed.type === "refusal") answered.emit({ type: "refusal", refusal: parsed.refusal });
    return Promise.resolve(parsed.type === "nothing" ? "done" : "refused");
  };

  const close = (): Promise<void> => {
    closing ??= (async () => {
      // What follows is said after `closing` is set: the goodbye must not look like news.
      await Promise.resolve();
      joins.stop();
      await options.hub.close();
      unsubscribe();
      emit({ type: "ended" });
      endedNow();
    })();
    return closing;
  };

  const start = (): void => {
    if (closing !== undefined) return;
    if (options.joins.length === 0 && room.peers().length === 0 && !room.isSeeking())
      onRoomEvent({ type: "notice", notice: { code: "alone", unreachable: 0 } });
    for (const address of options.joins) joins.joinAtStart(address);
    begun = true;
  };

  return {
    room: () => room,
    line: (text, ref) => (isBlocked && isQuit(text) ? perform(text, ref) : enqueue(() => perform(text, ref))),
    say: (text, kind = "text", ref) => enqueue(() => sayText(answering(ref), text, kind)),
    subscribe: (listener) => {
      listeners.add(listener);
      if (!started) {
        started = true;
        for (const event of backlog.splice(0)) emit(event);
        queueMicrotask(start);
      }
      return () => listeners.delete(listener);
    },
    settled: async (msMax) => {
      await joins.settled(msMax);
      const messages = joins.undelivered();
      if (messages > 0) emit({ type: "undelivered", messages });
    },
    close,
    ended,
  };
}

// --- internal ---

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
