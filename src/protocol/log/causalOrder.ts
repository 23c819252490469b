/**
 * Causal delivery (Birman, Schiper, Stephenson 1991). A message is handed on when all its parents were, so a face that
 * only appends never shows an answer above its question. Messages that can be handed on together go in the order of their
 * ids.
 */
import type { MessageId } from "../../wire/ids.ts";
import type { Millis } from "../time.ts";

export type CausalOrder = {
  /**
   * The message is kept; `missing` are its parents that count and were not handed on. Returns what can go now, in order. An own
   * message (which has none missing) goes even while the gate is held.
   */
  readonly admit: (id: MessageId, missing: readonly MessageId[], wait: Wait, isOwn: boolean) => MessageId[];
  /** Holds everything back (while history is fetched newest first) or lets go what has no missing parent. */
  readonly hold: () => void;
  readonly release: () => MessageId[];
  /**
   * Hands on, in order, what has waited for its time, after those of its parents that are held: the others are nowhere to be had.
   * `isAuthorHere`: who said it is here, and brings what it knows to be lacking.
   */
  readonly giveUp: (now: Millis, isAuthorHere: (id: MessageId) => boolean) => MessageId[];
  /** For so long nothing could come: that is no waiting. */
  readonly postpone: (byMs: Millis) => void;
  /**
   * The message is let go, or will never be kept: it is not handed on. What waited for it waits for what it waits for, and for
   * `missing`. Returns what can go now.
   */
  readonly withdraw: (id: MessageId, missing?: readonly MessageId[]) => MessageId[];
  /** Messages that are not here, and have been waited for since then or longer. */
  readonly awaited: (since: Millis) => MessageId[];
  readonly isHeld: (id: MessageId) => boolean;
  /** When the first of those held has waited for its time. */
  readonly nextGiveUp: () => Millis | undefined;
  readonly heldCount: () => number;
};

/** One message waits for no more than that: what it is told of beyond that, by those that are let go before it, is not waited for. */
const AWAITED_MAX = 64;

/**
 * From when to when at most a message waits. `behindMs`: all its parents are here, and wait themselves; it waits so long while its
 * author is here, who could bring what they lack.
 */
export type Wait = { readonly since: Millis; readonly until: Millis; readonly behindMs?: Millis | undefined };

type Held = {
  readonly missing: Set<MessageId>;
  since: Millis;
  until: Millis;
  /** Undefined: one of its parents was not here when it came. */
  behindUntil: Millis | undefined;
  readonly behindMs: Millis;
};

/** BOUNDED: by what history keeps, AWAITED_MAX for each; a message that is let go is withdrawn. */
export function createCausalOrder(): CausalOrder {
  const held = new Map<MessageId, Held>();
  const waitingFor = new Map<MessageId, Set<MessageId>>();
  let holding = false;

  /** Lets `ids` go, and whatever waited for them alone. */
  const letGo = (ids: readonly MessageId[]): MessageId[] => {
    const gone: MessageId[] = [];
    const ready = [...ids].sort();
    for (let id = ready.shift(); id !== undefined; id = ready.shift()) {
      held.delete(id);
      gone.push(id);
      const freed: MessageId[] = [];
      for (const child of waitingFor.get(id) ?? []) {
        const entry = held.get(child);
        entry?.missing.delete(id);
        if (entry?.missing.size === 0) freed.push(child);
      }
      waitingFor.delete(id);
      if (freed.length > 0) ready.push(...freed);
      if (freed.length > 0) ready.sort();
    }
    return gone;
  };
  const waitForNone = (id: MessageId): void => {
    for (const parent of held.get(id)?.missing ?? []) {
      const children = waitingFor.get(parent);
      children?.delete(id);
      if (children?.size === 0) waitingFor.delete(parent);
    }
    held.get(id)?.missing.clear();
  };
  const isHeldSince = (id: MessageId, since: Millis): boolean => (held.get(id)?.since ?? since + 1) <= since;
  const unblocked = (): MessageId[] => [...held].filter(([, entry]) => entry.missing.size === 0).map(([id]) => id);

  return {
    admit: (id, missing, { since, until, behindMs }, isOwn) => {
      const behindUntil = behindMs === undefined ? undefined : since + behindMs;
      held.set(id, { missing: new Set(missing), since, until, behindUntil, behindMs: behindMs ?? 0 });
      for (const parent of missing) {
        const children = waitingFor.get(parent) ?? new Set();
        waitingFor.set(parent, children.add(id));
      }
      return missing.length === 0 && (isOwn || !holding) ? letGo([id]) : [];
    },
    hold: () => {
      holding = true;
    },
    release: () => {
      holding = false;
      return letGo(unblocked());
    },
    giveUp: (now, isAuthorHere) => {
      const stuck = new Set<MessageId>();
      for (const [id, entry] of held) {
        const isBehind = entry.behindUntil !== undefined && entry.behindUntil <= now;
        if (entry.until <= now || (isBehind && isAuthorHere(id))) stuck.add(id);
        // When its author comes back, it has the whole time once more.
        else if (isBehind) entry.behindUntil = now + entry.behindMs;
      }
      // A set that grows while it is gone through: the parents of parents are found, too.
      for (const id of stuck) for (const parent of held.get(id)?.missing ?? []) if (held.has(parent)) stuck.add(parent);
      for (const id of stuck) waitForNone(id);
      // In the order of ids a parent always stands before its child.
      return letGo([...stuck]);
    },
    postpone: (byMs) => {
      for (const entry of held.values()) {
        entry.since += byMs;
        entry.until += byMs;
        if (entry.behindUntil !== undefined) entry.behindUntil += byMs;
      }
    },
    withdraw: (id, missing = []) => {
      const instead = [...(held.get(id)?.missing ?? []), ...missing];
      waitForNone(id);
      held.delete(id);
      const children = waitingFor.get(id) ?? [];
      waitingFor.delete(id);
      const freed: MessageId[] = [];
      for (const child of children) {
        const entry = held.get(child);
        entry?.missing.delete(id);
        if (entry === undefined || entry.missing.size + instead.length > AWAITED_MAX) continue;
        for (const parent of instead) {
          entry.missing.add(parent);
          waitingFor.set(parent, (waitingFor.get(parent) ?? new Set()).add(child));
        }
      }
      for (const child of children) if (held.get(child)?.missing.size === 0) freed.push(child);
      return holding ? [] : letGo(freed);
    },
    awaited: (since) =>
      [...waitingFor]
        .filter(([id, children]) => !held.has(id) && [...children].some((child) => isHeldSince(child, since)))
        .map(([id]) => id),
    isHeld: (id) => held.has(id),
    nextGiveUp: () => {
      let next: Millis | undefined;
      for (const { until, behindUntil = until } of held.values()) {
        const first = Math.min(until, behindUntil);
        if (next === undefined || first < next) next = first;
      }
      return next;
    },
    heldCount: () => held.size,
  };
}
