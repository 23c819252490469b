/** Slices that came with an offer of a large message. This node covers them when it has the whole message. */
import { ORDERS_MAX, type Slice } from "../../wire/frames.ts";
import type { MessageId } from "../../wire/ids.ts";
import { limits } from "../limits.ts";
import type { Session } from "../link/session.ts";

export type PendingSlice = { readonly from: Session; readonly slice: Slice };

export type PendingSlices = {
  readonly put: (id: MessageId, pending: PendingSlice) => void;
  /** What was put, in its order; forgotten from now on. */
  readonly take: (id: MessageId) => readonly PendingSlice[];
  readonly size: () => number;
};

/** BOUNDED: `limits.transfers` messages of at most ORDERS_MAX slices; the oldest goes, reconciliation brings its message on. */
export function createPendingSlices(): PendingSlices {
  const table = new Map<MessageId, PendingSlice[]>();
  return {
    put: (id, pending) => {
      const before = table.get(id) ?? [];
      if (before.length >= ORDERS_MAX || before.some(({ slice }) => isSame(slice, pending.slice))) return;
      table.delete(id);
      table.set(id, [...before, pending]);
      if (table.size > limits.transfers) table.delete(table.keys().next().value as MessageId);
    },
    take: (id) => {
      const offers = table.get(id) ?? [];
      table.delete(id);
      return offers;
    },
    size: () => table.size,
  };
}

// --- internal ---

function isSame(a: Slice, b: Slice): boolean {
  return a.order === b.order && a.lo === b.lo && a.last === b.last;
}
