/** Stores of a database in a directory of its own, on a disk that refuses to be written when a test says so. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  closeDatabase,
  createDatabase,
  type Database,
  type Level,
  type OpenLevel,
  openLevel,
  roomStore,
} from "../../src/store/level.ts";
import type { Store } from "../../src/store/store.ts";

export const ROOM = new Uint8Array(32).fill(7);

export type LevelRig = {
  readonly path: string;
  readonly database: Database;
  readonly store: Store;
  /** Of another room. */
  readonly other: Store;
  readonly storeOf: (room: Uint8Array) => Store;
  /** What was written, a batch each: how many operations, and whether it was synced. */
  readonly batches: { readonly size: number; readonly sync: boolean }[];
  readonly opened: () => number;
  readonly settle: () => Promise<void>;
  readonly refuse: (isRefusing: boolean) => void;
  /** Closes it, and opens it again. */
  readonly reopen: () => Promise<LevelRig>;
};

const rigs = new Set<Database>();
const paths = new Set<string>();

/** What is open is closed. */
export async function closeDatabases(): Promise<void> {
  for (const database of rigs) await closeDatabase(database);
  rigs.clear();
}

/** For `afterEach`. */
export async function closeRigs(): Promise<void> {
  await closeDatabases();
  for (const path of paths) rmSync(path, { recursive: true, force: true });
  paths.clear();
}

/** Its store is that of another room each time: what is written for one is nothing to the others. */
export function roomsOf(rig: () => Promise<LevelRig>): () => Promise<LevelRig> {
  let opened: Promise<LevelRig> | undefined;
  let rooms = 0;
  return async () => {
    opened ??= rig();
    const one = await opened;
    rooms += 1;
    return { ...one, store: one.storeOf(Buffer.alloc(32, `room ${rooms} `)) };
  };
}

export async function openRig(at?: string): Promise<LevelRig> {
  const path = at ?? mkdtempSync(join(tmpdir(), "smplchat-level-"));
  paths.add(path);
  const batches: { readonly size: number; readonly sync: boolean }[] = [];
  let isRefusing = false;
  let opened = 0;
  const open: OpenLevel = async (where) => {
    const level = await openLevel(where);
    opened += 1;
    const batch = level.batch.bind(level) as unknown as (
      writes: unknown[],
      options: { sync: boolean },
    ) => Promise<void>;
    const refusing = (writes: unknown[], options: { sync: boolean }): Promise<void> => {
      batches.push({ size: writes.length, sync: options.sync });
      const words = `IO error: ${where}/000003.log: No space left on device`;
      return isRefusing ? Promise.reject(new Error(words)) : batch(writes, options);
    };
    return Object.assign(level, { batch: refusing }) as unknown as Level;
  };
  const database = createDatabase(path, await open(path), open, { everyMs: 0, restTimes: 0 });
  rigs.add(database);
  let reading = 0;
  const count = (by: 1 | -1): void => {
    reading += by;
  };
  const storeOf = (room: Uint8Array): Store => counted(roomStore(database, room), count);
  return {
    path,
    database,
    store: storeOf(ROOM),
    other: storeOf(new Uint8Array(32).fill(8)),
    storeOf,
    batches,
    opened: () => opened,
    settle: () => settle(database, () => reading > 0),
    refuse: (next) => {
      isRefusing = next;
    },
    reopen: async () => {
      await closeDatabase(database);
      rigs.delete(database);
      return openRig(path);
    },
  };
}

/** All that was asked is answered. */
async function settle(database: Database, isReading: () => boolean): Promise<void> {
  const isErasing = (): boolean => database.erasing.keys.size > 0 || database.erasing.running !== undefined;
  while (database.isWorking || isReading() || (isErasing() && !database.isBroken))
    await new Promise((done) => setImmediate(done));
}

/** Tells when an index begins and has ended. */
function counted(store: Store, count: (by: 1 | -1) => void): Store {
  return {
    ...store,
    all: (take) => {
      count(1);
      store.all((messages, isLast, trouble) => {
        if (isLast) count(-1);
        return take(messages, isLast, trouble);
      });
    },
    index: (take) => {
      count(1);
      store.index((rows, isLast, trouble) => {
        if (isLast) count(-1);
        return take(rows, isLast, trouble);
      });
    },
  };
}
