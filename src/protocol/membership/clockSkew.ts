/**
 * The room's time. A message that is stamped minutes ahead is refused, so a node with a wrong clock would not be heard, or
 * would hear nobody. Such a node goes by the clocks of the others: the median of the hosts heard last. Each host has one
 * vote, so that no single host can outvote a room by speaking as many members. Only an address that answered counts: else
 * one member could speak for as many hosts as it can write on its datagrams.
 */
import { isLoopback } from "../../wire/endpoint.ts";
import type { Context } from "../context.ts";
import { limits } from "../limits.ts";
import type { Session } from "../link/session.ts";
import type { Millis, Now, UnixMillis } from "../time.ts";

export type ClockSkew = {
  /** The time of the room, as this node knows it. Called with the host's clocks before each step. */
  readonly roomTime: (host: Now) => UnixMillis;
  /** A proven peer says, from where it was found to be, that the room's time is `wall` now. */
  readonly heard: (from: Session, wall: UnixMillis) => void;
  /** By how much the host's clock is ahead of those of most peers; negative: behind. */
  readonly aheadMs: () => Millis;
};

/** BOUNDED: hosts with a vote, the latest heard. */
const VOTES_MAX = 32;
/** Less is left to the hybrid clock, which follows others so far. */
const TOLERANCE_MS: Millis = 20_000;
/** Of two, the one that is ahead goes back first, if it has heard nothing that is later. After so long the other one goes forward. */
const FORWARD_AFTER_MS: Millis = 10_000;
/** On the word of one host a clock goes forward by a wrong time zone and a day, no further. */
const FORWARD_ALONE_MS_MAX: Millis = 38 * 3_600_000;
/** 2025-12-01, before there was anything of this protocol: a clock that shows less is wrong, whatever others say. */
const BEGAN: UnixMillis = 1_764_547_200_000;
/** The two clocks of a host run alike; if they do not, one was set, or the host slept. */
const STEP_MS: Millis = 2_000;

/** `latest`: the stamp of the newest message that this node holds. */
export function createClockSkew(context: Context, latest: () => UnixMillis): ClockSkew {
  /** By host: how much later the room's time is than this host's clock. */
  const votes = new Map<string, Millis>();
  let host: Now | undefined;
  let correctionMs = 0;
  let median = 0;
  /** Since when the only host with a vote is ahead of this one. */
  let behindSince: Millis | undefined;
  let told = false;

  const correctionFor = (now: Now): Millis => {
    if (Math.abs(median) <= TOLERANCE_MS) return 0;
    if (votes.size > 1 || now.wall < BEGAN) return median;
    if (median < 0) return latest() > now.wall + median + limits.clockAheadMs ? 0 : median;
    behindSince ??= now.mono;
    const isTime = now.mono - behindSince >= FORWARD_AFTER_MS;
    return isTime && median <= FORWARD_ALONE_MS_MAX ? median : 0;
  };
  const update = (now: Now): void => {
    if (votes.size !== 1 || median <= TOLERANCE_MS) behindSince = undefined;
    correctionMs = correctionFor(now);
  };

  return {
    roomTime: (now) => {
      const hasStepped = host !== undefined && Math.abs(now.wall - host.wall - (now.mono - host.mono)) > STEP_MS;
      host = now;
      if (hasStepped) {
        votes.clear();
        median = 0;
      }
      if (hasStepped || behindSince !== undefined) update(now);
      return now.wall + correctionMs;
    },
    heard: (from, wall) => {
      // Whoever may name any address as its own would have as many votes as there are addresses.
      if (from.standing !== "validated") return;
      const now = host ?? context.now;
      const key = hostOf(from);
      votes.delete(key);
      votes.set(key, wall + (from.rtt.smoothedMs ?? 0) / 2 - now.wall);
      if (votes.size > VOTES_MAX) votes.delete(votes.keys().next().value as string);
      median = Math.round(milderMedian([...votes.values()]));
      update(now);
      const isOff = Math.abs(median) > limits.clockAheadMs;
      if (isOff && !told) context.emit({ type: "notice", notice: { code: "clock-skew", aheadMs: -median } });
      told = isOff;
    },
    aheadMs: () => (median === 0 ? 0 : -median),
  };
}

// --- internal ---

/** Nodes of one host share its clock, and its vote; on the loopback a port is a host, so that several can be tried there. */
function hostOf({ boot, endpoint }: Session): string {
  if (endpoint === undefined) return boot;
  return isLoopback(endpoint) ? endpoint : endpoint.slice(0, endpoint.lastIndexOf(":"));
}

/** Of an even number the milder of the two in the middle: half of the peers are not most of them. */
function milderMedian(offsets: readonly Millis[]): Millis {
  const sorted = [...offsets].sort((a, b) => a - b);
  const above = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const beneath = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
  return Math.abs(above) < Math.abs(beneath) ? above : beneath;
}
