/**
 * Knows which members this node reaches directly, and through which members it reaches the others. It learns the latter
 * from indirect probes: a member that got an answer reaches the target.
 */
import type { PeerId } from "../../wire/ids.ts";
import type { Context } from "../context.ts";
import type { Session } from "../link/session.ts";
import type { Membership } from "../membership/membership.ts";
import type { Member } from "../membership/roster.ts";
import type { Millis } from "../time.ts";

export type Reachability = {
  /** What goes to it is likely to arrive; not: it was tried in vain, nobody knows where it is, or NATs may be in between. */
  readonly isReachable: (member: Member) => boolean;
  /** This node is behind a NAT, and nothing of that one has come in yet: so nothing may, before another has introduced both. */
  readonly isUnheard: (session: Session) => boolean;
  /** Members that this node reaches and that reach it, the likeliest first; at most INTERMEDIARIES_MAX. */
  readonly intermediaries: (member: Member) => Member[];
  /** `by` had an answer from `target` just now. */
  readonly vouched: (target: PeerId, by: Session) => void;
  readonly size: () => number;
};

const INTERMEDIARIES_MAX = 3;
/** BOUNDED: members that others vouched for; the one vouched for the longest ago goes. */
export const VOUCHED_MAX = 1_024;
/** Two rounds of probes in a small room, with some to spare. In a large one a message finds its way by others of the slice. */
const FRESH_MS: Millis = 120_000;
/** So many in so long are not all lost by chance, and no answer is so late: what goes there does not arrive. */
const VAIN_DATAGRAMS = 6;
const VAIN_MS: Millis = 2_000;

type Voucher = { readonly peer: PeerId; readonly at: Millis };

export function createReachability(context: Context, membership: Membership): Reachability {
  /** The latest first. */
  const vouchers = new Map<PeerId, readonly Voucher[]>();

  const isUnheard = ({ heardAt }: Session): boolean => heardAt === undefined && membership.isBehindNat();
  const isReachable = (member: Member): boolean => {
    if (!membership.hasAddress(member)) return false;
    const session = context.link.sessions.get(member.statement.content.boot);
    if (session === undefined) return !membership.isBehindNat();
    return !isUnheard(session) && !isInVain(session, context.now.mono);
  };

  return {
    isReachable,
    isUnheard,
    intermediaries: ({ id }) =>
      (vouchers.get(id) ?? []).flatMap(({ peer, at }) => {
        const member = context.now.mono - at < FRESH_MS ? membership.get(peer) : undefined;
        return member?.status === "alive" && isReachable(member) ? [member] : [];
      }),
    vouched: (target, { peer }) => {
      if (peer === undefined || peer === target || membership.get(target) === undefined) return;
      const others = (vouchers.get(target) ?? []).filter((voucher) => voucher.peer !== peer);
      vouchers.delete(target);
      vouchers.set(target, [{ peer, at: context.now.mono }, ...others].slice(0, INTERMEDIARIES_MAX));
      if (vouchers.size > VOUCHED_MAX) vouchers.delete(vouchers.keys().next().value as PeerId);
    },
    size: () => vouchers.size,
  };
}

// --- internal ---

function isInVain({ unanswered, unansweredSince }: Session, now: Millis): boolean {
  return unanswered >= VAIN_DATAGRAMS && now - unansweredSince >= VAIN_MS;
}
