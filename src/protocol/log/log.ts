/**
 * The log of a room: the messages that a node keeps, in the order of their ids, with their parents. What is kept is a
 * function of the messages that were heard (retention.ts), so what was let go is not taken again. The log holds index entries
 * and recent bodies. All bodies are in the store.
 */
import { type Erasable, isDelete, type SignedMessage } from "../../crypto/signed.ts";
import { DELETE_KIND, EDIT_KIND } from "../../wire/bodies/kinds.ts";
import { erasedBytes, PARENTS_MAX } from "../../wire/envelope.ts";
import { END, type KeepLimits } from "../../wire/frames.ts";
import { MESSAGE_ID_BYTES, type MessageId, type PeerId, timeOfId } from "../../wire/ids.ts";
import { boundOfTime } from "../idset/range.ts";
import { limits } from "../limits.ts";
import type { Millis, Now, UnixMillis } from "../time.ts";
import { type CausalOrder, createCausalOrder } from "./causalOrder.ts";
import {
  type Classes,
  type ClassLimits,
  classLimits,
  classOf,
  createClasses,
  isLarge,
  LARGE_ONE_IN,
  setMost,
} from "./classes.ts";
import { clearGone, createGone, forgetGone, type Gone, noteGone } from "./gone.ts";
import { ROW } from "./indexRows.ts";
import {
  authorNumber,
  createMessageIndex,
  entryOf,
  type IndexEntry,
  idAt,
  insertEntry,
  insertRow,
  isLargeAt,
  isOlder,
  isOlderThan,
  type MessageIndex,
  messagesOf,
  removeEntry,
  setErased,
  sizeOf,
} from "./messageIndex.ts";
import { createRecentBodies, dropBody, putBody, type RecentBodies } from "./recentBodies.ts";
import { keep, letGo, newestFloor, type Retention, refuses, takeOldest, takeOut } from "./retention.ts";
import { addToViews, clearViews, createViews, type Views } from "./views.ts";

/** BOUNDED: `max` messages, and the large ones beside them (classes.ts). */
export type Log = {
  readonly self: PeerId;
  readonly index: MessageIndex;
  readonly order: CausalOrder;
  readonly recent: RecentBodies;
  /** BOUNDED: HEADS_MAX. Kept messages that no kept message names as parent. */
  readonly heads: Set<MessageId>;
  /** BOUNDED: PARENTS_MAX for each message. Parents that kept messages name and that are not kept, and how often. */
  readonly missing: Map<MessageId, number>;
  /** In force now: `budget.maxMessages`, or fewer where these take too many bytes. */
  max: number;
  budget: Budget;
  /** What was said before is not kept, whole minutes; 0: however old. */
  since: UnixMillis;
  /** Of all kept messages, with what a store needs to keep each. */
  bytes: number;
  readonly classes: Classes;
  readonly views: Views;
  readonly gone: Gone;
  /** BOUNDED: `limits.gone`, the latest. Messages that the store has lost, or that were let go, and that were shown before: they are not shown again. */
  readonly lost: Set<MessageId>;
  /**
   * BOUNDED: kept deletes. The newest delete of each author and target, by both: the last of them that is let go. The target may be
   * kept or not.
   */
  readonly deletes: Map<string, MessageId>;
};

/** What a log may hold. `maxBytes`: as `Log.bytes`. */
export type Budget = { readonly maxMessages: number; readonly maxBytes: number };

export type Inserted = {
  /** What an append-only face may show now, in causal order. */
  readonly ordered: readonly MessageId[];
  /** Parents that are not kept, and not known to have been let go. */
  readonly missing: readonly MessageId[];
  /** Another message with this author and seq is kept: a forked key. */
  readonly isForked: boolean;
  /** What was let go for it. */
  readonly trimmed: readonly MessageId[];
};

/** More heads than this are left to their later children: parents name the newest ones. */
const HEADS_MAX = 64;

/** `recentBytes`: of bodies that are kept in memory. `salt`: 32 bits of chance that nobody else knows. */
export function createLog(self: PeerId, max: number, recentBytes: number = limits.recentBytes, salt = 0): Log {
  const index = createMessageIndex(salt);
  return {
    self,
    index,
    order: createCausalOrder(),
    recent: createRecentBodies(recentBytes),
    heads: new Set(),
    missing: new Map(),
    max,
    budget: { maxMessages: max, maxBytes: Number.POSITIVE_INFINITY },
    since: 0,
    bytes: 0,
    classes: createClasses(classLimits(max), (one, other) => isOlder(index, one, other)),
    views: createViews(),
    gone: createGone(),
    lost: new Set(),
    deletes: new Map(),
  };
}

/** Kept, or let go lately: nothing new. */
export function isKnown({ index, gone }: Log, id: MessageId): boolean {
  return gone.latest.has(id) || index.ids.has(id);
}

/** Kept now, or lately. */
export function wasKept({ index, gone }: Log, id: MessageId): boolean {
  return gone.latest.get(id) === true || index.ids.has(id);
}

/** True if it would be let go as soon as it came. `size`: bytes of the whole form. */
export function isRefused({ index, classes, since }: Log, id: MessageId, author: PeerId, size: number): boolean {
  if (timeOfId(id) < since) return true;
  const isOlderThanKept = (slot: number): boolean => isOlderThan(index, id, slot);
  return refuses(classOf(classes, isLarge(size)), authorNumber(index, author), isOlderThanKept);
}

/** It was refused. Returns what waited for it alone. */
export function refuseMessage(log: Log, id: MessageId, parents: readonly MessageId[]): readonly MessageId[] {
  noteGone(log.gone, id, false);
  return log.order.withdraw(
    id,
    parents.filter((parent) => !isKnown(log, parent)),
  );
}

/**
 * Another node holds the same, so what both lack is on no way between them. Those messages go that have waited since `since` or
 * longer for such as may have been let go everywhere.
 */
export function waitForNoneGone(log: Log, since: Millis): readonly MessageId[] {
  if (log.order.heldCount() === 0) return [];
  const freed: MessageId[] = [];
  for (const id of log.order.awaited(since)) if (mayBeGone(log, id)) freed.push(...log.order.withdraw(id));
  return freed;
}

/** It may be one of those that every node with this log has let go; who lacks it cannot tell. */
export function mayBeGone(log: Log, id: MessageId): boolean {
  return (
    timeOfId(id) < log.since || isBelowFloor(log, log.classes.small, id) || isBelowFloor(log, log.classes.large, id)
  );
}

/** How long a message is held back at most; `held`: while its author is here, for parents that are all held themselves. */
export type HoldMs = { readonly missing: Millis; readonly held: Millis };

export function insertMessage(
  log: Log,
  { id, content, bytes, size }: SignedMessage,
  now: Now,
  holdMs: HoldMs,
): Inserted {
  const { author, seq, kind, parents, target, erasure } = content;
  const erased = erasure === undefined ? {} : { erased: isLarge(size) ? ("large" as const) : ("small" as const) };
  const isForked = insert(log, id, { author, seq, kind, size: bytes.length, parents, target, ...erased });
  putBody(log.recent, id, bytes);
  const missing = parents.filter((parent) => log.missing.has(parent));
  const blocking = parents.filter((parent) => missing.includes(parent) || log.order.isHeld(parent));
  const behindMs = missing.length > 0 ? undefined : holdMs.held;
  const wait = { since: now.mono, until: now.mono + holdMs.missing, behindMs };
  const ordered = log.order.admit(id, blocking, wait, author === log.self);
  const trimmed = trim(log);
  const cut = cutToBytes(log);
  return {
    ordered: [...ordered, ...trimmed.ordered, ...cut.ordered],
    missing,
    isForked,
    trimmed: [...trimmed.ids, ...cut.ids],
  };
}

/**
 * A message of an earlier start, whose row (indexRows.ts) begins at `at`: it was shown then. `author`: the one it names. Returns what is
 * let go because there are more than `max`.
 */
export function restoreRow(log: Log, id: MessageId, rows: Buffer, at: number, author: PeerId): readonly MessageId[] {
  const { index } = log;
  const slot = insertRow(index, id, rows, at, author);
  const { columns } = index;
  log.bytes += bytesFor(columns.size[slot] as number);
  keep(classOf(log.classes, isLargeAt(index, slot)), columns.author[slot] as number, slot);
  if (columns.kind[slot] === DELETE_KIND) noteDelete(log, id, entryOf(index, id) as IndexEntry);
  const end = at + ROW.refs + (rows[at + ROW.shape] as number & 7) * MESSAGE_ID_BYTES;
  for (let ref = at + ROW.refs; ref < end; ref += MESSAGE_ID_BYTES)
    addParent(log, rows.toString("hex", ref, ref + MESSAGE_ID_BYTES) as MessageId);
  if (!log.missing.delete(id)) addHead(log, id);
  return trim(log).ids;
}

/**
 * The store has lost these, or has something else in their place: as if they had never come. `wasShown`: nor are they shown again
 * when they come. Returns those that were kept.
 */
export function loseMessages(log: Log, ids: readonly MessageId[], wasShown: boolean): readonly MessageId[] {
  const { index } = log;
  const lost = new Set(ids.filter((id) => index.ids.has(id)));
  for (const id of lost) {
    const slot = index.ids.valueOf(id) as number;
    takeOut(classOf(log.classes, isLargeAt(index, slot)), index.columns.author[slot] as number, slot);
    remove(log, id);
    if (wasShown) log.lost.add(id);
  }
  if (lost.size === 0) return [];
  for (const oldest of log.lost) if (log.lost.size > limits.gone) log.lost.delete(oldest);
  clearViews(log.views);
  // Whoever names one of them goes on doing so.
  for (const id of index.ids.slice("", END, index.ids.size()))
    for (const parent of entryOf(index, id)?.parents ?? [])
      if (lost.has(parent)) log.missing.set(parent, (log.missing.get(parent) ?? 0) + 1);
  return [...lost];
}

/** The kept delete that erases this message, whether that is kept or not. */
export function deleteOf({ deletes }: Log, { id, author, kind, target }: Erasable): MessageId | undefined {
  const own = deletes.get(deleteKey(id, author));
  if (own !== undefined || kind !== EDIT_KIND || target === undefined) return own;
  const ofTarget = deletes.get(deleteKey(target, author));
  return ofTarget !== undefined && timeOfId(id) < timeOfId(ofTarget) ? ofTarget : undefined;
}

/** Messages that are kept whole although a delete of them is kept, and those deletes: what a crash came between. */
export function unerased(log: Log): (readonly [id: MessageId, by: MessageId])[] {
  const targets = [...log.deletes].flatMap(([key, by]) => {
    const id = key.slice(0, 2 * MESSAGE_ID_BYTES) as MessageId;
    return isErasable(log, id, key.slice(id.length) as PeerId) ? [[id, by] as const] : [];
  });
  const edits = messagesOf(log.index, log.deletes.size === 0 ? [] : [EDIT_KIND]).flatMap((edit) => {
    const by = deleteOf(log, edit);
    return by !== undefined && isErasable(log, edit.id, edit.author) ? [[edit.id, by] as const] : [];
  });
  return [...new Map([...targets, ...edits])];
}

/** Kept edits of a message by its author that have their bodies still. Goes through the whole index. */
export function wholeEdits(log: Log, target: MessageId, author: PeerId): MessageId[] {
  return messagesOf(log.index, [EDIT_KIND])
    .filter((edit) => edit.target === target && edit.author === author && isErasable(log, edit.id, author))
    .map(({ id }) => id);
}

/** It is kept whole, is by this author, and has an erased form. */
export function isErasable({ index }: Log, id: MessageId, author: PeerId): boolean {
  const entry = entryOf(index, id);
  return entry?.author === author && entry.kind !== DELETE_KIND && entry.erased === undefined;
}

/** Its body is gone. `proofBytes`: of the delete that stands in its place. Returns the bytes of the erased form. */
export function eraseEntry(log: Log, id: MessageId, proofBytes: number): number {
  const { index } = log;
  const { size, seq, kind, parents, target } = entryOf(index, id) as IndexEntry;
  const refs = parents.length + (target === undefined ? 0 : 1);
  const bytes = erasedBytes({ size, seq, kind, refs }, proofBytes);
  setErased(index, index.ids.valueOf(id) as number, bytes);
  log.bytes += bytes - size;
  dropBody(log.recent, id);
  return bytes;
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

/** Parents that kept messages name and that are neither kept nor let go, as far as that can be told. */
export function missingCount(log: Log): number {
  if (log.missing.size === 0) return 0;
  const floors = [newestFloor(log.classes.small), newestFloor(log.classes.large)];
  const isBelow = (id: MessageId): boolean =>
    timeOfId(id) < log.since || floors.some((floor) => floor !== undefined && isOlderThan(log.index, id, floor));
  let missing = 0;
  for (const id of log.missing.keys()) if (!isKnown(log, id) && !isBelow(id)) missing += 1;
  return missing;
}

/** Keeps no more than that from now on. Returns what is let go. */
export function setBudget(log: Log, budget: Budget): readonly MessageId[] {
  log.budget = budget;
  const isTight = log.bytes > BYTES_LOOSE * budget.maxBytes;
  // More than it holds now would be fetched from peers, and let go again.
  const max = isTight ? Math.min(budget.maxMessages, countOf(log)) : budget.maxMessages;
  return [...setMax(log, max).ids, ...cutToBytes(log).ids];
}

/** Keeps nothing older from now on. Returns what is let go, and what waited for that alone. */
export function setSince(log: Log, since: UnixMillis): { ids: readonly MessageId[]; ordered: readonly MessageId[] } {
  const { index, classes } = log;
  const [ids, ordered]: [MessageId[], MessageId[]] = [[], []];
  if (since === log.since) return { ids, ordered };
  if (since < log.since) forgetWhatWasLetGo(log);
  log.since = since;
  clearViews(log.views);
  const bound = boundOfTime(since);
  for (const id of index.ids.slice("", bound, index.ids.size())) {
    const slot = index.ids.valueOf(id) as number;
    // In the order of ids each is the oldest of its author.
    takeOldest(classOf(classes, isLargeAt(index, slot)), index.columns.author[slot] as number);
    ordered.push(...dropMessage(log, id));
    ids.push(id);
  }
  return { ids, ordered };
}

/** What this log holds at most of what was said since then: what it holds of before takes its share. `since`: its own, or later. */
export function limitsSince(log: Log, since: UnixMillis): KeepLimits {
  const { small, large } = log.classes;
  const before = countsBefore(log, since);
  return { since, small: small.max - before.small, large: large.max - before.large };
}

/** Whether all that was said since then is within these limits. */
export function isWithin(log: Log, { since, small, large }: KeepLimits): boolean {
  const before = countsBefore(log, since);
  return log.classes.small.size - before.small <= small && log.classes.large.size - before.large <= large;
}

/** Where there is room for more bytes again, it may hold more messages: peers bring them. Little by little, as nobody knows how large. */
export function loosen(log: Log): void {
  const { maxMessages, maxBytes } = log.budget;
  if (log.max >= maxMessages || log.bytes > BYTES_LOOSE * maxBytes) return;
  setMax(log, Math.min(maxMessages, Math.ceil(log.max * MORE_AT_ONCE)));
}

// --- internal ---

function countsBefore({ index, classes }: Log, since: UnixMillis): ClassLimits {
  const before = since === 0 ? 0 : index.ids.rank(boundOfTime(since));
  if (before === 0) return { small: 0, large: 0 };
  let large = 0;
  for (const { messages, count } of classes.large.holders.values())
    for (const slot of messages.subarray(0, count)) if (timeOfId(idAt(index, slot)) < since) large += 1;
  return { small: before - large, large };
}

/** What was let go may be kept again where there is more room. Whoever saw it is not shown it once more. */
function forgetWhatWasLetGo(log: Log): void {
  for (const [id, wasKept] of log.gone.latest) if (wasKept) log.lost.add(id);
  for (const oldest of log.lost) if (log.lost.size > limits.gone) log.lost.delete(oldest);
  clearGone(log.gone);
}

/** What was let go of its class goes from all else. Returns what waited for it alone. */
function dropMessage(log: Log, id: MessageId): readonly MessageId[] {
  // What waits for it goes on waiting for those that it waits for: they may come.
  const ordered = log.order.withdraw(id);
  remove(log, id);
  noteGone(log.gone, id, true);
  return ordered;
}

/** Beside the bytes of a message: its key and its row of the index, and theirs in the files of a database. */
const KEPT_BYTES = 220;
/** Of too many bytes so much is left, so that not each message that comes moves the limit. */
const BYTES_TIGHT = 0.9;
/** Below so much of its bytes a log may hold more messages again. */
const BYTES_LOOSE = 0.8;
const LESS_AT_ONCE = 0.95;
const MORE_AT_ONCE = 1.1;

function bytesFor(size: number): number {
  return size + KEPT_BYTES;
}

/** As a limit: how many messages it has to be for what is kept now. */
function countOf({ classes }: Log): number {
  return Math.max(classes.small.size, classes.large.size * LARGE_ONE_IN, 1);
}

/**
 * Where the messages take too many bytes the log holds fewer of them, by the same rule as if its user had said so: peers are told how
 * many, and compare with what that leaves. Bytes decide how many are kept, and never which.
 */
function cutToBytes(log: Log): { ids: readonly MessageId[]; ordered: readonly MessageId[] } {
  const { maxBytes } = log.budget;
  const [ids, ordered]: [MessageId[], MessageId[]] = [[], []];
  if (log.bytes <= maxBytes) return { ids, ordered };
  while (log.bytes > BYTES_TIGHT * maxBytes && log.max > 1) {
    const cut = setMax(log, Math.max(Math.floor(Math.min(log.max, countOf(log)) * LESS_AT_ONCE), 1));
    ids.push(...cut.ids);
    ordered.push(...cut.ordered);
  }
  return { ids, ordered };
}

function setMax(log: Log, max: number): { ids: readonly MessageId[]; ordered: readonly MessageId[] } {
  if (max > log.max) forgetWhatWasLetGo(log);
  if (max !== log.max) clearViews(log.views);
  log.max = max;
  setMost(log.classes, max);
  return trim(log);
}

function insert(log: Log, id: MessageId, entry: IndexEntry): boolean {
  const { index } = log;
  const isForked = insertEntry(index, id, entry);
  log.bytes += bytesFor(entry.size);
  forgetGone(log.gone, id);
  const slot = index.ids.valueOf(id) as number;
  keep(classOf(log.classes, isLargeAt(index, slot)), index.columns.author[slot] as number, slot);
  addToViews(log.views, index, id, slot);
  if (entry.kind === DELETE_KIND) noteDelete(log, id, entry);
  for (const parent of entry.parents) addParent(log, parent);
  if (!log.missing.delete(id)) addHead(log, id);
  return isForked;
}

/** A kept message names it. */
function addParent(log: Log, parent: MessageId): void {
  // A head is kept.
  if (log.heads.delete(parent) || isKnown(log, parent)) return;
  log.missing.set(parent, (log.missing.get(parent) ?? 0) + 1);
}

function addHead({ heads }: Log, id: MessageId): void {
  heads.add(id);
  if (heads.size <= HEADS_MAX) return;
  let oldest = id;
  for (const head of heads) if (head < oldest) oldest = head;
  heads.delete(oldest);
}

function trim(log: Log): { ids: MessageId[]; ordered: MessageId[] } {
  const trimmed: MessageId[] = [];
  const ordered: MessageId[] = [];
  for (const retention of [log.classes.small, log.classes.large]) {
    for (let slot = letGo(retention); slot !== undefined; slot = letGo(retention)) {
      const id = idAt(log.index, slot);
      ordered.push(...dropMessage(log, id));
      trimmed.push(id);
    }
  }
  return { ids: trimmed, ordered };
}

function remove(log: Log, id: MessageId): void {
  log.bytes -= bytesFor(sizeOf(log.index, id));
  const entry = entryOf(log.index, id);
  for (const parent of entry?.parents ?? []) forgetMissing(log, parent);
  if (entry?.kind === DELETE_KIND) forgetDelete(log, id, entry);
  removeEntry(log.index, id);
  log.heads.delete(id);
  dropBody(log.recent, id);
}

function noteDelete(log: Log, id: MessageId, { author, kind, size, target }: IndexEntry): void {
  if (target === undefined || !isDelete(kind, size) || timeOfId(target) >= timeOfId(id)) return;
  const key = deleteKey(target, author);
  const known = log.deletes.get(key);
  if (known === undefined || known < id) log.deletes.set(key, id);
}

function forgetDelete({ deletes }: Log, id: MessageId, { author, target }: IndexEntry): void {
  const key = deleteKey(target as MessageId, author);
  if (deletes.get(key) === id) deletes.delete(key);
}

function deleteKey(target: MessageId, author: PeerId): string {
  return target + author;
}

function isBelowFloor({ index }: Log, retention: Retention, id: MessageId): boolean {
  const floor = newestFloor(retention);
  return floor !== undefined && isOlderThan(index, id, floor);
}

function forgetMissing({ missing }: Log, parent: MessageId): void {
  const count = missing.get(parent);
  if (count === undefined) return;
  if (count > 1) missing.set(parent, count - 1);
  else missing.delete(parent);
}
