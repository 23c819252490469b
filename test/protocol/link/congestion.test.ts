/** How much may be under way: it grows while the receiver keeps up, and shrinks with the queue before it, less so with loss. */
import { describe, expect, it } from "vitest";
import {
  type Congestion,
  createCongestion,
  hasRoom,
  hasRoomToCompare,
  noteRoundTrip,
  noteSent,
  noteSettled,
  WINDOW_FIRST,
} from "../../../src/protocol/link/congestion.ts";

/** Fills the window, and all of it is acknowledged after `rttMs`; the time then. */
function roundTrip(congestion: Congestion, rttMs: number, now: number, wasLost = false): number {
  let sent = 0;
  for (; hasRoom(congestion); sent += 1) noteSent(congestion, true);
  if (!wasLost) noteRoundTrip(congestion, rttMs, now + rttMs);
  for (; sent > 0; sent -= 1) noteSettled(congestion, true, wasLost);
  return now + rttMs;
}

function rounds(congestion: Congestion, rttMs: number, count: number, from = 0): number {
  let now = from;
  for (let round = 0; round < count; round += 1) now = roundTrip(congestion, rttMs, now);
  return now;
}

describe("the window", () => {
  it("doubles in a round trip until a queue shows, and grows by one in each after that", () => {
    const congestion = createCongestion();
    const now = rounds(congestion, 20, 3);
    expect(congestion.window).toBe(8 * WINDOW_FIRST);
    roundTrip(congestion, 20 + 375, now);
    const narrowed = congestion.window;
    expect(narrowed).toBeCloseTo(6 * WINDOW_FIRST, 5);
    rounds(congestion, 20, 1, now);
    expect(congestion.window - narrowed).toBeCloseTo(1, 1);
  });

  it("takes round trips of up to 250 ms more than the shortest for the weather", () => {
    const congestion = createCongestion();
    rounds(congestion, 269, 3, rounds(congestion, 20, 1));
    expect(congestion.window).toBe(16 * WINDOW_FIRST);
  });

  it("is halved at most in a round trip, and four at least, however long the queue", () => {
    const congestion = createCongestion();
    const now = rounds(congestion, 20, 4);
    const before = congestion.window;
    const later = roundTrip(congestion, 5_000, now);
    expect(congestion.window).toBeCloseTo(before / 2, 5);
    rounds(congestion, 5_000, 10, later);
    expect(congestion.window).toBe(4);
  });

  it("is not made wider by what does not fill it", () => {
    const congestion = createCongestion();
    for (let now = 0; now < 50; now += 1) {
      noteSent(congestion, true);
      noteRoundTrip(congestion, 20, now);
      noteSettled(congestion, true, false);
    }
    expect(congestion.window).toBe(WINDOW_FIRST);
  });

  it("is narrowed by loss alone to 16 at least, and never made wider by it", () => {
    const congestion = createCongestion();
    let now = rounds(congestion, 20, 6);
    for (let round = 0; round < 20; round += 1) now = roundTrip(congestion, 20, now, true);
    expect(congestion.window).toBe(16);
    const narrow = createCongestion();
    roundTrip(narrow, 20, 0, true);
    expect(narrow.window).toBe(WINDOW_FIRST);
  });

  it("lets 24 datagrams of those go that compare logs, unless what people say is under way", () => {
    const congestion = createCongestion();
    for (let sent = 0; sent < 23; sent += 1) noteSent(congestion, false);
    expect([hasRoom(congestion), hasRoomToCompare(congestion)]).toEqual([false, true]);
    noteSent(congestion, false);
    expect(hasRoomToCompare(congestion)).toBe(false);
    noteSettled(congestion, false, false);
    expect(hasRoomToCompare(congestion)).toBe(true);
    noteSent(congestion, true);
    noteSettled(congestion, false, false);
    expect(hasRoomToCompare(congestion)).toBe(false);
  });

  it("forgets a short way after four minutes: a longer one is no queue", () => {
    const congestion = createCongestion();
    let now = rounds(congestion, 20, 1);
    for (const end = now + 250_000; now < end; ) now = roundTrip(congestion, 400, now);
    const narrow = congestion.window;
    rounds(congestion, 400, 5, now);
    expect(congestion.window).toBeGreaterThan(narrow);
    expect(congestion.queueMs).toBe(0);
  });
});
