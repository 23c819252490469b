/** Measures a run: when each node saw each message, what was sent for it, and what a quiet room costs. */
import type { ChatEvent } from "../../protocol/events.ts";
import type { Millis } from "../../protocol/time.ts";
import type { MessageId } from "../../wire/ids.ts";
import type { NetworkCounts } from "../world/network.ts";
import type { VirtualNode } from "../world/node.ts";
import { quantile } from "./quantile.ts";

export type Measured = {
  /** Deliveries by the end of the run, of those there should be: 0..1. */
  readonly coverage: number;
  /** Message bodies sent, for each first sight by another node. */
  readonly sendsPerDelivery: number;
  /** IP and UDP headers counted, what an idle room sends in the same time subtracted. */
  readonly bytesPerDelivery: number;
  /** First sight after it was said, over all receivers and messages. */
  readonly p50Ms: Millis;
  readonly p99Ms: Millis;
  readonly maxMs: Millis;
  /** Hops to the farthest receiver, mean over messages. */
  readonly lastHop: number;
  /** Sent and received, headers counted; undefined: the scenario has no silence to measure. */
  readonly idleBytesPerNodePerSecond: number | undefined;
};

export type Measures = {
  readonly said: (id: MessageId, author: number, at: Millis) => void;
  /** `from`: the node whose datagram brought it. */
  readonly onEvent: (node: number, event: ChatEvent, from: number | undefined, at: Millis) => void;
  /** Nobody talks between the two: what is sent is what an idle room costs. */
  readonly idleFrom: (at: Millis, counts: NetworkCounts) => void;
  readonly idleUntil: (at: Millis, counts: NetworkCounts) => void;
  readonly talkFrom: (at: Millis, counts: NetworkCounts) => void;
  readonly talkUntil: (at: Millis, counts: NetworkCounts) => void;
  readonly result: (nodes: readonly VirtualNode[]) => Measured;
  /** First sights of each message, as delays in the order they came. */
  readonly delaysOf: () => readonly (readonly Millis[])[];
};

type Span = { from: Millis; until: Millis; bytes: number };
type Told = {
  readonly author: number;
  readonly at: Millis;
  readonly delays: Millis[];
  readonly hops: Map<number, number>;
};

export function createMeasures(): Measures {
  /** BOUNDED: by the messages and nodes of the scenario. */
  const told = new Map<MessageId, Told>();
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
    said: (id, author, at) => told.set(id, { author, at, delays: [], hops: new Map([[author, 0]]) }),
    onEvent: (node, event, from, at) => {
      if (event.type !== "message" || event.message.own) return;
      const message = told.get(event.message.id);
      // After a crash a node may hear again what its disk had not confirmed: only the first sight counts.
      if (message === undefined || message.hops.has(node)) return;
      message.delays.push(at - message.at);
      message.hops.set(node, (from === undefined ? 0 : (message.hops.get(from) ?? 0)) + 1);
    },
    idleFrom: (at, counts) => open(idle, at, counts),
    idleUntil: (at, counts) => close(idle, at, counts),
    talkFrom: (at, counts) => open(talk, at, counts),
    talkUntil: (at, counts) => close(talk, at, counts),
    delaysOf: () => [...told.values()].map((message) => message.delays),
    result: (nodes) => {
      const live = nodes.filter((node) => node.isUp());
      const { held, expected } = coverageOf(nodes, told);
      const sends = nodes.reduce((sum, node) => sum + node.payloadsOut(), 0);
      const delays = Float64Array.from([...told.values()].flatMap((message) => message.delays)).sort();
      const idleMs = idle.until - idle.from;
      const idleRate = idle.bytes / Math.max(idleMs, 1);
      const talkBytes = talk.bytes - idleRate * (talk.until - talk.from);
      const lastHops = [...told.values()].map((message) => Math.max(...message.hops.values()));
      return {
        coverage: told.size === 0 ? 1 : held / Math.max(expected, 1),
        sendsPerDelivery: sends / Math.max(delays.length, 1),
        bytesPerDelivery: delays.length === 0 ? 0 : talkBytes / delays.length,
        p50Ms: quantile(delays, 0.5),
        p99Ms: quantile(delays, 0.99),
        maxMs: quantile(delays, 1),
        lastHop: lastHops.reduce((sum, hops) => sum + hops, 0) / Math.max(lastHops.length, 1),
        idleBytesPerNodePerSecond: idleMs === 0 ? undefined : (2 * idleRate * 1_000) / Math.max(live.length, 1),
      };
    },
  };
}

// --- internal ---

/** Of what was said in its room each node that is up should hold all that none of them has let go. */
function coverageOf(
  nodes: readonly VirtualNode[],
  told: ReadonlyMap<MessageId, Told>,
): Record<"held" | "expected", number> {
  let [held, expected] = [0, 0];
  for (const room of new Set(nodes.map((node) => node.room))) {
    const live = nodes.filter((node) => node.isUp() && node.room === room);
    const isLetGo = (id: MessageId): boolean => live.some(({ disk }) => disk.hasTrimmed(id));
    const due = [...told].filter(([id, { author }]) => nodes[author]?.room === room && !isLetGo(id));
    const ids = new Set(due.map(([id]) => id));
    expected += ids.size * live.length;
    for (const node of live) for (const id of node.core().ids()) if (ids.has(id)) held += 1;
  }
  return { held, expected };
}
