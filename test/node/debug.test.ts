// What a node tells whoever looks for a fault.

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { DROPS_INTERVAL_MS, debugLog } from "../../src/node/debug.ts";
import type { DebugRecord } from "../../src/node/types.ts";
import type { ChatEvent } from "../../src/protocol/events.ts";
import { event } from "./fakeCore.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it("sums up every 10 s what was lost since the last time, and says nothing when nothing was", () => {
  const records: DebugRecord[] = [];
  let dropped: Record<string, number> = { replayed: 2 };
  const log = debugLog(
    (record) => records.push(record),
    "tea",
    () => dropped,
  );
  vi.advanceTimersByTime(DROPS_INTERVAL_MS);
  vi.advanceTimersByTime(DROPS_INTERVAL_MS);
  dropped = { replayed: 2, "send-EPERM": 5 };
  vi.advanceTimersByTime(DROPS_INTERVAL_MS);
  dropped = { replayed: 3, "send-EPERM": 5 };
  log.stop();
  vi.advanceTimersByTime(10 * DROPS_INTERVAL_MS);
  expect(records.map(({ what, room, since }) => [what, room, since])).toEqual([
    ["dropped", "tea", { replayed: 2 }],
    ["dropped", "tea", { "send-EPERM": 5 }],
    ["dropped", "tea", { replayed: 1 }],
  ]);
});

it("records notices with their room and time, and never what was said", () => {
  vi.setSystemTime(new Date("2026-01-31T12:00:00Z"));
  const records: DebugRecord[] = [];
  const log = debugLog(
    (record) => records.push(record),
    "tea",
    () => ({}),
  );
  log.event({ type: "message", message: { text: "secret" } } as unknown as ChatEvent);
  log.event(event(7));
  expect(records).toEqual([
    { at: "2026-01-31T12:00:00.000Z", room: "tea", what: "notice", code: "clock-skew", aheadMs: 7 },
  ]);
  log.stop();
});

it("costs no timer when nobody listens", () => {
  debugLog(undefined, "tea", () => ({}));
  expect(vi.getTimerCount()).toBe(0);
});
