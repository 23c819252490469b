/** The journal of a node that keeps nothing: gone with the process. */
import { createRememberedAddresses, type RememberedAddress } from "../protocol/entry/rememberedAddresses.ts";
import type { MessageId } from "../wire/ids.ts";
import type { Journal, StoredMessage } from "./journal.ts";

/** What it kept is there at once. */
export type MemoryJournal = Omit<Journal, "messages" | "addresses"> & {
  messages(): Iterable<StoredMessage>;
  addresses(): readonly RememberedAddress[];
};

/** A room that talks is trimmed with every message: what was let go is looked for only so often. */
const TRIMS_MAX = 1_000;

/** BOUNDED by its writer: the core trims what it keeps to MAX_MESSAGES; and by TRIMS_MAX trims that are not swept out yet. */
export function memoryJournal(): MemoryJournal {
  const kept = new Map<MessageId, Uint8Array>();
  /** What is below `floor` is gone, but for those appended since, `late`. BOUNDED: as kept. */
  let floor = "" as MessageId;
  const late = new Set<MessageId>();
  let trims = 0;
  const isGone = (id: MessageId): boolean => id < floor && !late.has(id);
  const append = (id: MessageId, bytes: Uint8Array): void => {
    if (kept.has(id) && !isGone(id)) return;
    kept.set(id, bytes);
    if (id < floor) late.add(id);
  };
  const trim = (below: MessageId): void => {
    for (const id of late) if (id < below) late.delete(id);
    if (below > floor) floor = below;
    trims += 1;
    if (trims < TRIMS_MAX) return;
    trims = 0;
    for (const id of kept.keys()) if (isGone(id)) kept.delete(id);
  };
  const addresses = createRememberedAddresses();
  return {
    append: (entry) => {
      if (entry.type === "message") append(entry.id, entry.bytes);
      else if (entry.type === "address") addresses.put(entry);
      else trim(entry.below);
      return undefined;
    },
    messages: function* () {
      for (const id of [...kept.keys()].filter((one) => !isGone(one)).sort()) {
        const bytes = kept.get(id);
        if (bytes !== undefined) yield { id, bytes };
      }
    },
    addresses: addresses.newestFirst,
    flush: async () => {},
    close: async () => {},
  };
}
