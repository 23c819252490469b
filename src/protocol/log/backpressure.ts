/**
 * Limits how fast a person or a script may speak. While too much waits to go out, a new message is refused, and its author
 * is told so, and told again when there is room. So no message is lost in a queue, and no queue grows without bound.
 */
import type { Context } from "../context.ts";
import type { Membership } from "../membership/membership.ts";
import { isFull, type Writes } from "./writes.ts";

export type Backpressure = {
  /** So much waits that nothing more is taken. */
  readonly isBusy: () => boolean;
  /** Undefined: there is room for one more, and it is said now. Else how many wait. */
  readonly take: () => number | undefined;
  /** Looked at in every step: emits `drained` when there is room again after something was refused. */
  readonly check: () => void;
};

/** Frames that may wait for any one peer, behind the datagrams that are under way to it. */
const WAITING_MAX = 256;
/** Messages said to nobody while somebody is about to answer: who comes then fetches them, and hears the rest as it is said. */
const ALONE_MAX = 256;

/** `isExpecting`: somebody was asked and has had little time to answer. */
export function createBackpressure(
  context: Context,
  membership: Membership,
  writes: Writes,
  isExpecting: () => boolean,
): Backpressure {
  const { link, emit } = context;
  const backlog = (): number => link.backlog(context.now.mono);
  /** Since somebody was here. */
  let saidAlone = 0;
  let wasRefused = false;

  const isWaitingForCompany = (): boolean => saidAlone >= ALONE_MAX && membership.presentCount() === 0 && isExpecting();
  const isBusy = (): boolean => backlog() >= WAITING_MAX || isFull(writes) || isWaitingForCompany();

  return {
    isBusy,
    take: () => {
      if (isBusy()) {
        wasRefused = true;
        return Math.max(backlog(), saidAlone, writes.unwritten.size);
      }
      saidAlone = membership.presentCount() === 0 ? saidAlone + 1 : 0;
      return undefined;
    },
    check: () => {
      if (!wasRefused || isBusy()) return;
      wasRefused = false;
      emit({ type: "notice", notice: { code: "drained" } });
    },
  };
}
