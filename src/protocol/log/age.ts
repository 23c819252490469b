/**
 * Lets go what was said longer ago than the user wants to keep. The limit moves in steps, so that nodes that compare their logs
 * agree on it most of the time: what is kept is as old as the limit and one step more.
 */

import type { MessageId } from "../../wire/ids.ts";
import type { Context } from "../context.ts";
import type { Millis, UnixMillis } from "../time.ts";
import { type Log, setSince } from "./log.ts";

const STEP_MS_MIN: Millis = 60_000;
const STEP_MS_MAX: Millis = 3_600_000;
const STEPS = 24;

/** The time of the oldest message that is kept, whole minutes; 0: there is no limit. */
export function sinceFor(now: UnixMillis, maxAgeMs: Millis): UnixMillis {
  if (maxAgeMs === Number.POSITIVE_INFINITY) return 0;
  const stepMs = Math.min(Math.max(maxAgeMs / STEPS, STEP_MS_MIN), STEP_MS_MAX);
  const wholeMs = Math.floor(stepMs / STEP_MS_MIN) * STEP_MS_MIN;
  return Math.max(Math.floor((now - maxAgeMs) / wholeMs) * wholeMs, 0);
}

/** To be called now and then. Returns what waited for messages that are let go alone: it may be shown. */
export function letOldGo(context: Context, log: Log): readonly MessageId[] {
  const { ids, ordered } = setSince(log, sinceFor(context.now.wall, context.config.maxAgeMs));
  context.trim(ids);
  return ordered;
}
