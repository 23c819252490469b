/** Acknowledgements: the frame that says all that a session is owed. */
import { ACK_COUNTERS_MAX, encodeFrame } from "../../wire/frames.ts";
import type { Millis } from "../time.ts";
import type { Timers } from "../timers.ts";
import type { Session } from "./session.ts";

/** The frame for all that waits to be acknowledged, most of it at least; undefined: nothing does. */
export function takeAck(session: Session, timers: Pick<Timers<never>, "clear">, now: Millis): Uint8Array | undefined {
  if (session.owedAcks.length === 0) return undefined;
  const owedAcks = session.owedAcks.sort((a, b) => b.counter - a.counter).slice(0, ACK_COUNTERS_MAX);
  session.owedAcks = [];
  if (session.ackAt !== undefined) timers.clear(`ack ${session.boot}`);
  session.ackAt = undefined;
  const delayMs = Math.min(Math.round(now - (owedAcks[0]?.at ?? now)), 255);
  return encodeFrame({ type: "ack", counters: owedAcks.map((owed) => owed.counter), delayMs });
}
