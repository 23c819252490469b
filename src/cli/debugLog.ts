/** Where the debug log goes: JSON lines on stderr, or in a file while the full screen is up. */
import { closeSync, mkdtempSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { escapeUnsafe } from "../chat/model/escape.ts";
import type { DebugRecord } from "../node/types.ts";
import { makeDirectory } from "../store/directory.ts";
import { openPrivateLog } from "../store/privateFile.ts";

export type DebugLog = {
  readonly record: (record: DebugRecord) => void;
  /** undefined: stderr. */
  readonly path: string | undefined;
  readonly close: () => void;
};

/** A file ends here: a forgotten `--debug` must not fill the disk. */
export const DEBUG_FILE_BYTES_MAX = 256 << 20;

/** Records go to stderr, which may be closed. */
export function debugToStderr(): DebugLog {
  return { record: (record) => process.stderr.write(debugLine(record)), path: undefined, close: () => {} };
}

/** Appends to `debug.log` in `directory`, or in a new directory of the system's temporary ones. Throws what the file system throws. */
export function debugToFile(directory: string | undefined): DebugLog {
  if (directory !== undefined) makeDirectory(directory);
  const path = join(directory ?? mkdtempSync(join(tmpdir(), "smplchat-")), "debug.log");
  const file = openPrivateLog(path);
  let open = true;
  let bytes = 0;
  const close = (): void => {
    if (open) closeSync(file);
    open = false;
  };
  return {
    path,
    close,
    record: (record) => {
      if (!open) return;
      try {
        bytes += writeSync(file, debugLine(record));
      } catch {
        // A full disk costs the log, not the chat.
        close();
      }
      if (bytes > DEBUG_FILE_BYTES_MAX) close();
    },
  };
}

// --- internal ---

function debugLine(record: DebugRecord): string {
  return `${escapeUnsafe(JSON.stringify(record, (_, value) => (typeof value === "bigint" ? String(value) : value)))}\n`;
}
