/**
 * The two replicated sets, log and roster, as reconciliation and download see them: their ids in order, how to give items,
 * and how to take items in. Both sides of a page are here, so that no other part has to look inside one.
 */
import type { Bound, KeepLimits, PageItem, SetName } from "../../wire/frames.ts";
import { type MessageId, type ShortId, timeOfId } from "../../wire/ids.ts";
import { PAGE_ITEM_BYTES_MAX } from "../../wire/page.ts";
import type { Context } from "../context.ts";
import type { OrderedSet } from "../idset/orderedSet.ts";
import { boundOfTime, later } from "../idset/range.ts";
import { hashOfShort, idsWithFronts } from "../idset/shortIds.ts";
import { limits } from "../limits.ts";
import type { Session } from "../link/session.ts";
import type { Received } from "../link/types.ts";
import { answerWith, bodyAtHand } from "../log/answer.ts";
import { isLarge } from "../log/classes.ts";
import { isAhead } from "../log/hlc.ts";
import { askListed, type Listing } from "../log/listedWants.ts";
import { isWithin, type Log, limitsSince } from "../log/log.ts";
import { sizeOf } from "../log/messageIndex.ts";
import { type PagePlan, type Reads, read } from "../log/reads.ts";
import { viewFor } from "../log/views.ts";
import type { Wants } from "../log/wants.ts";
import type { Writes } from "../log/writes.ts";
import type { Membership } from "../membership/membership.ts";
import type { UnixMillis } from "../time.ts";

/** Ids in order, of which some or all are compared with a peer. */
export type Ids = Pick<
  OrderedSet<string>,
  "size" | "summary" | "count" | "fingerprint" | "slice" | "at" | "rank" | "has"
>;

export type Replica = {
  /** What this node holds. */
  readonly ids: Ids;
  /** Bytes of the item among others in a page, 0 where it is only announced there; undefined: it is not held any more. */
  readonly sizeInPage: (id: string) => number | undefined;
  /** Sends each in a frame of its own, at once or when it has been read. */
  readonly give: (to: Session, ids: readonly string[], isBulk: boolean) => void;
  /** Sends pages, likewise. */
  readonly givePages: (to: Session, pages: readonly PagePlan[]) => void;
  /** Takes in an item of a page. `isAsked`: the page was asked for, so that what it announces is fetched. */
  readonly accept: (received: Received, item: PageItem, isAsked: boolean) => void;
  /**
   * Ids of lo..hi with the fronts of these: of what this node holds, and of what it let go lately and would let go again. At most
   * `limit` of each.
   */
  readonly withFronts: (lo: Bound, hi: Bound, listed: readonly ShortId[], limit: number) => readonly string[];
  /** Asks for these of what the peer listed. */
  readonly wantListed: (from: Session, listing: Listing, ids: readonly ShortId[]) => void;
  /** A peer wants what is not here; it may be on its way. */
  readonly asked: (id: string, by: Session) => void;
};

export type LogReplica = Replica & {
  /** What is compared with a peer that keeps so much: what both would keep of this node's. Undefined: that cannot be said now. */
  readonly idsFor: (theirs: KeepLimits) => Ids | undefined;
  /** What is kept at most of what a peer that keeps nothing from before `since` could hold. */
  readonly limits: (since?: UnixMillis) => KeepLimits;
};

export type Replicas = { readonly log: LogReplica; readonly roster: Replica };

export type ReplicaOptions = {
  readonly log: Log;
  readonly reads: Reads;
  readonly writes: Writes;
  readonly wants: Wants;
  readonly membership: Membership;
  /** A message came in a page. */
  readonly onMessage: (received: Received, bytes: Uint8Array) => void;
  /** A large message is announced in a page. */
  readonly onAnnounced: (from: Session, id: MessageId, bytes: number) => void;
  readonly onStatement: (received: Received, bytes: Uint8Array) => void;
};

export function createReplicas(context: Context, options: ReplicaOptions): Replicas {
  return { log: logReplica(context, options), roster: rosterReplica(context, options) };
}

// --- internal ---

function logReplica(context: Context, options: ReplicaOptions): LogReplica {
  const { link, counters } = context;
  const { log, reads, writes, wants } = options;
  const sizeInPage = (id: string): number | undefined => {
    const size = sizeOf(log.index, id as MessageId);
    if (size === 0) return undefined;
    return size <= PAGE_ITEM_BYTES_MAX ? size : 0;
  };
  /** True if the store is asked; more that is asked for meanwhile is not answered. */
  const fetch = (ids: readonly MessageId[], errand: Parameters<typeof read>[2]): boolean => {
    const isAsked = read(reads, ids, errand);
    if (!isAsked) counters.drop("reads-full");
    return isAsked;
  };
  const ceiling = (): Bound => boundOfTime(context.now.wall + limits.clockAheadMs + 1);
  const ids = between(log.index.ids, 0, ceiling);
  return {
    ids,
    idsFor: (theirs) => {
      const own = limitsSince(log, Math.max(log.since, theirs.since));
      const { since } = own;
      const joint = { since, small: Math.min(own.small, theirs.small), large: Math.min(own.large, theirs.large) };
      if (isWithin(log, joint)) return since > log.since ? between(log.index.ids, since, ceiling) : ids;
      const view = viewFor(log.views, log.index, joint, context.now.mono);
      return view && between(view, 0, ceiling);
    },
    limits: (since = log.since) => limitsSince(log, Math.max(log.since, since)),
    sizeInPage,
    give: (to, ids, isBulk) => {
      const lacking: MessageId[] = [];
      for (const id of ids as readonly MessageId[]) {
        const size = sizeOf(log.index, id);
        if (size === 0) continue;
        const bytes = isLarge(size) ? undefined : bodyAtHand(log, writes, id);
        if (isLarge(size)) link.send(to, { type: "announce", id, bytes: size }, { isBulk });
        else if (bytes === undefined) lacking.push(id);
        else {
          counters.count("payloadsOut");
          link.send(to, answerWith(id, bytes), { isBulk });
        }
      }
      if (lacking.length > 0) fetch(lacking, { type: "give", to: to.boot, ids: lacking, isBulk });
    },
    givePages: (to, pages) => {
      const whole = pages.flatMap(({ ids }) => ids.filter((id) => sizeInPage(id) !== 0)) as MessageId[];
      const lacking = whole.filter((id) => bodyAtHand(log, writes, id) === undefined);
      if (lacking.length > 0) {
        fetch(lacking, { type: "pages", to: to.boot, pages });
        return;
      }
      sendPages(context, to, "log", pages, (id) =>
        itemOf(log, id as MessageId, bodyAtHand(log, writes, id as MessageId)),
      );
    },
    accept: (received, item, isAsked) => {
      if (item instanceof Uint8Array) options.onMessage(received, item);
      else if (isAsked && !isAhead(context.now.wall, timeOfId(item.id)))
        options.onAnnounced(received.session, item.id, item.bytes);
      else counters.drop("announce-unasked");
    },
    withFronts: (lo, hi, listed, limit) => [
      ...idsWithFronts(ids, lo, hi, listed, limit),
      ...idsWithFronts(log.gone.ids, lo, hi, listed, limit),
    ],
    wantListed: (from, listing, lacking) => askListed(context, wants.listed, from, listing, lacking),
    asked: (id, by) => wants.asked(id as MessageId, by),
  };
}

function rosterReplica(context: Context, { membership, onStatement }: ReplicaOptions): Replica {
  const statementOf = (id: string): Uint8Array | undefined => membership.byRosterId(id)?.bytes;
  return {
    ids: membership.ids,
    sizeInPage: (id) => statementOf(id)?.length,
    give: (to, ids, isBulk) => {
      for (const id of ids) {
        const bytes = statementOf(id);
        if (bytes !== undefined) context.link.send(to, { type: "statement", bytes }, { isBulk });
      }
    },
    givePages: (to, pages) => sendPages(context, to, "roster", pages, statementOf),
    accept: (received, item) => {
      if (item instanceof Uint8Array) onStatement(received, item);
    },
    withFronts: (lo, hi, listed, limit) => idsWithFronts(membership.ids, lo, hi, listed, limit),
    wantListed: (from, { lo, hi, salt }, ids) => {
      const hashes = ids.map(hashOfShort);
      context.link.send(from, { type: "wantListed", set: "roster", lo, hi, salt, hashes }, { tries: 2 });
    },
    asked: () => {},
  };
}

/** What stands for the message in a page; undefined: it is not to be had. */
export function itemOf(log: Log, id: MessageId, body: Uint8Array | undefined): PageItem | undefined {
  const size = sizeOf(log.index, id);
  return size > PAGE_ITEM_BYTES_MAX ? { id, bytes: size } : body;
}

/** Pages as planned. What cannot be had any more is left out: the next digest tells that it differs. */
export function sendPages(
  { link, counters }: Context,
  to: Session,
  set: SetName,
  pages: readonly PagePlan[],
  item: (id: string) => PageItem | undefined,
): void {
  for (const { ids, ...page } of pages) {
    const items = ids.map(item).filter((one) => one !== undefined);
    if (set === "log") counters.count("payloadsOut", items.filter((one) => one instanceof Uint8Array).length);
    link.send(to, { type: "page", set, ...page, items });
  }
}

/**
 * The ids stamped `since` or later, and below a bound that rises with time. What is stamped too far ahead (by this node itself, when
 * its clock was wrong) is nothing that others take: it counts when it is not ahead any more.
 */
function between<Id extends string>(ids: OrderedSet<Id>, since: UnixMillis, ceiling: () => Bound): Ids {
  const floor = since === 0 ? "" : boundOfTime(since);
  const before = (): number => (since === 0 ? 0 : ids.rank(floor));
  const isWhole = (top: Bound): boolean => (ids.at(ids.size() - 1) ?? "") < top;
  const below = (hi: Bound): Bound => {
    const top = ceiling();
    return later(hi <= top || isWhole(top) ? hi : top, floor);
  };
  const above = (lo: Bound): Bound => later(lo, floor);
  const size = (): number => {
    const top = ceiling();
    return (isWhole(top) ? ids.size() : ids.rank(top)) - before();
  };
  return {
    size,
    has: (id) => id >= floor && id < ceiling() && ids.has(id as Id),
    summary: (lo, hi) => ids.summary(above(lo), below(hi)),
    count: (lo, hi) => ids.count(above(lo), below(hi)),
    fingerprint: (lo, hi, key) => ids.fingerprint(above(lo), below(hi), key),
    slice: (lo, hi, limit, newest) => ids.slice(above(lo), below(hi), limit, newest),
    at: (index) => (index >= 0 && index < size() ? ids.at(index + before()) : undefined),
    rank: (bound) => ids.rank(below(bound)) - before(),
  };
}
