/**
 * Messages that are known to exist and are not here: unknown parents and advertised ids. Each is asked of the peers that
 * have it, in turn.
 */
import type { BootId, MessageId } from "../../wire/ids.ts";
import type { Context } from "../context.ts";
import { limits } from "../limits.ts";
import { retransmitAfterMs } from "../link/rtt.ts";
import type { Session } from "../link/session.ts";
import type { Millis } from "../time.ts";

export type Wants = {
  /** `source` has it, or should; it is asked after `delayMs`, unless the message comes by itself. */
  readonly want: (prefix: string, source: Session, delayMs: Millis) => void;
  /** The message is here; who asked for it in the meantime. */
  readonly arrived: (id: MessageId) => Session[];
  /** Someone asks for what is not here either. */
  readonly asked: (prefix: string, by: Session) => void;
  readonly askAgain: (prefix: string) => void;
  /** It is asked for now. */
  readonly isWanted: (prefix: string) => boolean;
  readonly size: () => number;
};

/** BOUNDED: sources and askers remembered for one message. */
const SOURCES_MAX = 4;
/** Sources asked one upon the other. */
const PARALLEL_MAX = 2;
/** Then it is left to reconciliation. */
const TRIES_MAX = 8;

export function prefixOf(id: MessageId): string {
  return id.slice(0, 24);
}

export function createWants(context: Context): Wants {
  const { link, timers, counters } = context;
  /** BOUNDED: `limits.wanted`; more are left to reconciliation. */
  const wanted = new Map<string, { sources: BootId[]; askers: Session[]; tries: number }>();

  const ask = (prefix: string): void => {
    const entry = wanted.get(prefix);
    if (entry !== undefined) entry.sources = entry.sources.filter((boot) => link.sessions.get(boot) !== undefined);
    const boot = entry?.sources.shift();
    const session = boot === undefined ? undefined : link.sessions.get(boot);
    if (entry === undefined || boot === undefined || session === undefined || entry.tries >= TRIES_MAX) {
      wanted.delete(prefix);
      return;
    }
    entry.sources.push(boot);
    entry.tries += 1;
    link.send(session, { type: "want", set: "log", prefixes: [prefix] });
    timers.set(`want ${prefix}`, context.now.mono + retransmitAfterMs(session.rtt), { type: "want", prefix });
  };

  return {
    want: (prefix, source, delayMs) => {
      const entry = wanted.get(prefix);
      if (entry !== undefined) {
        if (entry.sources.includes(source.boot) || entry.sources.length >= SOURCES_MAX) return;
        entry.sources.unshift(source.boot);
        // Asked before and not here yet: another source costs less than waiting until the first counts as lost.
        if (entry.tries > 0 && entry.tries <= PARALLEL_MAX) ask(prefix);
        return;
      }
      if (wanted.size >= limits.wanted) return counters.drop("wanted-full");
      wanted.set(prefix, { sources: [source.boot], askers: [], tries: 0 });
      if (delayMs === 0) ask(prefix);
      else timers.set(`want ${prefix}`, context.now.mono + delayMs, { type: "want", prefix });
    },
    arrived: (id) => {
      const prefix = prefixOf(id);
      timers.clear(`want ${prefix}`);
      const askers = wanted.get(prefix)?.askers ?? [];
      wanted.delete(prefix);
      return askers;
    },
    asked: (prefix, by) => {
      const entry = wanted.get(prefix);
      if (entry !== undefined && entry.askers.length < SOURCES_MAX && !entry.askers.includes(by)) entry.askers.push(by);
    },
    askAgain: ask,
    isWanted: (prefix) => wanted.has(prefix),
    size: () => wanted.size,
  };
}
