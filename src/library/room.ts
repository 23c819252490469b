/** The room object that a program holds. */
import { setMaxListeners } from "node:events";
import { type AboutKind, checkTarget } from "../chat/command/messageTarget.ts";
import { parseAddress, resolveAddress } from "../chat/command/parseAddress.ts";
import { searchFor } from "../chat/command/parseSearch.ts";
import { keptPage, searchKept, topicIn } from "../chat/history/keptView.ts";
import { refusalText } from "../chat/model/sentences.ts";
import { createJoins } from "../chat/session/joins.ts";
import { causalEvents } from "../chat/stream/causalFeed.ts";
import type { SearchQuery } from "../node/search.ts";
import type { Delivery, RoomHandle, RoomStats } from "../node/types.ts";
import type { Command, Outcome } from "../protocol/api.ts";
import { StoreError } from "../store/store.ts";
import type { MessageKind } from "../wire/bodies/kinds.ts";
import type { Endpoint } from "../wire/endpoint.ts";
import { isMessageId } from "../wire/envelope.ts";
import { MESSAGE_ID_BYTES, type MessageId, type PeerId } from "../wire/ids.ts";
import { createDeliveries, type Deliveries } from "./delivery.ts";
import { refusalOf, SmplchatError, storeError } from "./errors.ts";
import {
  namedEvents,
  type Peer,
  ROOM_EVENT_NAMES,
  type RoomEventName,
  type RoomEvents,
  type RoomMessage,
  roomMessage,
  roomPeer,
} from "./events.ts";
import { exportOf, type HistoryChunks, type ImportedHistory, importInto } from "./history.ts";
import { type MessageStream, messageStream } from "./messageStream.ts";
import { checkNick, checkObject, misfit } from "./options.ts";

/** What was said. `delivery` never rejects: it resolves when all have the message, or nothing was heard of it for 5 s. */
export type Said = { readonly id: MessageId; readonly delivery: Promise<Delivery> };

/** Kinds that are about another message have methods of their own; so has the topic. */
export type SayOptions = { readonly kind?: SayableKind };
export type SayableKind = Extract<MessageKind, "text" | "action" | "notice">;
/** A message, or its id. */
export type Target = string | Pick<RoomMessage, "id">;
export type HistoryOptions = { readonly before?: string; readonly limit?: number };
export type SearchOptions = {
  readonly text?: string;
  readonly from?: string;
  /** The id of a message, or a date like 2026-05-03 or 2026-05-03T10:00; `before` leaves it out, `after` does not. */
  readonly before?: string;
  readonly after?: string;
  readonly limit?: number;
};
export type MessagesOptions = {
  /** Also what was said before it came here. True if left out. */
  readonly history?: boolean;
};

/** What is refused rejects with a SmplchatError, what makes no sense with a TypeError; after leaving all is refused with `closed`. */
export interface Room {
  readonly name: string;
  readonly private: boolean;
  /** Waits while the network takes nothing more. Codes: text-empty, text-too-long, busy, closed. */
  say(text: string, options?: SayOptions): Promise<Said>;
  /** Says it to a message. Codes: as `say`, and unknown-message, already-deleted, not-a-line. */
  reply(message: Target, text: string): Promise<Said>;
  /** With at most 24 characters, in place of the reaction before; an empty text takes it back. Codes: as `reply`, and bad-reaction. */
  react(message: Target, emoji: string): Promise<Said>;
  /** Gives an own message another text. Codes: as `reply`, and not-yours. */
  edit(message: Target, text: string): Promise<Said>;
  /** Takes an own message back: nobody is shown it any more. Codes: as `edit`. */
  delete(message: Target): Promise<Said>;
  /** At most 512 bytes on one line; an empty text clears it. */
  setTopic(text: string): Promise<Said>;
  /** As it was set last; empty: there is none. */
  topic(): Promise<string>;
  /** Those that come from now on, as they were said. Ends when the room is left. */
  messages(options?: MessagesOptions): MessageStream;
  /** Gives what ends it. */
  on<N extends RoomEventName>(name: N, listener: (value: RoomEvents[N]) => void): () => void;
  /**
   * The newest `limit` (50) messages kept here, below `before`, oldest first, of all kinds. They read as they do now: with the newest
   * text (`editedBy`), or without one (`deleted`).
   */
  history(options?: HistoryOptions): Promise<RoomMessage[]>;
  /**
   * Those kept here that fit, newest first, as they are found: `text` is part of what was said, case apart; `from` is the author's
   * nick then; `before` and `after` are ids or dates. Ends after `limit`.
   */
  search(options: SearchOptions): AsyncGenerator<RoomMessage, void, undefined>;
  /**
   * All that is kept here, signed, as the lines of a history file (docs/history-file.md), each with its end:
   * `pipeline(room.export(), createWriteStream(path))`. What comes meanwhile is not in it.
   */
  export(): AsyncGenerator<string, void, void>;
  /**
   * Takes a history file in: `room.import(createReadStream(path))`. Each message is checked, and those that are good are kept, and
   * stored where there is a disk, when it resolves. Codes: other-room, no-history, newer-version, store-unreadable, closed.
   */
  import(chunks: HistoryChunks): Promise<ImportedHistory>;
  /** Everybody known, this program first. */
  peers(): Peer[];
  /**
   * Contacts the address, and goes on trying. Resolves with whether it answered within 5 s. Codes: bad-address, unknown-host,
   * closed.
   */
  join(address: string): Promise<boolean>;
  /** Refused: bad-nick as a TypeError. */
  rename(nick: string): Promise<void>;
  /** The line that lets others in. */
  invite(): string;
  /** Where this node listens, as best known. */
  address(): string;
  stats(): RoomStats;
  /** Says goodbye. The other rooms of the hub go on. Takes at most 1 s. */
  leave(): Promise<void>;
}

/** Texts that wait until the network takes them. */
export const SAYS_WAITING_MAX = 10_000;
export const HISTORY_LIMIT = 50;
export const HISTORY_LIMIT_MAX = 10_000;
/** The node gives up on the first answer after 5 s; then so does this, should nothing be told of it. */
const ANSWER_MS_MAX = 6_000;

/** `addresses`: checked, contacted at once. `verified`: whose words were compared. */
export function roomOn(
  handle: RoomHandle,
  addresses: readonly string[],
  verified: ReadonlySet<PeerId> = new Set(),
): Room {
  const { name, private: isPrivate } = handle.choice;
  const closing = new AbortController();
  const closed = closing.signal;
  // Each loop and each join that waits is one.
  setMaxListeners(0, closed);
  const deliveries = createDeliveries(handle);
  const listeners = createListeners();
  const unsubscribe = handle.subscribe(
    causalEvents((event) => {
      deliveries.note(event);
      for (const named of namedEvents(event, name, verified)) listeners.tell(named.name, named.value);
    }),
  );
  const joins = createJoins({
    room: () => handle,
    refuse: (refusal) => {
      const { code, ...data } = refusal;
      listeners.tell("error", { code, text: refusalText(refusal), data });
    },
    lookup: undefined,
  });
  for (const address of addresses) joins.joinAtStart(address);
  const say = createSay(handle, deliveries, closed);
  let left: Promise<void> | undefined;

  const close = async (): Promise<void> => {
    joins.stop();
    closing.abort();
    deliveries.settleAll();
    await handle.close();
    unsubscribe();
  };
  const open = (): void => {
    if (closed.aborted) throw closedError(name);
  };

  return {
    name,
    private: isPrivate,
    say: async (text, options) => {
      const { kind } = checkSay(text, options);
      return say({ type: "say", text, kind });
    },
    ...aboutMethods(handle, say, open),
    messages: (options) => {
      open();
      const { history = true } = checkMessages(options);
      return messageStream(
        (listener) => listeners.add("message", (message) => (history || !message.history) && listener(message)),
        closed,
      );
    },
    on: (event, listener) => {
      open();
      if (!ROOM_EVENT_NAMES.includes(event)) throw misfit("on", event, ROOM_EVENT_NAMES.join(", "));
      if (typeof listener !== "function") throw misfit("a listener", listener, "a function");
      return listeners.add(event, listener);
    },
    history: async (options) => {
      const { limit, before } = checkHistory(options);
      open();
      const messages = await keptPage(handle, limit, before).catch(rethrown);
      return messages.map((message) => roomMessage(message, name, verified));
    },
    search: (options) => {
      const { query, limit } = checkSearch(options);
      open();
      return searched(handle, query, limit, verified);
    },
    export: () => {
      open();
      return exportOf(handle);
    },
    import: async (chunks) => {
      open();
      return importInto(handle, chunks, () => closedError(name));
    },
    peers: () => {
      open();
      const others = handle.peers().map((peer) => roomPeer(peer, false, verified));
      return [roomPeer(handle.self(), true, verified), ...others];
    },
    join: async (address) => {
      checkAddress(address);
      open();
      const found = await resolveAddress(address);
      open();
      if ("code" in found) throw new SmplchatError(found.code, refusalText(found), { ...found });
      return answerOf(handle, found, joins.join, closed);
    },
    rename: async (nick) => {
      checkNick(nick);
      open();
      done(await handle.run({ type: "rename", nick }));
    },
    invite: () => {
      open();
      return handle.invite();
    },
    address: () => handle.address(),
    stats: () => handle.stats(),
    leave: () => {
      left ??= close();
      return left;
    },
  };
}

/** Throws as `parseAddress` of the library does. */
export function checkAddress(address: unknown): asserts address is string {
  if (typeof address !== "string") throw misfit("address", address, "a text like 10.0.0.2 or host:port");
  const parsed = parseAddress(address);
  if ("code" in parsed) throw new SmplchatError(parsed.code, refusalText(parsed), { ...parsed });
}

// --- internal ---

type Listeners = {
  readonly add: <N extends RoomEventName>(name: N, listener: (value: RoomEvents[N]) => void) => () => void;
  readonly tell: <N extends RoomEventName>(name: N, value: RoomEvents[N]) => void;
};

function createListeners(): Listeners {
  /** BOUNDED: by what the program listens to. Each entry is one call of `on`. */
  const entries = new Set<{ readonly name: RoomEventName; readonly listener: (value: never) => void }>();
  return {
    add: (name, listener) => {
      const entry = { name, listener };
      entries.add(entry);
      return () => entries.delete(entry);
    },
    tell: (name, value) => {
      for (const entry of [...entries]) if (entry.name === name) entry.listener(value as never);
    },
  };
}

type AboutMethods = Pick<Room, "reply" | "react" | "edit" | "delete" | "setTopic" | "topic">;

function aboutMethods(handle: RoomHandle, say: (command: Command) => Promise<Said>, open: () => void): AboutMethods {
  const about = async (kind: AboutKind, message: unknown, text: unknown): Promise<Said> => {
    const id = checkTargetId(kind, message);
    checkText(text);
    open();
    const target = await checkTarget(handle, kind, id).catch(rethrown);
    if ("code" in target) {
      const { code, ...data } = target;
      throw new SmplchatError(code, refusalText(target), data);
    }
    return say({ type: "say", kind, text, target: target.id });
  };
  return {
    reply: (message, text) => about("reply", message, text),
    react: (message, emoji) => about("react", message, emoji),
    edit: (message, text) => about("edit", message, text),
    delete: (message) => about("delete", message, ""),
    setTopic: async (text) => {
      checkText(text);
      return say({ type: "say", kind: "topic", text });
    },
    topic: async () => {
      open();
      return (await topicIn(handle).catch(rethrown))?.text ?? "";
    },
  };
}

function rethrown(error: unknown): never {
  throw error instanceof StoreError ? storeError(error) : error;
}

function checkText(text: unknown): asserts text is string {
  if (typeof text !== "string") throw misfit("a text", text, "a string");
}

function checkTargetId(method: string, message: unknown): MessageId {
  const id = typeof message === "object" && message !== null ? (message as { id?: unknown }).id : message;
  if (typeof id !== "string" || !isMessageId(id))
    throw misfit(
      `the message of ${method}`,
      id,
      `a message of this room, or its id: ${MESSAGE_ID_BYTES * 2} hex digits`,
    );
  return id;
}

/** One after another, in the order of the calls: each when the network takes it. */
function createSay(
  handle: RoomHandle,
  deliveries: Deliveries,
  closed: AbortSignal,
): (command: Command) => Promise<Said> {
  let turn: Promise<unknown> = Promise.resolve();
  /** BOUNDED: SAYS_WAITING_MAX. */
  let waiting = 0;
  const perform = async (command: Command): Promise<Said> => {
    for (;;) {
      await handle.whenReady();
      if (closed.aborted) throw closedError(handle.choice.name);
      const outcome = await handle.run(command);
      // Another caller of the same room was faster.
      if (!outcome.isDone && outcome.error.code === "busy" && handle.isBusy()) continue;
      const id = done(outcome);
      if (id === undefined) throw new Error("a message that was taken has no id");
      return { id, delivery: deliveries.of(id) };
    }
  };
  return (command) => {
    if (closed.aborted) return Promise.reject(closedError(handle.choice.name));
    if (waiting >= SAYS_WAITING_MAX) return Promise.reject(refusalOf({ code: "busy", waiting }));
    waiting += 1;
    const said = turn.then(() => perform(command)).finally(() => (waiting -= 1));
    turn = said.catch(() => undefined);
    return said;
  };
}

function done(outcome: Outcome): MessageId | undefined {
  if (!outcome.isDone) throw refusalOf(outcome.error);
  return outcome.id;
}

function answerOf(
  handle: RoomHandle,
  endpoints: readonly Endpoint[],
  join: (endpoints: readonly Endpoint[]) => void,
  closed: AbortSignal,
): Promise<boolean> {
  // Oneself does not answer.
  const others = endpoints.filter((endpoint) => endpoint !== handle.address());
  const awaited = new Set(others);
  return new Promise((resolve) => {
    const settle = (answered: boolean): void => {
      clearTimeout(timer);
      unsubscribe();
      closed.removeEventListener("abort", onClosed);
      resolve(answered);
    };
    const onClosed = (): void => settle(false);
    const timer = setTimeout(onClosed, ANSWER_MS_MAX);
    const unsubscribe = handle.subscribe((event) => {
      if (event.type !== "notice") return;
      const { notice } = event;
      if (notice.code === "joined" && awaited.has(notice.endpoint)) settle(true);
      if (notice.code === "no-answer" && awaited.delete(notice.endpoint) && awaited.size === 0) settle(false);
    });
    closed.addEventListener("abort", onClosed);
    if (others.length === 0) settle(false);
    else join(others);
  });
}

function closedError(room: string): SmplchatError {
  return new SmplchatError("closed", `#${room} was left: enter it again to say or hear something`, { room });
}

function checkSay(text: unknown, options: unknown): { kind: MessageKind } {
  checkText(text);
  const { kind = "text" } = checkObject("say", options, ["kind"]);
  if (kind !== "text" && kind !== "action" && kind !== "notice")
    throw misfit(
      "kind",
      kind,
      '"text", "action" or "notice": replies, reactions, edits, deletions and the topic have methods',
    );
  return { kind };
}

function checkMessages(options: unknown): { history?: boolean | undefined } {
  const { history } = checkObject("messages", options, ["history"]);
  if (history !== undefined && typeof history !== "boolean") throw misfit("history", history, "true or false");
  return { history };
}

async function* searched(
  handle: RoomHandle,
  query: SearchQuery,
  limit: number,
  verified: ReadonlySet<PeerId>,
): AsyncGenerator<RoomMessage, void, undefined> {
  let left = limit;
  try {
    for await (const part of searchKept(handle, query))
      for (const message of part) {
        yield roomMessage(message, handle.choice.name, verified);
        left -= 1;
        if (left === 0) return;
      }
  } catch (error) {
    throw error instanceof StoreError ? storeError(error) : error;
  }
}

function checkSearch(options: unknown): { query: SearchQuery; limit: number } {
  const given = checkObject("search", options, ["text", "from", "before", "after", "limit"]);
  const { limit = Number.POSITIVE_INFINITY } = given;
  if (typeof limit !== "number" || !(limit >= 1) || (Number.isFinite(limit) && !Number.isInteger(limit)))
    throw misfit("limit", limit, "a whole number from 1 on");
  for (const name of ["text", "from", "before", "after"])
    if (given[name] !== undefined && typeof given[name] !== "string") throw misfit(name, given[name], "a text");
  const asked = searchFor(given as { [name: string]: string | undefined }, "");
  if (!("code" in asked)) return { query: asked.query, limit };
  if (asked.reason !== "date") throw new TypeError("search needs text, from, before or after");
  const [name = "", value] = asked.value.split(/:(.*)/s);
  throw misfit(name, value, "the id of a message, or a date like 2026-05-03 or 2026-05-03T10:00");
}

function checkHistory(options: unknown): { limit: number; before: MessageId | undefined } {
  const { limit = HISTORY_LIMIT, before } = checkObject("history", options, ["before", "limit"]);
  if (typeof limit !== "number" || !Number.isInteger(limit) || limit < 1 || limit > HISTORY_LIMIT_MAX)
    throw misfit("limit", limit, `a whole number from 1 to ${HISTORY_LIMIT_MAX}`);
  if (before !== undefined && (typeof before !== "string" || !ID.test(before)))
    throw misfit("before", before, `the id of a message: ${MESSAGE_ID_BYTES * 2} hex digits`);
  return { limit, before: before as MessageId | undefined };
}

const ID = new RegExp(`^[0-9a-f]{${MESSAGE_ID_BYTES * 2}}$`);
