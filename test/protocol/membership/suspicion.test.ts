/** How long a suspect has, and who counts as an accuser. */
import { describe, expect, it } from "vitest";
import {
  accuserFor,
  HEARSAY,
  isConfirmed,
  suspicionMinMs,
  suspicionMs,
  withAccuser,
} from "../../../src/protocol/membership/suspicion.ts";
import type { PeerId } from "../../../src/wire/ids.ts";

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

  it("is six times the minimum, or the minimum itself if it is confirmed", () => {
    expect([false, true].map((isOne) => suspicionMs(100, SECOND, isOne))).toEqual([30_000, 5_000]);
  });

  it("is twice the minimum where too few others could confirm", () => {
    expect([1, 2, 3].map((members) => suspicionMs(members, SECOND, true))).toEqual([5_000, 5_000, 5_000]);
    expect(suspicionMs(4, SECOND, false)).toBe(15_000);
  });

  it("scales with the probe interval", () => {
    expect(suspicionMs(100, 200, false)).toBeCloseTo(6_000, 6);
  });
});

describe("an accuser", () => {
  const [self, bob, carol] = ["aa", "bb", "cc"].map((byte) => byte.repeat(8)) as [string, string, string];
  const idOf = (front: string): PeerId => front.padEnd(64, "0") as PeerId;

  it("counts by its name where it says so itself; all that is passed on counts as one", () => {
    expect(accuserFor(bob, idOf(bob))).toBe(bob);
    expect(accuserFor(bob, idOf(carol))).toBe(HEARSAY);
    expect(accuserFor(self, idOf(carol))).toBe(HEARSAY);
  });

  it("confirms nothing before this node has looked, however many there are; and looking alone confirms nothing", () => {
    expect(isConfirmed([bob, carol, HEARSAY], self)).toBe(false);
    expect(isConfirmed([self], self)).toBe(false);
    expect(isConfirmed([HEARSAY, self], self)).toBe(true);
  });

  it("is remembered once, among the latest; this node itself always", () => {
    let accusers: readonly string[] = [self];
    for (let number = 0; number < 100; number += 1) accusers = withAccuser(accusers, `accuser ${number}`, self) ?? [];
    expect(accusers.length).toBe(17);
    expect([accusers[0], accusers.at(-1)]).toEqual([self, "accuser 99"]);
    expect(withAccuser(accusers, "accuser 99", self)).toBeUndefined();
    expect(withAccuser(accusers, self, self)).toBeUndefined();
  });
});
