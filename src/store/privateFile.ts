/**
 * Small files for their owner alone: an identity, a nick, a list of addresses. They are never read, written or made
 * through a symbolic link.
 *
 * A new text goes into a file of a fresh name, which must not exist yet. It is made durable, and then replaces the old
 * file. So at any moment either the old or the new text is there, whole, even if the disk is full or the power fails. If
 * somebody put something else in the place of the file, it is replaced and never written to.
 */
import { randomBytes } from "node:crypto";
import { closeSync, constants, fchmodSync, fstatSync, openSync, readFileSync, type Stats } from "node:fs";
import { type FileHandle, lstat, open, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ExposedError, isForeign } from "./ownership.ts";

/** Nothing that is kept in such a file comes near it. */
export const PRIVATE_FILE_BYTES_MAX = 1 << 20;

/**
 * What stands in `path`; undefined if there is no such file. A file that others could read is closed to them first. Throws an
 * ExposedError, or the system's error: `ELOOP` for a symbolic link.
 */
export function readPrivateFile(path: string): string | undefined {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | NO_FOLLOW | NO_WAITING);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const { size } = closeToOthers(path, file);
    if (size > PRIVATE_FILE_BYTES_MAX) throw Object.assign(new Error(`${path} is too large`), { code: "EFBIG" });
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}

/** Puts `text` in the place of whatever `path` is. Rejects with the system's error; then `path` is as it was. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  await removeAbandoned(dirname(path));
  const unfinished = `${path}.${randomBytes(8).toString("hex")}.new`;
  await createPrivateFile(unfinished, text);
  try {
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => {});
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** Makes `path`, which must not exist. Rejects with the system's error, `EEXIST` among them; then nothing is left of it. */
export async function createPrivateFile(path: string, text: string): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW;
  const file = await open(path, flags, MODE);
  try {
    await openToOwner(file);
    await file.writeFile(text);
    await file.sync();
    // A network's file system may find only now that the disk is full.
    await file.close();
  } catch (error) {
    await file.close().catch(() => {});
    await rm(path, { force: true }).catch(() => {});
    throw error;
  }
}

/** Opens a log, made if it is not there, to append to. Throws an ExposedError, or the system's error. */
export function openPrivateLog(path: string): number {
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | NO_FOLLOW | NO_WAITING;
  const file = openSync(path, flags, MODE);
  try {
    closeToOthers(path, file);
    return file;
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

// --- internal ---

const MODE = 0o600;
/** Windows has neither. */
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;
/** A named pipe in the place of the file must not make the program wait for somebody to write to it. */
const NO_WAITING = constants.O_NONBLOCK ?? 0;

const UNFINISHED = /\.[0-9a-f]{16}\.new$/;
/** Nobody writes a small file for so long. */
const ABANDONED_MS = 60_000;

function closeToOthers(path: string, file: number): Stats {
  const found = fstatSync(file);
  if (!found.isFile() && !found.isDirectory()) throw new ExposedError("not-a-file", path, found);
  if (isForeign(found.uid)) throw new ExposedError("foreign-owner", path, found);
  if (found.isFile() && (found.mode & 0o077) !== 0) fchmodSync(file, MODE);
  return found;
}

/** Whatever the umask: it may have taken too much away. */
async function openToOwner(file: FileHandle): Promise<void> {
  try {
    await file.chmod(MODE);
  } catch (error) {
    // A file system without modes, whose mount may keep others away all the same.
    if (((await file.stat()).mode & 0o077) !== 0) throw error;
  }
}

/** What programs that were killed while they wrote have left in `directory`. */
async function removeAbandoned(directory: string): Promise<void> {
  const unfinished = (await readdir(directory)).filter((name) => UNFINISHED.test(name));
  for (const name of unfinished) {
    const path = join(directory, name);
    // Another program may be faster.
    const found = await lstat(path).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > ABANDONED_MS) await rm(path, { force: true });
  }
}

/** Some file systems cannot sync a directory; the rename is as safe as they make it. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY).catch(() => undefined);
  await directory?.sync().catch(() => {});
  await directory?.close();
}
