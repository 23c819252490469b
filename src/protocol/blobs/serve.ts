/** Sends the chunks of a large message that a peer asks for, a bounded number in each second. */

import { CHUNK_BYTES, chunkBytes, chunkCount, LARGE_BYTES_MIN } from "../../wire/blob.ts";
import type { Frame } from "../../wire/frames.ts";
import type { BootId, MessageId } from "../../wire/ids.ts";
import type { Context } from "../context.ts";
import { limits } from "../limits.ts";
import type { Session } from "../link/session.ts";
import { bodyAtHand } from "../log/answer.ts";
import type { Log } from "../log/log.ts";
import { isErased, sizeOf } from "../log/messageIndex.ts";
import { type Reads, read } from "../log/reads.ts";
import type { Writes } from "../log/writes.ts";

export type BlobServer = {
  readonly onWantChunks: (from: Session, wanted: Frame & { readonly type: "wantChunks" }) => void;
  /** The message has been read: these chunks of it go to whoever asked. */
  readonly serve: (to: Session, id: MessageId, bytes: Uint8Array, chunks: readonly number[]) => void;
};

export function createBlobServer(context: Context, log: Log, writes: Writes, reads: Reads): BlobServer {
  const { link, counters } = context;
  /** BOUNDED: sessions. Chunks sent to each in the current second. */
  let sent = new Map<BootId, number>();
  let sentInAll = 0;
  let second = 0;

  /** Whether one more chunk may go to the session in this second. */
  const spend = (to: Session): boolean => {
    const current = Math.floor(context.now.mono / 1_000);
    if (current !== second) {
      sent = new Map();
      sentInAll = 0;
    }
    second = current;
    const before = sent.get(to.boot) ?? 0;
    if (before >= limits.chunksPerSecond || sentInAll >= limits.chunksPerSecondInAll) return false;
    sent.set(to.boot, before + 1);
    sentInAll += 1;
    return true;
  };

  const serve = (to: Session, id: MessageId, bytes: Uint8Array, chunks: readonly number[]): void => {
    const total = bytes.length;
    for (const index of chunks) {
      if (!spend(to)) return counters.drop("chunk-budget");
      // Counted as a body sent once, not as often as it has chunks.
      if (index === 0) counters.count("payloadsOut");
      const at = index * CHUNK_BYTES;
      link.send(to, { type: "chunk", id, total, index, bytes: bytes.subarray(at, at + chunkBytes(total, index)) });
    }
  };

  /** Whoever fetches the body gets what is left of the message, which is no more than a datagram carries. */
  const giveErased = (to: Session, id: MessageId): void => {
    const bytes = bodyAtHand(log, writes, id);
    if (bytes === undefined) {
      if (!read(reads, [id], { type: "give", to: to.boot, ids: [id], isBulk: false })) counters.drop("reads-full");
      return;
    }
    counters.count("payloadsOut");
    link.send(to, { type: "message", bytes });
  };

  return {
    onWantChunks: (from, { id, chunks }) => {
      const total = sizeOf(log.index, id);
      if (isErased(log.index, id)) return giveErased(from, id);
      const isThere = total >= LARGE_BYTES_MIN && chunks.every((index) => index < chunkCount(total));
      if (!isThere) return counters.drop("chunk-unknown");
      const bytes = bodyAtHand(log, writes, id);
      if (bytes !== undefined) return serve(from, id, bytes, chunks);
      if (!read(reads, [id], { type: "chunks", to: from.boot, id, chunks })) counters.drop("reads-full");
    },
    serve,
  };
}
