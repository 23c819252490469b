/** One alarm for many rooms: the event loop has a single timer, whatever the number of rooms. */
import type { Millis } from "../protocol/time.ts";

export type Alarms = {
  /** Replaces the alarm of this owner; undefined: none. It rings once, at that monotonic time or at once if that has passed. */
  readonly set: (owner: object, at: Millis | undefined, ring: () => void) => void;
  readonly stop: () => void;
};

/** setTimeout knows no longer delay; an alarm that rings early is simply set again. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

export function createAlarms(now: () => Millis): Alarms {
  /** BOUNDED: one for each owner. */
  const alarms = new Map<object, { readonly at: Millis; readonly ring: () => void }>();
  let timer: NodeJS.Timeout | undefined;
  let armedAt: Millis | undefined;

  const rearm = (): void => {
    let next: Millis | undefined;
    for (const { at } of alarms.values()) if (next === undefined || at < next) next = at;
    if (next === armedAt) return;
    clearTimeout(timer);
    armedAt = next;
    if (next === undefined) return;
    const delayMs = Math.min(Math.max(Math.ceil(next - now()), 0), TIMEOUT_MS_MAX);
    // After a stall, what waits in the socket goes first: an acknowledgement that is here already is not late.
    timer = setTimeout(() => setImmediate(ring), delayMs);
  };
  const ring = (): void => {
    armedAt = undefined;
    const at = now();
    for (const [owner, alarm] of [...alarms]) {
      if (alarm.at > at) continue;
      alarms.delete(owner);
      alarm.ring();
    }
    rearm();
  };

  return {
    set: (owner, at, ringing) => {
      if (at === undefined) alarms.delete(owner);
      else alarms.set(owner, { at, ring: ringing });
      rearm();
    },
    stop: () => {
      alarms.clear();
      clearTimeout(timer);
    },
  };
}
