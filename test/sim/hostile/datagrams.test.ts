/** Hostile members who attack sessions and addresses. */
import { expect, test } from "vitest";
import type { StrategyName } from "../../../src/sim/hostile/names.ts";
import { expectUnharmed, timeout } from "./attacks.ts";

const forgeries: readonly (readonly [StrategyName, string])[] = [
  ["impersonate", "speaks in others' names, as far as the room's key goes"],
  ["forgeHellos", "says hello as thousands of process starts"],
  ["replayHellos", "repeats what others have sent"],
  ["guessAcks", "acknowledges in a victim's place what it never got"],
];

test.each(forgeries)("%s: a member who %s achieves nothing", timeout, (strategy) => {
  expectUnharmed(strategy);
});

test("a member who names a victim's address makes nobody flood the victim", timeout, () => {
  // That something went there at all shows that the attack tried.
  expect(expectUnharmed("reflect").hostile?.atVictims).toBeGreaterThan(0);
});

test("a member who sends damaged frames, sealed as they should be, stops nobody", timeout, () => {
  expectUnharmed("junkFrames");
});

test("a member who takes every part of the relay and passes nothing on holds nothing up", timeout, () => {
  expectUnharmed("slowLoris");
});

test("a member who lies to nodes about where they are makes nobody look for them elsewhere for long", timeout, () => {
  expectUnharmed("observedLies");
});
