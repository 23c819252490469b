/** The hybrid clock: later than all it saw, close to the wall, and not dragged along by one wrong clock. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { limits } from "../../../src/protocol/limits.ts";
import { createHybridClock } from "../../../src/protocol/log/hlc.ts";
import type { PeerId } from "../../../src/wire/ids.ts";
import { identityOf, WALL } from "../fixtures.ts";

const [bob, carol] = ["bob", "carol"].map((name) => identityOf(name).id) as [PeerId, PeerId];

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
      author: fc.constantFrom(bob, carol),
    });
    fc.assert(
      fc.property(fc.array(event), (history) => {
        const clock = createHybridClock();
        let followed = -1;
        for (const { wall, seen, author } of history) {
          clock.observe(wall, seen, author);
          if (seen <= clock.limit(wall)) followed = Math.max(followed, seen);
          // What was stamped before the clock was set back does not count.
          if (followed > wall + limits.clockLiftMs) followed = -1;
          const parent = Math.min(seen, clock.limit(wall));
          const stamp = clock.stamp(wall, [parent]);
          expect(stamp).toBeGreaterThan(Math.max(followed, parent));
          expect(stamp).toBeGreaterThanOrEqual(wall);
          followed = stamp;
        }
      }),
    );
  });

  it("follows one author half a minute ahead, and a minute as far as another author is there too", () => {
    const stampAfter = (...seen: readonly [PeerId, number][]): number => {
      const clock = createHybridClock();
      for (const [author, ahead] of seen) clock.observe(WALL, WALL + ahead, author);
      return clock.stamp(WALL, []) - WALL;
    };
    expect(stampAfter([bob, 30_000])).toBe(30_001);
    expect(stampAfter([bob, 30_001])).toBe(0);
    expect(stampAfter([bob, 40_000], [bob, 40_001], [bob, 40_002])).toBe(0);
    expect(stampAfter([bob, 60_000], [carol, 40_000])).toBe(40_001);
    expect(stampAfter([carol, 40_000], [bob, 60_000])).toBe(0);
    expect(stampAfter([carol, 40_000], [bob, 60_000], [carol, 40_000])).toBe(40_001);
    expect(stampAfter([bob, 300_000], [carol, 60_000])).toBe(60_001);
    expect(stampAfter([bob, 300_001], [carol, 60_000])).toBe(0);
    expect(stampAfter([bob, 300_000], [carol, 60_001])).toBe(0);
  });
});
