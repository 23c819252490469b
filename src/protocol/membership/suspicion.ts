/**
 * How long a member stays suspected before it counts as dead: Lifeguard (Dadgar, Phillips, Currey 2018, §IV.B), where
 * independent accusers shorten the wait from max to min. There accusers are believed. Here any member can write any
 * accuser into a suspicion. So an accuser counts where it says so itself, all that others pass on counts as one, and no
 * number of them shortens the wait before this node has looked for itself, in vain.
 */
import type { PeerId } from "../../wire/ids.ts";
import { type Allowance, createAllowance } from "../allowance.ts";
import { limits } from "../limits.ts";
import type { Millis } from "../time.ts";

/** The front of a member's id, of one that said so itself; or whoever others name. */
export type Accuser = string;

/** What one member passes on of another: all of that counts as one accuser. */
export const HEARSAY: Accuser = "hearsay";
/** Accusers of one member that are remembered. */
const ACCUSERS_MAX = 16;
/** Suspicions that one member may be wrong about, and after how long one more: beyond that nobody heeds it. */
const WRONG_MAX = 16;
const WRONG_REGAIN_MS: Millis = 4_000;
/** memberlist has 4: here those who hear of a suspicion look for themselves at once, so that a mistake shows sooner. */
const SUSPICION_MULTIPLIER = 2.5;
const MAX_MULTIPLIER = 6;
/** Times min, where too few are here to confirm. */
const UNCONFIRMED_MULTIPLIER = 2;
const CONFIRMED_FROM = 4;

/** Who told of members that were suspected without reason. */
export function createWrongTellers(): Allowance<PeerId> {
  return createAllowance(WRONG_MAX, WRONG_REGAIN_MS, limits.members);
}

/** min = 2.5·max(1, log10 N)·interval, for a room of `members`. */
export function suspicionMinMs(members: number, probeIntervalMs: Millis): Millis {
  return SUSPICION_MULTIPLIER * Math.max(1, Math.log10(Math.max(members, 1))) * probeIntervalMs;
}

/** With too few others to confirm it is 2·min. */
export function suspicionMs(members: number, probeIntervalMs: Millis, isConfirmed: boolean): Millis {
  const min = suspicionMinMs(members, probeIntervalMs);
  if (members < CONFIRMED_FROM) return UNCONFIRMED_MULTIPLIER * min;
  return isConfirmed ? min : MAX_MULTIPLIER * min;
}

/** This node has looked for itself, and somebody else accuses too. */
export function isConfirmed(accusers: readonly Accuser[], self: Accuser): boolean {
  return accusers.length > 1 && accusers.includes(self);
}

/** Who accuses, when a member says so: that member, or somebody of whom it tells. */
export function accuserFor(accuser: string, teller: PeerId): Accuser {
  return teller.startsWith(accuser) ? accuser : HEARSAY;
}

/** With one more: the latest, and this node itself. Undefined: it is among them. */
export function withAccuser(accusers: readonly Accuser[], one: Accuser, self: Accuser): readonly Accuser[] | undefined {
  if (accusers.includes(one)) return undefined;
  const others = accusers.filter((other) => other !== self);
  return [...accusers.filter((other) => other === self), ...others.slice(1 - ACCUSERS_MAX), one];
}
