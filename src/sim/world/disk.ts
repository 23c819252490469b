/**
 * The disk of a virtual node. Without settings it answers at once and claims nothing, like memory. With settings it is
 * durable and slow, and may be full, fail, or damage what it reads.
 *
 * What it has confirmed survives a crash. Of what it had not confirmed, any first part may survive. It has random numbers
 * of its own, so that its draws change nothing else in a run.
 */
import type { Erasure, Mark, StoredMessage, StoreTrouble } from "../../protocol/api.ts";
import { rowsOf } from "../../protocol/log/indexRows.ts";
import { below, type Rng, uniform } from "../../protocol/rng.ts";
import type { Millis } from "../../protocol/time.ts";
import { type Addresses, addressesInMemory } from "../../store/addressFile.ts";
import { eraseIn, memoryStore, newestMarks } from "../../store/memory.ts";
import type { Done, Store } from "../../store/store.ts";
import type { MessageId } from "../../wire/ids.ts";
import type { Agenda } from "./agenda.ts";

export type DiskSettings = {
  /** How long a write takes, at least and at most. What is to be written meanwhile is written together afterwards. */
  readonly writeMs: readonly [Millis, Millis];
  readonly readMs: readonly [Millis, Millis];
};

export type Disk = {
  readonly isDurable: boolean;
  /** For one start of the process. */
  readonly open: () => Store;
  /** The process is gone: nothing that it began is answered any more. */
  readonly crash: () => void;
  /** Puts messages there before the run, at once. */
  readonly fill: (messages: readonly StoredMessage[]) => void;
  readonly addresses: Addresses;
  /** What outlives the process now. */
  readonly kept: () => ReadonlyMap<MessageId, Uint8Array>;
  /** It was reported as written to a process, some time. */
  readonly hasConfirmed: (id: MessageId) => boolean;
  /** It was let go on purpose, some time. */
  readonly hasTrimmed: (id: MessageId) => boolean;
  /** Nothing is being written. */
  readonly isIdle: () => boolean;
  /** What is wrong with it. */
  readonly trouble: DiskTrouble;
  readonly counts: DiskCounts;
};

/** Nothing is wrong: false and zeros. */
export type DiskTrouble = {
  isFull: boolean;
  /** Share of appends that fail, 0..1. */
  failing: number;
  /** How much longer everything may take. */
  slowMs: Millis;
  /** Share of reads that fail or give back something else, 0..1. */
  badReads: number;
};

/** How often each kind of harm was done. */
export type DiskCounts = {
  writes: number;
  reads: number;
  full: number;
  failed: number;
  unreadable: number;
  damaged: number;
  /** Messages not confirmed at a crash: how many were kept all the same, and how many were not. */
  tornKept: number;
  tornLost: number;
};

export type DiskWorld = {
  readonly agenda: Agenda;
  readonly rng: Rng;
  readonly settings: DiskSettings;
  /** It has refused these messages, and the process is told now. */
  readonly onRefused?: (ids: readonly MessageId[]) => void;
};

/** Left out: as memory. */
export function createDisk(world?: DiskWorld): Disk {
  return world === undefined ? instantDisk() : durableDisk(world);
}

export function noDiskCounts(): DiskCounts {
  return { writes: 0, reads: 0, full: 0, failed: 0, unreadable: 0, damaged: 0, tornKept: 0, tornLost: 0 };
}

// --- internal ---

const soundDisk = (): DiskTrouble => ({ isFull: false, failing: 0, slowMs: 0, badReads: 0 });
/** A write that fails may have come some way. */
const PARTLY_SHARE = 0.3;
/** Messages of one call of `all`. */
const BATCH = 1_000;

/** A run that is not about disks is played as if nothing were ever lost: what is in memory is there after a crash. */
function instantDisk(): Disk {
  const store = memoryStore();
  const trimmed = new Set<MessageId>();
  return {
    isDurable: false,
    open: () => ({
      ...store,
      trim: (ids) => {
        for (const id of ids) trimmed.add(id);
        store.trim(ids);
      },
    }),
    crash: () => {},
    fill: (messages) => store.append(messages, false, () => {}),
    addresses: addressesInMemory(),
    kept: () => {
      const kept = new Map<MessageId, Uint8Array>();
      store.all((messages) => {
        for (const { id, bytes } of messages) kept.set(id, bytes);
      });
      return kept;
    },
    hasConfirmed: () => false,
    hasTrimmed: (id) => trimmed.has(id),
    isIdle: () => true,
    trouble: soundDisk(),
    counts: noDiskCounts(),
  };
}

function durableDisk(world: DiskWorld): Disk {
  const state = createState(world);
  return {
    isDurable: true,
    open: () => storeOn(state),
    crash: () => crash(state),
    fill: (messages) => apply(state, { type: "append", messages, done: () => {} }),
    addresses: addressesInMemory(),
    kept: () => state.kept,
    hasConfirmed: (id) => state.confirmed.has(id),
    hasTrimmed: (id) => state.trimmed.has(id),
    isIdle: () => !state.isWriting && state.queue.length === 0,
    trouble: state.trouble,
    counts: state.counts,
  };
}

type Operation =
  | { readonly type: "mark"; readonly marks: readonly Mark[] }
  | { readonly type: "append"; readonly messages: readonly StoredMessage[]; readonly done: Done }
  | { readonly type: "trim"; readonly ids: readonly MessageId[] }
  | { readonly type: "erase"; readonly erasures: readonly Erasure[]; readonly done: Done };

type State = DiskWorld & {
  /** BOUNDED: by what a core keeps. */
  readonly kept: Map<MessageId, Uint8Array>;
  /** BOUNDED: by the own messages of a run. */
  readonly marks: Map<MessageId, Mark>;
  /** BOUNDED: by the messages of a run. */
  readonly confirmed: Set<MessageId>;
  /** BOUNDED: by the messages of a run. */
  readonly trimmed: Set<MessageId>;
  readonly trouble: DiskTrouble;
  readonly counts: DiskCounts;
  /** BOUNDED: `limits.unwritten` messages. What is being written, and what is to be written next. */
  writing: Operation[];
  queue: Operation[];
  isWriting: boolean;
  /** Requests that are not answered yet. */
  reading: number;
  closing: (() => void)[];
  /** Counts the processes: what one of them began is nothing to the next. */
  start: number;
};

function createState(world: DiskWorld): State {
  return {
    ...world,
    kept: new Map(),
    marks: new Map(),
    confirmed: new Set(),
    trimmed: new Set(),
    trouble: soundDisk(),
    counts: noDiskCounts(),
    writing: [],
    queue: [],
    isWriting: false,
    reading: 0,
    closing: [],
    start: 0,
  };
}

function storeOn(state: State): Store {
  return {
    isDurable: true,
    append: (messages, _, done) => put(state, { type: "append", messages, done }),
    read: (ids, done) => {
      const view = seen(state);
      const bodies = ids.map((id) => view.get(id));
      answerLater(state, (isBad) => {
        if (isBad) done(harmed(state, bodies), { code: "failed", detail: "EIO" });
        else done(bodies);
      });
    },
    page: (before, limit, done) => {
      const earlier = sorted(seen(state)).filter(({ id }) => before === undefined || id < before);
      answerLater(state, (isBad) => {
        if (isBad) done([], { code: "failed", detail: "EIO" });
        else done(earlier.slice(Math.max(earlier.length - limit, 0)));
      });
    },
    index: (take) => take(rowsOf(sorted(seen(state))), true),
    all: (take) => {
      const all = sorted(seen(state));
      for (let from = 0; from + BATCH < all.length; from += BATCH) take(all.slice(from, from + BATCH), false);
      take(all.slice(Math.floor(Math.max(all.length - 1, 0) / BATCH) * BATCH), true);
    },
    mark: (marks) => put(state, { type: "mark", marks }),
    // Asked for at a start alone, when nothing is under way.
    marks: (limit, done) => done(newestMarks(state.marks, limit)),
    trim: (ids) => put(state, { type: "trim", ids }),
    erase: (erasures, done) => put(state, { type: "erase", erasures, done }),
    close: (done) => {
      state.closing.push(done);
      letGo(state);
    },
  };
}

function delayOf({ rng, trouble }: State, [least, most]: readonly [Millis, Millis]): Millis {
  return least + (most - least) * uniform(rng) + trouble.slowMs * uniform(rng);
}

function put(state: State, operation: Operation): void {
  state.queue.push(operation);
  write(state);
}

function write(state: State): void {
  if (state.isWriting || state.queue.length === 0) return letGo(state);
  const { agenda, settings, start } = state;
  state.writing = state.queue;
  state.queue = [];
  state.isWriting = true;
  state.counts.writes += 1;
  agenda.at(agenda.now() + delayOf(state, settings.writeMs), () => {
    if (start !== state.start) return;
    for (let next = state.writing.shift(); next !== undefined; next = state.writing.shift()) finish(state, next);
    state.isWriting = false;
    write(state);
  });
}

function finish(state: State, operation: Operation): void {
  if (operation.type === "trim") return void apply(state, operation);
  const trouble = troubleOf(state);
  if (operation.type === "mark") return trouble === undefined ? void apply(state, operation) : undefined;
  if (trouble !== undefined) return refuse(state, operation, trouble);
  const lacking = apply(state, operation);
  if (operation.type === "append") for (const { id } of operation.messages) state.confirmed.add(id);
  operation.done(lacking);
}

function troubleOf({ rng, trouble }: State): StoreTrouble | undefined {
  if (trouble.isFull) return { code: "full", detail: "ENOSPC" };
  return trouble.failing > 0 && uniform(rng) < trouble.failing ? { code: "failed", detail: "EIO" } : undefined;
}

function refuse(state: State, operation: Exclude<Operation, { type: "trim" | "mark" }>, trouble: StoreTrouble): void {
  const { rng, counts, onRefused } = state;
  counts[trouble.code === "full" ? "full" : "failed"] += 1;
  if (operation.type === "append") {
    const { messages } = operation;
    if (uniform(rng) < PARTLY_SHARE)
      apply(state, { ...operation, messages: messages.slice(0, below(rng, messages.length + 1)) });
    onRefused?.(messages.map(({ id }) => id));
  }
  operation.done(trouble);
}

/** Trouble: of what is to be erased the delete is not there. */
function apply({ kept, marks, trimmed }: State, operation: Operation): StoreTrouble | undefined {
  if (operation.type === "mark") {
    for (const mark of operation.marks) marks.set(mark.id, mark);
    return undefined;
  }
  if (operation.type === "append") {
    for (const { id, bytes } of operation.messages) if (!kept.has(id)) kept.set(id, bytes);
    return undefined;
  }
  if (operation.type === "erase") return eraseIn(kept, operation.erasures);
  for (const id of operation.ids) kept.delete(id);
  for (const id of operation.ids) marks.delete(id);
  for (const id of operation.ids) trimmed.add(id);
  return undefined;
}

function letGo(state: State): void {
  if (state.isWriting || state.queue.length + state.reading > 0) return;
  for (const done of state.closing.splice(0)) done();
}

/** All that was called so far, whether it is written or not. */
function seen({ kept, isWriting, writing, queue }: State): ReadonlyMap<MessageId, Uint8Array> {
  if (!isWriting && queue.length === 0) return kept;
  const view = new Map(kept);
  for (const operation of [...writing, ...queue]) {
    if (operation.type === "mark") continue;
    if (operation.type === "erase") eraseIn(view, operation.erasures);
    else if (operation.type !== "append") for (const id of operation.ids) view.delete(id);
    else for (const { id, bytes } of operation.messages) if (!view.has(id)) view.set(id, bytes);
  }
  return view;
}

function answerLater(state: State, answer: (isBad: boolean) => void): void {
  const { agenda, settings, trouble, rng, start } = state;
  state.counts.reads += 1;
  state.reading += 1;
  agenda.at(agenda.now() + delayOf(state, settings.readMs), () => {
    if (start !== state.start) return;
    state.reading -= 1;
    answer(trouble.badReads > 0 && uniform(rng) < trouble.badReads);
    letGo(state);
  });
}

/** Half of them are gone, or damaged. */
function harmed(
  { rng, counts }: State,
  bodies: readonly (Uint8Array | undefined)[],
): readonly (Uint8Array | undefined)[] {
  return bodies.map((bytes) => {
    if (bytes === undefined || below(rng, 2) === 0) return bytes;
    const isLost = below(rng, 2) === 0;
    counts[isLost ? "unreadable" : "damaged"] += 1;
    return isLost ? undefined : damaged(bytes, rng);
  });
}

/** A copy with a flipped bit, or cut short. */
function damaged(bytes: Uint8Array, rng: Rng): Uint8Array {
  if (below(rng, 2) === 0) return bytes.slice(0, below(rng, bytes.length));
  const copy = Uint8Array.from(bytes);
  const at = below(rng, copy.length);
  copy[at] = (copy[at] as number) ^ (1 << below(rng, 8));
  return copy;
}

/** Of what is under way an arbitrary front part is kept. */
function crash(state: State): void {
  const torn = [...state.writing, ...state.queue].flatMap(inParts);
  const survive = torn.length === 0 ? 0 : below(state.rng, torn.length + 1);
  for (const operation of torn.slice(0, survive)) apply(state, operation);
  state.counts.tornKept += survive;
  state.counts.tornLost += torn.length - survive;
  state.start += 1;
  state.writing = [];
  state.queue = [];
  state.isWriting = false;
  state.reading = 0;
  state.closing = [];
}

/** One for each message: a crash comes between any two of them. */
function inParts(operation: Operation): Operation[] {
  if (operation.type === "mark") return operation.marks.map((mark) => ({ type: "mark", marks: [mark] }));
  if (operation.type === "erase") return operation.erasures.map((erasure) => ({ ...operation, erasures: [erasure] }));
  return operation.type === "append"
    ? operation.messages.map((message) => ({ ...operation, messages: [message] }))
    : operation.ids.map((id) => ({ ...operation, ids: [id] }));
}

function sorted(view: ReadonlyMap<MessageId, Uint8Array>): StoredMessage[] {
  return [...view].map(([id, bytes]) => ({ id, bytes })).sort((a, b) => (a.id < b.id ? -1 : 1));
}
