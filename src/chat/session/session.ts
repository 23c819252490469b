/**
 * A person's session: takes typed lines, performs them one after another, holds the node (another one after `/join #room`) and
 * tells its face what happens. Every face stands on this.
 */
import type { ChatNode } from "../../node/types.ts";
import type { ChatEvent } from "../../protocol/events.ts";
import type { MessageKind } from "../../wire/bodies/kinds.ts";
import type { CommandContext, Outcome, SessionOptions } from "../command/commandContext.ts";
import { parseLine } from "../command/parse.ts";
import { runCommand, sayText } from "../command/runCommand.ts";
import type { SessionEvent } from "../model/events.ts";
import { createDeliveries } from "./deliveries.ts";
import { createJoins } from "./joins.ts";

export type { Outcome, RoomChoice, SessionOptions } from "../command/commandContext.ts";

export interface Session {
  /** The node of the room that the session is in now. */
  node(): ChatNode;
  /** A typed line, after those before it. While the network takes nothing more it waits, and so do those after it, but `/quit`. */
  line(text: string): Promise<Outcome>;
  /** Text as it is, even if it looks like a command, after the lines before it. */
  say(text: string, kind?: MessageKind): Promise<Outcome>;
  /** The first listener gets what happened before; with it the joins of the start begin. */
  subscribe(listener: (event: SessionEvent) => void): () => void;
  /** Resolves when what was said has reached a peer, or nobody can be reached, or after `msMax`; tells what has not. */
  settled(msMax: number): Promise<void>;
  /** Leaves the room and closes the node. Takes at most 1 s. */
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

/** Opens the node. Throws what `open` throws. */
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

  const live = { ...options.settings };
  let node = await options.open(options.room, options.nick, live);
  const joins = createJoins({
    node: () => node,
    refuse: (refusal) => {
      emit({ type: "refusal", refusal });
      tellAlone();
    },
    lookup: options.lookup,
  });

  const deliveries = createDeliveries();

  /** Whether it is too early to call oneself alone: the first answer may come any moment. */
  const expectsCompany = (): boolean =>
    !hadCompany && (node.isSeeking() || (begun ? joins.isTrying() : options.joins.length > 0));

  /** When the first address has failed, nobody is expected any more. */
  const tellAlone = (): void => {
    if (hadCompany || knownAlone) return;
    knownAlone = true;
    emit({ type: "chat", event: { type: "notice", notice: { code: "alone", unreachable: 0 } } });
  };

  const ready = async (): Promise<boolean> => {
    isBlocked = true;
    const timer = setTimeout(() => emit({ type: "busy", lines: waiting }), BUSY_TOLD_MS);
    await node.whenReady();
    clearTimeout(timer);
    isBlocked = false;
    return closing === undefined;
  };

  const onNodeEvent = (event: ChatEvent): void => {
    // What was not taken is said again as soon as there is room.
    if (event.type === "error" && event.error.code === "busy") return;
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
    deliveries.observe(event);
    if (event.type === "peer" && event.status === "alive") {
      knownAlone = false;
      hadCompany = true;
    }
    emit({ type: "chat", event });
    if (event.type === "notice" && event.notice.code === "no-answer") tellAlone();
  };
  let unsubscribe = node.subscribe(onNodeEvent);

  const context: CommandContext = {
    options,
    live,
    room: options.room,
    node: () => node,
    emit,
    ready,
    joins,
    deliveries,
    replaceNode: (next) => {
      unsubscribe();
      node = next;
      knownAlone = false;
      hadCompany = false;
      unsubscribe = node.subscribe(onNodeEvent);
      // Closed while the room was changing: this node came too late.
      if (closing !== undefined) void node.close();
    },
    quit: async () => {
      await joins.settled(options.quitMsMax);
      await close();
    },
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

  const perform = (text: string): Promise<Outcome> => {
    const parsed = parseLine(text);
    if (parsed.type === "say") return sayText(context, parsed.text, "text");
    if (parsed.type === "command") return runCommand(context, parsed.command);
    if (parsed.type === "refusal") emit({ type: "refusal", refusal: parsed.refusal });
    return Promise.resolve(parsed.type === "nothing" ? "done" : "refused");
  };

  const close = (): Promise<void> => {
    closing ??= (async () => {
      // What follows is said after `closing` is set: the goodbye must not look like news.
      await Promise.resolve();
      joins.stop();
      await node.close();
      unsubscribe();
      emit({ type: "ended" });
      endedNow();
    })();
    return closing;
  };

  const start = (): void => {
    if (closing !== undefined) return;
    if (options.joins.length === 0 && node.peers().length === 0 && !node.isSeeking())
      onNodeEvent({ type: "notice", notice: { code: "alone", unreachable: 0 } });
    for (const address of options.joins) joins.joinAtStart(address);
    begun = true;
  };

  return {
    node: () => node,
    line: (text) => (isBlocked && isQuit(text) ? perform(text) : enqueue(() => perform(text))),
    say: (text, kind = "text") => enqueue(() => sayText(context, text, kind)),
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
