/** Hostile members who attack the roster, and what nodes tell each other of their logs. */
import { expect, test } from "vitest";
import { hostileStrategies, openWeaknesses, type StrategyName, strategyNames } from "../../../src/sim/hostile/names.ts";
import { strategies } from "../../../src/sim/hostile/strategies.ts";
import { run } from "../../../src/sim/run/run.ts";
import { attackedRoom, expectUnharmed, timeout } from "./attacks.ts";

const attacks: readonly (readonly [StrategyName, string])[] = [
  ["inventMembers", "tells of thousands who are not"],
  ["accuse", "suspects everyone"],
  ["leaveForge", "says goodbye in others' names"],
  ["pageLiar", "answers with wrong pages and false equality"],
  ["receiptLiar", "reports deliveries that have not been"],
  ["creditHog", "fetches everything without end"],
];

test.each(attacks)("%s: a member who %s", timeout, (strategy) => {
  expectUnharmed(strategy);
});

test("every attack has a name, says what it tries, and is played by something; open weaknesses are attacks", () => {
  expect(Object.keys(strategies).sort()).toEqual([...strategyNames].sort());
  for (const name of strategyNames) expect(hostileStrategies[name]).toMatch(/^\w.{20,}$/);
  for (const name of Object.keys(openWeaknesses)) expect(strategyNames).toContain(name);
});

test("the same seed plays the same attack to the byte", timeout, () => {
  const played = [1, 1, 2].map((seed) => run(attackedRoom("leaveForge"), seed).trace);
  expect(played[0]).toBe(played[1]);
  expect(played[0]).not.toBe(played[2]);
});
