/**
 * Fetching messages that do not fit a datagram: in chunks, from one of those who hold it at a time, at the pace that the
 * receiver grants. What came is kept when a source goes silent, and the next one is asked for the rest. Only the whole
 * proves itself, by its id and signature; a source whose bytes did not is not asked for them again.
 */
import type { Frame } from "../wire/frame.ts";
import { type Assembly, createAssembly } from "./assembly.ts";
import { bounds } from "./config.ts";
import type { Context } from "./context.ts";
import { retransmitAfterMs } from "./rtt.ts";
import type { Session } from "./sessions.ts";
import type { BootId, MessageId, Millis } from "./types.ts";

export type Transfer = {
  /** `from` holds a message of `bytes` bytes that may not be here; `live`: it was relayed, not asked for as history. */
  readonly offered: (from: Session, id: MessageId, bytes: number, live: boolean) => void;
  readonly onChunk: (from: Session, chunk: Frame & { readonly type: "chunk" }) => void;
  /** What was asked for is late, or nobody asks any more. */
  readonly onTimer: (key: string) => void;
  /** Something is being fetched now. */
  readonly isActive: () => boolean;
  /** Forgets all that is not whole. */
  readonly stop: () => void;
  readonly size: () => number;
};

type Options = {
  /** Kept, or let go already: not worth fetching. */
  readonly isKnown: (id: MessageId) => boolean;
  /** Takes the bytes of a message; its id if it is genuine. `from`: whose chunk was the last. */
  readonly whole: (bytes: Uint8Array, from: Session, live: boolean) => MessageId | undefined;
};

/** BOUNDED: who is remembered to hold a message. */
const SOURCES_MAX = 8;
/** Messages fetched at the same time; others wait, the newest goes first. */
export const ACTIVE_MAX = 16;
/** Of these from one source, so that nobody can keep others from being heard. */
const ACTIVE_PER_SOURCE = 4;
/** Messages waiting or fetched that one source offered first. */
const OFFERED_PER_SOURCE = 256;
/** Requests in a row to a source that brought nothing, before it is left alone until someone offers the message again. */
const SILENT_MAX = 6;
const PAUSE_MS_MIN: Millis = 1;
/** What came is kept so long for the next source. */
const IDLE_MS: Millis = 60_000;
/** A message that is not whole so long after it was first offered is given up: it is offered again, or nobody has it. */
const FETCH_MS_MAX: Millis = 180_000;
/** BOUNDED: sources remembered for bytes that did not verify. */
const REFUSED_MAX = 1_024;

type Fetch = {
  readonly key: string;
  readonly id: MessageId;
  readonly assembly: Assembly;
  readonly openedBy: BootId;
  readonly openedAt: Millis;
  /** The first one is asked. */
  sources: BootId[];
  live: boolean;
  state: "waiting" | "active" | "idle";
  /** Requests in a row that brought nothing. */
  silent: number;
  /** When the last chunk came. */
  heardAt: Millis | undefined;
  /** Bytes of several sources did not verify together: only those of one are put together now, so that it shows whose. */
  isStrict: boolean;
};

export function createTransfer(context: Context, { isKnown, whole }: Options): Transfer {
  const { link, timers, counters } = context;
  /** BOUNDED: `bounds.transfers`, by id and size, so that a wrong size harms only those who named it. */
  const fetches = new Map<string, Fetch>();
  const refused = new Set<string>();

  const count = (fits: (fetch: Fetch) => boolean): number => {
    let found = 0;
    for (const fetch of fetches.values()) if (fits(fetch)) found += 1;
    return found;
  };
  const remove = (fetch: Fetch): void => {
    fetches.delete(fetch.key);
    timers.clear(timerOf(fetch.key));
  };
  const wake = (fetch: Fetch, at: Millis): void =>
    timers.set(timerOf(fetch.key), at, { type: "transfer", key: fetch.key });

  /** How long to wait for what was asked for; longer when all sources were asked in vain. */
  const patienceMs = (fetch: Fetch, session: Session): Millis => {
    const rounds = Math.floor(fetch.silent / Math.max(fetch.sources.length, 1));
    return Math.min(retransmitAfterMs(session.rtt) * 2 ** rounds, bounds.rtoMsMax);
  };
  const sourceOf = (fetch: Fetch): Session | undefined => {
    fetch.sources = fetch.sources.filter((boot) => link.sessions.get(boot) !== undefined);
    const [boot] = fetch.sources;
    return boot === undefined ? undefined : link.sessions.get(boot);
  };
  const rest = (fetch: Fetch): void => {
    fetch.state = "idle";
    fetch.silent = 0;
    fetch.sources = [];
    wake(fetch, context.now.mono + IDLE_MS);
    startNext();
  };
  const ask = (fetch: Fetch): void => {
    const session = sourceOf(fetch);
    if (session === undefined) return rest(fetch);
    const chunks = fetch.assembly.request(context.now.mono);
    if (chunks.length > 0) link.send(session, { type: "wantChunks", id: fetch.id, chunks });
    const dueAt = (fetch.assembly.oldestAsked() ?? context.now.mono) + patienceMs(fetch, session);
    // Never within this step again, whatever became of the wait meanwhile.
    wake(fetch, Math.max(dueAt, context.now.mono + PAUSE_MS_MIN));
  };
  const isBusy = (boot: BootId | undefined): boolean =>
    count((fetch) => fetch.state === "active" && fetch.sources[0] === boot) >= ACTIVE_PER_SOURCE;
  /** Lets waiting ones begin, the newest first. */
  const startNext = (): void => {
    const waiting = [...fetches.values()].filter((fetch) => fetch.state === "waiting");
    for (const fetch of waiting.sort((a, b) => (a.id < b.id ? 1 : -1))) {
      if (count((other) => other.state === "active") >= ACTIVE_MAX) return;
      const free = fetch.sources.findIndex((boot) => !isBusy(boot));
      if (free < 0) continue;
      fetch.sources.unshift(...fetch.sources.splice(free, 1));
      fetch.state = "active";
      ask(fetch);
    }
  };

  const finish = (fetch: Fetch, last: Session): void => {
    const contributors = fetch.assembly.contributors();
    if (whole(fetch.assembly.join(), last, fetch.live) === fetch.id) {
      for (const other of [...fetches.values()]) if (other.id === fetch.id) remove(other);
      return startNext();
    }
    counters.drop("large-unverified");
    fetch.assembly.clear();
    fetch.isStrict = true;
    if (contributors.size === 1) {
      for (const boot of contributors) {
        refused.add(`${fetch.key} ${boot}`);
        fetch.sources = fetch.sources.filter((source) => source !== boot);
      }
      if (refused.size > REFUSED_MAX) refused.delete(refused.values().next().value as string);
    }
    if (fetch.sources.length > 0) return ask(fetch);
    remove(fetch);
    startNext();
  };

  const open = (from: Session, id: MessageId, bytes: number, live: boolean): Fetch | undefined => {
    if (fetches.size >= bounds.transfers || count((other) => other.openedBy === from.boot) >= OFFERED_PER_SOURCE) {
      return counters.refuse("large-full");
    }
    const fetch: Fetch = {
      key: keyOf(id, bytes),
      id,
      assembly: createAssembly(bytes),
      openedBy: from.boot,
      openedAt: context.now.mono,
      sources: [],
      live,
      state: "idle",
      silent: 0,
      heardAt: undefined,
      isStrict: false,
    };
    fetches.set(fetch.key, fetch);
    wake(fetch, context.now.mono + IDLE_MS);
    return fetch;
  };

  return {
    offered: (from, id, bytes, live) => {
      const key = keyOf(id, bytes);
      if (isKnown(id) || refused.has(`${key} ${from.boot}`)) return;
      const fetch = fetches.get(key) ?? open(from, id, bytes, live);
      if (fetch === undefined) return;
      fetch.live ||= live;
      if (!fetch.sources.includes(from.boot) && fetch.sources.length < SOURCES_MAX) fetch.sources.push(from.boot);
      if (fetch.state !== "idle") return;
      fetch.state = "waiting";
      startNext();
    },
    onChunk: (from, chunk) => {
      const fetch = fetches.get(keyOf(chunk.id, chunk.total));
      if (fetch === undefined || !fetch.assembly.wasAsked(chunk.index) || !fetch.sources.includes(from.boot)) {
        return counters.drop("chunk-unasked");
      }
      // In strict mode what the source before still sends is not mixed in.
      if (fetch.isStrict && fetch.sources[0] !== from.boot) return counters.drop("chunk-unasked");
      if (!fetch.assembly.accept(chunk.index, chunk.bytes, from.boot)) return;
      fetch.heardAt = context.now.mono;
      fetch.silent = 0;
      if (fetch.assembly.isWhole()) finish(fetch, from);
      else if (fetch.state === "active") ask(fetch);
    },
    onTimer: (key) => {
      const fetch = fetches.get(key);
      if (fetch === undefined) return;
      const { now } = context;
      const isOver = now.mono - fetch.openedAt >= FETCH_MS_MAX || isKnown(fetch.id);
      if (isOver || fetch.state === "idle") {
        if (isOver) counters.drop("large-given-up");
        remove(fetch);
        return startNext();
      }
      if (fetch.state === "waiting") return wake(fetch, now.mono + IDLE_MS);
      const session = sourceOf(fetch);
      if (session === undefined) return rest(fetch);
      const waitMs = patienceMs(fetch, session);
      const isSilent = fetch.heardAt === undefined || fetch.heardAt + waitMs <= now.mono;
      if (fetch.assembly.expire(now.mono, waitMs) && isSilent) {
        fetch.silent += 1;
        if (fetch.silent >= SILENT_MAX * fetch.sources.length) return rest(fetch);
        fetch.sources.push(fetch.sources.shift() as BootId);
        if (fetch.isStrict) fetch.assembly.clear();
      }
      ask(fetch);
    },
    isActive: () => count((fetch) => fetch.state === "active") > 0,
    stop: () => {
      for (const fetch of [...fetches.values()]) remove(fetch);
    },
    size: () => fetches.size,
  };
}

// --- internal ---

function keyOf(id: MessageId, bytes: number): string {
  return `${id} ${bytes}`;
}

function timerOf(key: string): string {
  return `transfer ${key}`;
}
