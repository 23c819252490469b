/** The hybrid clock: later than all it saw, close to the wall, and not dragged along by one wrong clock. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bounds } from "../../src/protocol/config.ts";
import { createHybridClock } from "../../src/protocol/hlc.ts";
import { WALL } from "./fixtures.ts";

describe("the hybrid clock", () => {
  it("shows the wall clock while nothing is ahead of it", () => {
    const clock = createHybridClock();
    expect(clock.stamp(WALL, [])).toBe(WALL);
    expect(clock.stamp(WALL + 5, [WALL - 1_000])).toBe(WALL + 5);
  });

  it("never gives one stamp twice, even when the wall clock stands still or goes back", () => {
    const clock = createHybridClock();
    expect([WALL, WALL, WALL - 60_000].map((wall) => clock.stamp(wall, []))).toEqual([WALL, WALL + 1, WALL + 2]);
  });

  it("is later than all parents and everything it followed, for any order of events", () => {
    const event = fc.record({
      wall: fc.integer({ min: 0, max: 1_000_000 }),
      seen: fc.integer({ min: 0, max: 900_000 }),
    });
    fc.assert(
      fc.property(fc.array(event), (history) => {
        const clock = createHybridClock();
        let followed = -1;
        for (const { wall, seen } of history) {
          if (!clock.observe(wall, seen)) followed = Math.max(followed, seen);
          const parent = Math.min(seen, wall + bounds.clockAheadMs);
          const stamp = clock.stamp(wall, [parent]);
          expect(stamp).toBeGreaterThan(Math.max(followed, parent));
          expect(stamp).toBeGreaterThanOrEqual(wall);
          followed = stamp;
        }
      }),
    );
  });

  it("follows a message five minutes ahead, and says of one further ahead that it does not", () => {
    const clock = createHybridClock();
    expect(clock.observe(WALL, WALL + bounds.clockAheadMs)).toBe(false);
    expect(clock.stamp(WALL, [])).toBe(WALL + bounds.clockAheadMs + 1);
    const other = createHybridClock();
    expect(other.observe(WALL, WALL + bounds.clockAheadMs + 1)).toBe(true);
    expect(other.stamp(WALL, [])).toBe(WALL);
  });
});
