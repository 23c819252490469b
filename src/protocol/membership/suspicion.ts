/**
 * How long a member stays suspected before it counts as dead. This is Lifeguard (Dadgar, Phillips, Currey 2018, §IV.B) in
 * the form of HashiCorp memberlist: each independent accuser shortens the wait, from max towards min.
 */
import type { Millis } from "../time.ts";

/** Accusers beyond the first after which the wait is at its minimum. */
export const CONFIRMATIONS = 2;
/** memberlist has 4: here those who hear of a suspicion look for themselves at once, so that a mistake shows sooner. */
const SUSPICION_MULTIPLIER = 2.5;
const MAX_MULTIPLIER = 6;
/** Times min, where too few others are here to confirm. */
const UNCONFIRMED_MULTIPLIER = 2;

/** min = 2.5·max(1, log10 N)·interval, for a room of `members`. */
export function suspicionMinMs(members: number, probeIntervalMs: Millis): Millis {
  return SUSPICION_MULTIPLIER * Math.max(1, Math.log10(Math.max(members, 1))) * probeIntervalMs;
}

/** max − (max − min)·log(confirmations + 1)/log(k + 1), never below min. With too few others to confirm it is 2·min. */
export function suspicionMs(members: number, probeIntervalMs: Millis, confirmations: number): Millis {
  const min = suspicionMinMs(members, probeIntervalMs);
  if (members - 2 < CONFIRMATIONS) return UNCONFIRMED_MULTIPLIER * min;
  const max = MAX_MULTIPLIER * min;
  const share = Math.log(confirmations + 1) / Math.log(CONFIRMATIONS + 1);
  return Math.max(min, max - (max - min) * share);
}
