/**
 * Limits what a node sends on its own initiative to an address that has not answered yet, because a member's statement
 * lists it. (All other datagrams there are limited by RFC 9000 §8.)
 *
 * A member can list any address. So these datagrams are counted for the address and for the boot id looked for there, and
 * the allowance comes back slowly. No member can make the room flood a third party.
 */
import type { Endpoint } from "../../wire/endpoint.ts";
import type { BootId } from "../../wire/ids.ts";
import { limits } from "../limits.ts";
import type { Millis } from "../time.ts";

/** BOUNDED: INITIATIVES_MAX addresses and boot ids; the one used longest ago goes. */
export type Initiative = Map<Endpoint | BootId, { readonly spent: number; readonly at: Millis }>;

/** Datagrams in a row. */
export const INITIATIVE_MAX = 16;
/** After so long one more may go. */
const REGAIN_MS: Millis = 2_000;
const INITIATIVES_MAX = 2 * limits.sessions;

export function createInitiative(): Initiative {
  return new Map();
}

/** Whether one more datagram may go there. */
export function mayTry(initiative: Initiative, endpoint: Endpoint, boot: BootId, now: Millis): boolean {
  return [endpoint, boot].every((key) => spentOf(initiative, key, now) <= INITIATIVE_MAX - 1);
}

/** One more goes. */
export function noteTry(initiative: Initiative, endpoint: Endpoint, boot: BootId, now: Millis): void {
  for (const key of [endpoint, boot]) {
    const spent = spentOf(initiative, key, now) + 1;
    initiative.delete(key);
    initiative.set(key, { spent, at: now });
    if (initiative.size > INITIATIVES_MAX) initiative.delete(initiative.keys().next().value as Endpoint);
  }
}

/** What was sent there was acknowledged from there. The process start may list another address next: its count stays. */
export function noteAnswer(initiative: Initiative, endpoint: Endpoint): void {
  initiative.delete(endpoint);
}

// --- internal ---

function spentOf(initiative: Initiative, key: Endpoint | BootId, now: Millis): number {
  const entry = initiative.get(key);
  return entry === undefined ? 0 : Math.max(entry.spent - (now - entry.at) / REGAIN_MS, 0);
}
