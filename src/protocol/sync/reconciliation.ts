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
import { PARTS_MAX, SHORT_IDS_MAX, type SpanList, type SpanWant } from "../../wire/range.ts";
import type { Context } from "../context.ts";
import { aboveOf, separator } from "../idset/range.ts";
import { frontOfId, newSalt, shortHash, shortIdOf } from "../idset/shortIds.ts";
import { limits } from "../limits.ts";
import { retransmitAfterMs } from "../link/rtt.ts";
import type { Session } from "../link/session.ts";
import { shortIdKeyFor } from "../link/shortIdKey.ts";
import type { Received } from "../link/types.ts";
import { isAhead } from "../log/hlc.ts";
import { below, jitter } from "../rng.ts";
import type { Millis } from "../time.ts";
import { createDownload } from "./download.ts";
import type { Holding } from "./grants.ts";
import { type Fetch, type Page, pagesFor } from "./pages.ts";
import type { Ids, Replicas } from "./replicas.ts";
import { createWorkBudget } from "./workBudget.ts";

export type Digest = Frame & { readonly type: "digest" };

export type Reconciliation = {
  /** What this node tells a peer that it holds. */
  readonly digest: (to: Session) => Digest;
  /** How many messages the peer holds by that digest of its, and this node does not, as far as that can be told. */
  readonly lacking: (from: Session, digest: Digest) => number;
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
  let checkFrom: Millis = context.now.mono + below(rng, CHECK_MS);
  const { spend, isRepeat } = createWorkBudget(context);
  /** BOUNDED: sessions twice. How much each keeps of the log at most, and whether its digest took this node's limits into account. */
  const keptBy = new Map<string, Pick<Digest, "keeps" | "isForReceiver">>();
  /** Undefined: there is no telling what both would keep of this node's. */
  const sideOf = (peer: Session, set: SetName): Side | undefined => {
    const keeps = set === "log" ? keptBy.get(peer.boot)?.keeps : undefined;
    const ids = keeps === undefined ? replicas[set].ids : replicas.log.idsFor(keeps);
    return ids && { peer, set, ids };
  };
  /** Whether the peer's digest counts what this node compares with it. If not, it has to hear this node's limits first. */
  const canTell = (peer: Session, set: SetName): boolean => {
    const theirs = keptBy.get(peer.boot);
    if (set === "roster" || theirs === undefined) return true;
    const own = replicas.log.limits(theirs.keeps.since);
    const { since, small, large } = theirs.keeps;
    return theirs.isForReceiver || (since >= own.since && small <= own.small && large <= own.large);
  };

  /** A key of its own for each frame, and what the receiver needs to make it. */
  const newKey = (to: Session): { salt: Salt; key: Uint8Array } => {
    const salt = newSalt(rng);
    return { salt, key: shortIdKeyFor(context, to, salt) };
  };

  /** Where the parts end that together hold all that is compared from lo to hi, each about as much. */
  const cutsOf = (ids: Ids, lo: Bound, hi: Bound, parts: number): Bound[] => {
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
  /** All that is compared from lo on, in parts that end with these bounds. */
  const sendRanges = ({ peer, set, ids }: Side, lo: Bound, cuts: readonly Bound[]): void => {
    const { salt, key } = newKey(peer);
    const parts = cuts.map((hi, index) => partOf(ids, cuts[index - 1] ?? lo, hi, key));
    link.send(peer, { type: "ranges", set, salt, lo, parts }, { tries: TRIES });
  };

  const split = (side: Side, lo: Bound, hi: Bound, count: number): void =>
    sendRanges(side, lo, cutsOf(side.ids, lo, hi, Math.min(SPLIT, Math.max(2, Math.ceil(count / LEAF)))));

  const outlineOwn = (side: Side, lo: Bound, hi: Bound, count: number): void =>
    sendRanges(side, lo, cutsOf(side.ids, lo, hi, Math.min(Math.ceil(count / OUTLINE_PART), PARTS_MAX)));

  const list = ({ peer, set, ids }: Side, lo: Bound, hi: Bound): void => {
    const { salt, key } = newKey(peer);
    const shortIds = ids.slice(lo, hi, LIST_MAX).map((id) => shortIdOf(id, key));
    link.send(peer, { type: "list", set, lo, hi, salt, ids: shortIds }, { tries: TRIES });
    if (set !== "log") return;
    const before = listed.get(peer.boot) ?? [];
    remember(listed, peer.boot, [...before, { lo, hi, at: context.now.mono }].slice(-LISTED_MAX));
  };

  const sayEqual = ({ peer, set, ids }: Side, lo: Bound): void => {
    const { salt, key } = newKey(peer);
    link.send(peer, { type: "same", set, lo, salt, ...partOf(ids, lo, END, key) }, { tries: TRIES });
  };

  /** Answers one range of a peer's; true if both hold the same there. */
  const compare = (side: Side, lo: Bound, theirs: RangePart, key: Uint8Array): boolean => {
    const { peer, set, ids } = side;
    const { hi } = theirs;
    const count = ids.count(lo, hi);
    if (count === theirs.count && ids.fingerprint(lo, hi, key) === theirs.fingerprint) return true;
    if (theirs.count > FETCH_RATIO * (count + LIST_MAX / 2))
      download.lacking(peer, set, lo, hi, theirs.count, holdingOf(peer, set));
    else if (download.cut(set, lo, hi)) return false;
    else if (count <= LIST_MAX) list(side, lo, hi);
    else if (theirs.count === 0) outlineOwn(side, lo, hi, count);
    else split(side, lo, hi, count);
    return false;
  };

  /** What the peer's last digest that differed says. */
  const holdingOf = (from: Session, set: SetName): Holding => ({
    count: differing.get(`${from.boot} ${set}`)?.digest[set].count ?? 0,
  });

  const download = createDownload(context, {
    others,
    outline: (peer, set, lo, hi) => {
      const parts = [{ hi, count: 0, fingerprint: "" }];
      link.send(peer, { type: "ranges", set, salt: newSalt(rng), lo, parts }, { tries: TRIES });
    },
    finished: (set, suppliers) => {
      for (const session of suppliers) {
        const side = sideOf(session, set);
        // It learns this node's limits by what it is asked.
        if (side !== undefined && !canTell(session, set)) sendRanges(side, "", [END]);
        else link.send(session, { type: "ping" }, { tries: TRIES });
      }
    },
  });

  const digest = (to: Session): Digest => {
    const summaryOf = (ids: Ids): { count: number; fingerprint: string } => {
      const { count, fingerprint } = ids.summary("", END);
      return { count, fingerprint: fingerprint.slice(0, 16) };
    };
    const theirs = keptBy.get(to.boot)?.keeps;
    const joint = theirs && replicas.log.idsFor(theirs);
    return {
      type: "digest",
      log: summaryOf(joint ?? replicas.log.ids),
      // Its own time, not the later one of both: else neither could go back to an earlier one.
      keeps: { ...replicas.log.limits(joint && theirs?.since), since: replicas.log.limits().since },
      isForReceiver: joint !== undefined,
      roster: summaryOf(replicas.roster.ids),
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
    lacking: (from, theirs) => {
      const side = canTell(from, "log") ? sideOf(from, "log") : undefined;
      return side === undefined ? 0 : Math.max(theirs.log.count - side.ids.size(), 0);
    },
    onDigest: (from, theirs, eager) => {
      remember(keptBy, from.boot, { keeps: theirs.keeps, isForReceiver: theirs.isForReceiver });
      for (const set of ["log", "roster"] as const) {
        const key = `${from.boot} ${set}`;
        // Who arrives does not wait until the other has heard its limits.
        const isToAsk = eager && !canTell(from, set);
        if (!isToAsk && !differs(from, set, theirs)) {
          const side = canTell(from, set) ? sideOf(from, set) : undefined;
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
        const mine = (sideOf(from, set)?.ids ?? replicas[set].ids).size();
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
      const cuts = cutsOf(ids, "", above, SPLIT);
      sendRanges(side, "", above === END ? cuts : [...cuts, END]);
    },
    onRanges: (from, { set, salt, lo, parts }) => {
      const side = sideOf(from, set);
      if (side === undefined) return;
      if (!spend(from, parts.length + fingerprintedUnits(side.ids, lo, parts.at(-1)?.hi ?? lo))) return;
      if (isRepeat(from, `ranges ${set} ${lo} ${parts.map((part) => `${part.hi} ${part.count} ${part.fingerprint}`)}`))
        return;
      remember(comparedAt, `${from.boot} ${set}`, context.now.mono);
      const key = shortIdKeyFor(context, from, salt);
      let equal = true;
      let until = lo;
      for (const part of parts) {
        equal = compare(side, until, part, key) && equal;
        until = part.hi;
      }
      download.go(set);
      // It need not wait for the next digest.
      if (equal && until === END) sayEqual(side, lo);
    },
    onList: (from, { set, lo, hi, salt, ids: theirs }) => {
      const side = sideOf(from, set);
      if (side === undefined || !spend(from, 1 + theirs.length / SHORT_IDS_PER_UNIT)) return;
      // Much more than they listed: they fetch it at their own pace, and what they listed is looked up front by front.
      const isFew = side.ids.count(lo, hi) <= SHORT_IDS_MAX;
      const mine = new Set(isFew ? side.ids.slice(lo, hi, SHORT_IDS_MAX) : []);
      const known = new Set([...mine, ...replicas[set].withFronts(lo, hi, theirs, NAMED_MAX)]);
      if (!spend(from, known.size / SHORT_IDS_PER_UNIT)) return;
      // By fronts: made anew, the same list has other hashes.
      if (isRepeat(from, `list ${set} ${lo} ${hi} ${theirs.map(frontOfId)}`)) return;
      remember(comparedAt, `${from.boot} ${set}`, context.now.mono);
      const key = shortIdKeyFor(context, from, salt);
      const unknown = new Set(theirs);
      const unlisted = [...known].filter((id) => !unknown.delete(shortIdOf(id, key)));
      const isAheadOf = (id: ShortId): boolean => set === "log" && isAhead(context.now.wall, timeOfId(id));
      const lacking = [...unknown].filter((id) => !isAheadOf(id));
      if (lacking.length > 0) replicas[set].wantListed(from, { lo, hi, salt, key }, lacking);
      if (!isFew) return sendRanges(side, lo, [hi]);
      const given = unlisted.filter((id) => mine.has(id));
      replicas[set].give(from, given, true);
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
    onSame: (from, claim) => {
      const { set, lo, hi, salt } = claim;
      const side = sideOf(from, set);
      if (!spend(from, 1 + (side === undefined ? 0 : fingerprintedUnits(side.ids, lo, hi)))) return;
      const equal = side !== undefined && compare(side, lo, claim, shortIdKeyFor(context, from, salt));
      download.go(set);
      if (!equal || hi !== END || lo !== "") return;
      // It says nothing of the store.
      inSync(set, from, side.ids, false);
    },
    onWant: (from, { ids }) => {
      if (!spend(from, ids.length / 4)) return;
      const { log } = replicas;
      const held = ids.filter((id) => log.ids.has(id));
      for (const id of ids) if (!log.ids.has(id)) log.asked(id, from);
      log.give(from, held, false);
    },
    onWantListed: (from, { set, lo, hi, salt, hashes }) => {
      // Listed was what is compared with the peer.
      const held = sideOf(from, set)?.ids.slice(lo, hi, NAMED_MAX + 1) ?? [];
      if (!spend(from, hashes.length / 4 + held.length / SHORT_IDS_PER_UNIT)) return;
      // So much has come there since that the next list will be another one.
      if (held.length > NAMED_MAX) return;
      const key = shortIdKeyFor(context, from, salt);
      const wanted = new Set(hashes);
      const named = held.filter((id) => wanted.has(shortHash(id, key)));
      replicas[set].give(from, named, false);
    },
    check: (to) => {
      if (context.now.mono < checkFrom || !to.proven) return;
      checkFrom = context.now.mono + jitter(rng, CHECK_MS, 0.25);
      for (const set of ["log", "roster"] as const) {
        // What differs anyway is compared anyway.
        if (differing.has(`${to.boot} ${set}`) || download.isFetching(set)) continue;
        const side = sideOf(to, set);
        if (side !== undefined && side.ids.size() > 0) sendRanges(side, "", [END]);
      }
    },
    isFetching: download.isFetching,
    stop: download.stop,
  };
}

// --- internal ---

function partOf(ids: Ids, lo: Bound, hi: Bound, key: Uint8Array): RangePart {
  return { hi, count: ids.count(lo, hi), fingerprint: ids.fingerprint(lo, hi, key) };
}

function fingerprintedUnits(ids: Ids, lo: Bound, hi: Bound): number {
  return Math.floor(ids.count(lo, hi) / FINGERPRINTED_PER_UNIT);
}
