/**
 * Receiver-driven credit: how many datagrams of history may be asked of one supplier at once (additive increase,
 * multiplicative decrease).
 *
 * If a datagram is lost while there is no queue, it was lost by chance (TCP Veno, Fu and Liew 2003), and takes little
 * credit away. While a queue builds up, on the way or here, credit does not grow. A long queue halves it, so that live
 * messages do not wait behind history (LEDBAT, RFC 6817).
 */
import type { Millis } from "../time.ts";

export type Credit = {
  /** Datagrams, a whole number. */
  readonly size: () => number;
  /** Of the datagrams of a grant `came` came and `lost` did not; the last waited `queuedMs` on its way. */
  readonly settle: (grant: { readonly came: number; readonly lost: number; readonly queuedMs: Millis }) => void;
  /** Never more than this from now on. */
  readonly limit: (most: number) => void;
};

export const CREDIT_FIRST = 8;
export const CREDIT_LEAST = 4;
const CREDIT_STEP = 8;
/** The most that others' datagrams are made to wait (the target of RFC 6817). */
const QUEUED_MS_MAX: Millis = 100;

export function createCredit(first: number, mostAtFirst: number): Credit {
  let most = mostAtFirst;
  let size = Math.min(Math.max(first, CREDIT_LEAST), most);
  /** Until the first loss or queue it doubles (slow start, RFC 5681). */
  let isSlowStart = true;
  const become = (next: number): void => {
    size = Math.min(Math.max(Math.round(next), CREDIT_LEAST), most);
  };
  return {
    size: () => size,
    limit: (limit) => {
      most = limit;
      become(size);
    },
    settle: ({ came, lost, queuedMs }) => {
      const isQueued = queuedMs > QUEUED_MS_MAX;
      if (isQueued || came === 0) become(size / 2);
      else if (queuedMs <= QUEUED_MS_MAX / 2)
        become(size + (isSlowStart && lost === 0 ? came : CREDIT_STEP - lost / 2));
      if (queuedMs > QUEUED_MS_MAX / 2 || lost > 0 || came === 0) isSlowStart = false;
    },
  };
}
