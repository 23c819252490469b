/** A supplier, one peer that history is fetched from: what it holds, what was asked of it, and how well it answers. */
import { type Bound, CREDIT_MAX } from "../../wire/frames.ts";
import { retransmitAfterMs } from "../link/rtt.ts";
import type { Session } from "../link/session.ts";
import type { Millis } from "../time.ts";
import { type Credit, createCredit } from "./credit.ts";
import type { Fetch, Page } from "./pages.ts";

/** What a peer says of its set: how many items, and below which bound it has let go of all. */
export type Holding = { readonly count: number; readonly floor: Bound };

/** What was asked for with one fetch. */
export type Grant = {
  readonly number: number;
  /** What its gaps are taken by. */
  readonly key: string;
  readonly pages: number;
  readonly at: Millis;
  heardAt: Millis | undefined;
  came: number;
  /** Pages in all, as far as those that came tell. */
  of: number;
  /** The last page came: `of` are all. */
  isEnded: boolean;
  /** Sent twice where much is lost: one small request is worth many pages. */
  again: Fetch | undefined;
};

export type Supplier = {
  readonly session: Session;
  readonly credit: Credit;
  holding: Holding;
  /** That of the latest grant; 0: nothing was asked of it yet. */
  number: number;
  /** How often in a row nothing came of what was asked, and when last. */
  silent: number;
  silentAt: Millis | undefined;
  /** The least time from a request to a page. */
  quickestMs: Millis;
  /** Nothing is asked of it until it is heard of again. */
  isResting: boolean;
  /** BOUNDED: GRANTS_MAX. */
  readonly grants: Map<number, Grant>;
};

/** Grants of one source at a time: while the pages of one come, the next is on its way. */
const GRANTS_MAX = 2;
/** Silences that cost nothing: it was a request that was lost. */
const SILENT_FREE = 2;
const SILENCE_MS_MAX: Millis = 2_000;
/** Once the first page is here the others are not far: they were sent together. */
const STRAGGLER_MS: Millis = 20;

export function createSupplier(session: Session, holding: Holding, credit: number): Supplier {
  return {
    session,
    credit: createCredit(credit, CREDIT_MAX),
    holding,
    number: 0,
    silent: 0,
    silentAt: undefined,
    quickestMs: Number.POSITIVE_INFINITY,
    isResting: false,
    grants: new Map(),
  };
}

/** It was heard of again. */
export function wakeUp(supplier: Supplier, holding: Holding): void {
  if (supplier.holding.count < holding.count) supplier.holding = holding;
  if (supplier.isResting) supplier.silent = 0;
  supplier.isResting = false;
}

/** Pages that may be asked of it now, if no source is to have more than `share` under way; not worth a request yet: 0. */
export function pagesFree(supplier: Supplier, share: number): number {
  if (supplier.isResting || supplier.grants.size >= GRANTS_MAX) return 0;
  supplier.credit.limit(Math.min(share, CREDIT_MAX));
  const size = supplier.credit.size();
  // In halves, so that one request that is lost does not bring all to a halt; but the first page comes at once.
  const half = supplier.number === 0 ? size : Math.ceil(size / 2);
  let underWay = 0;
  for (const grant of supplier.grants.values()) underWay += grant.pages - grant.came;
  return size - underWay < half ? 0 : half;
}

export function notePage(supplier: Supplier, grant: Grant, page: Page, now: Millis): void {
  grant.came += 1;
  grant.heardAt = now;
  grant.of = Math.max(grant.of, page.index + 1);
  grant.isEnded ||= page.isLast;
  // All of a grant is sent at once: what comes later than the first ever did has waited somewhere, here or on the way.
  supplier.quickestMs = Math.min(supplier.quickestMs, now - grant.at);
}

export function isComplete({ isEnded, came, of }: Grant): boolean {
  return isEnded && came >= of;
}

/** No more pages of it will come: what that says of the source and the way to it. */
export function noteEnd(supplier: Supplier, grant: Grant, now: Millis): void {
  if (grant.came > 0) supplier.silent = 0;
  // What was asked in one datagram was lost with it.
  else if (supplier.silentAt !== now) supplier.silent += 1;
  supplier.silentAt = now;
  if (supplier.silent > 0 && supplier.silent <= SILENT_FREE) return;
  const lost = (grant.isEnded || grant.came === 0 ? grant.of : grant.pages) - grant.came;
  // The way itself takes now less, now more time.
  const jitterMs = 4 * supplier.session.rtt.variationMs;
  const queuedMs = (grant.heardAt ?? grant.at) - grant.at - supplier.quickestMs - jitterMs;
  supplier.credit.settle({ came: grant.came, lost, queuedMs });
}

/** How long to wait for the first page of a grant, and for any after it. */
export function patienceMs({ session: { rtt }, silent }: Supplier, { came }: Grant): Millis {
  if (came > 0) return Math.max(STRAGGLER_MS, (rtt.smoothedMs ?? 0) / 4, 4 * rtt.variationMs);
  return Math.min(retransmitAfterMs(rtt) * 2 ** Math.max(silent - 1, 0), SILENCE_MS_MAX);
}
