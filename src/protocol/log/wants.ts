/**
 * Messages that are known to exist and are not here: unknown parents and advertised ids. Each is asked of the peers that
 * have it, in turn. What peers listed has no id here yet: see listedWants.ts.
 */
import type { BootId, MessageId } from "../../wire/ids.ts";
import type { Context } from "../context.ts";
import { limits } from "../limits.ts";
import { retransmitAfterMs } from "../link/rtt.ts";
import type { Session } from "../link/session.ts";
import type { Millis } from "../time.ts";
import { arrivedListed, createListedWants, isListedWanted, type ListedWants } from "./listedWants.ts";

export type Wants = {
  /** `source` has it, or should; it is asked after `delayMs`, unless the message comes by itself. */
  readonly want: (id: MessageId, source: Session, delayMs: Millis) => void;
  /** The message is here; who asked for it in the meantime. */
  readonly arrived: (id: MessageId) => Session[];
  /** Someone asks for what is not here either. */
  readonly asked: (id: MessageId, by: Session) => void;
  readonly askAgain: (id: MessageId) => void;
  /** It is asked for now, of anybody; or of this peer, which listed it. */
  readonly isWanted: (id: MessageId, by: Session) => boolean;
  readonly listed: ListedWants;
  readonly size: () => number;
};

/** BOUNDED: sources and askers remembered for one message. */
const SOURCES_MAX = 4;
/** Sources asked one upon the other. */
const PARALLEL_MAX = 2;
/** Ids that one peer alone has told of: anybody can name what is nowhere, and must leave room for what others name. */
const WANTED_OF_ONE_MAX = limits.wanted / 8;
/** Then it is left to reconciliation. */
const TRIES_MAX = 8;

export function createWants(context: Context): Wants {
  const { link, timers, counters } = context;
  /** BOUNDED: `limits.wanted`; more are left to reconciliation. */
  const wanted = new Map<MessageId, { sources: BootId[]; askers: Session[]; tries: number; readonly toldBy: BootId }>();
  /** BOUNDED: by `wanted`. How many of these each peer was the first to tell of. */
  const toldBy = new Map<BootId, number>();

  const listed = createListedWants();

  const forget = (id: MessageId): void => {
    const teller = wanted.get(id)?.toldBy;
    if (teller === undefined) return;
    const left = (toldBy.get(teller) ?? 1) - 1;
    if (left > 0) toldBy.set(teller, left);
    else toldBy.delete(teller);
    wanted.delete(id);
  };
  const ask = (id: MessageId): void => {
    const entry = wanted.get(id);
    if (entry !== undefined) entry.sources = entry.sources.filter((boot) => link.sessions.get(boot) !== undefined);
    const boot = entry?.sources.shift();
    const session = boot === undefined ? undefined : link.sessions.get(boot);
    if (entry === undefined || boot === undefined || session === undefined || entry.tries >= TRIES_MAX) {
      forget(id);
      return;
    }
    entry.sources.push(boot);
    entry.tries += 1;
    link.send(session, { type: "want", ids: [id] }, { isBulk: true });
    timers.set(`want ${id}`, context.now.mono + retransmitAfterMs(session.rtt), { type: "want", id });
  };

  return {
    want: (id, source, delayMs) => {
      const entry = wanted.get(id);
      if (entry !== undefined) {
        if (entry.sources.includes(source.boot) || entry.sources.length >= SOURCES_MAX) return;
        entry.sources.unshift(source.boot);
        // Asked before and not here yet: another source costs less than waiting until the first counts as lost.
        if (entry.tries > 0 && entry.tries <= PARALLEL_MAX) ask(id);
        return;
      }
      if (wanted.size >= limits.wanted) return counters.drop("wanted-full");
      const told = toldBy.get(source.boot) ?? 0;
      if (told >= WANTED_OF_ONE_MAX) return counters.drop("wanted-of-one-full");
      toldBy.set(source.boot, told + 1);
      wanted.set(id, { sources: [source.boot], askers: [], tries: 0, toldBy: source.boot });
      if (delayMs === 0) ask(id);
      else timers.set(`want ${id}`, context.now.mono + delayMs, { type: "want", id });
    },
    arrived: (id) => {
      timers.clear(`want ${id}`);
      const askers = wanted.get(id)?.askers ?? [];
      forget(id);
      arrivedListed(context, listed, id);
      return askers;
    },
    asked: (id, by) => {
      const entry = wanted.get(id);
      if (entry !== undefined && entry.askers.length < SOURCES_MAX && !entry.askers.includes(by)) entry.askers.push(by);
    },
    askAgain: ask,
    isWanted: (id, by) => wanted.has(id) || isListedWanted(listed, id, by),
    listed,
    size: () => wanted.size,
  };
}
