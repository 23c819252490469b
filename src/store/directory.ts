/** Makes directories that only their owner may change. */
import { mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { ExposedError, isForeign, mayOthersWrite } from "./ownership.ts";

/**
 * Makes `path` and what is missing above it, for its owner alone. From `outermost`, which is `path` or above it, down to
 * `path` every directory must be one that only this user (or root) can change: whoever may write to one can put another in
 * the place of what is in it. Throws an ExposedError, and makes nothing in what is exposed, or the system's error.
 */
export function makeDirectory(path: string, outermost: string = path): void {
  for (const directory of pathFrom(resolve(outermost), resolve(path))) {
    make(directory);
    checkDirectory(directory);
  }
}

// --- internal ---

function pathFrom(outermost: string, path: string): string[] {
  const above = dirname(path);
  return path === outermost || path === above ? [path] : [...pathFrom(outermost, above), path];
}

/**
 * Not mkdir's own `recursive`, which never returns where an existing directory says that it does not exist when something
 * is to be made in it, as /proc does.
 */
function make(path: string): void {
  const above = dirname(path);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (isDirectory(path)) return;
    if (code !== "ENOENT" || above === path || isDirectory(above)) throw error;
    make(above);
    mkdirSync(path, { mode: 0o700 });
  }
}

function checkDirectory(path: string): void {
  const found = statSync(path);
  if (isForeign(found.uid)) throw new ExposedError("foreign-owner", path, found);
  if (mayOthersWrite(found.mode)) throw new ExposedError("others-may-write", path, found);
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
