/** Distances become delays. */
import { expect, test } from "vitest";
import { seededRng } from "../../../src/protocol/rng.ts";
import { createDelays, distanceMs } from "../../../src/sim/world/delays.ts";
import { endpointOf, indexOfEndpoint, OUTSIDER } from "../../../src/sim/world/endpoints.ts";

const frankfurt = [50.1, 8.7] as const;
const newYork = [40.7, -74.0] as const;
const sydney = [-33.9, 151.2] as const;

test("the way from Frankfurt to New York and to Sydney takes what it takes on earth", () => {
  expect(distanceMs(frankfurt, frankfurt)).toBeCloseTo(0, 3);
  expect(distanceMs(frankfurt, newYork)).toBeGreaterThan(38);
  expect(distanceMs(frankfurt, newYork)).toBeLessThan(45);
  expect(distanceMs(frankfurt, sydney)).toBeGreaterThan(100);
  expect(distanceMs(frankfurt, sydney)).toBeLessThan(120);
  expect(distanceMs(newYork, frankfurt)).toBe(distanceMs(frankfurt, newYork));
});

test("nodes are spread over the regions in turn, and their distance comes on top", () => {
  const delays = createDelays({ delayMs: [1, 2], regions: { frankfurt, newYork } }, seededRng(1));
  const near = delays(endpointOf(0), endpointOf(2));
  const far = delays(endpointOf(0), endpointOf(3));
  expect(near).toBeGreaterThanOrEqual(1);
  expect(near).toBeLessThanOrEqual(2);
  expect(far).toBeGreaterThan(38);
});

test("an address says which node it is", () => {
  for (const index of [0, 1, 255, 256, 9_999]) expect(indexOfEndpoint(endpointOf(index))).toBe(index);
  expect(indexOfEndpoint(OUTSIDER)).toBe(0);
});
