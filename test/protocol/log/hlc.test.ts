/** The hybrid clock: later than all it saw, close to the wall, and not dragged along by one wrong clock. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { limits } from "../../../src/protocol/limits.ts";
import { createHybridClock, liftLimit } from "../../../src/protocol/log/hlc.ts";
import { WALL } from "../fixtures.ts";

describe("the hybrid clock", () => {
  it("shows the wall clock while nothing is ahead of it", () => {
    const clock = createHybridClock();
    expect(clock.stamp(WALL, [])).toBe(WALL);
    expect(clock.stamp(WALL + 5, [WALL - 1_000])).toBe(WALL + 5);
  });

  it("never gives one stamp twice, even when the wall clock stands still or goes back a little", () => {
    const clock = createHybridClock();
    expect([WALL, WALL, WALL - 30_000].map((wall) => clock.stamp(wall, []))).toEqual([WALL, WALL + 1, WALL + 2]);
  });

  it("goes back with a wall clock that is set right, instead of stamping ahead until it is overtaken", () => {
    const clock = createHybridClock();
    expect([WALL + 86_400_000, WALL, WALL].map((wall) => clock.stamp(wall, []))).toEqual([
      WALL + 86_400_000,
      WALL,
      WALL + 1,
    ]);
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
          clock.observe(wall, seen);
          if (seen <= liftLimit(wall)) followed = Math.max(followed, seen);
          // What was stamped before the clock was set back does not count.
          if (followed > liftLimit(wall)) followed = -1;
          const parent = Math.min(seen, liftLimit(wall));
          const stamp = clock.stamp(wall, [parent]);
          expect(stamp).toBeGreaterThan(Math.max(followed, parent));
          expect(stamp).toBeGreaterThanOrEqual(wall);
          followed = stamp;
        }
      }),
    );
  });

  it("follows a message a minute ahead, and none that is further ahead", () => {
    const clock = createHybridClock();
    clock.observe(WALL, WALL + limits.clockLiftMs);
    expect(clock.stamp(WALL, [])).toBe(WALL + limits.clockLiftMs + 1);
    const other = createHybridClock();
    other.observe(WALL, WALL + limits.clockLiftMs + 1);
    expect(other.stamp(WALL, [])).toBe(WALL);
  });
});
