/** Virtual time. */
import { expect, test } from "vitest";
import { createAgenda } from "../../../src/sim/world/agenda.ts";

test("things happen in the order of their time, those of one time in the order they were put down", () => {
  const agenda = createAgenda();
  const happened: string[] = [];
  agenda.at(30, () => happened.push("c"));
  agenda.at(10, () => happened.push("a"));
  agenda.at(10, () => happened.push("b"));
  agenda.at(40, () => happened.push("late"));
  agenda.runUntil(30);
  expect(happened).toEqual(["a", "b", "c"]);
  expect(agenda.now()).toBe(30);
});

test("what is put down while time runs happens in the same run, never in the past", () => {
  const agenda = createAgenda();
  const happened: number[] = [];
  agenda.at(10, () => agenda.at(5, () => happened.push(agenda.now())));
  agenda.runUntil(20);
  expect(happened).toEqual([10]);
});

test("a thousand things in any order come sorted", () => {
  const agenda = createAgenda();
  const happened: number[] = [];
  for (let index = 0; index < 1_000; index += 1) {
    const time = (index * 7_919) % 1_009;
    agenda.at(time, () => happened.push(time));
  }
  agenda.runUntil(2_000);
  expect(happened).toHaveLength(1_000);
  expect(happened).toEqual([...happened].sort((a, b) => a - b));
});
