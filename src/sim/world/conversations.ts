/** Counts the round trips of a reconciliation: how often two nodes take turns until they have nothing more to say. */
import type { Millis } from "../../protocol/time.ts";
import type { Endpoint } from "../../wire/endpoint.ts";
import type { Frame } from "../../wire/frames.ts";

export type Conversations = {
  readonly see: (frames: readonly Frame[], from: Endpoint, to: Endpoint, at: Millis) => void;
  /** Round trips of each, fetches of what was lacking included, ascending. */
  readonly roundTrips: () => number[];
};

export function createConversations(): Conversations {
  /** BOUNDED: by the pairs of nodes that reconcile in a run. */
  const open = new Map<string, Talk>();
  const closed: number[] = [];
  const close = (key: string, talk: Talk): void => {
    open.delete(key);
    closed.push(roundTripsOf(talk));
  };
  return {
    see: (frames, from, to, at) => {
      const about = frames.filter(isAboutLog);
      if (about.length === 0) return;
      const key = from < to ? `${from} ${to}` : `${to} ${from}`;
      const before = open.get(key);
      if (before !== undefined && at - before.at > QUIET_MS) close(key, before);
      const talk = open.get(key);
      if (talk !== undefined) {
        if (talk.speaker !== from) talk.turns += 1;
        talk.speaker = from;
        talk.at = at;
      } else if (about.some(({ type }) => type === "ranges" || type === "fetch")) {
        open.set(key, { speaker: from, turns: 1, at });
      }
    },
    roundTrips: () => [...closed, ...[...open.values()].map(roundTripsOf)].sort((a, b) => a - b),
  };
}

// --- internal ---

/** After that nobody answers any more: what comes then is about something else. */
const QUIET_MS: Millis = 2_000;

type Talk = { speaker: Endpoint; turns: number; at: Millis };

function isAboutLog(frame: Frame): boolean {
  switch (frame.type) {
    case "ranges":
    case "list":
    case "fetch":
    case "page":
    case "same":
    case "wantListed":
      return frame.set === "log";
    default:
      return frame.type === "want" || frame.type === "message";
  }
}

function roundTripsOf({ turns }: Talk): number {
  return Math.ceil(turns / 2);
}
