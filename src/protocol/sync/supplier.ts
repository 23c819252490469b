/**
 * A supplier: one peer of which datagrams are asked for. Pages of history and chunks of large messages follow the same
 * rules: how much to ask for at once (credit.ts), how long to wait, and how many requests in a row brought nothing.
 */
import { CREDIT_MAX } from "../../wire/frames.ts";
import { retransmitAfterMs } from "../link/rtt.ts";
import type { Session } from "../link/session.ts";
import type { Millis } from "../time.ts";
import { type Credit, createCredit } from "./credit.ts";

export type Supplier = {
  readonly session: Session;
  readonly credit: Credit;
  /** How often in a row nothing came of what was asked, and when last. */
  silent: number;
  silentAt: Millis | undefined;
  /** The least time from a request to what came of it. */
  quickestMs: Millis;
};

/** Silences that cost nothing: it was a request that was lost. */
const SILENT_FREE = 2;
const SILENCE_MS_MAX: Millis = 2_000;

export function createSupplier(session: Session, credit: number): Supplier {
  return {
    session,
    credit: createCredit(credit, CREDIT_MAX),
    silent: 0,
    silentAt: undefined,
    quickestMs: Number.POSITIVE_INFINITY,
  };
}

/** Something came of what was asked at `askedAt`. All of one request is sent at once: what comes later has waited somewhere. */
export function noteAnswer(supplier: Supplier, askedAt: Millis, now: Millis): void {
  supplier.quickestMs = Math.min(supplier.quickestMs, now - askedAt);
}

/** How long that waited on its way which came at `cameAt`. The way itself takes now less, now more time. */
export function queuedMs({ session, quickestMs }: Supplier, askedAt: Millis, cameAt: Millis): Millis {
  return cameAt - askedAt - quickestMs - 4 * session.rtt.variationMs;
}

/** Nothing came of what was asked. What was asked in one datagram was lost with it. */
export function noteSilence(supplier: Supplier, now: Millis): void {
  if (supplier.silentAt !== now) supplier.silent += 1;
  supplier.silentAt = now;
}

/** Of what was asked `came` datagrams came and `lost` did not: more or less credit from now on. */
export function settle(
  { credit, silent }: Supplier,
  outcome: { readonly came: number; readonly lost: number; readonly queuedMs: Millis },
): void {
  if (outcome.came === 0 && silent <= SILENT_FREE) return;
  credit.settle(outcome);
}

/** How long to wait for the first that comes of a request; longer when others were in vain. */
export function patienceMs({ session: { rtt }, silent }: Supplier): Millis {
  return Math.min(retransmitAfterMs(rtt) * 2 ** Math.max(silent - 1, 0), SILENCE_MS_MAX);
}
