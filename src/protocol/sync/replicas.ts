/** The two replicated sets, as reconciliation and download see them: ids in order, and what stands for each on the wire. */
import type { SignedMessage } from "../../crypto/signed.ts";
import type { Bound, Frame, PageItem, SetName } from "../../wire/frames.ts";
import type { MessageId } from "../../wire/ids.ts";
import { PAGE_ITEM_BYTES_MAX } from "../../wire/page.ts";
import type { Context } from "../context.ts";
import type { OrderedSet } from "../idset/orderedSet.ts";
import { boundOfTime } from "../idset/range.ts";
import { limits } from "../limits.ts";
import type { Session } from "../link/session.ts";
import { answerWith } from "../log/answer.ts";
import type { Log } from "../log/log.ts";
import type { Wants } from "../log/wants.ts";
import type { Membership } from "../membership/membership.ts";

export type Replica = {
  /** What is compared. */
  readonly ids: Pick<OrderedSet<string>, "size" | "summary" | "slice" | "at" | "rank">;
  /** Nothing below this is held or wanted. */
  readonly floor: () => Bound;
  /** Items that are kept at most. */
  readonly most: () => number;
  /** The frame that carries an item alone. */
  readonly frameOf: (id: string) => Frame | undefined;
  /** The item among others in a page. */
  readonly itemOf: (id: string) => PageItem | undefined;
  readonly want: (prefix: string, from: Session) => void;
  /** A peer wants what is not here; it may be on its way. */
  readonly asked: (prefix: string, by: Session) => void;
};

export type Replicas = Readonly<Record<SetName, Replica>>;

export function createReplicas(context: Context, log: Log, wants: Wants, membership: Membership): Replicas {
  return { log: logReplica(context, log, wants), roster: rosterReplica(context, membership) };
}

// --- internal ---

function logReplica(context: Context, log: Log, wants: Wants): Replica {
  const messageOf = (id: string): SignedMessage | undefined => log.get(id as MessageId)?.message;
  return {
    ids: until(log.ids, () => boundOfTime(context.now.wall + limits.clockAheadMs + 1)),
    floor: () => (log.horizon() === 0 ? "" : boundOfTime(log.horizon())),
    most: () => context.config.maxMessages,
    frameOf: (id) => {
      const message = messageOf(id);
      return message === undefined ? undefined : answerWith(message);
    },
    itemOf: (id) => {
      const message = messageOf(id);
      if (message === undefined || message.bytes.length <= PAGE_ITEM_BYTES_MAX) return message?.bytes;
      return { id: message.id, bytes: message.bytes.length };
    },
    want: (prefix, from) => wants.want(prefix, from, 0),
    asked: wants.asked,
  };
}

function rosterReplica(context: Context, membership: Membership): Replica {
  return {
    ids: membership.ids,
    floor: () => "",
    most: () => limits.members,
    frameOf: (id) => {
      const statement = membership.byRosterId(id);
      return statement === undefined ? undefined : { type: "statement", bytes: statement.bytes };
    },
    itemOf: (id) => membership.byRosterId(id)?.bytes,
    want: (prefix, from) => context.link.send(from, { type: "want", set: "roster", prefixes: [prefix] }, { tries: 2 }),
    asked: () => {},
  };
}

/**
 * The ids below a bound that rises with time. What is stamped too far ahead (by this node itself, when its clock was wrong) is
 * nothing that others take: it counts when it is not ahead any more.
 */
function until<Id extends string>(ids: OrderedSet<Id>, ceiling: () => Bound): Replica["ids"] {
  const isWhole = (top: Bound): boolean => (ids.at(ids.size() - 1) ?? "") < top;
  const below = (hi: Bound): Bound => {
    const top = ceiling();
    return hi <= top || isWhole(top) ? hi : top;
  };
  const size = (): number => {
    const top = ceiling();
    return isWhole(top) ? ids.size() : ids.rank(top);
  };
  return {
    size,
    summary: (lo, hi) => ids.summary(lo, below(hi)),
    slice: (lo, hi, limit, newest) => ids.slice(lo, below(hi), limit, newest),
    at: (index) => (index < size() ? ids.at(index) : undefined),
    rank: (bound) => ids.rank(below(bound)),
  };
}
