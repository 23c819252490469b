/** Whose clock is wrong? If most peers disagree with this node by the same large amount, its own is. */
import { bounds } from "./config.ts";
import type { Context } from "./context.ts";
import type { Session } from "./sessions.ts";
import type { Millis } from "./types.ts";

export type Skew = {
  /** A proven peer's clock said `wall` just now. */
  readonly heard: (from: Session, wall: number) => void;
  /** By how much this clock is ahead of those of most peers; negative: behind. */
  readonly aheadMs: () => Millis;
};

/** BOUNDED: peers remembered, the latest heard. */
const PEERS_MAX = 32;

export function createSkew(context: Context): Skew {
  const offsets = new Map<string, number>();
  let told = false;
  let median = 0;
  return {
    heard: (from, wall) => {
      offsets.delete(from.boot);
      offsets.set(from.boot, context.now.wall - wall - (from.rtt.smoothedMs ?? 0) / 2);
      if (offsets.size > PEERS_MAX) offsets.delete(offsets.keys().next().value as string);
      const sorted = [...offsets.values()].sort((a, b) => a - b);
      const above = sorted[Math.floor(sorted.length / 2)] as number;
      const beneath = sorted[Math.floor((sorted.length - 1) / 2)] as number;
      // Of an even number the milder of the two in the middle: half of the peers are not most of them.
      median = Math.abs(above) < Math.abs(beneath) ? above : beneath;
      const isOff = Math.abs(median) > bounds.clockAheadMs;
      if (isOff && !told) {
        context.emit({ type: "notice", notice: { code: "clock-skew", aheadMs: Math.round(median) } });
      }
      told = isOff;
    },
    aheadMs: () => Math.round(median),
  };
}
