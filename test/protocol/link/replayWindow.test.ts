/** The replay window against a set of everything seen. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { limits } from "../../../src/protocol/limits.ts";
import { createReplayWindow } from "../../../src/protocol/link/replayWindow.ts";
import { COUNTER_MAX } from "../../../src/wire/datagram.ts";

const WINDOW = limits.replayWindow;

function model(): (counter: number) => boolean {
  const seen = new Set<number>();
  let highest = -1;
  return (counter) => {
    if (seen.has(counter) || counter + WINDOW <= highest) return false;
    seen.add(counter);
    highest = Math.max(highest, counter);
    return true;
  };
}

/** Steps near the edges that matter: a bit, a word, the window, the ring, and far away. */
const jump = fc
  .tuple(
    fc.constantFrom(0, 1, 31, 32, 33, WINDOW - 1, WINDOW, WINDOW + 1, 8_191, 8_192, 8_193, 100_000),
    fc.integer({ min: -3, max: 3 }),
    fc.boolean(),
  )
  .map(([distance, nudge, back]) => (back ? -distance : distance) + nudge);

describe("the replay window", () => {
  it("agrees with a set of everything seen, under any jumps", () => {
    fc.assert(
      fc.property(fc.nat({ max: 50_000 }), fc.array(jump, { maxLength: 300 }), (start, jumps) => {
        const window = createReplayWindow();
        const expected = model();
        let at = start;
        for (const by of jumps) {
          at = Math.max(0, at + by);
          expect(window.accept(at), `counter ${at}`).toBe(expected(at));
        }
      }),
      { numRuns: 300 },
    );
  });

  it("takes each of shuffled neighbours once", () => {
    const window = createReplayWindow();
    const order = Array.from({ length: 20_000 }, (_, index) => (index ^ 0x55) + 7);
    expect(order.filter((counter) => window.accept(counter))).toHaveLength(20_000);
    expect(order.filter((counter) => window.accept(counter))).toEqual([]);
  });

  it("takes the oldest counter of the window and refuses the one before it", () => {
    const window = createReplayWindow();
    expect(window.accept(1_000_000)).toBe(true);
    expect(window.accept(1_000_000 - WINDOW)).toBe(false);
    expect(window.accept(1_000_000 - WINDOW + 1)).toBe(true);
    expect(window.accept(1_000_000 - WINDOW + 1)).toBe(false);
  });

  it("forgets nothing that still counts after a far jump, up to the last counter there is", () => {
    const window = createReplayWindow();
    for (const counter of [0, 5, COUNTER_MAX - WINDOW, COUNTER_MAX - 1, COUNTER_MAX]) {
      expect(window.accept(counter)).toBe(true);
    }
    for (const counter of [0, 5, COUNTER_MAX - WINDOW, COUNTER_MAX - 1, COUNTER_MAX]) {
      expect(window.accept(counter)).toBe(false);
    }
    expect(window.accept(COUNTER_MAX - WINDOW + 1)).toBe(true);
  });
});
