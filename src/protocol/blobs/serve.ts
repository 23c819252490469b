/** Serving the chunks of messages that do not fit a datagram, as they are asked for. */

import { CHUNK_BYTES, chunkBytes, chunkCount, LARGE_BYTES_MIN } from "../../wire/blob.ts";
import type { Frame } from "../../wire/frames.ts";
import type { BootId, MessageId } from "../../wire/ids.ts";
import type { Context } from "../context.ts";
import { limits } from "../limits.ts";
import type { Session } from "../link/session.ts";

export type BlobServer = {
  readonly onWantChunks: (from: Session, wanted: Frame & { readonly type: "wantChunks" }) => void;
};

export function createBlobServer(context: Context, bytesOf: (id: MessageId) => Uint8Array | undefined): BlobServer {
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

  return {
    onWantChunks: (from, { id, chunks }) => {
      const bytes = bytesOf(id);
      if (bytes === undefined || bytes.length < LARGE_BYTES_MIN) return counters.drop("chunk-unknown");
      const total = bytes.length;
      for (const index of chunks) {
        if (index >= chunkCount(total)) return counters.drop("chunk-unknown");
        if (!spend(from)) return counters.drop("chunk-budget");
        // Counted as a body sent once, not as often as it has chunks.
        if (index === 0) counters.count("payloadsOut");
        const at = index * CHUNK_BYTES;
        link.send(from, { type: "chunk", id, total, index, bytes: bytes.subarray(at, at + chunkBytes(total, index)) });
      }
    },
  };
}
