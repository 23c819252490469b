/**
 * Downloads history: ranges of which peers hold everything and this node little, newest first, from several suppliers at
 * once.
 *
 * What is lacking is cut into gaps (gaps.ts). Each supplier is granted other gaps, at the pace that this side chooses
 * (credit.ts). A page names the range that it covers. So a range whose page was lost, or whose supplier went silent, is a
 * gap again at once, for any free supplier.
 */
import { type Bound, END, type SetName, type Stretch } from "../../wire/frames.ts";
import type { BootId } from "../../wire/ids.ts";
import { STRETCHES_MAX } from "../../wire/page.ts";
import type { Context } from "../context.ts";
import type { Session } from "../link/session.ts";
import type { Millis } from "../time.ts";
import { CREDIT_FIRST } from "./credit.ts";
import { createGaps, type Gap, type Gaps } from "./gaps.ts";
import {
  createPageSupplier,
  type Grant,
  type Holding,
  isComplete,
  noteEnd,
  notePage,
  type PageSupplier,
  pagePatienceMs,
  pagesFree,
  wakeUp,
} from "./grants.ts";
import type { Fetch, Page } from "./pages.ts";

export type Download = {
  /** `from` holds `count` items in lo..hi, far more than this node; `go` asks for them. */
  readonly lacking: (from: Session, set: SetName, lo: Bound, hi: Bound, count: number, holding: Holding) => void;
  readonly go: (set: SetName) => void;
  /** All, for a newcomer: LATEST_LIMIT messages come with the first grant. */
  readonly fetchAll: (from: Session, set: SetName, holding: Holding) => void;
  /** While something is fetched: another peer that holds more than this node. */
  readonly join: (from: Session, set: SetName, holding: Holding) => void;
  /** It was asked of that peer. */
  readonly isAsked: (from: Session, page: Page) => boolean;
  /** The items of the page have been taken in. */
  readonly onPage: (from: Session, page: Page) => void;
  /** What was asked of that supplier is late. */
  readonly onTimer: (set: SetName, boot: BootId, number: number) => void;
  readonly isFetching: (set: SetName) => boolean;
  /** True if some of lo..hi is being fetched, or will be: a peer's claim about it is a place to cut there, and no more. */
  readonly cut: (set: SetName, lo: Bound, hi: Bound) => boolean;
  /** Forgets what is lacking. */
  readonly stop: () => void;
};

type Options = {
  /** Asks the peer what it holds there, in parts. */
  readonly outline: (of: Session, set: SetName, lo: Bound, hi: Bound) => void;
  /** All is here that these peers were asked for: whether anything else differs. */
  readonly finished: (set: SetName, suppliers: readonly Session[]) => void;
  /** Some peers, by chance. */
  readonly others: (count: number) => Session[];
};

/** Messages of some 100 bytes of text, or statements; until pages have come. */
const ITEMS_PER_PAGE = 4;
/** BOUNDED: peers of which one set is fetched at the same time. */
export const SUPPLIERS_MAX = 6;
/** Pages under way from all of them: no more than a small socket buffer holds. */
const PAGES_MAX = 128;
/** A gap of more items is cut by its supplier into parts, so that others can have some. */
const OUTLINE_ABOVE = 512;
/** With so many items to come, peers that have not said yet what they hold are asked. */
const INVITE_ABOVE = 256;
const INVITE_INTERVAL_MS: Millis = 1_000;
/** Who holds this share of what another does can stand in for it. */
const PEER_SHARE = 0.9;
/** Grants in a row of which nothing came: then the supplier is left alone until it is heard of again. Sooner if there are others. */
const SILENT_MAX = 6;
const SILENT_MAX_AMONG_OTHERS = 2;
/** From this loss on (an acknowledgement that is lost counts too) requests go twice, so long apart that no datagram has both. */
const LOSSY = 0.1;
const AGAIN_MS: Millis = 10;

type Feed = {
  readonly set: SetName;
  readonly gaps: Gaps;
  /** BOUNDED: SUPPLIERS_MAX. */
  readonly suppliers: Map<BootId, PageSupplier>;
  itemsPerPage: number;
  invitedAt: Millis;
};

export function createDownload(context: Context, { outline, finished, others }: Options): Download {
  const { link, timers, counters } = context;
  const newFeed = (set: SetName): Feed => ({
    set,
    gaps: createGaps(),
    suppliers: new Map(),
    itemsPerPage: ITEMS_PER_PAGE,
    invitedAt: Number.NEGATIVE_INFINITY,
  });
  const feeds: Readonly<Record<SetName, Feed>> = { log: newFeed("log"), roster: newFeed("roster") };

  const supplierFor = (feed: Feed, session: Session, holding: Holding, credit: number): PageSupplier | undefined => {
    const known = feed.suppliers.get(session.boot);
    if (known !== undefined) {
      wakeUp(known, holding);
      return known;
    }
    const resting = [...feed.suppliers.values()].find((other) => other.isResting);
    if (feed.suppliers.size >= SUPPLIERS_MAX && resting !== undefined) forget(feed, resting);
    if (feed.suppliers.size >= SUPPLIERS_MAX) return undefined;
    const supplier = createPageSupplier(session, holding, credit);
    feed.suppliers.set(session.boot, supplier);
    return supplier;
  };
  const mayServe = (feed: Feed, { session, holding }: PageSupplier, gap: Gap): boolean => {
    if (gap.taker !== undefined) return false;
    if (gap.by === session.boot) return true;
    const claimant = feed.suppliers.get(gap.by);
    return claimant === undefined || holding.count >= PEER_SHARE * claimant.holding.count;
  };

  /** False: there is nothing to ask of it now. */
  const ask = (feed: Feed, supplier: PageSupplier): boolean => {
    const free = pagesFree(supplier, Math.ceil(PAGES_MAX / feed.suppliers.size));
    if (free === 0) return false;
    const { set, gaps } = feed;
    const { session } = supplier;
    const number = (supplier.number % 255) + 1;
    const key = `${session.boot} ${number}`;
    const stretches: Stretch[] = [];
    let pages = 0;
    for (const gap of [...gaps.all()]) {
      if (pages >= free || stretches.length >= STRETCHES_MAX) break;
      if (!mayServe(feed, supplier, gap)) continue;
      const taken = gaps.take(gap, key);
      stretches.push({ lo: taken.lo, hi: taken.hi });
      pages += Math.ceil(taken.count / feed.itemsPerPage);
      if (taken.count > OUTLINE_ABOVE && !taken.isOutlined && gap.by === session.boot) {
        gaps.outlined(taken);
        outline(session, set, taken.lo, taken.hi);
      }
    }
    if (stretches.length === 0) return false;
    // What is there is an estimate: a little more, and the rest comes with it.
    const granted = Math.min(free, pages + Math.ceil(pages / 4));
    const fetch: Fetch = { type: "fetch", set, number, credit: granted, stretches };
    const isLossy = supplier.silent > 0 || link.lossRate() > LOSSY;
    const begun = { at: context.now.mono, heardAt: undefined, came: 0, of: 0, isEnded: false };
    const grant: Grant = { number, key, pages: granted, again: isLossy ? fetch : undefined, ...begun };
    supplier.number = number;
    supplier.grants.set(number, grant);
    link.send(session, fetch);
    wake(feed, supplier, grant, isLossy ? AGAIN_MS : pagePatienceMs(supplier, grant));
    return true;
  };
  const wake = ({ set }: Feed, { session }: PageSupplier, { key, number }: Grant, inMs: Millis): void =>
    timers.set(timerOf(set, key), context.now.mono + inMs, { type: "download", set, boot: session.boot, number });

  /** Gives every supplier that is free something to do; ends when nothing is lacking, or nobody has it. */
  const goOn = (feed: Feed): void => {
    for (const supplier of [...feed.suppliers.values()].sort((a, b) => a.silent - b.silent)) {
      if (link.sessions.get(supplier.session.boot) !== supplier.session) forget(feed, supplier);
      else while (ask(feed, supplier));
    }
    if ([...feed.suppliers.values()].some(({ grants }) => grants.size > 0)) return invite(feed);
    const suppliers = [...feed.suppliers.values()].map(({ session }) => session);
    clear(feed);
    finished(feed.set, suppliers);
  };
  const invite = (feed: Feed): void => {
    const { mono } = context.now;
    if (feed.set !== "log" || feed.gaps.count() < INVITE_ABOVE || feed.suppliers.size >= SUPPLIERS_MAX) return;
    if (mono - feed.invitedAt < INVITE_INTERVAL_MS) return;
    const guests = others(SUPPLIERS_MAX).filter((session) => !feed.suppliers.has(session.boot));
    if (guests.length > 0) feed.invitedAt = mono;
    for (const session of guests.slice(0, SUPPLIERS_MAX - feed.suppliers.size)) link.send(session, { type: "ping" });
  };
  const forget = (feed: Feed, supplier: PageSupplier): void => {
    for (const grant of supplier.grants.values()) release(feed, supplier, grant);
    feed.suppliers.delete(supplier.session.boot);
  };
  /** If it is there after all, its digest says so. */
  const rest = (feed: Feed, supplier: PageSupplier): void => {
    supplier.isResting = true;
    for (const grant of supplier.grants.values()) release(feed, supplier, grant);
    link.send(supplier.session, { type: "ping" }, { tries: PING_TRIES });
  };
  const release = ({ set, gaps }: Feed, { grants }: PageSupplier, { key, number }: Grant): void => {
    grants.delete(number);
    timers.clear(timerOf(set, key));
    gaps.release(key, 0);
  };
  const clear = (feed: Feed): void => {
    for (const supplier of feed.suppliers.values()) forget(feed, supplier);
    feed.gaps.clear();
    feed.invitedAt = Number.NEGATIVE_INFINITY;
  };

  /** All pages of the grant are here, or no more will come. */
  const settle = (feed: Feed, supplier: PageSupplier, grant: Grant): void => {
    noteEnd(supplier, grant, context.now.mono);
    // It came to the end of its credit, not of what there is.
    const atLeast = grant.isEnded && grant.of === grant.pages ? grant.pages * feed.itemsPerPage : 0;
    feed.gaps.release(grant.key, Math.ceil(atLeast));
    release(feed, supplier, grant);
    const isAlone = [...feed.suppliers.values()].every((other) => other === supplier || other.silent > 0);
    if (supplier.silent >= (isAlone ? SILENT_MAX : SILENT_MAX_AMONG_OTHERS)) rest(feed, supplier);
    goOn(feed);
  };

  return {
    lacking: (from, set, lo, hi, count, holding) => {
      const feed = feeds[set];
      if (supplierFor(feed, from, holding, CREDIT_FIRST) !== undefined) feed.gaps.add(lo, hi, count, from.boot);
    },
    go: (set) => {
      if (feeds[set].suppliers.size > 0) goOn(feeds[set]);
    },
    fetchAll: (from, set, holding) => {
      const feed = feeds[set];
      const first = Math.ceil(context.config.latestLimit / ITEMS_PER_PAGE);
      if (supplierFor(feed, from, holding, first) === undefined) return;
      feed.gaps.add("", END, holding.count, from.boot);
      goOn(feed);
    },
    join: (from, set, holding) => {
      const feed = feeds[set];
      const most = Math.max(...[...feed.suppliers.values()].map((supplier) => supplier.holding.count));
      if (holding.count < PEER_SHARE * most) return;
      if (supplierFor(feed, from, holding, CREDIT_FIRST) !== undefined) goOn(feed);
    },
    isAsked: ({ boot }, { set, number }) => feeds[set].suppliers.get(boot)?.grants.has(number) === true,
    onPage: (from, page) => {
      const feed = feeds[page.set];
      const supplier = feed.suppliers.get(from.boot);
      const grant = supplier?.grants.get(page.number);
      if (supplier === undefined || grant === undefined) return counters.drop("page-unasked");
      notePage(supplier, grant, page, context.now.mono);
      if (page.items.length > 0) feed.itemsPerPage += (page.items.length - feed.itemsPerPage) / 8;
      feed.gaps.cover(grant.key, page.lo, page.hi, page.items.length);
      if (isComplete(grant)) settle(feed, supplier, grant);
      else wake(feed, supplier, grant, pagePatienceMs(supplier, grant));
    },
    onTimer: (set, boot, number) => {
      const supplier = feeds[set].suppliers.get(boot);
      const grant = supplier?.grants.get(number);
      if (supplier === undefined || grant === undefined) return;
      if (grant.again === undefined || grant.came > 0) return settle(feeds[set], supplier, grant);
      link.send(supplier.session, grant.again);
      grant.again = undefined;
      wake(feeds[set], supplier, grant, pagePatienceMs(supplier, grant));
    },
    cut: (set, lo, hi) => feeds[set].gaps.cut(lo, hi),
    isFetching: (set) => feeds[set].gaps.all().length > 0,
    stop: () => {
      clear(feeds.log);
      clear(feeds.roster);
    },
  };
}

// --- internal ---

const PING_TRIES = 4;

function timerOf(set: SetName, key: string): string {
  return `catch-up ${set} ${key}`;
}
