// The operating system's clocks as the node reads them.
import { expect, it } from "vitest";
import { systemClock } from "../../src/node/clock.ts";

it("reads a clock that never goes back and the host's wall clock", () => {
  const before = Date.now();
  const readings = Array.from({ length: 1_000 }, systemClock);
  const after = Date.now();
  readings.reduce((earlier, later) => {
    expect(later.mono).toBeGreaterThanOrEqual(earlier.mono);
    return later;
  });
  expect(readings.every(({ wall }) => wall >= before && wall <= after && Number.isInteger(wall))).toBe(true);
});
