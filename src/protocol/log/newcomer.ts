/**
 * Arriving in a room: the time from the first answer until this node's log equals a peer's. History comes newest first
 * meanwhile, so messages that must be shown in causal order are held back for a limited time.
 */

import type { MessageId, PeerId } from "../../wire/ids.ts";
import type { Context } from "../context.ts";
import type { Session } from "../link/session.ts";
import type { Membership } from "../membership/membership.ts";
import type { Millis } from "../time.ts";
import { type Log, waitForNoneGone } from "./log.ts";
import { authorOf } from "./messageIndex.ts";

export type Newcomer = {
  /** A contact answered. */
  readonly begin: () => void;
  readonly isArriving: () => boolean;
  /** Nobody answered. Returns what was held back. */
  readonly giveUp: () => MessageId[];
  /** Another message was fetched. */
  readonly progress: () => void;
  /** The log equals that of a peer. What was held back is delivered before it is said that history is complete. */
  readonly inSync: (from: Session, deliver: (held: readonly MessageId[]) => void) => void;
  /** Looks whether it takes too long. Returns what was held back. */
  readonly check: (isFetching: boolean) => MessageId[];
  /** What has waited too long for parents that nobody has. */
  readonly waitedOut: () => MessageId[];
  /** The log equals that of a peer. Returns what waits no more for such as may be gone everywhere. */
  readonly waitForNoneGone: () => readonly MessageId[];
};

/** Without a new message for so long, what is there is shown as it is. */
const STALLED_MS: Millis = 3_000;
/**
 * Who is here hears of what is new on several ways. So long another peer may have what one with the same log lacks. Who arrives has
 * fetched all that there is.
 */
const ON_ITS_WAY_MS: Millis = 10_000;

export function createNewcomer(context: Context, membership: Membership, log: Log): Newcomer {
  let arriving: { fetched: number; progressAt: Millis } | undefined;

  const schedule = (): void => context.timers.set("newcomer", context.now.mono + STALLED_MS, { type: "newcomer" });
  const isAlive = (peer: PeerId | undefined): boolean =>
    peer === log.self || (peer !== undefined && membership.get(peer)?.status === "alive");
  const waitedOut = (): MessageId[] => log.order.giveUp(context.now.mono, (id) => isAlive(authorOf(log.index, id)));
  const end = (): MessageId[] => {
    arriving = undefined;
    context.timers.clear("newcomer");
    return log.order.release();
  };

  return {
    begin: () => {
      arriving = { fetched: arriving?.fetched ?? 0, progressAt: context.now.mono };
      if (log.index.ids.size() === 0) log.order.hold();
      schedule();
    },
    isArriving: () => arriving !== undefined,
    giveUp: end,
    progress: () => {
      if (arriving === undefined) return;
      arriving.fetched += 1;
      arriving.progressAt = context.now.mono;
    },
    inSync: (from, deliver) => {
      const member = from.peer === undefined ? undefined : membership.get(from.peer);
      if (arriving === undefined || member === undefined) return;
      const messages = arriving.fetched;
      deliver(end());
      context.emit({ type: "notice", notice: { code: "history-synced", messages, peer: membership.view(member) } });
    },
    check: (isFetching) => {
      if (arriving === undefined) return [];
      schedule();
      if (isFetching || context.now.mono - arriving.progressAt < STALLED_MS) return [];
      // It goes on arriving (the notice is still to come), but nobody waits for it any more.
      return [...log.order.release(), ...waitedOut()];
    },
    waitedOut,
    waitForNoneGone: () => waitForNoneGone(log, context.now.mono - (arriving === undefined ? ON_ITS_WAY_MS : 0)),
  };
}
