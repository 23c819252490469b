/** The debug log of a node: its events as structured records, and every 10 s what it dropped. */
import type { ChatEvent } from "../protocol/events.ts";
import { systemClock } from "./clock.ts";
import type { HubOptions } from "./types.ts";

export type DebugLog = {
  readonly record: (what: string, fields: Record<string, unknown>) => void;
  /** Records notices, errors and changes of peers; never what was said. */
  readonly event: (event: ChatEvent) => void;
  readonly stop: () => void;
};

export const DROPS_INTERVAL_MS = 10_000;

/** `dropped`: counts so far, by reason. Without a `sink` nothing is done. */
export function debugLog(
  sink: HubOptions["debug"],
  room: string,
  dropped: () => Readonly<Record<string, number>>,
): DebugLog {
  if (sink === undefined) return { record: () => {}, event: () => {}, stop: () => {} };
  let told: Readonly<Record<string, number>> = {};

  const record: DebugLog["record"] = (what, fields) => {
    sink({ ...fields, room, at: new Date(systemClock().wall).toISOString(), what });
  };
  const recordDrops = (): void => {
    const now = dropped();
    const since = Object.entries(now).map(([reason, count]) => [reason, count - (told[reason] ?? 0)] as const);
    const news = since.filter(([, count]) => count > 0);
    told = now;
    if (news.length > 0) record("dropped", { since: Object.fromEntries(news) });
  };
  const interval = setInterval(recordDrops, DROPS_INTERVAL_MS).unref();
  return {
    record,
    event: (event) => {
      if (event.type === "notice") record("notice", { ...event.notice });
      else if (event.type === "error") record("error", { ...event.error });
      else if (event.type === "peer") record("peer", { status: event.status, peer: event.peer });
    },
    stop: () => {
      clearInterval(interval);
      recordDrops();
    },
  };
}
