/**
 * The history on disk: one database for each identity of a data directory, `history` beside `identity`, `history-2` beside
 * `identity-2`. A damaged one is kept aside under another name, and a fresh one begun. If there can be none, messages are in
 * memory, and the caller is told.
 */
import { chmodSync, lstatSync, readdirSync } from "node:fs";
import { rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { makeDirectory } from "./directory.ts";
import {
  closeDatabase,
  createDatabase,
  type Database,
  type Level,
  type OpenLevel,
  openLevel,
  roomStore,
} from "./level.ts";
import { isDamage, isLocked, troubleOf } from "./levelErrors.ts";
import { memoryStore } from "./memory.ts";
import { ExposedError } from "./ownership.ts";
import { DatabaseError, type Store } from "./store.ts";

/** `reason`: the system's code, `ENOSPC`, or an ExposedError's. */
export type HistoryTrouble =
  /** It is kept in the directory `path`, and another was begun. */
  | { readonly code: "damaged"; readonly path: string }
  /** Likewise: an earlier version wrote it, whose signatures say nothing to this one. */
  | { readonly code: "outdated"; readonly path: string }
  /** The directory `path` cannot be used: nothing is kept past the end of the process. */
  | { readonly code: "unusable"; readonly path: string; readonly reason: string };

export type History = {
  readonly openStore: (room: Uint8Array) => Store;
  /** BOUNDED: one when it was opened, one when it was set aside. What is to be told, oldest first. */
  readonly troubles: HistoryTrouble[];
  /** Begins anew, if what is kept turns out to be damaged. False: nothing was changed, as it is in use or in memory. */
  readonly setAside: () => Promise<boolean>;
  readonly close: () => Promise<void>;
};

/** `slot`: of the identity. Rejects with a DatabaseError; then nothing was changed. */
export async function openHistory(dataDir: string, slot: number, open: OpenLevel = openLevel): Promise<History> {
  const path = join(dataDir, slot === 1 ? "history" : `history-${slot}`);
  const state: State = { path, open, database: undefined, troubles: [], stores: 0, wasSetAside: false };
  try {
    makeDirectory(path, dataDir);
    closeToOthers(path);
    await begin(state);
  } catch (error) {
    if (error instanceof DatabaseError) throw error;
    state.troubles.push({ code: "unusable", path, reason: reasonOf(error) });
  }
  return {
    openStore: (room) => openStore(state, room),
    troubles: state.troubles,
    setAside: () => setAside(state),
    close: async () => {
      if (state.database !== undefined) await closeDatabase(state.database);
    },
  };
}

// --- internal ---

type State = {
  readonly path: string;
  readonly open: OpenLevel;
  /** Undefined: it cannot be used. */
  database: Database | undefined;
  readonly troubles: HistoryTrouble[];
  /** Stores that are open. */
  stores: number;
  /** What is damaged twice in one process is no accident of the past. */
  wasSetAside: boolean;
};

/** A link would lead what is written to where somebody else wants it. What was said is for nobody else to read. */
function closeToOthers(path: string): void {
  const found = lstatSync(path);
  if (found.isSymbolicLink()) throw Object.assign(new Error(`${path} is a link`), { code: "ELOOP" });
  if ((found.mode & 0o077) !== 0) chmodSync(path, 0o700);
}

async function begin(state: State): Promise<void> {
  const { path, open } = state;
  let level: Level;
  try {
    if (lacksItsBeginning(path)) throw DAMAGE;
    level = await open(path);
    try {
      await checkFormat(path, level);
    } catch (error) {
      await level.close();
      throw error;
    }
  } catch (error) {
    if (isLocked(error)) throw new DatabaseError("history-in-use", path, error);
    if (error !== DAMAGE && error !== OUTDATED && !isDamage(error)) throw error;
    await moveAside(state, error === OUTDATED ? "outdated" : "damaged");
    level = await open(path);
    await checkFormat(path, level);
  }
  state.database = createDatabase(path, level, open);
}

const DAMAGE = new Error("damaged");
const OUTDATED = new Error("outdated");

/** LevelDB would begin a new database over the remains of one whose file `CURRENT` is lost, and remove them. */
function lacksItsBeginning(path: string): boolean {
  const names = readdirSync(path);
  return !names.includes("CURRENT") && names.some((name) => /^\d+\.(ldb|sst|log)$/.test(name));
}

async function moveAside(state: State, code: "damaged" | "outdated"): Promise<void> {
  const { path } = state;
  const at = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const names = new Set(readdirSync(dirname(path)));
  const base = `${path}-${code}-${at}`;
  let aside = base;
  for (let more = 2; names.has(basename(aside)); more += 1) aside = `${base}-${more}`;
  await rename(path, aside);
  makeDirectory(path);
  state.troubles.push({ code, path: aside });
}

function openStore(state: State, room: Uint8Array): Store {
  if (state.database === undefined) return memoryStore();
  const store = roomStore(state.database, room);
  state.stores += 1;
  return {
    ...store,
    close: (done) =>
      store.close(() => {
        state.stores -= 1;
        done();
      }),
  };
}

async function setAside(state: State): Promise<boolean> {
  const { database } = state;
  // Other rooms count on what they have written there.
  if (database === undefined || state.stores > 0 || state.wasSetAside) return false;
  state.wasSetAside = true;
  await closeDatabase(database);
  state.database = undefined;
  try {
    await moveAside(state, "damaged");
    await begin(state);
  } catch (error) {
    state.troubles.push({ code: "unusable", path: state.path, reason: reasonOf(error) });
  }
  return true;
}

function reasonOf(error: unknown): string {
  return error instanceof ExposedError ? error.code : troubleOf(error).detail;
}

// --- the format ---

const FORMAT_KEY = Buffer.from("\0format");

/** Below it messages were signed with their whole bodies: nothing of them can be verified. No release wrote that. */
const FORMAT_LEAST = 3;
/** How to bring a database of version FORMAT_LEAST to the next, and so on. Each leaves one that it could be done to again. */
const MIGRATIONS: readonly ((level: Level) => Promise<void>)[] = [];
const FORMAT = FORMAT_LEAST + MIGRATIONS.length;

/** Throws `DAMAGE` for what no version of this program has written, and `OUTDATED` for what this one cannot use. */
async function checkFormat(path: string, level: Level): Promise<void> {
  const kept = await level.get(FORMAT_KEY);
  if (kept === undefined) {
    if ((await level.keys({ limit: 1 }).all()).length > 0) throw DAMAGE;
    return writeFormat(level, FORMAT);
  }
  const text = Buffer.from(kept).toString("latin1");
  if (!/^[1-9]\d{0,5}$/.test(text)) throw DAMAGE;
  if (Number(text) > FORMAT) throw new DatabaseError("history-newer", path);
  if (Number(text) < FORMAT_LEAST) throw OUTDATED;
  for (let version = Number(text); version < FORMAT; version += 1) {
    await MIGRATIONS[version - FORMAT_LEAST]?.(level);
    await writeFormat(level, version + 1);
  }
}

function writeFormat(level: Level, version: number): Promise<void> {
  return level.put(FORMAT_KEY, Buffer.from(String(version)), { sync: true });
}
