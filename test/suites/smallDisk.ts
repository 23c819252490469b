/** A disk of a few kilobytes, in a mount namespace of its own that ends with the process in it. Needs Linux and root. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The words before those of a command that is to find an empty disk of `size` (`8k`) at `path`. */
export function onSmallDisk(path: string, size: string): string[] {
  const script = 'mount -t tmpfs -o "size=$1,mode=700" tmpfs "$2" && shift 2 && exec "$@"';
  return ["unshare", "--mount", "sh", "-c", script, "sh", size, path];
}

/** Why there can be none here; undefined: there can. */
export function whyNoSmallDisk(): string | undefined {
  const at = mkdtempSync(join(tmpdir(), "smplchat-mount-"));
  try {
    const [command = "", ...words] = [...onSmallDisk(at, "8k"), "true"];
    const { status, stderr, error } = spawnSync(command, words, { encoding: "utf8" });
    return status === 0 ? undefined : `nothing can be mounted: ${error?.message ?? stderr.trim()}`;
  } finally {
    rmSync(at, { recursive: true, force: true });
  }
}
