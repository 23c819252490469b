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

export type Read = { readonly ticket: number; readonly ids: readonly MessageId[] };

export type Reads = {
  /** BOUNDED: `limits.reads`. By ticket. */
  readonly pending: Map<number, { readonly ids: readonly MessageId[]; readonly errand: Errand }>;
  /** BOUNDED: by what one step asks for. */
  asked: Read[];
  tickets: number;
};

export function createReads(): Reads {
  return { pending: new Map(), asked: [], tickets: 0 };
}

/** False: so much is being read that this is not. */
export function read(reads: Reads, ids: readonly MessageId[], errand: Errand): boolean {
  if (reads.pending.size >= limits.reads) return false;
  const ticket = reads.tickets;
  reads.tickets += 1;
  reads.pending.set(ticket, { ids, errand });
  reads.asked.push({ ticket, ids });
  return true;
}

/** What this step asks the store for, taken once. */
export function takeReads(reads: Reads): readonly Read[] {
  const { asked } = reads;
  reads.asked = [];
  return asked;
}

/** The store has answered: which ids were read, and for what. */
export function settleRead(reads: Reads, ticket: number): { ids: readonly MessageId[]; errand: Errand } | undefined {
  const pending = reads.pending.get(ticket);
  reads.pending.delete(ticket);
  return pending;
}
