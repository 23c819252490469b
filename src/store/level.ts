/**
 * A database on disk (LevelDB) with a store for each room. All of its operations stand in one queue and are done one after
 * another. Appends and trims that stand together become one batch, so the disk is asked once for many.
 * What stands in it says levelFormat.ts.
 */
import { ClassicLevel, type Iterator } from "classic-level";
import type { StoredMessage, StoreTrouble } from "../protocol/api.ts";
import type { MessageId } from "../wire/ids.ts";
import { decodeLeaf } from "./leaves.ts";
import { isDamage, troubleOf } from "./levelErrors.ts";
import {
  idOfKey,
  keyOf,
  LEAF_TYPE,
  type Level,
  MARK_TYPE,
  MESSAGE_TYPE,
  nameOf,
  prefixOf,
  rangeOf,
  SCAN,
} from "./levelFormat.ts";
import { buildIndex, type Changed, type DiskIndex, IndexDamage, indexSteps, type Step } from "./levelIndex.ts";
import { encodeMark, markKeyOf, newestMarks } from "./levelMarks.ts";
import { type Freed, giveBack, noteFreed, nothingFreed } from "./levelSpace.ts";
import { checkSpace } from "./space.ts";
import type { Done, Store, TakeBatch, TakeRows } from "./store.ts";

export type { Level } from "./levelFormat.ts";
/** Rejects with LevelDB's error. */
export type OpenLevel = (path: string) => Promise<Level>;

export type Database = {
  readonly path: string;
  readonly openLevel: OpenLevel;
  /** Undefined: it was closed because a write had failed, and could not be opened again yet. */
  level: Level | undefined;
  /** A write has failed: LevelDB writes nothing more, and may have left half a record, until it is opened anew. */
  isBroken: boolean;
  /** BOUNDED: what rooms have asked for and wait for; what waits to be written is bounded by the core. */
  readonly queue: Operation[];
  isWorking: boolean;
  /** BOUNDED: UNTRIMMED_MAX. Keys that could not be deleted, by name; those that fall out are let go at the next start. */
  readonly untrimmed: Map<string, Uint8Array>;
  readonly index: DiskIndex;
  readonly freed: Freed;
  isClosed: boolean;
};

/** What a process needs to hold in memory of it: recent messages are in the core already. */
const CACHE_BYTES = 1_048_576;
/** What is in the log file is read again at the next start. */
const WRITE_BUFFER_BYTES = 1_048_576;

export const openLevel: OpenLevel = async (path) => {
  const level: Level = new ClassicLevel(path, {
    keyEncoding: "view",
    valueEncoding: "view",
    cacheSize: CACHE_BYTES,
    writeBufferSize: WRITE_BUFFER_BYTES,
  });
  await level.open();
  return level;
};

/** `level`: open already. */
export function createDatabase(path: string, level: Level, open: OpenLevel): Database {
  const state = { level, isBroken: false, isWorking: false, isClosed: false };
  return { path, openLevel: open, ...state, queue: [], untrimmed: new Map(), index: new Map(), freed: nothingFreed() };
}

/** After all that was asked is answered. What is asked later is refused. */
export function closeDatabase(database: Database): Promise<void> {
  return new Promise((resolve) => {
    const close = async (): Promise<void> => {
      database.isClosed = true;
      await database.level?.close().catch(() => undefined);
      database.level = undefined;
      resolve();
    };
    if (database.isClosed) resolve();
    else enqueue(database, { type: "call", call: close });
  });
}

/** The store of one room; `room`: its id. There is one at a time for each room. */
export function roomStore(database: Database, room: Uint8Array): Store {
  const prefix = prefixOf(MESSAGE_TYPE, room);
  const markPrefix = prefixOf(MARK_TYPE, room);
  const run: RoomStore = { database, prefix, feeds: new Set(), isClosed: false };
  const isOver = (): boolean => run.isClosed || database.isClosed;
  return {
    isDurable: true,
    append: (messages, isOwn, done) => {
      if (isOver()) return done(CLOSED);
      enqueue(database, { type: "append", puts: messages.map(({ id, bytes }) => put(prefix, id, bytes)), isOwn, done });
    },
    trim: (ids) => {
      if (!isOver() && ids.length > 0) enqueue(database, { type: "trim", keys: ids.map((id) => keyOf(prefix, id)) });
    },
    mark: (marks) => {
      const puts = marks.map((mark) => put(markPrefix, mark.id, encodeMark(mark)));
      if (!isOver() && puts.length > 0) enqueue(database, { type: "mark", puts });
    },
    marks: (limit, done) => {
      if (isOver()) return done([], CLOSED);
      ask(
        database,
        (level) => newestMarks(level, markPrefix, limit),
        done,
        (trouble) => done([], trouble),
      );
    },
    read: (ids, done) => {
      const nothing = ids.map(() => undefined);
      if (isOver()) return done(nothing, CLOSED);
      ask(
        database,
        (level) => read(level, prefix, ids),
        done,
        (trouble) => done(nothing, trouble),
      );
    },
    page: (before, limit, done) => {
      if (isOver()) return done([], CLOSED);
      ask(
        database,
        (level) => page(level, prefix, before, limit),
        done,
        (trouble) => done([], trouble),
      );
    },
    all: (take) => {
      if (isOver()) return void take([], true, CLOSED);
      // What the iterator sees is what is kept now, whatever is written while it is read.
      const begin = async (level: Level) => level.iterator({ ...rangeOf(prefix), ...SCAN });
      ask(
        database,
        begin,
        (iterator) => follow(run, feed(run, iterator, take)),
        (trouble) => void take([], true, trouble),
      );
    },
    index: (take) => {
      if (isOver()) return void take(NO_ROWS, true, CLOSED);
      const begin = async (level: Level) => level.iterator({ ...rangeOf(prefixOf(LEAF_TYPE, room)), ...SCAN });
      ask(
        database,
        begin,
        (iterator) => follow(run, feedRows(run, room, iterator, take)),
        (trouble) => void take(NO_ROWS, true, trouble),
      );
    },
    erase: (ids, done) => {
      if (isOver()) return done(CLOSED);
      ask(
        database,
        (level) => erase(database, level, prefix, ids),
        () => done(),
        done,
      );
    },
    close: (done) => {
      if (isOver()) return done();
      run.isClosed = true;
      const close = async (): Promise<void> => {
        await Promise.all(run.feeds);
        done();
      };
      enqueue(database, { type: "call", call: close });
    },
  };
}

// --- internal ---

/** Messages that the reader of all gets at once, and leaves. */
const BATCH = 1_000;
const LEAVES_AT_ONCE = 64;
const NO_ROWS = new Uint8Array();
const WRITE_BYTES_MAX = 4_194_304;
const UNTRIMMED_MAX = 100_000;
const CLOSED: StoreTrouble = { code: "closed", detail: "closed" };

type RoomStore = {
  readonly database: Database;
  readonly prefix: Uint8Array;
  /** BOUNDED: by those who read the whole history. */
  readonly feeds: Set<Promise<void>>;
  isClosed: boolean;
};

type Put = { readonly name: string; readonly key: Uint8Array; readonly value: Uint8Array };

type Write =
  | { readonly type: "append"; readonly puts: readonly Put[]; readonly isOwn: boolean; readonly done: Done }
  | { readonly type: "mark"; readonly puts: readonly Put[] }
  | { readonly type: "trim"; readonly keys: readonly Uint8Array[] };

type Operation =
  | Write
  /** `ask` gives what tells the answer; it is told outside of what it may fail with. */
  | { readonly type: "ask"; readonly ask: (level: Level) => Promise<() => void>; readonly refuse: Done }
  | { readonly type: "call"; readonly call: () => Promise<void> };

function put(prefix: Uint8Array, id: MessageId, value: Uint8Array): Put {
  const key = keyOf(prefix, id);
  return { name: nameOf(key), key, value };
}

function messageOf([key, bytes]: readonly [Uint8Array, Uint8Array]): StoredMessage {
  return { id: idOfKey(key), bytes: plain(bytes) };
}

/** What is read comes as a Buffer, which is not equal to the same bytes of another kind. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

// --- the queue ---

function enqueue(database: Database, operation: Operation): void {
  database.queue.push(operation);
  if (database.isWorking) return;
  database.isWorking = true;
  // What else this turn asks for is written together with it.
  queueMicrotask(() => void work(database));
}

function ask<T>(
  database: Database,
  find: (level: Level) => Promise<T>,
  tell: (value: T) => void,
  refuse: (trouble: StoreTrouble) => void,
): void {
  const perform = async (level: Level): Promise<() => void> => {
    const value = await find(level);
    return () => tell(value);
  };
  enqueue(database, { type: "ask", ask: perform, refuse: (trouble) => refuse(trouble as StoreTrouble) });
}

async function work(database: Database): Promise<void> {
  for (let head = database.queue[0]; head !== undefined; head = database.queue[0]) {
    if (isWrite(head)) {
      await writeTogether(database, takeWrites(database.queue));
      continue;
    }
    database.queue.shift();
    if (head.type === "call") {
      await head.call();
      continue;
    }
    const { ask: perform, refuse } = head;
    const answer = await levelToRead(database)
      .then(perform)
      .catch((error: unknown) => () => refuse(database.isClosed ? CLOSED : troubleOf(error)));
    told(answer);
  }
  database.isWorking = false;
}

/** A bug of whoever is told is not the queue's: it surfaces as uncaught, and the queue goes on. */
function told(answer: () => void): void {
  try {
    answer();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/** It reads what it could read before, also after a write has failed. */
async function levelToRead(database: Database): Promise<Level> {
  database.level ??= await database.openLevel(database.path);
  return database.level;
}

/** Opened anew if a write has failed, unless there is no space even for that: then it can still be read as it is. */
async function levelToWrite(database: Database): Promise<Level> {
  if (database.isBroken) {
    await checkSpace(database.path);
    await database.level?.close();
    database.level = undefined;
  }
  const level = await levelToRead(database);
  database.isBroken = false;
  return level;
}

// --- writing ---

function isWrite(operation: Operation | undefined): operation is Write {
  return operation?.type === "append" || operation?.type === "mark" || operation?.type === "trim";
}

/** Writes that stand together at the head, of WRITE_BYTES_MAX or one. A mark before an append may be written before it, never after. */
function takeWrites(queue: Operation[]): Write[] {
  const writes: Write[] = [];
  let bytes = 0;
  for (let head = queue[0]; isWrite(head); head = queue[0]) {
    if (head.type === "append") for (const { value } of head.puts) bytes += value.length;
    if (bytes > WRITE_BYTES_MAX && writes.length > 0) break;
    writes.push(head);
    queue.shift();
  }
  return writes;
}

async function writeTogether(database: Database, writes: readonly Write[]): Promise<void> {
  const trouble = await write(database, writes).catch((error: unknown) => {
    if (database.isClosed) return CLOSED;
    database.isBroken = true;
    for (const one of writes) if (one.type === "trim") for (const key of one.keys) remember(database, key);
    return troubleOf(error);
  });
  for (const one of writes) if (one.type === "append") told(() => one.done(trouble));
}

/** A message that is kept stays as it is: what the database has is seen together with what the batch itself changes. */
async function write(database: Database, writes: readonly Write[]): Promise<undefined> {
  if (database.isClosed) throw new Error("closed");
  const level = await levelToWrite(database);
  const appended = new Map(
    writes.flatMap((one) => (one.type === "append" ? one.puts : [])).map(({ name, key }) => [name, key]),
  );
  const found = appended.size === 0 ? [] : await level.hasMany([...appended.values()]);
  const kept = new Set([...appended.keys()].filter((_, at) => found[at]));
  /** BOUNDED: by the writes and `untrimmed`. What the batch makes of each key. */
  const changed = new Map<string, { readonly key: Uint8Array; readonly value: Uint8Array | undefined }>();
  for (const [name, key] of database.untrimmed) changed.set(name, { key, value: undefined });
  for (const one of writes) {
    if (one.type === "trim") for (const key of one.keys) changed.set(nameOf(key), { key, value: undefined });
    else if (one.type === "append")
      for (const { name, key, value } of one.puts) {
        const before = changed.get(name);
        if (before === undefined ? !kept.has(name) : before.value === undefined) changed.set(name, { key, value });
      }
  }
  const sync = writes.some((one) => one.type === "append" && one.isOwn);
  const marks = marksIn(writes);
  if (changed.size + marks.size > 0) await writeChanged(database, level, changed, marks, sync);
  database.untrimmed.clear();
  noteFreed(database.freed, changed);
  giveBack(database.freed, level);
}

/** The latest of each, by its name. */
function marksIn(writes: readonly Write[]): Map<string, Put> {
  const marks = new Map<string, Put>();
  for (const one of writes) if (one.type === "mark") for (const mark of one.puts) marks.set(mark.name, mark);
  return marks;
}

/** Messages and marks, and the index that tells of the messages, in one batch. If that is damaged it is made anew first. */
async function writeChanged(
  database: Database,
  level: Level,
  changed: Changed,
  marks: ReadonlyMap<string, Put>,
  sync: boolean,
): Promise<void> {
  const messages: Step[] = [...marks.values()].map(({ key, value }) => ({ type: "put", key, value }));
  for (const { key, value } of changed.values()) {
    if (value !== undefined) messages.push({ type: "put", key, value });
    else messages.push({ type: "del", key }, { type: "del", key: markKeyOf(key) });
  }
  try {
    const steps = await indexSteps(level, database.index, changed).catch(async (error: unknown) => {
      if (!(error instanceof IndexDamage)) throw error;
      database.index.clear();
      await buildIndex(level, error.room);
      return indexSteps(level, database.index, changed);
    });
    await level.batch([...messages, ...steps], { sync });
  } catch (error) {
    // What has come of it is not known.
    database.index.clear();
    throw error;
  }
}

function remember({ untrimmed }: Database, key: Uint8Array): void {
  if (untrimmed.size < UNTRIMMED_MAX) untrimmed.set(nameOf(key), key);
}

async function erase(database: Database, level: Level, prefix: Uint8Array, ids: readonly MessageId[]): Promise<void> {
  if (ids.length === 0) return;
  const keys = [...ids].sort().map((id) => keyOf(prefix, id));
  const current = database.isBroken ? await levelToWrite(database) : level;
  const [first, last] = [keys[0] as Uint8Array, keys.at(-1) as Uint8Array];
  try {
    // A deleted value stays in its file until the deletion, in a later one, is merged with it.
    await current.compactRange(first, last);
    const erased = new Map(keys.map((key) => [nameOf(key), { key, value: undefined }]));
    await writeChanged(database, current, erased, new Map(), true);
    await current.compactRange(first, last);
  } catch (error) {
    database.isBroken = true;
    throw error;
  }
}

// --- reading ---

async function read(
  level: Level,
  prefix: Uint8Array,
  ids: readonly MessageId[],
): Promise<readonly (Uint8Array | undefined)[]> {
  if (ids.length === 0) return [];
  const keys = ids.map((id) => keyOf(prefix, id));
  const found = await level.getMany(keys).catch((error: unknown) => {
    if (!isDamage(error)) throw error;
    // What stands elsewhere can be read all the same.
    return Promise.all(keys.map((key) => level.get(key).catch(() => undefined)));
  });
  return found.map((bytes) => bytes && plain(bytes));
}

async function page(
  level: Level,
  prefix: Uint8Array,
  before: MessageId | undefined,
  limit: number,
): Promise<readonly StoredMessage[]> {
  const below = before === undefined ? rangeOf(prefix) : { gte: prefix, lt: keyOf(prefix, before) };
  const newest = await level.iterator({ ...below, reverse: true, limit }).all();
  return newest.map(messageOf).reverse();
}

async function feed(run: RoomStore, iterator: Iterator<Level, Uint8Array, Uint8Array>, take: TakeBatch): Promise<void> {
  let trouble: StoreTrouble | undefined;
  try {
    let next = iterator.nextv(BATCH);
    for (let entries = await next; entries.length > 0; entries = await next) {
      next = iterator.nextv(BATCH);
      // Nobody waits for it where the reader has failed or the room was left meanwhile.
      next.catch(() => undefined);
      await take(entries.map(messageOf), false);
      if (run.isClosed) throw new Error("closed");
    }
  } catch (error) {
    trouble = run.isClosed || run.database.isClosed ? CLOSED : troubleOf(error);
  }
  await iterator.close().catch(() => undefined);
  told(() => void take([], true, trouble));
}

/** If the index is damaged it is made anew, and given again from its beginning: what was given of it was right. */
async function feedRows(
  run: RoomStore,
  room: Uint8Array,
  iterator: Iterator<Level, Uint8Array, Uint8Array>,
  take: TakeRows,
): Promise<void> {
  const { database } = run;
  let trouble: StoreTrouble | undefined;
  let isDamaged = false;
  try {
    for (
      let leaves = await iterator.nextv(LEAVES_AT_ONCE);
      leaves.length > 0;
      leaves = await iterator.nextv(LEAVES_AT_ONCE)
    ) {
      const rows = leaves.map(([, leaf]) => decodeLeaf(leaf));
      isDamaged = rows.includes(undefined);
      if (isDamaged) break;
      await take(Buffer.concat(rows as Uint8Array[]), false);
      if (run.isClosed) throw new Error("closed");
    }
  } catch (error) {
    trouble = run.isClosed || database.isClosed ? CLOSED : troubleOf(error);
  }
  await iterator.close().catch(() => undefined);
  if (!isDamaged) return told(() => void take(NO_ROWS, true, trouble));
  const rebuild = async (level: Level) => {
    database.index.clear();
    await buildIndex(level, room);
    return level.iterator({ ...rangeOf(prefixOf(LEAF_TYPE, room)), ...SCAN });
  };
  await new Promise<void>((done) => {
    ask(
      database,
      rebuild,
      (again) => follow(run, feedRows(run, room, again, take).finally(done)),
      (refused) => {
        take(NO_ROWS, true, refused);
        done();
      },
    );
  });
}

function follow({ feeds }: RoomStore, running: Promise<void>): void {
  feeds.add(running);
  void running.finally(() => feeds.delete(running));
}
