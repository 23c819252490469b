/**
 * Where a command writes what may be long: standard output, or a file that is there as a whole or not at all. It is written for
 * its owner alone under another name beside it, made durable, and then gets its name.
 */
import { randomBytes } from "node:crypto";
import { rmSync, statSync } from "node:fs";
import { type FileHandle, link, open, rename, rm } from "node:fs/promises";
import { sanitizeLine } from "../chat/model/sanitize.ts";
import { systemReason } from "../chat/model/systemReason.ts";
import { writeOut } from "./streams.ts";

export type OutputFile = {
  /** False: its reader has seen enough. Rejects with an Error with a sentence. */
  readonly write: (text: string) => Promise<boolean>;
  /** It is whole. Rejects with an Error with a sentence; then nothing is left of it. */
  readonly finish: () => Promise<void>;
  /** Nothing is left of it. */
  readonly discard: () => Promise<void>;
};

/** `path` undefined: standard output. `force`: something of that name is replaced. Rejects with an Error with a sentence. */
export async function openOutput(path: string | undefined, force: boolean): Promise<OutputFile> {
  if (path === undefined) return { write: writeOut, finish: async () => {}, discard: async () => {} };
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    // A pipe or a device cannot be replaced, and keeps nothing.
    if (found !== undefined && !found.isFile() && !found.isDirectory()) return directOutput(path);
    if (found?.isDirectory()) throw Object.assign(new Error(), { code: "EISDIR" });
    if (found !== undefined && !force) throw thereAlready(path);
    return await replacingOutput(path, force);
  } catch (error) {
    throw unwritable(path, error);
  }
}

// --- internal ---

const MODE = 0o600;

/** Written, and now to be undone if the program ends before it is whole. */
async function replacingOutput(path: string, force: boolean): Promise<OutputFile> {
  const unfinished = `${path}.${randomBytes(8).toString("hex")}.new`;
  const file = await open(unfinished, "wx", MODE);
  const removeNow = (): void => rmSync(unfinished, { force: true });
  process.on("exit", removeNow);
  const discard = async (): Promise<void> => {
    process.off("exit", removeNow);
    await file.close().catch(() => {});
    await rm(unfinished, { force: true }).catch(() => {});
  };
  const attempt = async <T>(action: () => Promise<T>): Promise<T> => {
    try {
      return await action();
    } catch (error) {
      await discard();
      throw unwritable(path, error);
    }
  };
  return {
    write: (text) =>
      attempt(async () => {
        await file.writeFile(text);
        return true;
      }),
    finish: () =>
      attempt(async () => {
        await file.sync();
        await file.close();
        await (force ? rename(unfinished, path) : giveName(unfinished, path));
        process.off("exit", removeNow);
      }),
    discard,
  };
}

/** Of two programs that write one file, the second is told. Some file systems know no links: there the last wins. */
async function giveName(unfinished: string, path: string): Promise<void> {
  try {
    await link(unfinished, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") throw thereAlready(path);
    return rename(unfinished, path);
  }
  await rm(unfinished);
}

async function directOutput(path: string): Promise<OutputFile> {
  const file: FileHandle = await open(path, "w");
  const attempt = async (action: () => Promise<void>): Promise<boolean> => {
    try {
      await action();
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EPIPE") return false;
      throw unwritable(path, error);
    }
  };
  return {
    write: (text) => attempt(() => file.writeFile(text)),
    finish: async () => void (await attempt(() => file.close())),
    discard: async () => void (await file.close().catch(() => {})),
  };
}

class Told extends Error {}

function thereAlready(path: string): Error {
  return new Told(`${sanitizeLine(path)} is there already: name another file, or replace it with --force`);
}

function unwritable(path: string, error: unknown): Error {
  return error instanceof Told
    ? error
    : new Error(`cannot write ${sanitizeLine(path)}: ${systemReason(error as Error)}`);
}
