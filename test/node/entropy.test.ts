// Chance from the operating system.
import { expect, it } from "vitest";
import { systemRng } from "../../src/node/entropy.ts";

it("gives unsigned 32-bit integers that fill the range and do not repeat, beyond one pool of bytes", () => {
  const rng = systemRng();
  const numbers = Array.from({ length: 5_000 }, () => rng.u32());
  expect(numbers.every((n) => Number.isInteger(n) && n >= 0 && n < 2 ** 32)).toBe(true);
  // 5,000 of 2^32: more than ten repeats happen less than once in 10^20 tries.
  expect(new Set(numbers).size).toBeGreaterThan(4_990);
  const upperHalf = numbers.filter((n) => n >= 2 ** 31).length;
  expect(upperHalf).toBeGreaterThan(2_000);
  expect(upperHalf).toBeLessThan(3_000);
});
