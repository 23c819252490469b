/** Hostile members who attack the log: by how much they say, how large, when, and what they only promise. */
import { expect, test } from "vitest";
import type { StrategyName } from "../../../src/sim/hostile/names.ts";
import { run } from "../../../src/sim/run/run.ts";
import { attackedRoom, expectUnharmed, timeout } from "./attacks.ts";

const attacks: readonly (readonly [StrategyName, string])[] = [
  ["flood", "says thousands of lines a second"],
  ["sameSeq", "gives all its lines one number"],
  ["floodLarge", "says texts of 64 KiB full of odd characters"],
  ["future", "says things from the future"],
  ["aheadClock", "tells everyone that it is later than it is"],
  ["collide", "says much in one millisecond, under ids that begin alike"],
  ["announceNever", "offers what is nowhere"],
  ["inventParents", "answers what nobody has said"],
  ["badSignatures", "signs wrongly"],
  ["equivocate", "says different things to different nodes under one number"],
];

test.each(attacks)("%s: a member who %s", timeout, (strategy) => {
  expectUnharmed(strategy);
});

test("flood: where a hundred messages are kept, thousands push out nobody's", timeout, () => {
  const played = run(attackedRoom("flood", { config: { maxMessages: 100 } }), 1);
  expect(played.broken).toEqual([]);
  expect(played.measured.coverage).toBe(1);
});

test("announceNever: long texts of honest members arrive as soon as ever", timeout, () => {
  const speech = { messages: 6, everyMs: 2_500, bytes: 20_000 };
  const { hostile, ...calm } = attackedRoom("announceNever", { speech });
  const [without, under] = [calm, { ...calm, hostile }].map((scenario) => run(scenario, 1));
  expect(under?.broken).toEqual([]);
  expect(under?.measured.p99Ms).toBeLessThan(2 * (without?.measured.p99Ms ?? 0));
});
