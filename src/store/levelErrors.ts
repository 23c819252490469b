/** What the errors of LevelDB mean: they are sentences, with the system's words in them and without its codes. */
import type { StoreTrouble } from "../protocol/api.ts";

/** `detail`: the system's code, `damaged`, or LevelDB's own words. */
export function troubleOf(error: unknown): StoreTrouble {
  const code = systemCodeOf(error);
  if (code === "ENOSPC" || code === "EDQUOT") return { code: "full", detail: code };
  return { code: "failed", detail: isDamage(error) ? DAMAGED : (code ?? wordsOf(error)) };
}

/** The `detail` of what cannot be read because the files are not what was written. */
export const DAMAGED = "damaged";

/** Another process has it open. */
export function isLocked(error: unknown): boolean {
  return codesOf(error).includes("LEVEL_LOCKED");
}

/** The files are not what was written: nothing but others could help. */
export function isDamage(error: unknown): boolean {
  const codes = codesOf(error);
  if (codes.includes("LEVEL_CORRUPTION")) return true;
  // A file that another names, and that is not there, is no file, or ends before what is looked for in it.
  const isMissing = ["ENOENT", "EISDIR", "ENOTDIR", "EINVAL"].includes(systemCodeOf(error) ?? "");
  return codes.includes("LEVEL_IO_ERROR") && isMissing;
}

// --- internal ---

/** What strerror(3) says, as far as a disk can be the reason. */
const SYSTEM_WORDS: readonly (readonly [string, string])[] = [
  ["No space left on device", "ENOSPC"],
  ["Disk quota exceeded", "EDQUOT"],
  ["Quota exceeded", "EDQUOT"],
  ["Read-only file system", "EROFS"],
  ["Permission denied", "EACCES"],
  ["Operation not permitted", "EPERM"],
  ["Input/output error", "EIO"],
  ["Too many open files", "EMFILE"],
  ["File too large", "EFBIG"],
  ["No such file or directory", "ENOENT"],
  ["Not a directory", "ENOTDIR"],
  ["Is a directory", "EISDIR"],
  ["Invalid argument", "EINVAL"],
];

function systemCodeOf(error: unknown): string | undefined {
  for (const one of chainOf(error)) {
    const { code } = one as NodeJS.ErrnoException;
    if (code !== undefined && /^E[A-Z]+$/.test(code)) return code;
    const found = SYSTEM_WORDS.find(([words]) => one.message.endsWith(words));
    if (found !== undefined) return found[1];
  }
  return undefined;
}

function codesOf(error: unknown): (string | undefined)[] {
  return chainOf(error).map((one) => (one as NodeJS.ErrnoException).code);
}

/** The words of the innermost cause, in one line. */
function wordsOf(error: unknown): string {
  return (chainOf(error).at(-1)?.message ?? String(error)).replace(/\s+/g, " ");
}

/** The error and what caused it. */
function chainOf(error: unknown): Error[] {
  return error instanceof Error ? [error, ...chainOf(error.cause)] : [];
}
