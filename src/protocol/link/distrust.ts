/**
 * What becomes of those who bring bad signatures. To verify one costs far more than to make one up. Every node verifies
 * before it keeps or passes on anything, so no honest node brings one: a session that does so twice is ignored for a while.
 *
 * A process start is made up as easily as a signature. So those that have proven nothing are counted together: once they
 * have brought two, whatever is signed has to wait until its session is proven.
 */
import type { Counters } from "../counters.ts";
import type { Millis } from "../time.ts";
import type { Session } from "./session.ts";

/** Bad signatures after which a session is ignored, and for how long. */
const FORGED_MAX = 2;
const IGNORED_MS: Millis = 60_000;

/** The same of all sessions that have proven nothing. */
export type Strangers = Pick<Session, "forged" | "ignoredUntil">;

export function createStrangers(): Strangers {
  return { forged: 0, ignoredUntil: Number.NEGATIVE_INFINITY };
}

export function isIgnored({ ignoredUntil }: Strangers, now: Millis): boolean {
  return now < ignoredUntil;
}

/** The session has brought something with a bad signature. */
export function noteForged(session: Session, strangers: Strangers, counters: Counters, now: Millis): void {
  if (!session.proven) count(strangers, now);
  if (!count(session, now)) return;
  counters.drop("sessions-ignored");
  // What waits is no better than what was looked at.
  session.waiting.length = 0;
}

// --- internal ---

function count(of: Strangers, now: Millis): boolean {
  of.forged += 1;
  if (of.forged < FORGED_MAX) return false;
  of.forged = 0;
  of.ignoredUntil = now + IGNORED_MS;
  return true;
}
