/**
 * Requests to the store for bodies that have to be sent. What to do with a body is noted under a ticket and done when the
 * store has answered. The peer that asked may be gone by then.
 */
import type { BootId, MessageId } from "../../wire/ids.ts";
import { limits } from "../limits.ts";

/** What the bodies are read for. */
export type Errand =
  /** To a peer that asked for these messages, or lacks them. */
  | { readonly type: "give"; readonly to: BootId; readonly ids: readonly MessageId[]; readonly isBulk: boolean }
  /** To a peer that fetches history. */
  | { readonly type: "pages"; readonly to: BootId; readonly pages: readonly PagePlan[] }
  /** To a peer that fetches a large message. */
  | { readonly type: "chunks"; readonly to: BootId; readonly id: MessageId; readonly chunks: readonly number[] };

/** A page whose items are chosen by their sizes, before any is read. */
export type PagePlan = {
  readonly number: number;
  readonly index: number;
  readonly isLast: boolean;
  readonly lo: string;
  readonly hi: string;
  readonly ids: readonly string[];
};

/** What one step asks the store for. */
export type Read = { readonly ticket: number; readonly ids: readonly MessageId[] };

/** What is read at once, and for whom. BOUNDED: by what one step asks for. */
type Batch = { readonly ticket: number; readonly ids: Set<MessageId>; readonly errands: Errand[] };

export type Reads = {
  /** BOUNDED: `limits.reads` errands in all. By ticket. */
  readonly pending: Map<number, Batch>;
  /** What this step asks for, in one request: what is sent when it is answered shares datagrams. */
  batch: Batch | undefined;
  /** Errands that are pending. */
  errands: number;
  tickets: number;
};

export function createReads(): Reads {
  return { pending: new Map(), batch: undefined, errands: 0, tickets: 0 };
}

/** False: so much is being read that this is not. */
export function read(reads: Reads, ids: readonly MessageId[], errand: Errand): boolean {
  if (reads.errands >= limits.reads) return false;
  reads.errands += 1;
  reads.batch ??= { ticket: reads.tickets++, ids: new Set(), errands: [] };
  for (const id of ids) reads.batch.ids.add(id);
  reads.batch.errands.push(errand);
  return true;
}

/** What this step asks the store for, taken once; undefined: nothing. */
export function takeRead(reads: Reads): Read | undefined {
  const { batch } = reads;
  if (batch === undefined) return undefined;
  reads.batch = undefined;
  reads.pending.set(batch.ticket, batch);
  return { ticket: batch.ticket, ids: [...batch.ids] };
}

/** The store has answered: which ids were read, and for what. */
export function settleRead(
  reads: Reads,
  ticket: number,
): { ids: readonly MessageId[]; errands: readonly Errand[] } | undefined {
  const batch = reads.pending.get(ticket);
  if (batch === undefined) return undefined;
  reads.pending.delete(ticket);
  reads.errands -= batch.errands.length;
  return { ids: [...batch.ids], errands: batch.errands };
}
