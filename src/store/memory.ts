/** The journal of a node that keeps nothing: gone with the process. */
import { createAddressBook, type RememberedAddress } from "../protocol/addressBook.ts";
import type { MessageId } from "../protocol/types.ts";
import type { Journal, StoredMessage } from "./journal.ts";

/** What it kept is there at once. */
export type MemoryJournal = Omit<Journal, "messages" | "addresses"> & {
  messages(): Iterable<StoredMessage>;
  addresses(): readonly RememberedAddress[];
};

/** BOUNDED by its writer: the core trims what it keeps to MAX_MESSAGES. */
export function memoryJournal(): MemoryJournal {
  const kept = new Map<MessageId, Uint8Array>();
  const book = createAddressBook();
  return {
    append: (entry) => {
      if (entry.type === "message") {
        if (!kept.has(entry.id)) kept.set(entry.id, entry.bytes);
      } else if (entry.type === "address") book.put(entry);
      else {
        for (const id of kept.keys()) if (id < entry.below) kept.delete(id);
      }
      return undefined;
    },
    messages: function* () {
      for (const id of [...kept.keys()].sort()) {
        const bytes = kept.get(id);
        if (bytes !== undefined) yield { id, bytes };
      }
    },
    addresses: book.newestFirst,
    flush: async () => {},
    close: async () => {},
  };
}
