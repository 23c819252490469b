/** Makes the frames that acknowledge all datagrams for which a session is owed an acknowledgement. */
import { ACK_COUNTERS_MAX, encodeFrame } from "../../wire/frames.ts";
import type { Millis } from "../time.ts";
import type { Timers } from "../timers.ts";
import type { OwedAck, Session } from "./session.ts";

/**
 * The frames for what waits to be acknowledged, the newest first, as much as one frame holds. What came sealed for the room
 * has frames of its own: any member can have made it, and a false counter spoils the frame that it stands in.
 */
export function takeAcks(session: Session, timers: Pick<Timers<never>, "clear">, now: Millis): Uint8Array[] {
  if (session.owedAcks.length + session.owedHelloAcks.length === 0) return [];
  const greetings = session.owedHelloAcks.splice(0).map((owed) => ackOf([owed], now));
  // A store that confirms much at once makes much to acknowledge at once: what does not fit goes with the next datagram.
  const owedAcks = session.owedAcks.sort((a, b) => b.counter - a.counter).splice(0, ACK_COUNTERS_MAX);
  if (session.ackAt !== undefined) timers.clear(`ack ${session.boot}`);
  session.ackAt = undefined;
  return owedAcks.length === 0 ? greetings : [ackOf(owedAcks, now), ...greetings];
}

// --- internal ---

function ackOf(owed: readonly OwedAck[], now: Millis): Uint8Array {
  const { at, echo } = owed[0] as OwedAck;
  const delayMs = Math.min(Math.round(now - at), 255);
  return encodeFrame({ type: "ack", counters: owed.map(({ counter }) => counter), delayMs, echo });
}
