/** What a run is measured by: who saw which message when, what was sent for it, and what the room costs when nobody talks. */
import type { ChatEvent, MessageId, Millis } from "../protocol/types.ts";
import type { NetworkCounts } from "./network.ts";
import type { VirtualNode } from "./node.ts";

/** One line of `--json`; shares are 0..1. */
export type Measured = {
  /** Deliveries by the end of the run, of those there should be. */
  readonly coverage: number;
  /** Datagrams with a message body, for each first sight by another node. */
  readonly sendsPerDelivery: number;
  /** IP and UDP headers counted, what an idle room sends in the same time subtracted. */
  readonly bytesPerDelivery: number;
  readonly p50Ms: Millis;
  readonly p99Ms: Millis;
  readonly maxMs: Millis;
  /** Sent and received, headers counted. */
  readonly idleBytesPerNodePerSecond: number;
};

export type Measures = {
  readonly said: (id: MessageId, at: Millis) => void;
  readonly onEvent: (event: ChatEvent, at: Millis) => void;
  /** Nobody talks between the two: what is sent is what an idle room costs. */
  readonly idleFrom: (at: Millis, counts: NetworkCounts) => void;
  readonly idleUntil: (at: Millis, counts: NetworkCounts) => void;
  readonly talkFrom: (at: Millis, counts: NetworkCounts) => void;
  readonly talkUntil: (at: Millis, counts: NetworkCounts) => void;
  readonly result: (nodes: readonly VirtualNode[]) => Measured;
};

type Span = { from: Millis; until: Millis; bytes: number };

export function createMeasures(): Measures {
  const saidAt = new Map<MessageId, Millis>();
  const delays: Millis[] = [];
  const idle: Span = { from: 0, until: 0, bytes: 0 };
  const talk: Span = { from: 0, until: 0, bytes: 0 };
  const open = (span: Span, at: Millis, counts: NetworkCounts): void => {
    span.from = at;
    span.bytes = -counts.bytes;
  };
  const close = (span: Span, at: Millis, counts: NetworkCounts): void => {
    span.until = at;
    span.bytes += counts.bytes;
  };
  return {
    said: (id, at) => saidAt.set(id, at),
    onEvent: (event, at) => {
      if (event.type !== "stored" || event.message.own) return;
      const since = saidAt.get(event.message.id);
      if (since !== undefined) delays.push(at - since);
    },
    idleFrom: (at, counts) => open(idle, at, counts),
    idleUntil: (at, counts) => close(idle, at, counts),
    talkFrom: (at, counts) => open(talk, at, counts),
    talkUntil: (at, counts) => close(talk, at, counts),
    result: (nodes) => {
      const live = nodes.filter((node) => node.isUp());
      const held = live.reduce(
        (sum, node) =>
          sum +
          node
            .core()
            .log()
            .filter((message) => saidAt.has(message.id)).length,
        0,
      );
      const sends = live.reduce((sum, node) => sum + node.core().stats().payloadsOut, 0);
      const sorted = delays.sort((a, b) => a - b);
      const idleRate = idle.bytes / Math.max(idle.until - idle.from, 1);
      const talkBytes = talk.bytes - idleRate * (talk.until - talk.from);
      return {
        coverage: held / Math.max(saidAt.size * live.length, 1),
        sendsPerDelivery: sends / Math.max(sorted.length, 1),
        bytesPerDelivery: talkBytes / Math.max(sorted.length, 1),
        p50Ms: quantile(sorted, 0.5),
        p99Ms: quantile(sorted, 0.99),
        maxMs: quantile(sorted, 1),
        idleBytesPerNodePerSecond: (2 * idleRate * 1_000) / Math.max(live.length, 1),
      };
    },
  };
}

// --- internal ---

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(Math.ceil(share * sorted.length) - 1, 0)] ?? 0;
}
