// Many owners share one timer of the event loop: each is rung at its time, once.

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type Alarms, createAlarms } from "../../src/node/alarm.ts";

let alarms: Alarms;
let rung: string[] = [];
const startedAt = () => performance.now();
let zero = 0;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setImmediate", "clearImmediate", "performance"] });
  zero = startedAt();
  rung = [];
  alarms = createAlarms(() => performance.now() - zero);
});
afterEach(() => {
  alarms.stop();
  vi.useRealTimers();
});

const owners = new Map<string, object>();
const set = (name: string, at: number | undefined, then: () => void = () => undefined): void => {
  const owner = owners.get(name) ?? {};
  owners.set(name, owner);
  alarms.set(owner, at, () => {
    rung.push(name);
    then();
  });
};

it("rings a thousand owners at their times, with one timer between them", async () => {
  for (let n = 0; n < 1_000; n += 1) set(`${n}`, 1_000 - n);
  expect(vi.getTimerCount()).toBe(1);
  await vi.advanceTimersByTimeAsync(500);
  expect(rung.length).toBeGreaterThan(490);
  expect(rung.length).toBeLessThanOrEqual(500);
  expect(vi.getTimerCount()).toBe(1);
  await vi.advanceTimersByTimeAsync(600);
  expect([rung.length, new Set(rung).size]).toEqual([1_000, 1_000]);
  expect(vi.getTimerCount()).toBe(0);
});

it("forgets an alarm that was replaced or taken back, and no other", async () => {
  for (const name of ["one", "two", "three"]) set(name, 10);
  set("one", 50);
  set("two", undefined);
  await vi.advanceTimersByTimeAsync(20);
  expect(rung).toEqual(["three"]);
  await vi.advanceTimersByTimeAsync(50);
  expect(rung).toEqual(["three", "one"]);
});

it("rings again what is set while it rings, those that are late at once", async () => {
  let times = 0;
  const again = (): void => {
    times += 1;
    if (times < 3) set("one", 5, again);
  };
  set("one", 10, again);
  set("two", 10);
  await vi.advanceTimersByTimeAsync(20);
  expect(rung).toEqual(["one", "two", "one", "one"]);
});

it("sets an alarm again that is further away than a timer can be", async () => {
  const days = 24 * 3_600_000;
  set("far", 40 * days);
  await vi.advanceTimersByTimeAsync(39 * days);
  expect(rung).toEqual([]);
  await vi.advanceTimersByTimeAsync(2 * days);
  expect(rung).toEqual(["far"]);
});

it("rings nobody once it was stopped", async () => {
  set("one", 10);
  alarms.stop();
  await vi.advanceTimersByTimeAsync(20);
  expect([rung, vi.getTimerCount()]).toEqual([[], 0]);
});
