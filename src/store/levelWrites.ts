/** What is to be written to a database together, and what that makes of each key. */
import { eraseMessage } from "../crypto/signed.ts";
import type { Erasure } from "../protocol/api.ts";
import { ERASED_TYPE, keyOf, nameOf } from "./levelFormat.ts";
import type { Changed } from "./levelIndex.ts";
import type { Done } from "./store.ts";

export type Put = { readonly name: string; readonly key: Uint8Array; readonly value: Uint8Array };

/** A message, and the delete that it is erased by. */
export type Erase = {
  readonly name: string;
  readonly key: Uint8Array;
  readonly byName: string;
  readonly byKey: Uint8Array;
  readonly proof: Uint8Array | undefined;
};

export type Write =
  | { readonly type: "append"; readonly puts: readonly Put[]; readonly isOwn: boolean; readonly done: Done }
  | { readonly type: "erase"; readonly erases: readonly Erase[]; readonly done: Done }
  | { readonly type: "mark"; readonly puts: readonly Put[] }
  | { readonly type: "trim"; readonly keys: readonly Uint8Array[] };

export function isWrite<T extends { readonly type: string }>(operation: T | undefined): operation is T & Write {
  const type = operation?.type;
  return type === "append" || type === "erase" || type === "mark" || type === "trim";
}

export function eraseOf(prefix: Uint8Array, { id, by, proof }: Erasure): Erase {
  const [key, byKey] = [keyOf(prefix, id), keyOf(prefix, by)];
  return { name: nameOf(key), key, byName: nameOf(byKey), byKey, proof };
}

/** Writes that stand together at the head, of WRITE_BYTES_MAX or one. A mark before an append may be written before it, never after. */
export function takeWrites(queue: { readonly type: string }[]): Write[] {
  const writes: Write[] = [];
  let bytes = 0;
  for (let head = queue[0]; isWrite(head); head = queue[0]) {
    if (head.type === "append") for (const { value } of head.puts) bytes += value.length;
    if (bytes > WRITE_BYTES_MAX && writes.length > 0) break;
    writes.push(head);
    queue.shift();
  }
  return writes;
}

/** The latest of each, by its name. */
export function marksIn(writes: readonly Write[]): Map<string, Put> {
  const marks = new Map<string, Put>();
  for (const one of writes) if (one.type === "mark") for (const mark of one.puts) marks.set(mark.name, mark);
  return marks;
}

/** What the writes append, by name. */
export function appendedIn(writes: readonly Write[]): Map<string, Uint8Array> {
  const puts = writes.flatMap((one) => (one.type === "append" ? one.puts : []));
  return new Map(puts.map(({ name, key }) => [name, key]));
}

/** What has to be read before the writes can be done: what they erase, and the deletes that do so. By name. */
export function erasedIn(writes: readonly Write[]): Map<string, Uint8Array> {
  const keys = new Map<string, Uint8Array>();
  for (const one of writes) {
    if (one.type !== "erase") continue;
    for (const { name, key, byName, byKey, proof } of one.erases) {
      keys.set(name, key);
      if (proof === undefined) keys.set(byName, byKey);
    }
  }
  return keys;
}

export type Changes = {
  /** BOUNDED: by the writes and what was not trimmed. What the batch makes of each key. */
  readonly changed: Changed;
  /** Of what is erased by it. */
  readonly erased: readonly Uint8Array[];
  /** The delete of something is not there. */
  readonly lacking: ReadonlySet<Write>;
};

/** A message that is kept stays as it is. `kept`: names of what is appended and is there; `found`: of `erasedIn`. */
export function changesOf(
  writes: readonly Write[],
  untrimmed: ReadonlyMap<string, Uint8Array>,
  kept: ReadonlySet<string>,
  found: ReadonlyMap<string, Uint8Array>,
): Changes {
  const changed = new Map<string, { readonly key: Uint8Array; readonly value: Uint8Array | undefined }>();
  const erased: Uint8Array[] = [];
  const lacking = new Set<Write>();
  const currentOf = (name: string): Uint8Array | undefined => {
    const change = changed.get(name);
    return change === undefined ? found.get(name) : change.value;
  };
  for (const [name, key] of untrimmed) changed.set(name, { key, value: undefined });
  for (const one of writes) {
    if (one.type === "trim") for (const key of one.keys) changed.set(nameOf(key), { key, value: undefined });
    else if (one.type === "append") {
      for (const { name, key, value } of one.puts) {
        const before = changed.get(name);
        if (before === undefined ? !kept.has(name) : before.value === undefined) changed.set(name, { key, value });
      }
    } else if (one.type === "erase") {
      for (const { name, key, byName, proof = currentOf(byName) } of one.erases) {
        const whole = currentOf(name);
        if (whole === undefined) continue;
        const form = proof && eraseMessage(whole, proof);
        if (proof === undefined) lacking.add(one);
        else if (form !== undefined) {
          changed.set(name, { key, value: form });
          erased.push(key);
        }
      }
    }
  }
  return { changed, erased, lacking };
}

/** Stands in the database until nothing is left of the body of the message with this key. */
export function noteKeyOf(key: Uint8Array): Uint8Array {
  const noteKey = Uint8Array.from(key);
  noteKey[0] = ERASED_TYPE;
  return noteKey;
}

// --- internal ---

const WRITE_BYTES_MAX = 4_194_304;
