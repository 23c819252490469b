/**
 * Makes sure that nothing is left of what was overwritten. LevelDB keeps an overwritten value in its files until it merges the file
 * with the old one and the file with the new one, which may be never. So it is told to merge, in rounds: what is erased meanwhile
 * waits for the next one, and rounds have a distance. Until its round is over, a note of each message stands in the database. A
 * start goes on with those that it finds.
 */
import type { StoreTrouble } from "../protocol/api.ts";
import { troubleOf } from "./levelErrors.ts";
import { ERASED_TYPE, type Level, MESSAGE_TYPE, nameOf } from "./levelFormat.ts";
import { noteKeyOf } from "./levelWrites.ts";
import type { Done } from "./store.ts";

export type Erasing = {
  /** BOUNDED: by what is erased between two rounds, or while a round runs. By name, the keys of the messages. */
  keys: Map<string, Uint8Array>;
  /** BOUNDED: as `keys`. Who waits for these. */
  dones: Done[];
  timer: NodeJS.Timeout | undefined;
  running: Promise<void> | undefined;
  /** When the next may begin, of Date.now(). */
  notBefore: number;
  readonly distance: Distance;
  /** There is no further round. */
  isOver: boolean;
};

/** Between the end of a round and the next: so many ms, and so many times as long as the round took, at least. */
export type Distance = { readonly everyMs: number; readonly restTimes: number };

/** How a round reaches the database: in its turn, and beside what else is done. */
export type RoundHost = {
  /** Whatever is asked for later waits. Rejects if the database cannot be used. */
  readonly inTurn: <T>(perform: (level: Level) => Promise<T>) => Promise<T>;
  /** Those that read all of something: what they began to read stays in the files until they end. */
  readonly readers: () => Iterable<Promise<void>>;
};

const ROUND_EVERY_MS = 5_000;
/** Merging takes a tenth of the time at most. */
const REST_TIMES = 9;
/** So many messages are merged one by one; of more, all that lies between them. */
const ALONE_MAX = 8;

export function nothingErasing(distance: Distance = { everyMs: ROUND_EVERY_MS, restTimes: REST_TIMES }): Erasing {
  const state = { timer: undefined, running: undefined, notBefore: 0, isOver: false };
  return { ...state, keys: new Map(), dones: [], distance };
}

/** Their values are overwritten. */
export function noteErased(erasing: Erasing, keys: readonly Uint8Array[], done: Done | undefined): void {
  for (const key of keys) erasing.keys.set(nameOf(key), key);
  if (done !== undefined) erasing.dones.push(done);
}

/** Begins a round, now or when its time comes, if there is anything to do. */
export function scheduleRound(erasing: Erasing, host: RoundHost): void {
  if (erasing.isOver || erasing.keys.size === 0 || erasing.timer !== undefined || erasing.running !== undefined) return;
  const inMs = Math.max(erasing.notBefore - Date.now(), 0);
  erasing.timer = setTimeout(() => {
    erasing.timer = undefined;
    erasing.running = round(erasing, host).finally(() => {
      erasing.running = undefined;
      scheduleRound(erasing, host);
    });
  }, inMs);
  // A process that has nothing else to do may end: closing does the rest.
  erasing.timer.unref();
}

/** What is left of earlier starts. */
export async function readNotes(level: Level): Promise<Uint8Array[]> {
  const notes = await level.keys({ gte: Uint8Array.of(ERASED_TYPE), lt: Uint8Array.of(ERASED_TYPE + 1) }).all();
  return notes.map((note) => {
    const key = Uint8Array.from(note);
    key[0] = MESSAGE_TYPE;
    return key;
  });
}

/** A round on a database that nobody else uses any more; undefined: it cannot be used. */
export async function lastRound(erasing: Erasing, level: Level | undefined): Promise<void> {
  erasing.isOver = true;
  clearTimeout(erasing.timer);
  erasing.timer = undefined;
  if (level === undefined) for (const done of erasing.dones.splice(0)) done({ code: "closed", detail: "closed" });
  else if (erasing.keys.size > 0) await round(erasing, { inTurn: (perform) => perform(level), readers: () => [] });
}

// --- internal ---

async function round(erasing: Erasing, { inTurn, readers }: RoundHost): Promise<void> {
  const { keys: byName, dones } = erasing;
  const keys = [...byName.values()];
  erasing.keys = new Map();
  erasing.dones = [];
  const began = Date.now();
  let trouble: StoreTrouble | undefined;
  try {
    const level = await inTurn(async (one) => one);
    // The old value goes into a file, and the new one into a later one: values of one file are not merged.
    await merge(level, keys);
    let before: Promise<void>[] = [];
    await inTurn(async (one) => {
      await writeOnceMore(one, keys);
      before = [...readers()];
    });
    await Promise.allSettled(before);
    await merge(level, keys);
    // Where this is lost, the next start does it all once more.
    const notes = keys.map((key) => ({ type: "del", key: noteKeyOf(key) }) as const);
    await inTurn((one) => one.batch(notes, { sync: false }));
  } catch (error) {
    trouble = error instanceof Error ? troubleOf(error) : (error as StoreTrouble);
    // The next round tries again, or the next start.
    for (const key of keys) erasing.keys.set(nameOf(key), key);
  }
  const { everyMs, restTimes } = erasing.distance;
  erasing.notBefore = Date.now() + Math.max(everyMs, restTimes * (Date.now() - began));
  for (const done of dones) done(trouble);
}

async function writeOnceMore(level: Level, keys: readonly Uint8Array[]): Promise<void> {
  const values = await level.getMany([...keys]);
  await level.batch(
    keys.map((key, at) => {
      const value = values[at];
      return value === undefined ? ({ type: "del", key } as const) : ({ type: "put", key, value } as const);
    }),
    { sync: true },
  );
}

async function merge(level: Level, keys: readonly Uint8Array[]): Promise<void> {
  const sorted = [...keys].sort(Buffer.compare);
  if (sorted.length <= ALONE_MAX) {
    for (const key of sorted) await level.compactRange(key, key);
    return;
  }
  await level.compactRange(sorted[0] as Uint8Array, sorted.at(-1) as Uint8Array);
}
