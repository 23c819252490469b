/**
 * Notices that the host slept or stood still, from its two clocks and the alarm that should have rung. Pure.
 *
 * Sleep: on Linux the monotonic clock stops while the machine is suspended and the wall clock does not, so wall time gets
 * ahead of monotonic time. A wall clock that is set forward, by NTP or by hand, looks the same. So the host's uptime decides,
 * which counts sleep and cannot be set. Where it is not known, both are reported: that costs one needless round of looking
 * around. A clock that is set back is not a sleep.
 *
 * Standstill: both clocks run on while the process is stopped (SIGSTOP, a paused container) or its event loop is blocked,
 * and on systems where the monotonic clock counts sleep. Then the alarm is late. If no alarm was set, nobody waited for
 * anything.
 */
import type { Millis, Now } from "../protocol/time.ts";

/** Shorter gaps are what probes and retries are made for. */
export const SUSPENSION_MS_MIN = 5_000;
/**
 * From so long on the process may be one of two that were made of one: a machine of which a snapshot was started, a checkpoint that was
 * restored. To go on as another process start costs a hello and a key agreement with each peer.
 */
export const COPY_MS_MIN = 30_000;

export type SuspensionDetector = {
  /** Before every input; `alarmAt`: when the alarm is due. How long the node was gone: 0 or whole ms >= 5,000. */
  readonly observe: (now: Now, alarmAt: Millis | undefined) => Millis;
  /** As it was observed last: so much time passed unseen that another copy of this process may have gone on. */
  readonly mayBeCopy: () => boolean;
};

/** `uptime`: since the host started, sleep included; it is asked for when the wall clock has got ahead. */
export function suspensionDetector(start: Now, uptime: () => Millis | undefined = () => undefined): SuspensionDetector {
  let last = start;
  /** By how much the uptime is ahead of the monotonic clock. */
  let aheadMs = differenceOf(uptime(), start);
  let isCopy = false;
  /** Of the time by which the wall clock got ahead. */
  const sleptOf = (wallAheadMs: Millis, now: Now): Millis => {
    if (wallAheadMs <= SUSPENSION_MS_MIN) return 0;
    const before = aheadMs;
    aheadMs = differenceOf(uptime(), now);
    return before === undefined || aheadMs === undefined ? wallAheadMs : Math.min(aheadMs - before, wallAheadMs);
  };
  return {
    observe: (now, alarmAt) => {
      const wallAheadMs = now.wall - last.wall - (now.mono - last.mono);
      const sleptMs = sleptOf(wallAheadMs, now);
      // Anything observed since the alarm was due shows that the process ran: only the time after it counts.
      const lateMs = alarmAt === undefined ? 0 : now.mono - Math.max(alarmAt, last.mono);
      last = now;
      const goneMs = Math.round(
        (sleptMs > SUSPENSION_MS_MIN ? sleptMs : 0) + (lateMs > SUSPENSION_MS_MIN ? lateMs : 0),
      );
      // Where a snapshot is started its uptime goes on from there, and only the wall clock is set.
      isCopy = Math.max(goneMs, wallAheadMs) >= COPY_MS_MIN;
      return goneMs;
    },
    mayBeCopy: () => isCopy,
  };
}

// --- internal ---

function differenceOf(uptime: Millis | undefined, { mono }: Now): Millis | undefined {
  return uptime === undefined ? undefined : uptime - mono;
}
