/**
 * Catching up: ranges of which a peer holds everything and this node little are fetched, newest first, at the pace that the
 * fetching side grants (receiver-driven credit, additive increase and multiplicative decrease). Each grant ends with a claim
 * about what was sent: what got lost on the way is found by comparing, like any other difference.
 */
import { type Bound, CREDIT_MAX, END, type Frame, type RangeClaim, type SetName } from "../wire/frame.ts";
import { bounds } from "./config.ts";
import type { Context } from "./context.ts";
import type { Replica } from "./reconciliation.ts";
import type { Session } from "./sessions.ts";
import type { Millis } from "./types.ts";

export type CatchUp = {
  /** Asks for all of lo <= id < hi, unless that is being fetched already, from this peer or another. */
  readonly fetch: (from: Session, set: SetName, lo: Bound, hi: Bound, credit?: number) => void;
  /** The same from `lo` on for a newcomer: LATEST_LIMIT messages come with the first grant. */
  readonly fetchAll: (from: Session, set: SetName, lo: Bound) => void;
  readonly onFetch: (from: Session, fetch: Frame & { readonly type: "fetch" }) => void;
  /** `equal`: this node holds the same there now. */
  readonly onServed: (from: Session, claim: RangeClaim, equal: boolean) => void;
  /** True while anything is being fetched from somewhere. */
  readonly isFetching: (set: SetName) => boolean;
};

const CREDIT_FIRST = 8;
const CREDIT_LEAST = 4;
/** Messages of some 100 bytes of text, or statements. */
const ITEMS_PER_DATAGRAM = 4;
/** Bytes of items per datagram of credit. */
const CREDIT_BYTES = 1_100;
/** A fetch of which nothing was heard for so long may be asked for again. */
const FETCH_STALE_MS: Millis = 2_000;
/** Items looked up at a time. */
const PAGE = 32;
/** Sent again so often when lost. */
const TRIES = 4;

type Fetching = {
  readonly set: SetName;
  readonly lo: Bound;
  readonly hi: Bound;
  readonly credit: number;
  readonly at: Millis;
};

export function createCatchUp(
  context: Context,
  replicas: Readonly<Record<SetName, Replica>>,
  claimOf: (set: SetName, lo: Bound, hi: Bound) => RangeClaim,
  give: (to: Session, set: SetName, id: string) => number,
): CatchUp {
  const { link } = context;
  /** BOUNDED: `bounds.sessions` ranges; the one asked for first is forgotten, the next digest finds it again. */
  const fetching = new Map<string, Fetching>();

  const floored = (set: SetName, lo: Bound): Bound => {
    const floor = replicas[set].floor();
    return lo < floor ? floor : lo;
  };
  const isFresh = (entry: Fetching): boolean => context.now.mono - entry.at < FETCH_STALE_MS;

  const fetch = (from: Session, set: SetName, lo: Bound, hi: Bound, credit = CREDIT_FIRST): void => {
    for (const other of fetching.values()) {
      if (other.set === set && other.lo <= lo && hi <= other.hi && isFresh(other)) return;
    }
    const key = keyOf(from, set, hi);
    fetching.delete(key);
    fetching.set(key, { set, lo, hi, credit, at: context.now.mono });
    if (fetching.size > bounds.sessions) fetching.delete(fetching.keys().next().value as string);
    link.send(from, { type: "fetch", set, lo, hi, credit }, { tries: TRIES });
  };

  return {
    fetch,
    fetchAll: (from, set, lo) => {
      const credit = Math.ceil(context.config.latestLimit / ITEMS_PER_DATAGRAM);
      fetch(from, set, lo, END, Math.min(Math.max(credit, CREDIT_LEAST), CREDIT_MAX));
    },
    onFetch: (from, { set, lo: asked, hi, credit }) => {
      const { ids } = replicas[set];
      const lo = floored(set, asked);
      let bytes = credit * CREDIT_BYTES;
      let cursor = hi;
      while (bytes > 0 && cursor > lo) {
        const page = ids.slice(lo, cursor, PAGE, true).reverse();
        if (page.length === 0) cursor = lo;
        for (const id of page) {
          if (bytes <= 0) break;
          bytes -= give(from, set, id);
          cursor = trimmed(id);
        }
      }
      const reached = cursor > lo && ids.slice(lo, cursor, 1).length === 0 ? lo : cursor;
      if (reached < hi) link.send(from, { type: "served", ...claimOf(set, reached, hi) }, { tries: TRIES });
    },
    onServed: (from, claim, equal) => {
      const key = keyOf(from, claim.set, claim.hi);
      const running = fetching.get(key);
      if (running === undefined) return;
      fetching.delete(key);
      // What lies below may have been let go since the fetch began.
      const lo = floored(claim.set, running.lo);
      if (claim.lo > lo) {
        const credit = equal
          ? Math.min(running.credit + CREDIT_FIRST, CREDIT_MAX)
          : Math.max(running.credit >> 1, CREDIT_LEAST);
        fetch(from, claim.set, lo, claim.lo, credit);
      } else if (equal) link.send(from, { type: "ping" });
    },
    isFetching: (set) => [...fetching.values()].some((entry) => entry.set === set && isFresh(entry)),
  };
}

/** An id as a bound: without trailing zero bytes. */
export function trimmed(id: string): Bound {
  return id.replace(/(00)+$/, "");
}

// --- internal ---

function keyOf(from: Session, set: SetName, hi: Bound): string {
  return `${from.boot} ${set} ${hi}`;
}
