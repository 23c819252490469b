/**
 * Anti-entropy (Demers et al. 1987) by range-based set reconciliation (Meyer 2022), made for datagrams. Each claim names
 * an absolute range, its count and its fingerprint. Its receiver answers from what it holds at that moment, and nothing is
 * remembered between claims. So a claim may be lost, repeated or overtaken; the next digest shows what is left.
 */
import {
  type Bound,
  END,
  type Frame,
  PREFIXES_MAX,
  type RangeClaim,
  type RangePart,
  type Ranges,
  type SetName,
} from "../../wire/frames.ts";
import { type BootId, timeOfId } from "../../wire/ids.ts";
import { PARTS_MAX } from "../../wire/range.ts";
import type { Context } from "../context.ts";
import { aboveOf, afterPrefix, separator } from "../idset/range.ts";
import { limits } from "../limits.ts";
import type { Received } from "../link/link.ts";
import { retransmitAfterMs } from "../link/rtt.ts";
import type { Session } from "../link/session.ts";
import { isAhead } from "../log/hlc.ts";
import { below } from "../rng.ts";
import type { Millis } from "../time.ts";
import { createDownload } from "./download.ts";
import type { Holding } from "./grants.ts";
import { type Fetch, type Page, pagesFor } from "./pages.ts";
import type { Ids, Replicas } from "./replicas.ts";
import { createWorkBudget } from "./workBudget.ts";

export type Digest = Frame & { readonly type: "digest" };

export type Reconciliation = {
  readonly digest: () => Digest;
  /** Compares a proven peer's digest; what differs is reconciled soon (at once if `eager`). */
  readonly onDigest: (from: Session, digest: Digest, eager: boolean) => void;
  /** A difference has lasted longer than messages are in flight. */
  readonly begin: (from: Session, set: SetName) => void;
  readonly onRanges: (from: Session, ranges: Ranges) => void;
  readonly onList: (from: Session, list: Frame & { readonly type: "list" }) => void;
  readonly onFetch: (from: Session, fetch: Fetch) => void;
  readonly onPage: (received: Received, page: Page) => void;
  /** The peer was told lately what this node holds there: it gives what is not among that. */
  readonly isOwed: (from: Session, id: string) => boolean;
  readonly onSame: (from: Session, claim: RangeClaim) => void;
  readonly onWant: (from: Session, want: Frame & { readonly type: "want" }) => void;
  /** A message came that was given, not relayed: the peer is not done yet. */
  readonly onGift: (from: Session) => void;
  /** Pages that were asked for are late. */
  readonly onPagesLate: (set: SetName, boot: BootId, number: number) => void;
  /** True while anything is being fetched in order from somewhere. */
  readonly isFetching: (set: SetName) => boolean;
  /** Asks for no more. */
  readonly stop: () => void;
};

type Options = {
  /** The peer holds these, and no others but such as this node would not keep. */
  readonly inSync: (set: SetName, from: Session, ids: Ids, isStored: boolean) => void;
  /** The store has all messages of the log. */
  readonly isStored: () => boolean;
  /** Some peers, by chance: more suppliers for much that is lacking. */
  readonly others: (count: number) => Session[];
};

/** Up to so many items are listed, more are split: into parts of about LEAF items, at most SPLIT of them. */
const LIST_MAX = 16;
const LEAF = 5;
const SPLIT = 8;
/** A peer that has so much more sends it all, rather than being asked piece by piece. */
const FETCH_RATIO = 4;
/** Messages are in flight for less than this; the side with less asks first. */
const SETTLE_MS: Millis = 300;
const SETTLE_OTHER_MS: Millis = 1_200;
/** Rosters are compared no more often than this, but for a newcomer. */
const ROSTER_INTERVAL_MS: Millis = 5_000;
/** Of what the other has nothing of, it is told the parts: of about so many items, and no more than a frame holds. */
const OUTLINE_PART = 256;
/** Sent again so often when lost. */
const TRIES = 4;
/** Comparisons of the same two sets that brought nothing, before the next one waits: what is lost by chance is not lost so often. */
const VAIN_FREE = 4;
/** How long the next one waits, doubled with each, at most VAIN_MS_MAX: some difference may never go, and must not cost for ever. */
const VAIN_MS: Millis = 1_000;
const VAIN_MS_MAX: Millis = 60_000;
/** For so long what a list draws may come. BOUNDED: lists remembered for each session. */
const LISTED_MS: Millis = 10_000;
const LISTED_MAX = 16;

/** A peer, a set, and which ids of it are compared with that peer. */
type Side = { readonly peer: Session; readonly set: SetName; readonly ids: Ids };

export function createReconciliation(
  context: Context,
  replicas: Replicas,
  { inSync, isStored, others }: Options,
): Reconciliation {
  const { link, timers, rng } = context;
  /** BOUNDED: sessions, the latest. The last digest that differed, per session and set. */
  const differing = new Map<string, { readonly digest: Digest; readonly at: Millis; readonly eager: boolean }>();
  const remember = <Value>(table: Map<string, Value>, key: string, value: Value): void => {
    table.delete(key);
    table.set(key, value);
    if (table.size > 2 * limits.sessions) table.delete(table.keys().next().value as string);
  };
  /** BOUNDED: sessions twice. When a session last compared a set with this node's, or fetched of it. */
  const comparedAt = new Map<string, Millis>();
  /** BOUNDED: sessions twice, LISTED_MAX each. Where this node's messages were listed to a session, the latest last. */
  const listed = new Map<string, { readonly lo: Bound; readonly hi: Bound; readonly at: Millis }[]>();
  /** BOUNDED: sessions twice. What was compared last with a session, and how often nothing came of it. */
  const vain = new Map<string, { readonly sets: string; readonly times: number }>();
  let rosterFrom: Millis = 0;
  const { spend, isRepeat } = createWorkBudget(context);
  /** BOUNDED: sessions twice. How many messages each keeps at most, as it said last. */
  const mosts = new Map<string, number>();
  const mostOf = ({ boot }: Session): number => mosts.get(boot) ?? replicas.log.most();
  /** Undefined: there is no telling what the peer would keep of this node's. */
  const sideOf = (peer: Session, set: SetName): Side | undefined => {
    const ids = set === "log" ? replicas.log.idsFor(mostOf(peer)) : replicas.roster.ids;
    return ids && { peer, set, ids };
  };
  /** Who keeps more than this node knows what this one would keep of its set; this one cannot tell whether the two are equal. */
  const canTell = (peer: Session, set: SetName): boolean => set === "roster" || mostOf(peer) <= replicas.log.most();

  /** What is compared from lo to hi, in parts that together hold it all; what it holds nothing of is one part. */
  const partsOf = (ids: Ids, lo: Bound, hi: Bound, parts: number): RangePart[] => {
    const first = ids.rank(lo);
    const count = ids.rank(hi) - first;
    const cuts: Bound[] = [];
    for (let part = 1; part < parts; part += 1) {
      // Jittered, so that a bound that separates badly is not met again in the next round.
      const spread = Math.max(1, Math.floor(count / parts / 4));
      const at = first + Math.floor((part * count) / parts) - below(rng, spread);
      const id = ids.at(at);
      const before = ids.at(at - 1);
      if (id !== undefined && before !== undefined) cuts.push(separator(before, id));
    }
    let from = lo;
    const result: RangePart[] = [];
    for (const until of [...cuts, hi]) {
      if (until <= from || until > hi) continue;
      result.push(partOf(ids.summary(from, until), until));
      from = until;
    }
    return result;
  };
  const sendRanges = ({ peer, set }: Omit<Side, "ids">, lo: Bound, parts: readonly RangePart[]): void =>
    link.send(peer, { type: "ranges", set, lo, parts }, { tries: TRIES });
  const sendWhole = (side: Side, lo: Bound, hi: Bound): void =>
    sendRanges(side, lo, [partOf(side.ids.summary(lo, hi), hi)]);

  const split = (side: Side, lo: Bound, hi: Bound, count: number): void =>
    sendRanges(side, lo, partsOf(side.ids, lo, hi, Math.min(SPLIT, Math.max(2, Math.ceil(count / LEAF)))));

  const outlineOwn = (side: Side, lo: Bound, hi: Bound, count: number): void =>
    sendRanges(side, lo, partsOf(side.ids, lo, hi, Math.min(Math.ceil(count / OUTLINE_PART), PARTS_MAX)));

  const list = ({ peer, set, ids }: Side, lo: Bound, hi: Bound): void => {
    const prefixes = ids.slice(lo, hi, LIST_MAX).map((id) => id.slice(0, 24));
    link.send(peer, { type: "list", set, lo, hi, prefixes }, { tries: TRIES });
    if (set !== "log") return;
    const before = listed.get(peer.boot) ?? [];
    remember(listed, peer.boot, [...before, { lo, hi, at: context.now.mono }].slice(-LISTED_MAX));
  };

  const sayEqual = ({ peer, set, ids }: Side, lo: Bound): void =>
    link.send(peer, { type: "same", set, lo, hi: END, ...ids.summary(lo, END) }, { tries: TRIES });

  /** Answers one range of a peer's; true if both hold the same there. */
  const compare = (side: Side, lo: Bound, theirs: RangePart): boolean => {
    const { peer, set, ids } = side;
    const { hi } = theirs;
    const mine = partOf(ids.summary(lo, hi), hi);
    if (mine.count === theirs.count && mine.fingerprint === theirs.fingerprint) return true;
    if (theirs.count > FETCH_RATIO * (mine.count + LIST_MAX / 2))
      download.lacking(peer, set, lo, hi, theirs.count, holdingOf(peer, set));
    else if (download.cut(set, lo, hi)) return false;
    else if (mine.count <= LIST_MAX) list(side, lo, hi);
    else if (theirs.count === 0) outlineOwn(side, lo, hi, mine.count);
    else split(side, lo, hi, mine.count);
    return false;
  };

  /** What the peer's last digest that differed says. */
  const holdingOf = (from: Session, set: SetName): Holding => ({
    count: differing.get(`${from.boot} ${set}`)?.digest[set].count ?? 0,
  });

  const download = createDownload(context, {
    others,
    outline: (peer, set, lo, hi) => sendRanges({ peer, set }, lo, [{ hi, count: 0, fingerprint: "" }]),
    finished: (set, suppliers) => {
      for (const session of suppliers) {
        const side = sideOf(session, set);
        // Who keeps more can compare this node's digest; this node learns of it only if it asks.
        if (side !== undefined && !canTell(session, set)) sendWhole(side, "", END);
        else link.send(session, { type: "ping" }, { tries: TRIES });
      }
    },
  });

  const digest = (): Digest => {
    const summaryOf = (set: SetName): { count: number; fingerprint: string } => {
      const { count, fingerprint } = replicas[set].ids.summary("", END);
      return { count, fingerprint: fingerprint.slice(0, 16) };
    };
    return {
      type: "digest",
      log: summaryOf("log"),
      keeps: replicas.log.most(),
      roster: summaryOf("roster"),
      isStored: isStored(),
    };
  };

  /** The peer's set differs from this node's, as far as this node can tell. */
  const differs = (from: Session, set: SetName, theirs: Digest): boolean => {
    const side = canTell(from, set) ? sideOf(from, set) : undefined;
    if (side === undefined) return false;
    const mine = side.ids.summary("", END);
    return mine.count !== theirs[set].count || mine.fingerprint.slice(0, 16) !== theirs[set].fingerprint;
  };

  /** How often in a row these two sets were compared and nothing came of it. */
  const vainTimes = ({ boot }: Session, set: SetName, theirs: Digest): number => {
    const before = vain.get(`${boot} ${set}`);
    return before?.sets === pairOf(set, theirs) ? before.times : 0;
  };
  const pairOf = (set: SetName, theirs: Digest): string =>
    `${replicas[set].ids.summary("", END).fingerprint} ${theirs[set].fingerprint}`;
  /** How long after the last comparison the next one may begin. */
  const pauseMs = (from: Session, set: SetName, theirs: Digest): Millis => {
    const doublings = vainTimes(from, set, theirs) - VAIN_FREE;
    const waitMs = doublings < 0 ? 0 : Math.min(VAIN_MS * 2 ** doublings, VAIN_MS_MAX);
    return Math.max(waitMs, retransmitAfterMs(from.rtt));
  };

  const schedule = ({ boot }: Session, set: SetName, at: Millis): void =>
    timers.set(`reconcile ${boot} ${set}`, at, { type: "reconcile", set, boot });

  return {
    digest,
    onDigest: (from, theirs, eager) => {
      remember(mosts, from.boot, theirs.keeps);
      for (const set of ["log", "roster"] as const) {
        const key = `${from.boot} ${set}`;
        // Who arrives does not wait until those who can tell look at its digest.
        const isToAsk = eager && !canTell(from, set);
        if (!isToAsk && !differs(from, set, theirs)) {
          const side = canTell(from, set) ? sideOf(from, set) : undefined;
          // Who keeps less cannot tell by itself that it is done.
          const isTold = set === "log" && differing.has(key) && mostOf(from) < replicas.log.most();
          if (side !== undefined && isTold) sayEqual(side, "");
          differing.delete(key);
          vain.delete(key);
          timers.clear(`reconcile ${key}`);
          if (side !== undefined) inSync(set, from, side.ids, theirs.isStored);
          continue;
        }
        remember(differing, key, { digest: theirs, at: context.now.mono, eager });
        // Either set has changed since: what waits because nothing came of it need not wait.
        const isNews = (vain.get(key)?.times ?? 0) > VAIN_FREE && vainTimes(from, set, theirs) === 0;
        if (timers.has(`reconcile ${key}`) && !isNews) continue;
        // News once: digests come faster than some comparisons begin, and each would put it off again.
        if (isNews) vain.delete(key);
        const mine = replicas[set].ids.size();
        const isFirst = mine < theirs[set].count || (mine === theirs[set].count && link.boot < from.boot);
        const settleMs = (isFirst ? SETTLE_MS : SETTLE_OTHER_MS) + below(rng, SETTLE_MS);
        schedule(from, set, context.now.mono + (eager ? 0 : settleMs));
      }
    },
    begin: (from, set) => {
      const entry = differing.get(`${from.boot} ${set}`);
      const side = sideOf(from, set);
      if (entry === undefined || side === undefined || !spend(from, 1)) return;
      if (!differs(from, set, entry.digest) && !(entry.eager && !canTell(from, set))) return;
      // What is being fetched explains the difference, until the next digest; the peer can give some of it.
      if (download.isFetching(set)) return download.join(from, set, holdingOf(from, set));
      // Rumours usually even out rosters before it is worth comparing them.
      if (set === "roster" && !entry.eager && context.now.mono < rosterFrom) return;
      // Comparing goes on, and outdates the digest: when it is quiet a new one tells what is left.
      const last = comparedAt.get(`${from.boot} ${set}`) ?? Number.NEGATIVE_INFINITY;
      const quietFrom = last + pauseMs(from, set, entry.digest);
      if (context.now.mono < quietFrom) return schedule(from, set, quietFrom);
      if (entry.at <= last) return link.send(from, { type: "ping" }, { tries: TRIES });
      remember(comparedAt, `${from.boot} ${set}`, context.now.mono);
      const times = vainTimes(from, set, entry.digest) + 1;
      remember(vain, `${from.boot} ${set}`, { sets: pairOf(set, entry.digest), times });
      // And even if no other digest comes: something may get lost.
      schedule(from, set, context.now.mono + pauseMs(from, set, entry.digest));
      if (set === "roster") rosterFrom = context.now.mono + ROSTER_INTERVAL_MS;
      const { ids } = side;
      const newest = ids.at(ids.size() - 1);
      if (newest === undefined) return download.fetchAll(from, set, holdingOf(from, set));
      // The most usual difference is what was said since: what lies above the newest held is a part of its own.
      const above = aboveOf(newest);
      const parts = partsOf(ids, "", above, SPLIT);
      sendRanges(side, "", above === END ? parts : [...parts, { hi: END, count: 0, fingerprint: "" }]);
    },
    onRanges: (from, { set, lo, parts }) => {
      if (!spend(from, parts.length)) return;
      if (isRepeat(from, `ranges ${set} ${lo} ${parts.map((part) => `${part.hi} ${part.count} ${part.fingerprint}`)}`))
        return;
      remember(comparedAt, `${from.boot} ${set}`, context.now.mono);
      const side = sideOf(from, set);
      if (side === undefined) return;
      let equal = true;
      let until = lo;
      for (const part of parts) {
        equal = compare(side, until, part) && equal;
        until = part.hi;
      }
      download.go(set);
      // Who keeps less than this node cannot tell from digests that it holds the rest: it is told.
      if (equal && until === END) sayEqual(side, lo);
    },
    onList: (from, theirs) => {
      if (!spend(from, 1 + theirs.prefixes.length / 8)) return;
      if (isRepeat(from, `list ${theirs.set} ${theirs.lo} ${theirs.hi} ${theirs.prefixes}`)) return;
      const { set, lo, hi } = theirs;
      remember(comparedAt, `${from.boot} ${set}`, context.now.mono);
      const side = sideOf(from, set);
      if (side === undefined) return;
      const mine = side.ids.slice(lo, hi, PREFIXES_MAX + 1);
      const held = new Set(mine.map((id) => id.slice(0, 24)));
      for (const prefix of theirs.prefixes) {
        if (set === "log" && isAhead(context.now.wall, timeOfId(prefix))) continue;
        if (!held.has(prefix) && replicas[set].ids.slice(prefix, afterPrefix(prefix), 1).length === 0)
          replicas[set].want(prefix, from);
      }
      // Much more than they listed: they fetch it at their own pace.
      if (mine.length > PREFIXES_MAX) return sendWhole(side, lo, hi);
      const theirPrefixes = new Set(theirs.prefixes);
      const lacking = mine.filter((id) => !theirPrefixes.has(id.slice(0, 24)));
      replicas[set].give(from, lacking, true);
    },
    onFetch: (from, fetch) => {
      if (isRepeat(from, `fetch ${fetch.set} ${fetch.number}`) || !spend(from, fetch.credit / 2)) return;
      remember(comparedAt, `${from.boot} ${fetch.set}`, context.now.mono);
      const { ids = replicas[fetch.set].ids } = sideOf(from, fetch.set) ?? {};
      replicas[fetch.set].givePages(from, pagesFor(fetch, ids, replicas[fetch.set].sizeInPage));
    },
    onPage: (received, page) => {
      const isAsked = download.isAsked(received.session, page);
      for (const item of page.items) replicas[page.set].accept(received, item, isAsked);
      download.onPage(received.session, page);
    },
    isOwed: ({ boot }, id) =>
      (listed.get(boot) ?? []).some(({ lo, hi, at }) => lo <= id && id < hi && context.now.mono - at < LISTED_MS),
    onPagesLate: download.onTimer,
    onGift: (from) => remember(comparedAt, `${from.boot} log`, context.now.mono),
    onSame: (from, { set, lo, hi, count, fingerprint }) => {
      if (!spend(from, 1)) return;
      const side = sideOf(from, set);
      const equal = side !== undefined && compare(side, lo, partOf({ count, fingerprint }, hi));
      download.go(set);
      // It says nothing of the store.
      if (equal && hi === END && lo === "") inSync(set, from, side.ids, false);
    },
    onWant: (from, asked) => {
      if (!spend(from, asked.prefixes.length / 4)) return;
      const replica = replicas[asked.set];
      const held: string[] = [];
      for (const prefix of asked.prefixes) {
        const [id] = replica.ids.slice(prefix, afterPrefix(prefix), 1);
        if (id !== undefined) held.push(id);
        else replica.asked(prefix, from);
      }
      replica.give(from, held, false);
    },
    isFetching: download.isFetching,
    stop: download.stop,
  };
}

// --- internal ---

/** Of an empty range there is nothing to fingerprint. */
function partOf(summary: { readonly count: number; readonly fingerprint: string }, hi: Bound): RangePart {
  return { hi, count: summary.count, fingerprint: summary.count === 0 ? "" : summary.fingerprint };
}
