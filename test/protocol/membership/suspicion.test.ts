/** How long a suspect has: memberlist's suspicion_test with another multiplier. */
import { describe, expect, it } from "vitest";
import { CONFIRMATIONS, suspicionMinMs, suspicionMs } from "../../../src/protocol/membership/suspicion.ts";

const SECOND = 1_000;

describe("the suspicion timeout", () => {
  it.each([
    [5, 2_500],
    [10, 2_500],
    [50, 4_247],
    [100, 5_000],
    [500, 6_747],
    [1_000, 7_500],
  ])("in a room of %d is at least %d ms", (members, expected) => {
    expect(suspicionMinMs(members, SECOND)).toBeCloseTo(expected, 0);
  });

  it("starts at six times the minimum and falls with each accuser's logarithm, to the minimum", () => {
    const waits = [0, 1, 2, 3].map((confirmations) => suspicionMs(100, SECOND, confirmations));
    expect(waits[0]).toBe(30_000);
    expect(waits[1]).toBeCloseTo(30_000 - 25_000 * (Math.log(2) / Math.log(3)), 6);
    expect(waits[2]).toBeCloseTo(5_000, 6);
    expect(waits[3]).toBe(5_000);
    expect(CONFIRMATIONS).toBe(2);
  });

  it("is twice the minimum where too few others could confirm", () => {
    expect([1, 2, 3].map((members) => suspicionMs(members, SECOND, 0))).toEqual([5_000, 5_000, 5_000]);
    expect(suspicionMs(4, SECOND, 0)).toBe(15_000);
  });

  it("scales with the probe interval", () => {
    expect(suspicionMs(100, 200, 0)).toBeCloseTo(6_000, 6);
  });
});
