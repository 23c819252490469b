/**
 * How fast a person or a script may speak: as fast as the network takes it. What is said while too much waits to go out is not
 * taken, and whoever said it is told, and told again when there is room. So nothing is lost in a queue, and none grows.
 */
import type { Context } from "../context.ts";
import type { Membership } from "../membership/membership.ts";

export type Backpressure = {
  /** So much waits that nothing more is taken. */
  readonly isBusy: () => boolean;
  /** True: there is room for one more, and it is said now. False: the error `busy` was emitted. */
  readonly take: () => boolean;
  /** Looked at in every step: emits `drained` when there is room again after something was refused. */
  readonly check: () => void;
};

/** Frames that may wait for any one peer, behind the datagrams that are under way to it. */
const WAITING_MAX = 256;
/** Messages said to nobody while somebody is about to answer: who comes then fetches them, and hears the rest as it is said. */
const ALONE_MAX = 256;

/** `isExpecting`: somebody was asked and has had little time to answer. */
export function createBackpressure(context: Context, membership: Membership, isExpecting: () => boolean): Backpressure {
  const { link, emit } = context;
  const backlog = (): number => link.backlog(context.now.mono);
  /** Since somebody was here. */
  let saidAlone = 0;
  let wasRefused = false;

  const isWaitingForCompany = (): boolean => saidAlone >= ALONE_MAX && membership.presentCount() === 0 && isExpecting();
  const isBusy = (): boolean => backlog() >= WAITING_MAX || isWaitingForCompany();

  return {
    isBusy,
    take: () => {
      if (isBusy()) {
        wasRefused = true;
        emit({ type: "error", error: { code: "busy", waiting: Math.max(backlog(), saidAlone) } });
        return false;
      }
      saidAlone = membership.presentCount() === 0 ? saidAlone + 1 : 0;
      return true;
    },
    check: () => {
      if (!wasRefused || isBusy()) return;
      wasRefused = false;
      emit({ type: "notice", notice: { code: "drained" } });
    },
  };
}
