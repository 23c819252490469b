/** Makes the frame that acknowledges all datagrams for which a session is owed an acknowledgement. */
import { ACK_COUNTERS_MAX, encodeFrame } from "../../wire/frames.ts";
import type { Millis } from "../time.ts";
import type { Timers } from "../timers.ts";
import type { Session } from "./session.ts";

/** The frame for what waits to be acknowledged, the newest first, as much as one frame holds; undefined: nothing does. */
export function takeAck(session: Session, timers: Pick<Timers<never>, "clear">, now: Millis): Uint8Array | undefined {
  if (session.owedAcks.length === 0) return undefined;
  // A store that confirms much at once makes much to acknowledge at once: what does not fit goes with the next datagram.
  const owedAcks = session.owedAcks.sort((a, b) => b.counter - a.counter).splice(0, ACK_COUNTERS_MAX);
  if (session.ackAt !== undefined) timers.clear(`ack ${session.boot}`);
  session.ackAt = undefined;
  const delayMs = Math.min(Math.round(now - (owedAcks[0]?.at ?? now)), 255);
  return encodeFrame({ type: "ack", counters: owedAcks.map((owed) => owed.counter), delayMs });
}
