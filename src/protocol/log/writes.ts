/**
 * Messages on their way to the store. Three things claim that a message is kept: the acknowledgement of its datagram, a
 * receipt, and `stored` for an own message. They wait until the store has confirmed the message. Nothing else waits.
 *
 * If the store refuses a message, nothing is claimed, and the message is written again now and then while there is room to
 * remember it.
 */
import type { MessageId } from "../../wire/ids.ts";
import type { Erasure, StoredMessage } from "../api.ts";
import { limits } from "../limits.ts";
import type { Received } from "../link/types.ts";

/** What one step hands to the store at once. */
export type Batch = {
  readonly ticket: number;
  messages: StoredMessage[];
  /** BOUNDED: by the messages. Of them such as this node said. */
  readonly own: MessageId[];
  /** Somebody waits for it, as for an own message. */
  isAwaited: boolean;
  /** BOUNDED: by the datagrams that bring one of the messages. */
  readonly owed: Owed[];
};

/** A datagram that is acknowledged when all that it brought is written. */
export type Owed = { readonly received: Received; readonly unwritten: Set<Batch> };

export type Writes = {
  /** False: the store confirms nothing that outlives the process, so nothing waits for it. */
  readonly isDurable: boolean;
  /** What this step writes. */
  batch: Batch | undefined;
  /** BOUNDED: `limits.unwritten` messages. By ticket. */
  readonly pending: Map<number, Batch>;
  /** BOUNDED: `limits.unwritten`. By which batch each message that is not confirmed yet is written. */
  readonly unwritten: Map<MessageId, Batch>;
  /** BOUNDED: `limits.unwritten`, `limits.recentBytes`; more are kept in memory only. What the store has refused. */
  readonly refused: Map<MessageId, Uint8Array>;
  refusedBytes: number;
  /** BOUNDED: `limits.unwritten`; more are left to the next start. What the store was asked to erase, and has not yet. */
  readonly erasing: Map<MessageId, Erasure>;
  tickets: number;
};

export function createWrites(isDurable: boolean): Writes {
  const tables = { pending: new Map(), unwritten: new Map(), refused: new Map(), erasing: new Map() };
  return { isDurable, batch: undefined, ...tables, refusedBytes: 0, tickets: 0 };
}

/** So much waits for the store that nothing more is taken. */
export function isFull({ unwritten }: Writes): boolean {
  return unwritten.size >= limits.unwritten;
}

export function addWrite(writes: Writes, message: StoredMessage, isOwn: boolean): void {
  const batch = openBatch(writes);
  batch.messages.push(message);
  if (isOwn) batch.own.push(message.id);
  if (writes.isDurable) writes.unwritten.set(message.id, batch);
}

/** What this step writes is to outlive a power cut once it is confirmed. */
export function awaitBatch(writes: Writes): void {
  if (writes.batch !== undefined) writes.batch.isAwaited = true;
}

/** The store has confirmed it, as far as it confirms anything. */
export function isWritten(writes: Writes, id: MessageId): boolean {
  return !writes.unwritten.has(id) && !writes.refused.has(id);
}

/** Where the message is being written; undefined: it is not. */
export function batchOf({ unwritten }: Writes, id: MessageId): Batch | undefined {
  return unwritten.get(id);
}

/** The datagram is acknowledged when all of these are written. */
export function oweFor(unwritten: Set<Batch>, received: Received): void {
  const owed = { received, unwritten };
  for (const batch of unwritten) batch.owed.push(owed);
}

/** Datagrams of which the batch was the last thing to be written. */
export function takeOwed(batch: Batch): Received[] {
  const whole: Received[] = [];
  for (const { received, unwritten } of batch.owed.splice(0)) {
    unwritten.delete(batch);
    if (unwritten.size === 0) whole.push(received);
  }
  return whole;
}

/** In what is on its way to the store, or was refused, this stands in place of the message now. What the store has got already it erases itself. */
export function replaceUnwritten(writes: Writes, id: MessageId, bytes: Uint8Array): void {
  const batch = writes.unwritten.get(id) ?? writes.batch;
  if (batch?.messages.some((message) => message.id === id) === true)
    batch.messages = batch.messages.map((message) => (message.id === id ? { id, bytes } : message));
  if (!writes.refused.has(id)) return;
  forget(writes, id);
  remember(writes, { id, bytes });
}

export function noteErasure({ erasing }: Writes, erasure: Erasure): void {
  erasing.set(erasure.id, erasure);
  for (const oldest of erasing.keys()) if (erasing.size > limits.unwritten) erasing.delete(oldest);
}

/** What this step has to write, taken once. */
export function takeBatch(writes: Writes): Batch | undefined {
  const { batch } = writes;
  writes.batch = undefined;
  if (batch !== undefined && writes.isDurable) writes.pending.set(batch.ticket, batch);
  return batch;
}

/**
 * The store has answered. Undefined: nothing was asked under this ticket. `isHere`: the message was not let go meanwhile, so it is
 * worth writing once more.
 */
export function settleBatch(
  writes: Writes,
  ticket: number,
  isKept: boolean,
  isHere: (id: MessageId) => boolean,
): Batch | undefined {
  const batch = writes.pending.get(ticket);
  if (batch === undefined) return undefined;
  writes.pending.delete(ticket);
  for (const message of batch.messages) {
    if (writes.unwritten.get(message.id) === batch) writes.unwritten.delete(message.id);
    if (isKept) forget(writes, message.id);
    else if (isHere(message.id)) remember(writes, message);
  }
  return batch;
}

/** Writes what was refused once more. */
export function writeAgain(writes: Writes, isOwn: (id: MessageId) => boolean): void {
  for (const [id, bytes] of writes.refused) {
    if (!writes.unwritten.has(id)) addWrite(writes, { id, bytes }, isOwn(id));
  }
}

/** It was let go, written or not. */
export function forget(writes: Writes, id: MessageId): void {
  writes.refusedBytes -= writes.refused.get(id)?.length ?? 0;
  writes.refused.delete(id);
}

/** A body that the store may not have yet. */
export function unwrittenBody({ unwritten, refused }: Writes, id: MessageId): Uint8Array | undefined {
  return refused.get(id) ?? unwritten.get(id)?.messages.find((message) => message.id === id)?.bytes;
}

// --- internal ---

function openBatch(writes: Writes): Batch {
  writes.batch ??= { ticket: writes.tickets++, messages: [], own: [], isAwaited: false, owed: [] };
  return writes.batch;
}

function remember(writes: Writes, { id, bytes }: StoredMessage): void {
  if (writes.refused.has(id)) return;
  writes.refused.set(id, bytes);
  writes.refusedBytes += bytes.length;
  for (const oldest of writes.refused.keys()) {
    if (writes.refused.size <= limits.unwritten && writes.refusedBytes <= limits.recentBytes) return;
    forget(writes, oldest);
  }
}
