/** The journal of a node that keeps nothing: gone with the process. */
import type { MessageId } from "../protocol/types.ts";
import type { Journal, StoredMessage } from "./journal.ts";

/** BOUNDED by its writer: the core trims what it keeps to MAX_MESSAGES. */
export function memoryJournal(): Omit<Journal, "messages"> & { messages(): Iterable<StoredMessage> } {
  const kept = new Map<MessageId, Uint8Array>();
  return {
    append: (entry) => {
      if (entry.type === "message") {
        if (!kept.has(entry.id)) kept.set(entry.id, entry.bytes);
      } else {
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
    flush: async () => {},
    close: async () => {},
  };
}
