/**
 * A list that a person keeps beside an identity: a small private file, whose first line has its kind and version, and then a line for
 * each entry. What is damaged is kept aside, and what a newer version wrote stays as it is. Writings follow one another.
 */
import { createPrivateFile, readPrivateFile, writePrivateFile } from "./privateFile.ts";

/** What the lines of a list mean. `name`: stands in the first line, before the version 1. */
export type ListForm<T> = {
  readonly name: string;
  /** Undefined: the line is damaged. */
  readonly readLine: (line: string) => T | undefined;
  /** One line, without its end. */
  readonly lineOf: (entry: T) => string;
  /** Of entries that say who they are in the same way the first counts. */
  readonly keyOf: (entry: T) => string;
};

/** `path`: of the file that is meant. `reason`: the system's code, or an ExposedError's. */
export type ListTrouble = {
  readonly code: "damaged" | "unreadable" | "unwritable" | "newer";
  readonly path: string;
  readonly reason?: string;
};

/** `damaged`: some lines are none; the file is kept in `path`. `unreadable`: nothing of it is known, and it stays as it is. */
export type ReadList<T> = { readonly entries: readonly T[]; readonly trouble?: ListTrouble };

export type ListFile<T> = {
  readonly read: ReadList<T>;
  /** Keeps the newest list; one that is overtaken by a newer one is not written. Resolves with what went wrong. */
  readonly write: (entries: readonly T[]) => Promise<ListTrouble | undefined>;
};

/** Never rejects. */
export async function openListFile<T>(path: string, form: ListForm<T>): Promise<ListFile<T>> {
  const read = await readList(path, form);
  const isKept = read.trouble === undefined || read.trouble.code === "damaged";
  /** Writings follow one another. */
  let turn: Promise<unknown> = Promise.resolve();
  let newest: readonly T[] | undefined;
  return {
    read,
    write: (entries) => {
      if (!isKept) return Promise.resolve(undefined);
      newest = entries;
      const written = turn.then(() => {
        const text = newest === undefined ? undefined : format(newest, form);
        newest = undefined;
        return text === undefined ? undefined : writeList(path, text);
      });
      turn = written;
      return written;
    },
  };
}

// --- internal ---

const VERSION = 1;

async function readList<T>(path: string, { name, readLine, keyOf }: ListForm<T>): Promise<ReadList<T>> {
  let text: string | undefined;
  try {
    text = readPrivateFile(path);
  } catch (error) {
    return { entries: [], trouble: { code: "unreadable", path, reason: reasonOf(error) } };
  }
  if (text === undefined) return { entries: [] };
  const [first = "", ...lines] = text.split(/\r?\n/);
  const isOurs = first === firstLine(name);
  if (!isOurs && first.startsWith(`smplchat ${name} `) && /^\d+$/.test(first.slice(`smplchat ${name} `.length)))
    return { entries: [], trouble: { code: "newer", path } };
  const entries = new Map<string, T>();
  let isDamaged = !isOurs || lines.pop() !== "";
  for (const line of lines) {
    const entry = readLine(line);
    if (entry === undefined) isDamaged = true;
    else if (!entries.has(keyOf(entry))) entries.set(keyOf(entry), entry);
  }
  const read = { entries: [...entries.values()] };
  return isDamaged ? { ...read, trouble: await setAside(path, text) } : read;
}

/** What cannot be read may be what nobody else has: it is not written over. */
async function setAside(path: string, text: string): Promise<ListTrouble> {
  for (let number = 1; ; number += 1) {
    const aside = `${path}.damaged-${number}`;
    try {
      await createPrivateFile(aside, text);
      return { code: "damaged", path: aside };
    } catch (error) {
      const reason = reasonOf(error);
      if (reason !== "EEXIST" || number >= ASIDE_MAX) return { code: "unreadable", path, reason };
    }
  }
}

const ASIDE_MAX = 100;

function firstLine(name: string): string {
  return `smplchat ${name} ${VERSION}`;
}

function format<T>(entries: readonly T[], { name, lineOf }: ListForm<T>): string {
  return `${firstLine(name)}\n${entries.map((entry) => `${lineOf(entry)}\n`).join("")}`;
}

async function writeList(path: string, text: string): Promise<ListTrouble | undefined> {
  try {
    await writePrivateFile(path, text);
    return undefined;
  } catch (error) {
    return { code: "unwritable", path, reason: reasonOf(error) };
  }
}

function reasonOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
