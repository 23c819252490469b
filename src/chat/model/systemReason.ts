/** The reason why the operating system refused something, in words. */

/** Of the error or of what caused it; the system's own code where there is no better word. */
export function systemReason(error: Error): string {
  const system = error.cause instanceof Error ? error.cause : error;
  const { code } = system as NodeJS.ErrnoException;
  return code === undefined ? system.message : reasonText(code);
}

/** Of a code like `ENOSPC`. */
export function reasonText(code: string): string {
  return REASONS[code] ?? code;
}

// --- internal ---

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EADDRNOTAVAIL: "no such address here",
  EIO: "the disk does not work",
  EDQUOT: "the quota is used up",
  EEXIST: "something else is in its place",
  EFBIG: "it is too large",
  EISDIR: "it is a directory",
  ELOOP: "it is a symbolic link",
  EMFILE: "too many files are open",
  ENAMETOOLONG: "the name is too long",
  ENOENT: "there is none",
  ENOSPC: "the disk is full",
  ENOTDIR: "a file is in its path",
  EPERM: "not permitted",
  EROFS: "the file system is read-only",
  damaged: "it is damaged",
  "foreign-owner": "it belongs to another user",
  "not-a-file": "it is no regular file",
  "others-may-write": "others may write to it",
};
