/**
 * The file with a node's identity, in its data directory, and a lock, so that two programs never speak with one key. If
 * the first identity is in use, a second program takes `identity-2`, and so on, and keeps it the next time.
 */
import { join } from "node:path";
import { generateSeed, type Identity, identityFromSeed, SEED_BYTES } from "../crypto/identity.ts";
import { makeDirectory } from "./directory.ts";
import { takeLock } from "./lock.ts";
import { readPrivateFile, writePrivateFile } from "./privateFile.ts";

export type OpenIdentity = {
  readonly identity: Identity;
  /** Which of the directory's identities it is, from 1 on: what is kept beside it is named by this number, too. */
  readonly slot: number;
  /** Lets another program have it. May be called twice. */
  readonly release: () => void;
};

/** Nothing was changed on disk, except that the directory may have been made. */
export class IdentityError extends Error {
  /**
   * `identity-damaged`: `path` is not an identity file, and is left as it is. `identity-in-use`: running programs hold
   * all slots that were tried of the directory `path`. `identity-unusable`: `path` cannot be read or written, or others could have a hand
   * in it; `cause` has the code.
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

/** `dataDir` undefined: a fresh identity, nothing on disk. `slots`: so many are tried. Rejects with an IdentityError. */
export async function openIdentity(dataDir: string | undefined, slots = IDENTITY_SLOTS): Promise<OpenIdentity> {
  if (dataDir === undefined) return { identity: identityFromSeed(generateSeed()), slot: 1, release: () => {} };
  await attempt(dataDir, () => makeDirectory(dataDir));
  for (let slot = 1; slot <= slots; slot += 1) {
    const name = slot === 1 ? "identity" : `identity-${slot}`;
    const release = await attempt(dataDir, () => takeLock(dataDir, name));
    if (release === undefined) continue;
    try {
      return { identity: await readOrMake(join(dataDir, name)), slot, release };
    } catch (error) {
      release();
      throw error;
    }
  }
  throw new IdentityError("identity-in-use", dataDir);
}

// --- internal ---

/** The caller holds the lock. */
async function readOrMake(path: string): Promise<Identity> {
  const text = await attempt(path, () => readPrivateFile(path));
  if (text === undefined) {
    const identity = identityFromSeed(generateSeed());
    await attempt(path, () => writePrivateFile(path, format(identity)));
    return identity;
  }
  const identity = parse(text);
  if (identity === undefined) throw new IdentityError("identity-damaged", path);
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

async function attempt<T>(path: string, action: () => T | Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw new IdentityError("identity-unusable", path, error);
  }
}
