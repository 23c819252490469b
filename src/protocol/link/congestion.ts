/**
 * The congestion window: how many datagrams may be under way to one peer. If the peer falls behind, datagrams stand in a
 * queue before it, and longer round trips show that. So the window follows LEDBAT (RFC 6817), with slow start and
 * multiplicative decrease as in LEDBAT++ (draft-irtf-iccrg-ledbat-plus-plus). Loss narrows the window only a little: here
 * it is more often bad radio than a queue.
 */
import type { Millis } from "../time.ts";

export type Congestion = {
  /** Datagrams that wait for their acknowledgement, and how many may. */
  inFlight: number;
  window: number;
  /** How many of them carry what people say. */
  liveInFlight: number;
  /** It was full since nothing was under way: what is not used says nothing of what the receiver can take. */
  wasFull: boolean;
  /** Below it the window grows by one with each datagram that arrives, from it on by one in a round trip. */
  threshold: number;
  /** How long the last datagram measured stood in the receiver's queue. */
  queueMs: Millis;
  /** The shortest round trip since `leastSince`, and in LEAST_FOR_MS before: that of an empty queue. */
  leastMs: Millis;
  leastBeforeMs: Millis;
  leastSince: Millis;
};

export const WINDOW_FIRST = 4;
/** More than two nodes say to each other at once that differ in 100 messages, less than a socket buffer. */
const WINDOW_COMPARING = 24;
/** However long the queue: so much costs the receiver some milliseconds. */
const WINDOW_LEAST = 4;
/** However much is lost: chance alone, at 30 % loss each way, must not bring a room to a halt. */
const WINDOW_LOSSY_LEAST = 16;
const WINDOW_MOST = 1_024;
const DECREASE_OF_LOSS = 0.98;
/** So long a queue keeps the receiver busy, and nobody minds; RFC 6817 (§2.5) asks for 100 ms of those who give way to all others. */
const QUEUE_MS: Millis = 250;
/** Addresses and ways change: a shorter round trip of long ago means nothing. */
const LEAST_FOR_MS: Millis = 120_000;

export function createCongestion(): Congestion {
  return {
    inFlight: 0,
    liveInFlight: 0,
    window: WINDOW_FIRST,
    wasFull: false,
    threshold: WINDOW_MOST,
    queueMs: 0,
    leastMs: Number.POSITIVE_INFINITY,
    leastBeforeMs: Number.POSITIVE_INFINITY,
    leastSince: Number.NEGATIVE_INFINITY,
  };
}

export function hasRoom({ inFlight, window }: Congestion): boolean {
  return inFlight < Math.floor(window);
}

/** Who compares logs while people talk finds what is on its way; while nobody does more may go at once. */
export function hasRoomToCompare(congestion: Congestion): boolean {
  return hasRoom(congestion) || (congestion.liveInFlight === 0 && congestion.inFlight < WINDOW_COMPARING);
}

/** `isLive`: it carries what people say. */
export function noteSent(congestion: Congestion, isLive: boolean): void {
  congestion.inFlight += 1;
  if (isLive) congestion.liveInFlight += 1;
  congestion.wasFull ||= !hasRoom(congestion);
}

/** A round trip was measured, of a datagram that still counts as under way. */
export function noteRoundTrip(congestion: Congestion, sampleMs: Millis, now: Millis): void {
  if (now - congestion.leastSince > LEAST_FOR_MS) {
    congestion.leastBeforeMs = congestion.leastMs;
    congestion.leastMs = sampleMs;
    congestion.leastSince = now;
  }
  congestion.leastMs = Math.min(congestion.leastMs, sampleMs);
  congestion.queueMs = sampleMs - Math.min(congestion.leastMs, congestion.leastBeforeMs);
}

/** A datagram that was under way was acknowledged, or counts as lost. */
export function noteSettled(congestion: Congestion, isLive: boolean, wasLost: boolean): void {
  const { window, threshold, wasFull, queueMs } = congestion;
  congestion.inFlight -= 1;
  if (isLive) congestion.liveInFlight -= 1;
  if (congestion.inFlight === 0) congestion.wasFull = false;
  if (wasLost) congestion.window = Math.min(window, Math.max(window * DECREASE_OF_LOSS, WINDOW_LOSSY_LEAST));
  else if (queueMs > QUEUE_MS) congestion.window = Math.max(window - excessOf(queueMs), WINDOW_LEAST);
  else if (wasFull) congestion.window = Math.min(window + (window < threshold ? 1 : 1 / window), WINDOW_MOST);
  if (congestion.window < window) congestion.threshold = congestion.window;
}

// --- internal ---

/** For each datagram that arrives: half a window in a round trip at most. */
function excessOf(queueMs: Millis): number {
  return Math.min(queueMs / QUEUE_MS - 1, 1) / 2;
}
