/** A supplier of one large message, and the chunks that were asked of it. */
import type { BootId } from "../../wire/ids.ts";
import type { Session } from "../link/session.ts";
import { createSupplier, noteAnswer, noteSilence, queuedMs, type Supplier, settle } from "../sync/supplier.ts";
import type { Millis } from "../time.ts";

/** BOUNDED: `awaited` and `asked` by the chunks of a message. */
export type ChunkSupplier = Supplier & {
  readonly boot: BootId;
  /** Chunks on their way, as far as is known, and when each was asked for. */
  readonly awaited: Map<number, Millis>;
  /** Chunks that were asked of it, ever. */
  readonly asked: Set<number>;
  heardAt: Millis;
  /** Chunks that came since credit was last settled, and how long the slowest of them waited on its way. */
  came: number;
  queuedMs: Millis;
};

/** Of a message of at most 65 chunks: a fourth of them (TCP begins with 10, RFC 6928). */
export const CHUNKS_FIRST = 16;

export function createChunkSupplier(session: Session): ChunkSupplier {
  return {
    ...createSupplier(session, CHUNKS_FIRST),
    boot: session.boot,
    awaited: new Map(),
    asked: new Set(),
    heardAt: Number.NEGATIVE_INFINITY,
    came: 0,
    queuedMs: 0,
  };
}

/** Chunks to ask it for now; not worth a request yet: 0. A request for each chunk that came would cost half as many datagrams again. */
export function chunksFree(supplier: ChunkSupplier): number {
  const { awaited, credit } = supplier;
  if (awaited.size > 0 && 2 * awaited.size > credit.size()) return 0;
  if (supplier.came > 0) settleChunks(supplier, 0);
  return Math.max(credit.size() - awaited.size, 0);
}

export function noteAsked({ awaited, asked }: ChunkSupplier, chunks: readonly number[], now: Millis): void {
  for (const index of chunks) {
    awaited.set(index, now);
    asked.add(index);
  }
}

export function noteChunk(supplier: ChunkSupplier, index: number, now: Millis): void {
  supplier.heardAt = now;
  supplier.silent = 0;
  supplier.came += 1;
  const askedAt = supplier.awaited.get(index);
  if (askedAt === undefined) return;
  supplier.awaited.delete(index);
  noteAnswer(supplier, askedAt, now);
  supplier.queuedMs = Math.max(supplier.queuedMs, queuedMs(supplier, askedAt, now));
}

/** Gives up the chunks asked for `afterMs` ago or longer, which takes credit away. */
export function expireChunks(supplier: ChunkSupplier, now: Millis, afterMs: Millis): void {
  // Summed as whoever sets an alarm for it does: a difference can round to the other side.
  const late = [...supplier.awaited].filter(([, at]) => at + afterMs <= now);
  for (const [index] of late) supplier.awaited.delete(index);
  if (late.length === 0) return;
  if (supplier.heardAt + afterMs <= now) noteSilence(supplier, now);
  settleChunks(supplier, late.length);
}

/** When the longest-awaited chunk was asked for. */
export function oldestAsked({ awaited }: ChunkSupplier): Millis | undefined {
  return awaited.size === 0 ? undefined : Math.min(...awaited.values());
}

// --- internal ---

function settleChunks(supplier: ChunkSupplier, lost: number): void {
  settle(supplier, { came: supplier.came, lost, queuedMs: supplier.queuedMs });
  supplier.came = 0;
  supplier.queuedMs = 0;
}
