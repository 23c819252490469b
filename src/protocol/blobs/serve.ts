/** Giving out messages: those that fit go whole, larger ones are announced and sent chunk by chunk, as they are asked for. */
import type { SignedMessage } from "../../crypto/signed.ts";
import type { Frame } from "../../wire/frame.ts";
import { CHUNK_BYTES, chunkBytes, chunkCount, LARGE_BYTES_MIN, PUSH_BYTES_MAX } from "../../wire/large.ts";
import { bounds } from "../config.ts";
import type { Context } from "../context.ts";
import type { Session } from "../link/session.ts";
import type { BootId, MessageId } from "../types.ts";

export type Serving = {
  readonly onWantChunks: (from: Session, wanted: Frame & { readonly type: "wantChunks" }) => void;
};

/** Does not fit a push: its id travels, and whoever lacks it fetches it. */
export function isLarge(message: { readonly bytes: Uint8Array }): boolean {
  return message.bytes.length > PUSH_BYTES_MAX;
}

/** The frame that answers who asked for this message. */
export function answerWith({ id, bytes }: Pick<SignedMessage, "id" | "bytes">): Frame {
  return isLarge({ bytes }) ? { type: "announce", id, bytes: bytes.length } : { type: "message", bytes };
}

export function createServing(context: Context, bytesOf: (id: MessageId) => Uint8Array | undefined): Serving {
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
    if (before >= bounds.chunksPerSecond || sentInAll >= bounds.chunksPerSecondInAll) return false;
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
