/** Gives the space of deleted messages back to the disk. LevelDB keeps it until it merges its files, which may be never. */
import type { Level } from "./levelFormat.ts";
import type { Changed } from "./levelIndex.ts";

/** What was deleted since its space was given back last: how many messages, from which key to which. */
export type Freed = {
  messages: number;
  first: Uint8Array | undefined;
  last: Uint8Array | undefined;
  isWorking: boolean;
};

/** After so many messages LevelDB is told to merge. */
const GIVE_BACK_AFTER = 5_000;

export function nothingFreed(): Freed {
  return { messages: 0, first: undefined, last: undefined, isWorking: false };
}

export function noteFreed(freed: Freed, changed: Changed): void {
  for (const { key, value } of changed.values()) {
    if (value !== undefined) continue;
    freed.messages += 1;
    if (freed.first === undefined || Buffer.compare(key, freed.first) < 0) freed.first = key;
    if (freed.last === undefined || Buffer.compare(key, freed.last) > 0) freed.last = key;
  }
}

/** Beside the queue, which goes on: merging may take seconds. Closing waits for it, as far as it waits for anything. */
export function giveBack(freed: Freed, level: Level): void {
  const { messages, first, last } = freed;
  if (messages < GIVE_BACK_AFTER || first === undefined || last === undefined || freed.isWorking) return;
  Object.assign(freed, nothingFreed(), { isWorking: true });
  const done = (): void => {
    freed.isWorking = false;
  };
  // What is wrong there is met by whoever reads it.
  level.compactRange(first, last).then(done, done);
}
