/** The store in memory: it answers at once, and its messages are gone when the process ends. */
import { eraseMessage } from "../crypto/signed.ts";
import type { Erasure, Mark, StoredMessage, StoreTrouble } from "../protocol/api.ts";
import { rowsOf } from "../protocol/log/indexRows.ts";
import type { MessageId } from "../wire/ids.ts";
import { NO_DELETE, type Store } from "./store.ts";

/** Messages of one call of `all` or `index`. */
const BATCH = 1_000;
/** Messages that are taken out of the sorted ids one by one. */
const FEW = 64;

/** BOUNDED by its writer: the core trims what it keeps, by number and bytes (protocol/log/classes.ts). */
export function memoryStore(): Store {
  const kept = new Map<MessageId, Uint8Array>();
  const marks = new Map<MessageId, Mark>();
  /** The ids of `kept`, ascending; undefined: to be sorted again. Most messages come last. */
  let sorted: MessageId[] | undefined = [];
  const ids = (): readonly MessageId[] => {
    sorted ??= [...kept.keys()].sort();
    return sorted;
  };
  const remove = (gone: readonly MessageId[]): void => {
    for (const id of gone) marks.delete(id);
    // One after another they cost a search each; a sort pays for many.
    if (gone.length > FEW) sorted = undefined;
    for (const id of gone) {
      if (!kept.delete(id) || sorted === undefined) continue;
      sorted.splice(countBelow(sorted, id), 1);
    }
  };
  const messagesAt = (from: number, to: number): StoredMessage[] =>
    ids()
      .slice(from, to)
      .map((id) => ({ id, bytes: kept.get(id) as Uint8Array }));

  return {
    isDurable: false,
    append: (messages, _, done) => {
      for (const { id, bytes } of messages) {
        if (kept.has(id)) continue;
        kept.set(id, bytes);
        if (sorted !== undefined && id > (sorted.at(-1) ?? "")) sorted.push(id);
        else sorted = undefined;
      }
      done();
    },
    read: (wanted, done) => done(wanted.map((id) => kept.get(id))),
    page: (before, limit, done) => {
      const to = before === undefined ? kept.size : countBelow(ids(), before);
      done(messagesAt(Math.max(to - limit, 0), to));
    },
    all: (take) => {
      for (let from = 0; from + BATCH < kept.size; from += BATCH) take(messagesAt(from, from + BATCH), false);
      take(messagesAt(Math.floor(Math.max(kept.size - 1, 0) / BATCH) * BATCH, kept.size), true);
    },
    index: (take) => {
      for (let from = 0; from + BATCH < kept.size; from += BATCH) take(rowsOf(messagesAt(from, from + BATCH)), false);
      take(rowsOf(messagesAt(Math.floor(Math.max(kept.size - 1, 0) / BATCH) * BATCH, kept.size)), true);
    },
    mark: (news) => {
      for (const mark of news) marks.set(mark.id, mark);
    },
    marks: (limit, done) => done(newestMarks(marks, limit)),
    trim: remove,
    erase: (erasures, done) => done(eraseIn(kept, erasures)),
    close: (done) => done(),
  };
}

/** Puts erased forms in the place of whole ones. */
export function eraseIn(kept: Map<MessageId, Uint8Array>, erasures: readonly Erasure[]): StoreTrouble | undefined {
  let trouble: StoreTrouble | undefined;
  for (const { id, by, proof = kept.get(by) } of erasures) {
    const whole = kept.get(id);
    if (whole === undefined) continue;
    const erased = proof && eraseMessage(whole, proof);
    if (proof === undefined) trouble = NO_DELETE;
    else if (erased !== undefined) kept.set(id, erased);
  }
  return trouble;
}

/** In the order of ids. */
export function newestMarks(marks: ReadonlyMap<MessageId, Mark>, limit: number): Mark[] {
  return [...marks.values()].sort((a, b) => (a.id < b.id ? -1 : 1)).slice(-limit);
}

// --- internal ---

/** How many of the ascending ids are below the bound. */
function countBelow(ids: readonly MessageId[], bound: MessageId): number {
  let [low, high] = [0, ids.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ids[middle] as MessageId) < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
