// Noticing that the host's own addresses are others than before.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { watchAddresses } from "../../src/node/addressWatch.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it("tells the addresses at once, and again within two seconds of a change, and not otherwise", () => {
  let addresses = ["10.0.0.2"];
  const told: (readonly string[])[] = [];
  const stop = watchAddresses(
    () => addresses,
    (now) => told.push(now),
  );
  expect(told).toEqual([["10.0.0.2"]]);
  vi.advanceTimersByTime(60_000);
  expect(told).toHaveLength(1);
  addresses = [];
  vi.advanceTimersByTime(2_000);
  addresses = ["10.0.0.9", "fd00::9"];
  vi.advanceTimersByTime(2_000);
  expect(told.slice(1)).toEqual([[], ["10.0.0.9", "fd00::9"]]);
  stop();
  addresses = [];
  vi.advanceTimersByTime(60_000);
  expect(told).toHaveLength(3);
});
