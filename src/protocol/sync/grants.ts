/** What a supplier of history holds, and what it was asked for: each request is a grant of a number of pages. */
import { CREDIT_MAX } from "../../wire/frames.ts";
import type { Session } from "../link/session.ts";
import type { Millis } from "../time.ts";
import type { Fetch, Page } from "./pages.ts";
import { createSupplier, noteAnswer, noteSilence, patienceMs, queuedMs, type Supplier, settle } from "./supplier.ts";

/** What a peer says of its set: how many items. */
export type Holding = { readonly count: number };

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

export type PageSupplier = Supplier & {
  holding: Holding;
  /** That of the latest grant; 0: nothing was asked of it yet. */
  number: number;
  /** Nothing is asked of it until it is heard of again. */
  isResting: boolean;
  /** BOUNDED: GRANTS_MAX. */
  readonly grants: Map<number, Grant>;
};

/** Grants of one supplier at a time: while the pages of one come, the next is on its way. */
const GRANTS_MAX = 2;
/** Once the first page is here the others are not far: they were sent together. */
const STRAGGLER_MS: Millis = 20;

export function createPageSupplier(session: Session, holding: Holding, credit: number): PageSupplier {
  return { ...createSupplier(session, credit), holding, number: 0, isResting: false, grants: new Map() };
}

/** It was heard of again. */
export function wakeUp(supplier: PageSupplier, holding: Holding): void {
  if (supplier.holding.count < holding.count) supplier.holding = holding;
  if (supplier.isResting) supplier.silent = 0;
  supplier.isResting = false;
}

/** Pages that may be asked of it now, if no supplier is to have more than `share` under way; not worth a request yet: 0. */
export function pagesFree(supplier: PageSupplier, share: number): number {
  if (supplier.isResting || supplier.grants.size >= GRANTS_MAX) return 0;
  supplier.credit.limit(Math.min(share, CREDIT_MAX));
  const size = supplier.credit.size();
  // In halves, so that one request that is lost does not bring all to a halt; but the first page comes at once.
  const half = supplier.number === 0 ? size : Math.ceil(size / 2);
  let underWay = 0;
  for (const grant of supplier.grants.values()) underWay += grant.pages - grant.came;
  return size - underWay < half ? 0 : half;
}

export function notePage(supplier: PageSupplier, grant: Grant, page: Page, now: Millis): void {
  grant.came += 1;
  grant.heardAt = now;
  grant.of = Math.max(grant.of, page.index + 1);
  grant.isEnded ||= page.isLast;
  noteAnswer(supplier, grant.at, now);
}

export function isComplete({ isEnded, came, of }: Grant): boolean {
  return isEnded && came >= of;
}

/** No more pages of it will come: what that says of the supplier and the way to it. */
export function noteEnd(supplier: PageSupplier, grant: Grant, now: Millis): void {
  if (grant.came > 0) supplier.silent = 0;
  else noteSilence(supplier, now);
  supplier.silentAt = now;
  const lost = (grant.isEnded || grant.came === 0 ? grant.of : grant.pages) - grant.came;
  settle(supplier, { came: grant.came, lost, queuedMs: queuedMs(supplier, grant.at, grant.heardAt ?? grant.at) });
}

/** How long to wait for the first page of a grant, and for any after it. */
export function pagePatienceMs(supplier: PageSupplier, { came }: Grant): Millis {
  const { rtt } = supplier.session;
  return came > 0 ? Math.max(STRAGGLER_MS, (rtt.smoothedMs ?? 0) / 4, 4 * rtt.variationMs) : patienceMs(supplier);
}
