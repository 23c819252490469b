/** What arrived from a session: where it is now, and the acknowledgement that it is owed. */
import { ACK_COUNTERS_MAX, encodeFrame } from "../../wire/frame.ts";
import type { Timers } from "../timers.ts";
import type { Endpoint, Millis } from "../types.ts";
import { moveTo, type Session } from "./session.ts";

/** The newest datagram says where its sender is. */
export function noteAddress(session: Session, from: Endpoint, counter: number): void {
  if (counter <= session.highest) return;
  session.highest = counter;
  if (session.endpoint !== from) moveTo(session, from);
  session.isGuess = false;
}

/** The frame for all that waits to be acknowledged, most of it at least; undefined: nothing does. */
export function takeAck(session: Session, timers: Pick<Timers<never>, "clear">, now: Millis): Uint8Array | undefined {
  if (session.arrivals.length === 0) return undefined;
  const arrivals = session.arrivals.sort((a, b) => b.counter - a.counter).slice(0, ACK_COUNTERS_MAX);
  session.arrivals = [];
  if (session.ackAt !== undefined) timers.clear(`ack ${session.boot}`);
  session.ackAt = undefined;
  const delayMs = Math.min(Math.round(now - (arrivals[0]?.at ?? now)), 255);
  return encodeFrame({ type: "ack", counters: arrivals.map((arrival) => arrival.counter), delayMs });
}
