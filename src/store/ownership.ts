/** Checks whether anybody but this user and root can change a file or directory. */

/** Nothing was changed. */
export class ExposedError extends Error {
  /**
   * `others-may-write`: the group or everybody may change the directory `path`. `foreign-owner`: `path` belongs to another
   * user, who is not root. `not-a-file`: `path` is a device, a pipe or a socket.
   */
  readonly code: "others-may-write" | "foreign-owner" | "not-a-file";
  readonly path: string;
  /** The user's number. */
  readonly owner: number;
  /** Permission bits. */
  readonly mode: number;

  constructor(
    code: ExposedError["code"],
    path: string,
    { uid, mode }: { readonly uid: number; readonly mode: number },
  ) {
    super(`${code} ${path}`);
    this.name = "ExposedError";
    this.code = code;
    this.path = path;
    this.owner = uid;
    this.mode = mode & 0o7777;
  }
}

/** Where there are no users, nobody is foreign. */
export function isForeign(uid: number): boolean {
  const self = process.geteuid?.();
  return self !== undefined && uid !== self && uid !== ROOT;
}

/** False where modes say nothing. */
export function mayOthersWrite(mode: number): boolean {
  return process.geteuid !== undefined && (mode & 0o022) !== 0;
}

// --- internal ---

const ROOT = 0;
