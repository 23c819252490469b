/** One of those who hold a large message, as whoever fetches it sees it: what was asked of it, and how well it answers (credit.ts). */
import { CREDIT_MAX } from "../../wire/frames.ts";
import type { BootId } from "../../wire/ids.ts";
import type { Session } from "../link/session.ts";
import { createCredit } from "../sync/credit.ts";
import type { Millis } from "../time.ts";

export type Holder = {
  readonly boot: BootId;
  /** Chunks to ask it for now; not worth a request yet: 0. */
  readonly room: () => number;
  /** These chunks were asked of it. */
  readonly ask: (chunks: readonly number[], now: Millis) => void;
  /** Of what was asked of it, ever. */
  readonly wasAsked: (index: number) => boolean;
  readonly came: (index: number, now: Millis) => void;
  /** Gives up the chunks asked for `afterMs` ago or longer, which takes credit away. */
  readonly expire: (now: Millis, afterMs: Millis) => void;
  /** Chunks on their way, as far as is known. */
  readonly awaited: ReadonlyMap<number, Millis>;
  /** When the longest-awaited chunk was asked for. */
  readonly oldestAsked: () => Millis | undefined;
  /** How often in a row all that was asked was in vain. */
  readonly silent: () => number;
  /** It is asked for no more of what it was asked; what still comes counts. */
  readonly letGo: () => void;
};

/** Of a message of at most 65 chunks: a fourth of them (TCP begins with 10, RFC 6928). */
export const CHUNKS_FIRST = 16;
/** Silences that cost nothing: it was a request that was lost. */
const SILENT_FREE = 2;

/** BOUNDED: by the chunks of a message. */
export function createHolder({ boot, rtt }: Pick<Session, "boot" | "rtt">): Holder {
  const awaited = new Map<number, Millis>();
  const asked = new Set<number>();
  const credit = createCredit(CHUNKS_FIRST, CREDIT_MAX);
  let heardAt = Number.NEGATIVE_INFINITY;
  let quickestMs = Number.POSITIVE_INFINITY;
  let silent = 0;
  /** Since credit was last settled. */
  let cameSince = 0;
  let queuedMs = 0;
  const settle = (lost: number): void => {
    credit.settle({ came: cameSince, lost, queuedMs });
    cameSince = 0;
    queuedMs = 0;
  };

  return {
    boot,
    awaited,
    room: () => {
      // A request for each chunk that came would cost half as many datagrams again.
      if (awaited.size > 0 && 2 * awaited.size > credit.size()) return 0;
      if (cameSince > 0) settle(0);
      return Math.max(credit.size() - awaited.size, 0);
    },
    ask: (chunks, now) => {
      for (const index of chunks) {
        awaited.set(index, now);
        asked.add(index);
      }
    },
    wasAsked: (index) => asked.has(index),
    came: (index, now) => {
      heardAt = now;
      silent = 0;
      cameSince += 1;
      const askedAt = awaited.get(index);
      if (askedAt === undefined) return;
      awaited.delete(index);
      quickestMs = Math.min(quickestMs, now - askedAt);
      queuedMs = Math.max(queuedMs, now - askedAt - quickestMs - 4 * rtt.variationMs);
    },
    expire: (now, afterMs) => {
      // Summed as whoever sets an alarm for it does: a difference can round to the other side.
      const late = [...awaited].filter(([, at]) => at + afterMs <= now);
      for (const [index] of late) awaited.delete(index);
      if (late.length === 0) return;
      if (heardAt + afterMs <= now) silent += 1;
      if (cameSince > 0 || silent > SILENT_FREE) settle(late.length);
    },
    oldestAsked: () => (awaited.size === 0 ? undefined : Math.min(...awaited.values())),
    silent: () => silent,
    letGo: () => awaited.clear(),
  };
}
