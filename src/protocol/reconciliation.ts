/**
 * Anti-entropy (Demers et al. 1987) by range-based set reconciliation (Meyer 2022), made for datagrams: each claim names an
 * absolute range, its count and fingerprint, and is answered from what its receiver holds at that moment. Nothing is
 * remembered between claims, so any of them may be lost, repeated or overtaken; the next digest starts over what is left.
 */
import {
  type Bound,
  END,
  type Frame,
  type Part,
  PREFIXES_MAX,
  type RangeClaim,
  type Ranges,
  type SetName,
} from "../wire/frame.ts";
import { createCatchUp, trimmed } from "./catchUp.ts";
import { bounds } from "./config.ts";
import type { Context } from "./context.ts";
import { boundOfTime } from "./history.ts";
import type { OrderedSet } from "./orderedSet.ts";
import { below } from "./rng.ts";
import type { Session } from "./sessions.ts";
import type { Millis } from "./types.ts";

/** One of the two sets, as reconciliation sees it. */
export type Replica = {
  readonly ids: OrderedSet<string>;
  /** Nothing below this is held or wanted. */
  readonly floor: () => Bound;
  /** The frame that carries an item. */
  readonly frameOf: (id: string) => Frame | undefined;
  readonly want: (prefix: string, from: Session) => void;
  /** A peer wants what is not here; it may be on its way. */
  readonly asked: (prefix: string, by: Session) => void;
};

export type Digest = Frame & { readonly type: "digest" };

export type Reconciliation = {
  readonly digest: () => Digest;
  /** Compares a proven peer's digest; what differs is reconciled soon (at once if `eager`). */
  readonly onDigest: (from: Session, digest: Digest, eager: boolean) => void;
  /** A difference has lasted longer than messages are in flight. */
  readonly begin: (from: Session, set: SetName) => void;
  readonly onRanges: (from: Session, ranges: Ranges) => void;
  readonly onList: (from: Session, list: Frame & { readonly type: "list" }) => void;
  readonly onFetch: (from: Session, fetch: Frame & { readonly type: "fetch" }) => void;
  readonly onServed: (from: Session, claim: RangeClaim) => void;
  readonly onWant: (from: Session, want: Frame & { readonly type: "want" }) => void;
  /** True while anything is being fetched in order from somewhere. */
  readonly isFetching: (set: SetName) => boolean;
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
/** An announcement instead of a large message counts so much of a fetch's credit. */
const ANNOUNCE_BYTES = 32;
/** Longer than a frame is sent again, shorter than a difference that is looked at anew. */
const REPEAT_MS: Millis = 1_000;
/** Sent again so often when lost. */
const TRIES = 4;

export function createReconciliation(
  context: Context,
  replicas: Readonly<Record<SetName, Replica>>,
  horizon: () => number,
  inSync: (set: SetName, from: Session) => void,
): Reconciliation {
  const { link, timers, counters, rng } = context;
  /** BOUNDED: sessions, the latest. The last digest that differed, per session and set. */
  const differing = new Map<string, { readonly digest: Digest; readonly eager: boolean }>();
  const remember = <Value>(table: Map<string, Value>, key: string, value: Value): void => {
    table.delete(key);
    table.set(key, value);
    if (table.size > 2 * bounds.sessions) table.delete(table.keys().next().value as string);
  };
  let rosterFrom: Millis = 0;
  /** BOUNDED: `bounds.sessions` twice. What was compared when. */
  const answered = new Map<string, Millis>();
  /** BOUNDED: sessions. Work done for a session in the current second. */
  let budgets = new Map<Session, number>();
  let budgetSecond = 0;

  const spend = (session: Session, cost: number): boolean => {
    const second = Math.floor(context.now.mono / 1_000);
    if (second !== budgetSecond) budgets = new Map();
    budgetSecond = second;
    const spent = (budgets.get(session) ?? 0) + cost;
    budgets.set(session, spent);
    if (spent <= bounds.rangesPerSecond) return true;
    counters.drop("reconciliation-budget");
    return false;
  };
  const claimOf = (set: SetName, lo: Bound, hi: Bound): RangeClaim => ({
    set,
    lo,
    hi,
    ...replicas[set].ids.summary(lo, hi),
  });
  /** The same words again: sent once more because their acknowledgement was lost. They were answered, and answers repeat themselves. */
  const isRepeat = (from: Session, words: string): boolean => {
    const key = `${from.boot} ${words}`;
    const since = answered.get(key);
    if (since !== undefined && context.now.mono - since < REPEAT_MS) return true;
    remember(answered, key, context.now.mono);
    return false;
  };
  const floored = (set: SetName, lo: Bound): Bound => later(lo, replicas[set].floor());

  /** What this node holds from lo to hi, in parts that together hold it all; what it holds nothing of is one part. */
  const partsOf = (set: SetName, lo: Bound, hi: Bound, parts: number): Part[] => {
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
    let from = lo;
    const result: Part[] = [];
    for (const until of [...cuts, hi]) {
      if (until <= from || until > hi) continue;
      result.push(partOf(replicas[set].ids.summary(from, until), until));
      from = until;
    }
    return result;
  };
  const sendRanges = (to: Session, set: SetName, lo: Bound, parts: readonly Part[]): void =>
    link.send(to, { type: "ranges", set, lo, parts }, { tries: TRIES });
  const sendWhole = (to: Session, set: SetName, lo: Bound, hi: Bound): void =>
    sendRanges(to, set, lo, [partOf(replicas[set].ids.summary(lo, hi), hi)]);

  const split = (to: Session, set: SetName, lo: Bound, hi: Bound, count: number): void =>
    sendRanges(to, set, lo, partsOf(set, lo, hi, Math.min(SPLIT, Math.max(2, Math.ceil(count / LEAF)))));

  const list = (to: Session, set: SetName, lo: Bound, hi: Bound): void => {
    const prefixes = replicas[set].ids.slice(lo, hi, LIST_MAX).map((id) => id.slice(0, 24));
    link.send(to, { type: "list", set, lo, hi, prefixes }, { tries: TRIES });
  };

  /** Answers one range of a peer's; true if both hold the same there. */
  const compare = (from: Session, set: SetName, theirLo: Bound, theirs: Part): boolean => {
    const { hi } = theirs;
    const lo = floored(set, theirLo);
    if (lo >= hi) return true;
    const mine = partOf(replicas[set].ids.summary(lo, hi), hi);
    if (mine.count === theirs.count && mine.fingerprint === theirs.fingerprint) return true;
    // Part of what they mean was let go here: their claim says nothing about the rest.
    if (lo !== theirLo) sendRanges(from, set, lo, [mine]);
    else if (theirs.count > FETCH_RATIO * (mine.count + LIST_MAX / 2)) catchUp.fetch(from, set, lo, hi);
    else if (mine.count <= LIST_MAX) list(from, set, lo, hi);
    else if (theirs.count === 0) sendRanges(from, set, lo, [mine]);
    else split(from, set, lo, hi, mine.count);
    return false;
  };

  const give = (to: Session, set: SetName, id: string): number => {
    const frame = replicas[set].frameOf(id);
    if (frame === undefined) return 0;
    if (frame.type === "message") counters.count("payloadsOut");
    link.send(to, frame);
    return frame.type === "message" || frame.type === "statement" ? frame.bytes.length + 4 : ANNOUNCE_BYTES;
  };

  const catchUp = createCatchUp(context, replicas, claimOf, give);

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

  /** Whether this node can tell that the peer's set differs from its own. */
  const differs = (set: SetName, theirs: Digest): boolean => {
    // Only who has let go as much or less can compare: it still holds all that the other's digest covers.
    if (set === "log" && theirs.horizon < horizon()) return false;
    const lo = set === "log" && theirs.horizon > 0 ? boundOfTime(theirs.horizon) : replicas[set].floor();
    const mine = replicas[set].ids.summary(lo, END);
    return mine.count !== theirs[set].count || mine.fingerprint.slice(0, 16) !== theirs[set].fingerprint;
  };

  return {
    digest,
    onDigest: (from, theirs, eager) => {
      for (const set of ["log", "roster"] as const) {
        const key = `${from.boot} ${set}`;
        if (!differs(set, theirs)) {
          differing.delete(key);
          timers.clear(`reconcile ${key}`);
          if (set !== "log" || theirs.horizon >= horizon()) inSync(set, from);
          continue;
        }
        remember(differing, key, { digest: theirs, eager });
        if (timers.has(`reconcile ${key}`)) continue;
        const mine = replicas[set].ids.size();
        const isFirst = mine < theirs[set].count || (mine === theirs[set].count && link.boot < from.boot);
        const settleMs = (isFirst ? SETTLE_MS : SETTLE_OTHER_MS) + below(rng, SETTLE_MS);
        timers.set(`reconcile ${key}`, context.now.mono + (eager ? 0 : settleMs), {
          type: "reconcile",
          set,
          boot: from.boot,
        });
      }
    },
    begin: (from, set) => {
      const entry = differing.get(`${from.boot} ${set}`);
      if (entry === undefined || !differs(set, entry.digest) || !spend(from, 1)) return;
      // What is being fetched explains the difference, until the next digest.
      if (catchUp.isFetching(set)) return;
      // Rumours usually even out rosters before it is worth comparing them.
      if (set === "roster" && !entry.eager && context.now.mono < rosterFrom) return;
      if (set === "roster") rosterFrom = context.now.mono + ROSTER_INTERVAL_MS;
      const floor = replicas[set].floor();
      const theirFloor = set === "log" && entry.digest.horizon > 0 ? boundOfTime(entry.digest.horizon) : "";
      const lo = theirFloor > floor ? theirFloor : floor;
      const { ids } = replicas[set];
      const newest = ids.at(ids.size() - 1);
      if (newest === undefined || newest < lo) return catchUp.fetchAll(from, set, lo);
      // The most usual difference is what was said since: what lies above the newest held is a part of its own.
      const above = aboveOf(newest);
      const parts = partsOf(set, lo, above, SPLIT);
      sendRanges(from, set, lo, above === END ? parts : [...parts, { hi: END, count: 0, fingerprint: "" }]);
    },
    onRanges: (from, { set, lo, parts }) => {
      if (!spend(from, parts.length)) return;
      if (isRepeat(from, `ranges ${set} ${lo} ${parts.map((part) => `${part.hi} ${part.count} ${part.fingerprint}`)}`))
        return;
      let equal = true;
      let until = lo;
      for (const part of parts) {
        equal = compare(from, set, until, part) && equal;
        until = part.hi;
      }
      // Who has let go of more than this node cannot tell from digests that it holds the rest: it is told.
      if (equal && until === END && lo >= replicas[set].floor()) {
        link.send(from, { type: "served", ...claimOf(set, lo, END) }, { tries: TRIES });
      }
    },
    onList: (from, theirs) => {
      if (!spend(from, 1 + theirs.prefixes.length / 8)) return;
      if (isRepeat(from, `list ${theirs.set} ${theirs.lo} ${theirs.hi} ${theirs.prefixes}`)) return;
      const { set } = theirs;
      const { hi } = theirs;
      const lo = floored(set, theirs.lo);
      if (lo >= hi) return;
      const mine = replicas[set].ids.slice(lo, hi, PREFIXES_MAX + 1);
      const held = new Set(mine.map((id) => id.slice(0, 24)));
      for (const prefix of theirs.prefixes) {
        if (!held.has(prefix) && replicas[set].ids.slice(prefix, after(prefix), 1).length === 0)
          replicas[set].want(prefix, from);
      }
      // Much more than they listed: they fetch it at their own pace.
      if (mine.length > PREFIXES_MAX) return sendWhole(from, set, lo, hi);
      const theirPrefixes = new Set(theirs.prefixes);
      for (const id of mine) if (!theirPrefixes.has(id.slice(0, 24))) give(from, set, id);
    },
    onFetch: (from, asked) => {
      const { set, lo, hi, credit } = asked;
      if (isRepeat(from, `fetch ${set} ${lo} ${hi} ${credit}`)) return;
      if (spend(from, credit / 8)) catchUp.onFetch(from, asked);
    },
    onServed: (from, claim) => {
      if (!spend(from, 1)) return;
      const { set, lo, hi, count, fingerprint } = claim;
      const equal = compare(from, set, lo, partOf({ count, fingerprint }, hi));
      catchUp.onServed(from, claim, equal);
      if (equal && hi === END && lo <= replicas[set].floor()) inSync(set, from);
    },
    onWant: (from, asked) => {
      if (!spend(from, asked.prefixes.length / 4)) return;
      const { ids } = replicas[asked.set];
      for (const prefix of asked.prefixes) {
        const [id] = ids.slice(prefix, after(prefix), 1);
        if (id !== undefined) give(from, asked.set, id);
        else replicas[asked.set].asked(prefix, from);
      }
    },
    isFetching: catchUp.isFetching,
  };
}

// --- internal ---

function later(a: Bound, b: Bound): Bound {
  return a < b ? b : a;
}

/** Of an empty range there is nothing to fingerprint. */
function partOf(summary: { readonly count: number; readonly fingerprint: string }, hi: Bound): Part {
  return { hi, count: summary.count, fingerprint: summary.count === 0 ? "" : summary.fingerprint };
}

/** The shortest bound above `before` and not above `id`. */
function separator(before: string, id: string): Bound {
  let digits = 0;
  while (before[digits] === id[digits]) digits += 1;
  return trimmed(id.slice(0, digits + 2 - (digits % 2)));
}

/** The shortest bound above an id and, most likely, below all that will come after it: its time, and one millisecond more. */
function aboveOf(id: string): Bound {
  return boundOfTime(Number.parseInt(id.slice(0, 12), 16) + 1);
}

/** The bound above all ids that start with the 24 digits of `prefix`. */
function after(prefix: string): Bound {
  const next = (BigInt(`0x${prefix}`) + 1n).toString(16).padStart(24, "0");
  return next.length > 24 ? END : trimmed(next);
}
