/** Random scenarios, and how a failing one is made small. */
import { stringify } from "smol-toml";
import { describe, expect, test } from "vitest";
import { openWeaknesses, strategyNames } from "../../../src/sim/hostile/names.ts";
import { ingredientsOf, mixOf } from "../../../src/sim/run/mix.ts";
import { reduce } from "../../../src/sim/run/reduce.ts";
import { run } from "../../../src/sim/run/run.ts";
import { completeScenario, faultTypes, parseScenario, type Scenario } from "../../../src/sim/run/scenario.ts";

const seeds = Array.from({ length: 500 }, (_, seed) => seed);

test("every mix is a scenario that can be written to a file and read again", () => {
  for (const seed of seeds) expect(parseScenario(stringify(mixOf(seed)))).toEqual(mixOf(seed));
});

test("mixes differ, the same seed gives the same, and every kind of fault comes up", () => {
  expect(mixOf(5)).toEqual(mixOf(5));
  expect(new Set(seeds.map((seed) => JSON.stringify(mixOf(seed)))).size).toBe(seeds.length);
  const kinds = new Set(seeds.flatMap((seed) => mixOf(seed).faults.map((fault) => fault.type)));
  expect([...kinds].sort()).toEqual(Object.keys(faultTypes).sort());
  const attacks = new Set(seeds.flatMap((seed) => mixOf(seed).hostile?.strategies ?? []));
  expect([...attacks].sort()).toEqual(strategyNames.filter((name) => openWeaknesses[name] === undefined).sort());
  for (const seed of seeds)
    expect(mixOf(seed).hostile?.count ?? 0).toBeLessThanOrEqual(Math.max(mixOf(seed).nodes / 3, 1));
  const attacked = seeds.filter((seed) => mixOf(seed, 1).hostile !== undefined);
  // The rest drew only what the mix leaves out.
  expect(attacked.length).toBeGreaterThan(0.95 * seeds.length);
  for (const ingredient of ["rooms in 19 regions", "rooms on one LAN", "long texts"])
    expect(
      seeds.filter((seed) => (ingredientsOf(mixOf(seed))[ingredient] ?? 0) > 0).length,
      ingredient,
    ).toBeGreaterThan(10);
});

// In the last one some were told an address where nobody is any more, and had answers from others in the same place only.
test.each([1, 2, 3, 4, 1_199])(
  "mix %i ends with one log everywhere",
  (seed) => {
    expect(run(mixOf(seed), seed).broken, `replay: npm run sim:soak -- --seed ${seed} --seeds 1`).toEqual([]);
  },
  120_000,
);

describe("a failing scenario is made small", () => {
  const large = completeScenario({
    name: "large",
    nodes: 32,
    network: { loss: 0.3, junk: 0.1 },
    speech: { messages: 40 },
    faults: [
      { type: "crash", count: 8, times: 4, forMs: 8_000 },
      { type: "partition", groups: 3, forMs: 20_000 },
      { type: "stall", forMs: 5_000 },
    ],
  }) as Scenario;

  test("what has nothing to do with it goes, what it needs stays", () => {
    const needsCrash = (one: Scenario): boolean => one.nodes >= 5 && one.faults.some((fault) => fault.type === "crash");
    const small = reduce(large, needsCrash, 1_000);
    expect(small).toMatchObject({ nodes: 5, network: { loss: 0, junk: 0 }, speech: { messages: 0 } });
    expect(small.faults).toEqual([expect.objectContaining({ type: "crash", count: 1, times: 1, forMs: 1_000 })]);
  });

  test("no more runs are spent on it than asked for", () => {
    let runs = 0;
    reduce(large, () => ++runs > 0, 7);
    expect(runs).toBe(7);
  });
});
