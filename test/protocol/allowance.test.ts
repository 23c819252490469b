/** What each of many may do in a while. */
import { expect, it } from "vitest";
import { createAllowance, mayDo, noteDone } from "../../src/protocol/allowance.ts";

it("is so much at once, and one more after each interval", () => {
  const allowance = createAllowance<string>(3, 1_000, 10);
  for (let times = 0; times < 3; times += 1) {
    expect(mayDo(allowance, "a", 0)).toBe(true);
    noteDone(allowance, "a", 0);
  }
  expect([0, 999, 1_000].map((now) => mayDo(allowance, "a", now))).toEqual([false, false, true]);
  expect(mayDo(allowance, "b", 0)).toBe(true);
  noteDone(allowance, "a", 1_000);
  expect(mayDo(allowance, "a", 1_999)).toBe(false);
});

it("is not the less for what was done beyond it", () => {
  const allowance = createAllowance<string>(3, 1_000, 10);
  for (let times = 0; times < 50; times += 1) noteDone(allowance, "a", 0);
  expect(mayDo(allowance, "a", 1_000)).toBe(true);
});

it("is remembered for so many, the latest", () => {
  const allowance = createAllowance<string>(1, 1_000, 2);
  for (const key of ["a", "b", "a", "c"]) noteDone(allowance, key, 0);
  expect([...allowance.spent.keys()]).toEqual(["a", "c"]);
});
