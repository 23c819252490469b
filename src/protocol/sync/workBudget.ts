/**
 * Limits how much work a peer may cause in a second by comparing and fetching, and recognises requests that were answered
 * a moment ago.
 */
import type { Context } from "../context.ts";
import { limits } from "../limits.ts";
import type { Session } from "../link/session.ts";
import type { Millis } from "../time.ts";

export type WorkBudget = {
  /** False: beyond `limits.rangesPerSecond`, dropped and counted. */
  readonly spend: (session: Session, cost: number) => boolean;
  /** The same words again: sent once more because their acknowledgement was lost. They were answered, and answers repeat themselves. */
  readonly isRepeat: (from: Session, words: string) => boolean;
};

/** Longer than a frame is sent again, shorter than a difference that is looked at anew. */
const REPEAT_MS: Millis = 1_000;

export function createWorkBudget(context: Context): WorkBudget {
  /** BOUNDED: sessions. Work done for a session in the current second. */
  let spent = new Map<Session, number>();
  let second = 0;
  /** BOUNDED: `limits.sessions` twice. What was answered when. */
  const answered = new Map<string, Millis>();

  return {
    spend: (session, cost) => {
      const current = Math.floor(context.now.mono / 1_000);
      if (current !== second) spent = new Map();
      second = current;
      const sum = (spent.get(session) ?? 0) + cost;
      spent.set(session, sum);
      if (sum <= limits.rangesPerSecond) return true;
      context.counters.drop("reconciliation-budget");
      return false;
    },
    isRepeat: (from, words) => {
      const key = `${from.boot} ${words}`;
      const since = answered.get(key);
      if (since !== undefined && context.now.mono - since < REPEAT_MS) return true;
      answered.delete(key);
      answered.set(key, context.now.mono);
      if (answered.size > 2 * limits.sessions) answered.delete(answered.keys().next().value as string);
      return false;
    },
  };
}
