/** The disk of a virtual node: what was written stays when the node crashes; it can be full. */
import type { JournalEntry } from "../../protocol/api.ts";
import { memoryJournal } from "../../store/memory.ts";
import type { MessageId } from "../../wire/ids.ts";

export type Disk = ReturnType<typeof memoryJournal> & {
  readonly setFull: (isFull: boolean) => void;
  readonly ids: () => Set<MessageId>;
  /** Messages below were let go. */
  readonly trimmedBelow: () => string;
};

export function createDisk(): Disk {
  const journal = memoryJournal();
  let full = false;
  let below = "";
  return {
    ...journal,
    append: (entry: JournalEntry) => {
      // As in life: an address is written when there is time, and that it was not is no error of this step.
      if (full && entry.type === "address") return undefined;
      if (full) throw new Error("ENOSPC: no space left on device");
      if (entry.type === "trim" && entry.below > below) below = entry.below;
      return journal.append(entry);
    },
    setFull: (isFull) => {
      full = isFull;
    },
    ids: () => new Set([...journal.messages()].map((message) => message.id)),
    trimmedBelow: () => below,
  };
}
