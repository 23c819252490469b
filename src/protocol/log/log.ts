/**
 * The log of a room: the messages that a node keeps, in the order of their ids, with their parents. Old messages leave it
 * at the horizon, and none below the horizon is taken again. The log holds index entries and recent bodies. All bodies are
 * in the store.
 */
import type { SignedMessage } from "../../crypto/signed.ts";
import { PARENTS_MAX } from "../../wire/envelope.ts";
import { type MessageId, type PeerId, timeOfId } from "../../wire/ids.ts";
import { boundOfTime } from "../idset/range.ts";
import { limits } from "../limits.ts";
import type { Millis, Now, UnixMillis } from "../time.ts";
import { type CausalOrder, createCausalOrder } from "./causalOrder.ts";
import {
  createMessageIndex,
  entryOf,
  type IndexEntry,
  insertEntry,
  type MessageIndex,
  removeEntry,
} from "./messageIndex.ts";
import { createRecentBodies, dropBody, putBody, type RecentBodies } from "./recentBodies.ts";

/** BOUNDED: `max` messages; the oldest go first. */
export type Log = {
  readonly self: PeerId;
  readonly index: MessageIndex;
  readonly order: CausalOrder;
  readonly recent: RecentBodies;
  /** BOUNDED: HEADS_MAX. Kept messages that no kept message names as parent. */
  readonly heads: Set<MessageId>;
  /** BOUNDED: PARENTS_MAX for each message. Parents that kept messages name and that are not kept, and how often. */
  readonly missing: Map<MessageId, number>;
  max: number;
  /** hlc, ms, below which messages were let go; 0: never. */
  horizon: UnixMillis;
};

export type Inserted = {
  /** What an append-only face may show now, in causal order. */
  readonly ordered: readonly MessageId[];
  /** Parents that are not kept and above the horizon. */
  readonly missing: readonly MessageId[];
  /** Another message with this author and seq is kept: a forked key. */
  readonly isForked: boolean;
  /** What was let go for it. */
  readonly trimmed: readonly MessageId[];
};

/** More heads than this are left to their later children: parents name the newest ones. */
const HEADS_MAX = 64;

/** `recentBytes`: of bodies that are kept in memory. */
export function createLog(self: PeerId, max: number, recentBytes: number = limits.recentBytes): Log {
  return {
    self,
    index: createMessageIndex(),
    order: createCausalOrder(),
    recent: createRecentBodies(recentBytes),
    heads: new Set(),
    missing: new Map(),
    max,
    horizon: 0,
  };
}

/** Kept, or let go already: nothing new. */
export function isKnown(log: Log, id: MessageId): boolean {
  return log.index.ids.has(id) || isBelow(log, id);
}

/** How long a message is held back at most: for parents that are not here, and for such as are held themselves. */
export type HoldMs = { readonly missing: Millis; readonly held: Millis };

export function insertMessage(log: Log, { id, content, bytes }: SignedMessage, now: Now, holdMs: HoldMs): Inserted {
  const { author, seq, kind, parents, target } = content;
  const isForked = insert(log, id, { author, seq, kind, size: bytes.length, parents, target });
  putBody(log.recent, id, bytes);
  const missing = parents.filter((parent) => log.missing.has(parent));
  const blocking = parents.filter((parent) => missing.includes(parent) || log.order.isHeld(parent));
  const waitMs = missing.length > 0 ? holdMs.missing : holdMs.held;
  const ordered = log.order.admit(id, blocking, now.mono + waitMs, author === log.self);
  const trimmed = trim(log);
  return { ordered: [...ordered, ...trimmed.ordered], missing, isForked, trimmed: trimmed.ids };
}

/** A message of an earlier start: it was shown then. Returns what is let go because there are more than `max`. */
export function restoreMessage(log: Log, id: MessageId, entry: IndexEntry): readonly MessageId[] {
  insert(log, id, entry);
  return trim(log).ids;
}

/** At most 4 ids that a message written now names as its parents, ascending: what its author can have seen, up to `latest`. */
export function parentsFor(log: Log, latest: UnixMillis): MessageId[] {
  return [...log.heads]
    .filter((id) => !log.order.isHeld(id) && timeOfId(id) <= latest)
    .sort()
    .slice(-PARENTS_MAX);
}

/** The stamp of the newest message that is kept; 0: none is. */
export function latestTime({ index }: Log): UnixMillis {
  const newest = index.ids.at(index.ids.size() - 1);
  return newest === undefined ? 0 : timeOfId(newest);
}

/** Parents that kept messages name and that are neither kept nor below the horizon. */
export function missingCount(log: Log): number {
  let missing = 0;
  for (const id of log.missing.keys()) if (!isBelow(log, id)) missing += 1;
  return missing;
}

/** Keeps at most so many from now on. Returns what is let go. */
export function setMax(log: Log, max: number): readonly MessageId[] {
  log.max = max;
  return trim(log).ids;
}

// --- internal ---

function insert(log: Log, id: MessageId, entry: IndexEntry): boolean {
  const isForked = insertEntry(log.index, id, entry);
  for (const parent of entry.parents) {
    log.heads.delete(parent);
    if (isKnown(log, parent)) continue;
    log.missing.set(parent, (log.missing.get(parent) ?? 0) + 1);
  }
  if (!log.missing.delete(id)) addHead(log, id);
  return isForked;
}

function addHead({ heads }: Log, id: MessageId): void {
  heads.add(id);
  if (heads.size <= HEADS_MAX) return;
  let oldest = id;
  for (const head of heads) if (head < oldest) oldest = head;
  heads.delete(oldest);
}

function trim(log: Log): { ids: MessageId[]; ordered: MessageId[] } {
  const { ids } = log.index;
  const trimmed: MessageId[] = [];
  const ordered: MessageId[] = [];
  while (ids.size() > log.max) {
    const oldest = ids.at(0) as MessageId;
    // Its parents are older still: whoever comes with them is refused from now on.
    if (log.order.isHeld(oldest)) ordered.push(...log.order.pass(oldest));
    for (const parent of entryOf(log.index, oldest)?.parents ?? []) forgetMissing(log, parent);
    removeEntry(log.index, oldest);
    log.heads.delete(oldest);
    dropBody(log.recent, oldest);
    log.horizon = timeOfId(oldest) + 1;
    trimmed.push(oldest);
  }
  return { ids: trimmed, ordered };
}

function forgetMissing({ missing }: Log, parent: MessageId): void {
  const count = missing.get(parent);
  if (count === undefined) return;
  if (count > 1) missing.set(parent, count - 1);
  else missing.delete(parent);
}

function isBelow({ horizon }: Log, id: MessageId): boolean {
  return horizon > 0 && id < boundOfTime(horizon);
}
