/**
 * What each of many may do in a while: so much at once, and one more after each interval (a token bucket). Who has never
 * done it takes no place.
 */
import type { Millis } from "./time.ts";

export type Allowance<Key> = {
  readonly most: number;
  readonly regainMs: Millis;
  readonly keysMax: number;
  /** BOUNDED: keysMax; the one used longest ago goes. */
  readonly spent: Map<Key, { readonly count: number; readonly at: Millis }>;
};

/** `most` at once, one more after each `regainMs`, for so many. */
export function createAllowance<Key>(most: number, regainMs: Millis, keysMax: number): Allowance<Key> {
  return { most, regainMs, keysMax, spent: new Map() };
}

export function mayDo<Key>(allowance: Allowance<Key>, key: Key, now: Millis): boolean {
  return spentOf(allowance, key, now) <= allowance.most - 1;
}

/** It is done once more, whether it may be or not. */
export function noteDone<Key>(allowance: Allowance<Key>, key: Key, now: Millis): void {
  const { spent, most, keysMax } = allowance;
  const count = Math.min(spentOf(allowance, key, now) + 1, most);
  spent.delete(key);
  spent.set(key, { count, at: now });
  if (spent.size > keysMax) spent.delete(spent.keys().next().value as Key);
}

// --- internal ---

function spentOf<Key>({ spent, regainMs }: Allowance<Key>, key: Key, now: Millis): number {
  const entry = spent.get(key);
  return entry === undefined ? 0 : Math.max(entry.count - (now - entry.at) / regainMs, 0);
}
