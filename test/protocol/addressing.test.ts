/** Which of its own addresses a node tells others. */
import { expect, it } from "vitest";
import { createOwnAddresses } from "../../src/protocol/addressing.ts";
import type { Endpoint } from "../../src/protocol/types.ts";

it("an address that means something on its link alone is not told to those on others", () => {
  const own = createOwnAddresses([], 0);
  expect(own.observed("[fe80::1]:62733" as Endpoint, 0)).toBe(false);
  expect(own.observed("[fd00::1]:62733" as Endpoint, 0)).toBe(true);
  expect(own.listed()).toEqual(["[fd00::1]:62733"]);
});
