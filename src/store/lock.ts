/**
 * A lock between processes of one machine, and of others that share the directory. A crash cannot leave it locked, and taking
 * it over is free of races.
 *
 * Each process has its own file, `NAME.lock.PID-START-SPACE`, made with O_EXCL. SPACE is what its numbers count in: this boot of
 * the kernel, and the PID namespace. The three name one process for ever. So if that process is gone, anybody may remove its
 * file without hitting a newer lock. A process that made its file and then sees no other holds the lock. If two see each
 * other, the files decide: `held` wins, and between two that only `claim`, the one whose name sorts first (Lamport's bakery,
 * with two states).
 *
 * A PID says nothing in another space: that of a container, or of another host. There a process counts as running until its
 * file was not touched for ABANDONED_MS, by the clock of the file system. Whoever has the lock touches its file now and then.
 */
import {
  closeSync,
  constants,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { blake2b } from "../crypto/hash.ts";
import { toHex } from "../wire/ids.ts";
import { createPrivateFile, readPrivateFile, writePrivateFile } from "./privateFile.ts";

/**
 * Takes lock `name` (letters, digits, `-`) in `directory`: a function that gives it back, or undefined if a running
 * process has it, this one included. Rejects with the system's error if the directory cannot be used.
 */
export async function takeLock(directory: string, name: string): Promise<(() => void) | undefined> {
  const prefix = `${name}.lock.`;
  const start = startOf(process.pid);
  const own = `${prefix}${process.pid}-${start ?? UNKNOWN_START}-${ownSpace()}`;
  const path = join(directory, own);
  if (held.has(path)) return undefined;
  held.add(path);
  let touching: NodeJS.Timeout | undefined;
  const release = (): void => {
    clearInterval(touching);
    if (held.delete(path)) removeIfThere(path);
  };
  try {
    // Where a process has no known start, an earlier one with the same number may have left this file.
    if (start === undefined) removeIfThere(path);
    await createPrivateFile(path, CLAIM);
    if (await outlastsRivals(directory, prefix, own)) {
      await writePrivateFile(path, HELD);
      touching = setInterval(() => touch(path), TOUCH_MS).unref();
      return release;
    }
  } catch (error) {
    // Another copy of this module in this process has it.
    if (codeOf(error) === "EEXIST" && held.delete(path)) return undefined;
    release();
    throw error;
  }
  release();
  return undefined;
}

// --- internal ---

/** Locks of this process, by path: its own files say nothing about which of its parts holds them. */
const held = new Set<string>();

const CLAIM = "claim\n";
const HELD = "held\n";
const UNKNOWN_START = "unknown";
const CLAIM_MS_MAX = 5_000;
const LOOK_AGAIN_MS = 5;
const TOUCH_MS = 20_000;
/** Long enough for a host under load, or a network's file system. */
const ABANDONED_MS = 120_000;

/** False: somebody else has the lock or will have it. */
async function outlastsRivals(directory: string, prefix: string, own: string): Promise<boolean> {
  const deadline = performance.now() + CLAIM_MS_MAX;
  for (;;) {
    const rivals = readdirSync(directory).filter(
      (file) => file.startsWith(prefix) && file !== own && PROCESS.test(file.slice(prefix.length)),
    );
    const living = rivals.filter((file) => !removedAsStale(directory, prefix, file));
    if (living.length === 0) return true;
    const yields = living.some((file) => file < own || stateOf(join(directory, file)) === HELD);
    // A rival that claims and must yield to this one is about to: it takes no longer than it takes to look.
    if (yields || performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

/** True: the process behind `file` is gone, and now so is the file. */
function removedAsStale(directory: string, prefix: string, file: string): boolean {
  const [, pid, start = UNKNOWN_START, space] = PROCESS.exec(file.slice(prefix.length)) ?? [];
  const path = join(directory, file);
  const isAlive = space === ownSpace() ? isRunning(Number(pid), start) : !isAbandoned(directory, prefix, path);
  if (isAlive) return false;
  removeIfThere(path);
  return true;
}

const PROCESS = /^(\d+)-(\d+|unknown)-([0-9a-f]{16})$/;

let space: string | undefined;

/** Where there is no /proc, the host's name has to do. */
function ownSpace(): string {
  space ??= toHex(blake2b(Buffer.from(JSON.stringify([hostname(), read(BOOT), read(PID_SPACE)])), 16)).slice(0, 16);
  return space;
}

const BOOT = (): string => readFileSync("/proc/sys/kernel/random/boot_id", "utf8");
const PID_SPACE = (): string => readlinkSync("/proc/self/ns/pid");

function read(what: () => string): string {
  try {
    return what();
  } catch {
    return "";
  }
}

/** By the times of two files in one directory: the clocks of two hosts may differ. */
function isAbandoned(directory: string, prefix: string, path: string): boolean {
  try {
    const own = readdirSync(directory).find((file) => held.has(join(directory, file)) && file.startsWith(prefix));
    if (own === undefined) return false;
    return statSync(join(directory, own)).mtimeMs - statSync(path).mtimeMs > ABANDONED_MS;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
}

/** What it says is written once more, so that the file system sets the time: this host's clock may be wrong. */
function touch(path: string): void {
  try {
    const file = openSync(path, constants.O_WRONLY | (constants.O_NOFOLLOW ?? 0));
    try {
      writeSync(file, HELD, 0);
    } finally {
      closeSync(file);
    }
  } catch {
    // It is gone, or the disk is: the next touch may do it.
  }
}

function isRunning(pid: number, start: string): boolean {
  if (startOf(process.pid) !== undefined) {
    const startNow = startOf(pid);
    return startNow !== undefined && (start === UNKNOWN_START || start === startNow);
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

/** Clock ticks from boot to the process's start (proc(5), stat field 22); undefined: no such process, or no /proc. */
function startOf(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The command's name, in parentheses, may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state] = fields;
  // A zombie has ended: only its parent has not looked yet.
  return state === "Z" || state === "X" ? undefined : fields[19];
}

/** undefined: it is gone, or says nothing that could be believed. */
function stateOf(path: string): string | undefined {
  try {
    return readPrivateFile(path);
  } catch {
    return undefined;
  }
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}
