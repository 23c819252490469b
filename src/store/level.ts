/**
 * A database on disk (LevelDB) with a store for each room. All of its operations stand in one queue and are done one after
 * another. Appends and trims that stand together become one batch, so the disk is asked once for many.
 * What stands in it says levelFormat.ts.
 */
import { ClassicLevel, type Iterator } from "classic-level";
import type { StoredMessage, StoreTrouble } from "../protocol/api.ts";
import type { MessageId } from "../wire/ids.ts";
import { decodeLeaf } from "./leaves.ts";
import {
  type Distance,
  type Erasing,
  lastRound,
  noteErased,
  nothingErasing,
  type RoundHost,
  readNotes,
  scheduleRound,
} from "./levelErase.ts";
import { isDamage, troubleOf } from "./levelErrors.ts";
import {
  keyOf,
  LEAF_TYPE,
  type Level,
  MARK_TYPE,
  MESSAGE_TYPE,
  messageOf,
  nameOf,
  plain,
  prefixOf,
  rangeOf,
  SCAN,
} from "./levelFormat.ts";
import { buildIndex, type Changed, type DiskIndex, IndexDamage, indexSteps, type Step } from "./levelIndex.ts";
import { encodeMark, markKeyOf, newestMarks } from "./levelMarks.ts";
import { type Freed, giveBack, noteFreed, nothingFreed } from "./levelSpace.ts";
import {
  appendedIn,
  changesOf,
  erasedIn,
  eraseOf,
  isWrite,
  marksIn,
  noteKeyOf,
  type Put,
  takeWrites,
  type Write,
} from "./levelWrites.ts";
import { checkSpace } from "./space.ts";
import { type Done, NO_DELETE, type Store, type TakeBatch, type TakeRows } from "./store.ts";

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
  readonly erasing: Erasing;
  /** BOUNDED: by those who read the whole history of a room. */
  readonly feeds: Set<Promise<void>>;
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
export function createDatabase(path: string, level: Level, open: OpenLevel, distance?: Distance): Database {
  const state = { level, isBroken: false, isWorking: false, isClosed: false };
  const tables = { queue: [], untrimmed: new Map(), index: new Map(), feeds: new Set<Promise<void>>() };
  const database = {
    path,
    openLevel: open,
    ...state,
    ...tables,
    freed: nothingFreed(),
    erasing: nothingErasing(distance),
  };
  // What an earlier process was about to do.
  const goOn = (keys: readonly Uint8Array[]): void => {
    noteErased(database.erasing, keys, undefined);
    scheduleRound(database.erasing, roundHost(database));
  };
  ask(database, readNotes, goOn, () => undefined);
  return database;
}

/** After all that was asked is answered. What is asked later is refused. */
export async function closeDatabase(database: Database): Promise<void> {
  await database.erasing.running;
  return new Promise((resolve) => {
    const close = async (): Promise<void> => {
      database.isClosed = true;
      await lastRound(database.erasing, database.isBroken ? undefined : database.level);
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
    erase: (erasures, done) => {
      if (isOver()) return done(CLOSED);
      enqueue(database, { type: "erase", erases: erasures.map((one) => eraseOf(prefix, one)), done });
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
/** A note says all by its key. */
const NOTE = Uint8Array.of(1);
const UNTRIMMED_MAX = 100_000;
const CLOSED: StoreTrouble = { code: "closed", detail: "closed" };

type RoomStore = {
  readonly database: Database;
  readonly prefix: Uint8Array;
  /** BOUNDED: by those who read the whole history. */
  readonly feeds: Set<Promise<void>>;
  isClosed: boolean;
};

type Operation =
  | Write
  /** `ask` gives what tells the answer; it is told outside of what it may fail with. */
  | { readonly type: "ask"; readonly ask: (level: Level) => Promise<() => void>; readonly refuse: Done }
  | { readonly type: "call"; readonly call: () => Promise<void> };

function put(prefix: Uint8Array, id: MessageId, value: Uint8Array): Put {
  const key = keyOf(prefix, id);
  return { name: nameOf(key), key, value };
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

function roundHost(database: Database): RoundHost {
  return {
    inTurn: (perform) => new Promise((resolve, reject) => ask(database, perform, resolve, reject)),
    readers: () => database.feeds,
  };
}

// --- writing ---

async function writeTogether(database: Database, writes: readonly Write[]): Promise<void> {
  const result = await write(database, writes).catch((error: unknown) => {
    if (database.isClosed) return CLOSED;
    database.isBroken = true;
    for (const one of writes) if (one.type === "trim") for (const key of one.keys) remember(database, key);
    return troubleOf(error);
  });
  const trouble = "code" in result ? result : undefined;
  for (const one of writes) {
    if (one.type === "append") told(() => one.done(trouble));
    if (one.type !== "erase") continue;
    // What is left in the files of it goes first.
    if (trouble === undefined && database.erasing.keys.size > 0 && !("code" in result) && !result.has(one))
      noteErased(database.erasing, [], (late) => told(() => one.done(late)));
    else told(() => one.done(trouble ?? (!("code" in result) && result.has(one) ? NO_DELETE : undefined)));
  }
  scheduleRound(database.erasing, roundHost(database));
}

/** Returns what the writes could not do. */
async function write(database: Database, writes: readonly Write[]): Promise<ReadonlySet<Write>> {
  if (database.isClosed) throw new Error("closed");
  const level = await levelToWrite(database);
  const appended = appendedIn(writes);
  const there = appended.size === 0 ? [] : await level.hasMany([...appended.values()]);
  const kept = new Set([...appended.keys()].filter((_, at) => there[at]));
  const { changed, erased, lacking } = changesOf(writes, database.untrimmed, kept, await findErased(level, writes));
  const sync = erased.length > 0 || writes.some((one) => one.type === "append" && one.isOwn);
  const marks = marksIn(writes);
  if (changed.size + marks.size > 0) await writeChanged(database, level, changed, [...marks.values()], erased, sync);
  database.untrimmed.clear();
  noteFreed(database.freed, changed);
  giveBack(database.freed, level);
  noteErased(database.erasing, erased, undefined);
  return lacking;
}

async function findErased(level: Level, writes: readonly Write[]): Promise<Map<string, Uint8Array>> {
  const keys = erasedIn(writes);
  const values = keys.size === 0 ? [] : await level.getMany([...keys.values()]);
  const found = new Map<string, Uint8Array>();
  for (const [at, name] of [...keys.keys()].entries()) if (values[at] !== undefined) found.set(name, plain(values[at]));
  return found;
}

/** Messages and marks, and the index that tells of the messages, in one batch. If that is damaged it is made anew first. */
async function writeChanged(
  database: Database,
  level: Level,
  changed: Changed,
  marks: readonly Put[],
  erased: readonly Uint8Array[],
  sync: boolean,
): Promise<void> {
  const messages: Step[] = marks.map(({ key, value }) => ({ type: "put", key, value }));
  for (const key of erased) messages.push({ type: "put", key: noteKeyOf(key), value: NOTE });
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

function follow({ feeds, database }: RoomStore, running: Promise<void>): void {
  for (const those of [feeds, database.feeds]) {
    those.add(running);
    void running.finally(() => those.delete(running));
  }
}
