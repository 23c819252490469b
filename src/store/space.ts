/** Finds out whether a directory can be written to, before something is risked that needs it. */
import { randomBytes } from "node:crypto";
import { open, readdir, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";

/**
 * Rejects with the system's error, `ENOSPC` or `EROFS` among them, if a LevelDB in `directory` could not be opened anew: what
 * stands in its log files is written once more then.
 */
export async function checkSpace(directory: string): Promise<void> {
  const logs = (await readdir(directory)).filter((name) => name.endsWith(".log"));
  const sizes = await Promise.all(logs.map(async (name) => (await stat(join(directory, name))).size));
  const bytes = sizes.reduce((sum, size) => sum + size, SPARE_BYTES);
  const { bavail, bsize } = await statfs(directory);
  if (bavail * bsize < bytes) throw Object.assign(new Error("no space"), { code: "ENOSPC" });
  // A quota, or a disk that has become read-only, shows in nothing but a write.
  const path = join(directory, `${randomBytes(8).toString("hex")}.probe`);
  try {
    const file = await open(path, "wx", 0o600);
    try {
      await file.writeFile(Buffer.alloc(bytes));
      await file.sync();
    } finally {
      await file.close();
    }
  } finally {
    await rm(path, { force: true });
  }
}

// --- internal ---

/** A manifest, a new log, and the blocks that files fill in part. */
const SPARE_BYTES = 49_152;
