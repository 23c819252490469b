/**
 * Anti-entropy (Demers et al. 1987) by range-based set reconciliation (Meyer 2022), made for datagrams: each claim names an
 * absolute range, its count and fingerprint, and is answered from what its receiver holds at that moment. Nothing is
 * remembered between claims, so any of them may be lost, repeated or overtaken; the next digest starts over what is left.
 */
import { type Bound, END, type Frame, PREFIXES_MAX, type RangeClaim, type SetName } from "../wire/frame.ts";
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
  readonly onRange: (from: Session, claim: RangeClaim) => void;
  readonly onList: (from: Session, list: Frame & { readonly type: "list" }) => void;
  readonly onFetch: (from: Session, fetch: Frame & { readonly type: "fetch" }) => void;
  readonly onServed: (from: Session, claim: RangeClaim) => void;
  readonly onWant: (from: Session, want: Frame & { readonly type: "want" }) => void;
  /** True while anything is being fetched in order from somewhere. */
  readonly isFetching: (set: SetName) => boolean;
};

/** Up to so many items are listed, more are split. */
const LIST_MAX = 16;
const SPLIT = 8;
/** A peer that has so much more sends it all, rather than being asked piece by piece. */
const FETCH_RATIO = 4;
const CREDIT_FIRST = 8;
const CREDIT_MAX = 64;
/** Bytes of items per datagram of credit. */
const CREDIT_BYTES = 1_100;
/** Messages are in flight for less than this; the side with less asks first. */
const SETTLE_MS: Millis = 300;
const SETTLE_OTHER_MS: Millis = 1_200;
/** Rosters are compared no more often than this, but for a newcomer. */
const ROSTER_INTERVAL_MS: Millis = 5_000;
/** Sent again so often when lost. */
const TRIES = 4;

type Fetching = { readonly lo: Bound; hi: Bound; credit: number; at: Millis };

export function createReconciliation(
  context: Context,
  replicas: Readonly<Record<SetName, Replica>>,
  horizon: () => number,
  inSync: (set: SetName, from: Session) => void,
): Reconciliation {
  const { link, timers, counters, rng } = context;
  /** BOUNDED: one fetch for each set and session at a time, as `differing`; ends when nothing came for a while. */
  const fetching = new Map<string, Fetching>();
  /** BOUNDED: sessions, the latest. The last digest that differed, per session and set. */
  const differing = new Map<string, { readonly digest: Digest; readonly eager: boolean }>();
  const remember = <Value>(table: Map<string, Value>, key: string, value: Value): void => {
    table.delete(key);
    table.set(key, value);
    if (table.size > 2 * bounds.sessions) table.delete(table.keys().next().value as string);
  };
  let rosterFrom: Millis = 0;
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
  const clipped = (claim: { set: SetName; lo: Bound; hi: Bound }): { lo: Bound; hi: Bound } => {
    const floor = replicas[claim.set].floor();
    return { lo: claim.lo < floor ? floor : claim.lo, hi: claim.hi };
  };
  const sendClaim = (to: Session, claim: RangeClaim): void =>
    link.send(to, { type: "range", ...claim }, { tries: TRIES });

  const fetch = (from: Session, set: SetName, lo: Bound, hi: Bound, credit = CREDIT_FIRST): void => {
    const key = `${from.boot} ${set}`;
    const running = fetching.get(key);
    if (running !== undefined && context.now.mono - running.at < 2_000 && running.lo <= lo && hi <= running.hi) return;
    remember(fetching, key, { lo, hi, credit, at: context.now.mono });
    link.send(from, { type: "fetch", set, lo, hi, credit }, { tries: TRIES });
  };

  const split = (to: Session, set: SetName, lo: Bound, hi: Bound, count: number): void => {
    const { ids } = replicas[set];
    const first = ids.rank(lo);
    let from = lo;
    for (let part = 1; part <= SPLIT; part += 1) {
      // Jittered, so that a bound that separates badly is not met again in the next round.
      const cutAt = first + Math.floor((part * count) / SPLIT) - below(rng, Math.max(1, Math.floor(count / SPLIT / 4)));
      const until = part === SPLIT ? hi : trimmed(ids.at(cutAt) ?? hi);
      if (until <= from) continue;
      sendClaim(to, claimOf(set, from, until));
      from = until;
    }
  };
  const list = (to: Session, set: SetName, lo: Bound, hi: Bound): void => {
    const prefixes = replicas[set].ids.slice(lo, hi, LIST_MAX).map((id) => id.slice(0, 24));
    link.send(to, { type: "list", set, lo, hi, prefixes }, { tries: TRIES });
  };

  const isEqual = (theirs: RangeClaim): boolean => {
    const mine = claimOf(theirs.set, theirs.lo, theirs.hi);
    return mine.count === theirs.count && mine.fingerprint === theirs.fingerprint;
  };

  const compare = (from: Session, theirs: RangeClaim): void => {
    const { set } = theirs;
    const { lo, hi } = clipped(theirs);
    if (lo >= hi) return;
    const mine = claimOf(set, lo, hi);
    if (lo !== theirs.lo) return sendClaim(from, mine);
    if (isEqual(theirs)) {
      if (hi === END && lo === replicas[set].floor()) inSync(set, from);
      return;
    }
    if (theirs.count > FETCH_RATIO * (mine.count + LIST_MAX / 2)) return fetch(from, set, lo, hi);
    if (mine.count <= LIST_MAX) return list(from, set, lo, hi);
    if (theirs.count === 0) return sendClaim(from, mine);
    split(from, set, lo, hi, mine.count);
  };

  const give = (to: Session, set: SetName, id: string): number => {
    const frame = replicas[set].frameOf(id);
    if (frame === undefined) return 0;
    if (frame.type === "message") counters.count("payloadsOut");
    link.send(to, frame);
    return frame.type === "message" || frame.type === "statement" ? frame.bytes.length + 4 : 0;
  };

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
      wall: context.now.wall,
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
      // Rumours usually even out rosters before it is worth comparing them.
      if (set === "roster" && !entry.eager && context.now.mono < rosterFrom) return;
      if (set === "roster") rosterFrom = context.now.mono + ROSTER_INTERVAL_MS;
      const floor = replicas[set].floor();
      const theirFloor = set === "log" && entry.digest.horizon > 0 ? boundOfTime(entry.digest.horizon) : "";
      const lo = theirFloor > floor ? theirFloor : floor;
      const claim = claimOf(set, lo, END);
      if (claim.count === 0) fetch(from, set, lo, END);
      else sendClaim(from, claim);
    },
    onRange: (from, claim) => {
      if (!spend(from, 1)) return;
      // Who has let go of more than this node cannot tell from digests that it holds the rest: it is told.
      if (claim.hi === END && isEqual(claim)) link.send(from, { ...claim, type: "served" }, { tries: TRIES });
      else compare(from, claim);
    },
    onList: (from, theirs) => {
      if (!spend(from, 1 + theirs.prefixes.length / 8)) return;
      const { set } = theirs;
      const { lo, hi } = clipped(theirs);
      if (lo >= hi) return;
      const mine = replicas[set].ids.slice(lo, hi, PREFIXES_MAX + 1);
      const held = new Set(mine.map((id) => id.slice(0, 24)));
      for (const prefix of theirs.prefixes) {
        if (!held.has(prefix) && replicas[set].ids.slice(prefix, after(prefix), 1).length === 0)
          replicas[set].want(prefix, from);
      }
      // Much more than they listed: they fetch it at their own pace.
      if (mine.length > PREFIXES_MAX) return sendClaim(from, claimOf(set, lo, hi));
      const theirPrefixes = new Set(theirs.prefixes);
      for (const id of mine) if (!theirPrefixes.has(id.slice(0, 24))) give(from, set, id);
    },
    onFetch: (from, asked) => {
      const { set } = asked;
      const { lo, hi } = clipped(asked);
      if (lo >= hi || !spend(from, asked.credit / 8)) return;
      let bytes = asked.credit * CREDIT_BYTES;
      let cursor = hi;
      while (bytes > 0 && cursor > lo) {
        const page = replicas[set].ids.slice(lo, cursor, 32, true).reverse();
        if (page.length === 0) cursor = lo;
        for (const id of page) {
          if (bytes <= 0) break;
          bytes -= give(from, set, id);
          cursor = trimmed(id);
        }
      }
      const reached = replicas[set].ids.slice(lo, cursor, 1).length === 0 ? lo : cursor;
      if (reached < hi) link.send(from, { type: "served", ...claimOf(set, reached, hi) }, { tries: TRIES });
    },
    onServed: (from, claim) => {
      if (!spend(from, 1)) return;
      const { set } = claim;
      const key = `${from.boot} ${set}`;
      const running = fetching.get(key);
      const equal = isEqual(claim);
      if (running === undefined || running.hi !== claim.hi) return compare(from, claim);
      fetching.delete(key);
      // What lies below has been let go since the fetch began.
      const { lo } = clipped({ set, lo: running.lo, hi: running.hi });
      if (claim.lo > lo) {
        // Additive increase, multiplicative decrease on what was lost on the way.
        const credit = equal ? Math.min(running.credit + CREDIT_FIRST, CREDIT_MAX) : Math.max(running.credit >> 1, 4);
        fetch(from, set, lo, claim.lo, credit);
      } else if (equal) link.send(from, { type: "ping" });
      if (!equal) compare(from, claim);
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
    isFetching: (set) => [...fetching].some(([key, entry]) => key.endsWith(set) && context.now.mono - entry.at < 2_000),
  };
}

// --- internal ---

/** An id as a bound: without trailing zero bytes. */
function trimmed(id: string): Bound {
  return id.replace(/(00)+$/, "");
}

/** The bound above all ids that start with the 24 digits of `prefix`. */
function after(prefix: string): Bound {
  const next = (BigInt(`0x${prefix}`) + 1n).toString(16).padStart(24, "0");
  return next.length > 24 ? END : trimmed(next);
}
