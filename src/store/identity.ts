/**
 * A node's identity in its data directory: one small text file, and a lock, so that two programs never speak with one
 * key. A second program that finds the first identity in use takes `identity-2`, and so on, and keeps it the next time.
 */
import { chmodSync, closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { generateSeed, type Identity, identityFromSeed, SEED_BYTES } from "../crypto/identity.ts";
import { makeDirectory } from "./directory.ts";
import { takeLock } from "./lock.ts";

export type OpenIdentity = {
  readonly identity: Identity;
  /** Lets another program have it. May be called twice. */
  readonly release: () => void;
};

/** Nothing was changed on disk, except that the directory may have been made. */
export class IdentityError extends Error {
  /**
   * `identity-damaged`: `path` is not an identity file, and is left as it is. `identity-in-use`: running programs hold
   * all slots of the directory `path`. `identity-unusable`: `path` cannot be read or written; `cause` has the code.
   */
  readonly code: "identity-damaged" | "identity-in-use" | "identity-unusable";
  readonly path: string;

  constructor(code: IdentityError["code"], path: string, cause?: unknown) {
    super(`${code} ${path}`, { cause });
    this.name = "IdentityError";
    this.code = code;
    this.path = path;
  }
}

/** How many programs may share a data directory. */
export const IDENTITY_SLOTS = 64;

/** `dataDir` undefined: a fresh identity, nothing on disk. Rejects with an IdentityError. */
export async function openIdentity(dataDir: string | undefined): Promise<OpenIdentity> {
  if (dataDir === undefined) return { identity: identityFromSeed(generateSeed()), release: () => {} };
  attempt(dataDir, () => makeDirectory(dataDir));
  for (let slot = 1; slot <= IDENTITY_SLOTS; slot += 1) {
    const name = slot === 1 ? "identity" : `identity-${slot}`;
    const release = await takeLock(dataDir, name).catch((error) => {
      throw new IdentityError("identity-unusable", dataDir, error);
    });
    if (release === undefined) continue;
    try {
      return { identity: readOrMake(dataDir, join(dataDir, name)), release };
    } catch (error) {
      release();
      throw error;
    }
  }
  throw new IdentityError("identity-in-use", dataDir);
}

// --- internal ---

/** The caller holds the lock. */
function readOrMake(dataDir: string, path: string): Identity {
  const text = attempt(path, () => readIfThere(path));
  if (text === undefined) {
    const identity = identityFromSeed(generateSeed());
    attempt(path, () => writeWhole(dataDir, path, format(identity)));
    return identity;
  }
  const identity = parse(text);
  if (identity === undefined) throw new IdentityError("identity-damaged", path);
  attempt(path, () => chmodSync(path, 0o600));
  return identity;
}

const FIRST_LINE = "smplchat identity 1";

/** The public key is there to notice damage: a seed with a flipped bit is a seed too. */
function format(identity: Identity): string {
  return `${FIRST_LINE}\nseed ${Buffer.from(identity.seed).toString("hex")}\nid ${identity.id}\n`;
}

function parse(text: string): Identity | undefined {
  const [, seed, id] =
    new RegExp(`^${FIRST_LINE}\nseed ([0-9a-f]{${SEED_BYTES * 2}})\nid ([0-9a-f]{64})\n$`).exec(text) ?? [];
  if (seed === undefined) return undefined;
  const identity = identityFromSeed(Buffer.from(seed, "hex"));
  return identity.id === id ? identity : undefined;
}

/** At any moment `path` is absent or whole, even if the power fails. */
function writeWhole(dataDir: string, path: string, text: string): void {
  const unfinished = `${path}.new`;
  const file = openSync(unfinished, "w", 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(unfinished, path);
  const directory = openSync(dataDir, "r");
  try {
    fsyncSync(directory);
  } catch {
    // Some file systems cannot sync a directory; the rename is as safe as they make it.
  } finally {
    closeSync(directory);
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new IdentityError("identity-unusable", path, error);
  }
}
