/** The timer table against a list that is sorted anew for every question. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createTimers, type Timers } from "../../src/protocol/timers.ts";

type Step =
  | { readonly do: "set"; readonly key: string; readonly at: number }
  | { readonly do: "clear"; readonly key: string }
  | { readonly do: "take"; readonly now: number };

const key = fc.nat({ max: 12 }).map(String);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("set" as const), key, at: fc.nat({ max: 20 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("clear" as const), key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("take" as const), now: fc.nat({ max: 22 }) }) },
);

const drain = (timers: Timers<string>, now: number): string[] => {
  const rows: string[] = [];
  for (let row = timers.takeDue(now); row !== undefined; row = timers.takeDue(now)) rows.push(row);
  return rows;
};

describe("the timer table", () => {
  it("does what a sorted list does, whatever is set, replaced, cleared and taken", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const timers = createTimers<string>();
        let model: { key: string; at: number; order: number }[] = [];
        steps.forEach((next, order) => {
          if (next.do === "take") {
            const due = model.filter(({ at }) => at <= next.now).sort((a, b) => a.at - b.at || a.order - b.order);
            expect(timers.takeDue(next.now)).toBe(due[0]?.key);
            model = model.filter((row) => row !== due[0]);
          } else {
            model = model.filter((row) => row.key !== next.key);
            if (next.do === "clear") timers.clear(next.key);
            else {
              timers.set(next.key, next.at, next.key);
              model.push({ key: next.key, at: next.at, order });
            }
          }
          expect(timers.nextDeadline()).toBe(model.length === 0 ? undefined : Math.min(...model.map(({ at }) => at)));
        });
        for (let index = 0; index <= 12; index += 1) {
          expect(timers.has(String(index))).toBe(model.some((row) => row.key === String(index)));
        }
      }),
    );
  });

  it("gives rows due at the same time in the order they were set", () => {
    const timers = createTimers<string>();
    for (const name of ["b", "a", "c"]) timers.set(name, 5, name);
    timers.set("b", 5, "b again");
    expect(drain(timers, 4)).toEqual([]);
    expect(drain(timers, 5)).toEqual(["a", "c", "b again"]);
    expect(timers.nextDeadline()).toBeUndefined();
  });

  it("keeps its deadline when one row is moved ten thousand times", () => {
    const timers = createTimers<string>();
    timers.set("still", 20_000, "still");
    for (let at = 0; at <= 10_000; at += 1) timers.set("moved", at, `moved to ${at}`);
    expect(timers.nextDeadline()).toBe(10_000);
    expect(drain(timers, 30_000)).toEqual(["moved to 10000", "still"]);
  });
});
