/** How long a suspect has: the numbers of memberlist's suspicion_test. */
import { describe, expect, it } from "vitest";
import { CONFIRMATIONS, suspicionMinMs, suspicionMs } from "../../src/protocol/suspicion.ts";

const SECOND = 1_000;

describe("the suspicion timeout", () => {
  it.each([
    [5, 4_000],
    [10, 4_000],
    [50, 6_796],
    [100, 8_000],
    [500, 10_796],
    [1_000, 12_000],
  ])("in a room of %d is at least %d ms", (members, expected) => {
    expect(suspicionMinMs(members, SECOND)).toBeCloseTo(expected, 0);
  });

  it("starts at six times the minimum and falls with each accuser's logarithm, to the minimum", () => {
    const waits = [0, 1, 2, 3].map((confirmations) => suspicionMs(100, SECOND, confirmations));
    expect(waits[0]).toBe(48_000);
    expect(waits[1]).toBeCloseTo(48_000 - 40_000 * (Math.log(2) / Math.log(3)), 6);
    expect(waits[2]).toBeCloseTo(8_000, 6);
    expect(waits[3]).toBe(8_000);
    expect(CONFIRMATIONS).toBe(2);
  });

  it("is the minimum at once where too few others could confirm", () => {
    expect([1, 2, 3].map((members) => suspicionMs(members, SECOND, 0))).toEqual([4_000, 4_000, 4_000]);
    expect(suspicionMs(4, SECOND, 0)).toBe(24_000);
  });

  it("scales with the probe interval", () => {
    expect(suspicionMs(100, 200, 0)).toBeCloseTo(9_600, 6);
  });
});
