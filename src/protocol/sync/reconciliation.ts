/**
 * Anti-entropy (Demers et al. 1987) by range-based set reconciliation (Meyer 2022), made for datagrams. Each claim names
 * an absolute range, its count and its fingerprint. Its receiver answers from what it holds at that moment, and nothing is
 * remembered between claims. So a claim may be lost, repeated or overtaken; the next digest shows what is left.
 *
 * Fingerprints and short ids are hashes under a key that is another one in each frame. Nobody can choose ids that make two
 * different ranges look equal, or one id look like another; what does by chance does not the next time.
 */
import {
  type Bound,
  END,
  type Frame,
  type RangeClaim,
  type RangePart,
  type Ranges,
  type Salt,
  type SetName,
} from "../../wire/frames.ts";
import { type BootId, type ShortId, timeOfId } from "../../wire/ids.ts";
import { PARTS_MAX, SHORT_IDS_MAX, type Span, type SpanList, type SpanWant } from "../../wire/range.ts";
import type { Context } from "../context.ts";
import { aboveOf, afterFront, boundOfTime, earlier, later, separator, trimmed } from "../idset/range.ts";
import { frontOfId, newSalt, shortHash, shortIdOf } from "../idset/shortIds.ts";
import { limits } from "../limits.ts";
import type { Received } from "../link/link.ts";
import { retransmitAfterMs } from "../link/rtt.ts";
import type { Session } from "../link/session.ts";
import { shortIdKeyFor } from "../link/shortIdKey.ts";
import { isAhead } from "../log/hlc.ts";
import { below, jitter } from "../rng.ts";
import type { Millis } from "../time.ts";
import { createDownload } from "./download.ts";
import type { Holding } from "./grants.ts";
import { type Fetch, type Page, pagesFor } from "./pages.ts";
import type { Replicas } from "./replicas.ts";
import { createWorkBudget } from "./workBudget.ts";

export type Digest = Frame & { readonly type: "digest" };

export type Reconciliation = {
  readonly digest: () => Digest;
  /** Compares a proven peer's digest; what differs is reconciled soon (at once if `eager`). */
  readonly onDigest: (from: Session, digest: Digest, eager: boolean) => void;
  /** A difference has lasted longer than messages are in flight. */
  readonly begin: (from: Session, set: SetName) => void;
  readonly onRanges: (from: Session, ranges: Ranges) => void;
  readonly onList: (from: Session, list: SpanList) => void;
  readonly onFetch: (from: Session, fetch: Fetch) => void;
  readonly onPage: (received: Received, page: Page) => void;
  /** The peer was told lately what this node holds there: it gives what is not among that. */
  readonly isOwed: (from: Session, id: string) => boolean;
  readonly onSame: (from: Session, claim: RangeClaim) => void;
  readonly onWant: (from: Session, want: Frame & { readonly type: "want" }) => void;
  readonly onWantListed: (from: Session, want: SpanWant) => void;
  /** A peer is probed, whom this node chose by chance: now and then sets that look equal are compared all the same. */
  readonly check: (to: Session) => void;
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
  /** hlc below which messages were let go; 0: never. */
  readonly horizon: () => number;
  /** The peer's set equals this node's, from this bound on: below it one of the two has let go of what it had. */
  readonly inSync: (set: SetName, from: Session, since: Bound) => void;
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
/** How often sets are compared though their digests may be equal. */
const CHECK_MS: Millis = 60_000;
/** For so long what a list draws may come. BOUNDED: lists remembered for each session. */
const LISTED_MS: Millis = 10_000;
const LISTED_MAX = 16;
/** A short id is looked for among at most so many. What was listed are fewer, and some may have come since. */
const NAMED_MAX = 2 * SHORT_IDS_MAX;
/** Hashing so many ids, as short ids or for a fingerprint, is as much work as looking one range up. */
const SHORT_IDS_PER_UNIT = 8;
const FINGERPRINTED_PER_UNIT = 512;

export function createReconciliation(
  context: Context,
  replicas: Replicas,
  { horizon, inSync, others }: Options,
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
  let checkFrom: Millis = context.now.mono + below(rng, CHECK_MS);
  const { spend, isRepeat } = createWorkBudget(context);
  /** A key of its own for each frame, and what the receiver needs to make it. */
  const newKey = (to: Session): { salt: Salt; key: Uint8Array } => {
    const salt = newSalt(rng);
    return { salt, key: shortIdKeyFor(context, to, salt) };
  };
  const countOf = ({ set, lo, hi }: Span): number => replicas[set].ids.count(lo, hi);
  const fingerprintedUnits = (span: Span): number => Math.floor(countOf(span) / FINGERPRINTED_PER_UNIT);
  const partOf = (span: Span, key: Uint8Array): RangePart => {
    const { set, lo, hi } = span;
    return { hi, count: countOf(span), fingerprint: replicas[set].ids.fingerprint(lo, hi, key) };
  };
  const floored = (set: SetName, lo: Bound): Bound => later(lo, replicas[set].floor());

  /** Where the parts end that together hold all that this node holds from lo to hi, each about as much. */
  const cutsOf = ({ set, lo, hi }: Span, parts: number): Bound[] => {
    const { ids } = replicas[set];
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
    let before = lo;
    return [...cuts, hi].filter((until) => {
      if (until <= before || until > hi) return false;
      before = until;
      return true;
    });
  };
  /** Of all that this node holds from lo on, in parts that end with these bounds. */
  const sendRanges = (to: Session, set: SetName, lo: Bound, cuts: readonly Bound[]): void => {
    const { salt, key } = newKey(to);
    const parts = cuts.map((hi, index) => partOf({ set, lo: cuts[index - 1] ?? lo, hi }, key));
    link.send(to, { type: "ranges", set, salt, lo, parts }, { tries: TRIES });
  };

  const split = (to: Session, span: Span, count: number): void =>
    sendRanges(to, span.set, span.lo, cutsOf(span, Math.min(SPLIT, Math.max(2, Math.ceil(count / LEAF)))));

  const outlineOwn = (to: Session, span: Span, count: number): void =>
    sendRanges(to, span.set, span.lo, cutsOf(span, Math.min(Math.ceil(count / OUTLINE_PART), PARTS_MAX)));

  const list = (to: Session, { set, lo, hi }: Span): void => {
    const { salt, key } = newKey(to);
    const ids = replicas[set].ids.slice(lo, hi, LIST_MAX).map((id) => shortIdOf(id, key));
    link.send(to, { type: "list", set, lo, hi, salt, ids }, { tries: TRIES });
    if (set !== "log") return;
    const before = listed.get(to.boot) ?? [];
    remember(listed, to.boot, [...before, { lo, hi, at: context.now.mono }].slice(-LISTED_MAX));
  };

  /** Answers one range of a peer's; true if both hold the same there. */
  const compare = (from: Session, { set, lo: theirLo, hi }: Span, theirs: RangePart, key: Uint8Array): boolean => {
    const lo = floored(set, theirLo);
    if (lo >= hi) return true;
    const span = { set, lo, hi };
    const count = countOf(span);
    if (count === theirs.count && replicas[set].ids.fingerprint(lo, hi, key) === theirs.fingerprint) return true;
    // Part of what they mean was let go here: their claim says nothing about the rest.
    if (lo !== theirLo) sendRanges(from, set, lo, [hi]);
    else if (theirs.count > FETCH_RATIO * (count + LIST_MAX / 2))
      download.lacking(from, set, lo, hi, theirs.count, holdingOf(from, set));
    else if (download.cut(set, lo, hi)) return false;
    else if (count <= LIST_MAX) list(from, span);
    else if (theirs.count === 0) outlineOwn(from, span, count);
    else split(from, span, count);
    return false;
  };

  /** What this node holds of lo..hi with the fronts of these, NAMED_MAX at most: usually as many, or fewer. */
  const heldWithFronts = ({ set, lo, hi }: Span, listed: readonly ShortId[]): string[] => {
    const held: string[] = [];
    for (const front of new Set(listed.map(frontOfId))) {
      const [from, until] = [later(lo, trimmed(front)), earlier(hi, afterFront(front))];
      held.push(...replicas[set].ids.slice(from, until, NAMED_MAX - held.length));
    }
    return held;
  };

  /** What the peer's last digest that differed says. */
  const holdingOf = (from: Session, set: SetName): Holding => {
    const digest = differing.get(`${from.boot} ${set}`)?.digest;
    const isTrimmed = set === "log" && digest !== undefined && digest.horizon > 0;
    return { count: digest?.[set].count ?? 0, floor: isTrimmed ? boundOfTime(digest.horizon) : "" };
  };

  const download = createDownload(context, {
    replicas,
    others,
    outline: (of, set, lo, hi) => {
      const parts = [{ hi, count: 0, fingerprint: "" }];
      link.send(of, { type: "ranges", set, salt: newSalt(rng), lo, parts }, { tries: TRIES });
    },
    finished: (set, suppliers) => {
      for (const { session, floor } of suppliers) {
        const own = replicas[set].floor();
        // Who has let go of less can compare this node's digest; this node learns of it only if it asks.
        if (floor < own) sendRanges(session, set, own, [END]);
        else link.send(session, { type: "ping" }, { tries: TRIES });
      }
    },
  });

  const digest = (): Digest => {
    const summaryOf = (set: SetName): { count: number; fingerprint: string } => {
      const { count, fingerprint } = replicas[set].ids.summary(replicas[set].floor(), END);
      return { count, fingerprint: fingerprint.slice(0, 16) };
    };
    return {
      type: "digest",
      log: summaryOf("log"),
      horizon: horizon(),
      roster: summaryOf("roster"),
    };
  };

  /** Where that begins of which the digest tells. */
  const comparedFrom = (set: SetName, theirs: Digest): Bound =>
    set === "log" && theirs.horizon > 0 ? boundOfTime(theirs.horizon) : replicas[set].floor();

  /** Whether this node can tell that the peer's set differs from its own. */
  const differs = (set: SetName, theirs: Digest): boolean => {
    // Only who has let go as much or less can compare: it still holds all that the other's digest covers.
    if (set === "log" && theirs.horizon < horizon()) return false;
    const lo = comparedFrom(set, theirs);
    const mine = replicas[set].ids.summary(lo, END);
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
      for (const set of ["log", "roster"] as const) {
        const key = `${from.boot} ${set}`;
        if (!differs(set, theirs)) {
          differing.delete(key);
          vain.delete(key);
          timers.clear(`reconcile ${key}`);
          if (set !== "log" || theirs.horizon >= horizon()) inSync(set, from, comparedFrom(set, theirs));
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
      if (entry === undefined || !differs(set, entry.digest) || !spend(from, 1)) return;
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
      const floor = replicas[set].floor();
      const holding = holdingOf(from, set);
      const lo = later(floor, holding.floor);
      const { ids } = replicas[set];
      const newest = ids.at(ids.size() - 1);
      if (newest === undefined || newest < lo) return download.fetchAll(from, set, lo, holding);
      // The most usual difference is what was said since: what lies above the newest held is a part of its own.
      const above = aboveOf(newest);
      const cuts = cutsOf({ set, lo, hi: above }, SPLIT);
      sendRanges(from, set, lo, above === END ? cuts : [...cuts, END]);
    },
    onRanges: (from, { set, salt, lo, parts }) => {
      const whole = { set, lo: floored(set, lo), hi: parts.at(-1)?.hi ?? lo };
      if (!spend(from, parts.length + fingerprintedUnits(whole))) return;
      if (isRepeat(from, `ranges ${set} ${lo} ${parts.map((part) => `${part.hi} ${part.count} ${part.fingerprint}`)}`))
        return;
      remember(comparedAt, `${from.boot} ${set}`, context.now.mono);
      const key = shortIdKeyFor(context, from, salt);
      let equal = true;
      let until = lo;
      for (const part of parts) {
        equal = compare(from, { set, lo: until, hi: part.hi }, part, key) && equal;
        until = part.hi;
      }
      download.go(set);
      // Who has let go of more than this node cannot tell from digests that it holds the rest: it is told.
      if (equal && until === END && lo >= replicas[set].floor()) {
        const own = newKey(from);
        const all = partOf({ set, lo, hi: END }, own.key);
        link.send(from, { type: "same", set, lo, salt: own.salt, ...all }, { tries: TRIES });
      }
    },
    onList: (from, theirs) => {
      const { set, hi, salt } = theirs;
      const lo = floored(set, theirs.lo);
      const { ids } = replicas[set];
      const isFew = ids.count(lo, hi) <= SHORT_IDS_MAX;
      const looked = isFew ? ids.count(lo, hi) : theirs.ids.length;
      if (!spend(from, 1 + (theirs.ids.length + looked) / SHORT_IDS_PER_UNIT)) return;
      // By fronts: made anew, the same list has other hashes.
      if (isRepeat(from, `list ${set} ${theirs.lo} ${hi} ${theirs.ids.map(frontOfId)}`)) return;
      remember(comparedAt, `${from.boot} ${set}`, context.now.mono);
      if (lo >= hi) return;
      const key = shortIdKeyFor(context, from, salt);
      // Much more than they listed: they fetch it at their own pace, and what they listed is looked up front by front.
      const mine = isFew ? ids.slice(lo, hi, SHORT_IDS_MAX) : heldWithFronts({ set, lo, hi }, theirs.ids);
      const held = new Map(mine.map((id) => [shortIdOf(id, key), id]));
      const isUsable = (id: ShortId): boolean =>
        (lo === theirs.lo || id >= lo) && (set !== "log" || !isAhead(context.now.wall, timeOfId(id)));
      const lacking = theirs.ids.filter((id) => !held.delete(id) && isUsable(id));
      if (lacking.length > 0) replicas[set].wantListed(from, { lo, hi, salt, key }, lacking);
      if (isFew) replicas[set].give(from, [...held.values()], true);
      else sendRanges(from, set, lo, [hi]);
    },
    onFetch: (from, fetch) => {
      if (isRepeat(from, `fetch ${fetch.set} ${fetch.number}`) || !spend(from, fetch.credit / 2)) return;
      remember(comparedAt, `${from.boot} ${fetch.set}`, context.now.mono);
      const replica = replicas[fetch.set];
      replica.givePages(from, pagesFor(fetch, replica.ids, replica.sizeInPage));
    },
    onPage: (received, page) => {
      const isAsked = download.isAsked(received.session, page);
      for (const item of page.items) replicas[page.set].accept(received, item, isAsked);
      download.onPage(received.session, page);
    },
    check: (to) => {
      if (context.now.mono < checkFrom || !to.proven) return;
      checkFrom = context.now.mono + jitter(rng, CHECK_MS, 0.25);
      for (const set of ["log", "roster"] as const) {
        // What differs anyway is compared anyway.
        if (differing.has(`${to.boot} ${set}`) || download.isFetching(set) || replicas[set].ids.size() === 0) continue;
        sendRanges(to, set, replicas[set].floor(), [END]);
      }
    },
    isOwed: ({ boot }, id) =>
      (listed.get(boot) ?? []).some(({ lo, hi, at }) => lo <= id && id < hi && context.now.mono - at < LISTED_MS),
    onPagesLate: download.onTimer,
    onGift: (from) => remember(comparedAt, `${from.boot} log`, context.now.mono),
    onSame: (from, claim) => {
      const { set, lo, hi } = claim;
      if (!spend(from, 1 + fingerprintedUnits(claim))) return;
      const equal = compare(from, claim, claim, shortIdKeyFor(context, from, claim.salt));
      download.go(set);
      const floor = replicas[set].floor();
      if (equal && hi === END && lo <= floor) inSync(set, from, floor);
    },
    onWant: (from, { ids }) => {
      if (!spend(from, ids.length / 4)) return;
      const { log } = replicas;
      for (const id of ids) if (!log.ids.has(id)) log.asked(id, from);
      log.give(
        from,
        ids.filter((id) => log.ids.has(id)),
        false,
      );
    },
    onWantListed: (from, { set, lo: theirLo, hi, salt, hashes }) => {
      const lo = floored(set, theirLo);
      const held = replicas[set].ids.slice(lo, hi, NAMED_MAX + 1);
      if (!spend(from, hashes.length / 4 + held.length / SHORT_IDS_PER_UNIT)) return;
      // So much has come there since that the next list will be another one.
      if (held.length > NAMED_MAX) return;
      const key = shortIdKeyFor(context, from, salt);
      const wanted = new Set(hashes);
      const named = held.filter((id) => wanted.has(shortHash(id, key)));
      replicas[set].give(from, named, false);
    },
    isFetching: download.isFetching,
    stop: download.stop,
  };
}
