/** Makes directories. */
import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes `path` and what is missing above it, for its owner alone. Throws the system's error. Not mkdir's own `recursive`,
 * which never returns where an existing directory says that it does not exist when something is to be made in it, as
 * /proc does.
 */
export function makeDirectory(path: string): void {
  const above = dirname(path);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (isDirectory(path)) return;
    if (code !== "ENOENT" || above === path || isDirectory(above)) throw error;
    makeDirectory(above);
    mkdirSync(path, { mode: 0o700 });
  }
}

// --- internal ---

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
