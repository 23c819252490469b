/** Over many seeds: a split is told once by every node, with the right numbers, and so is its end; churn is not taken for one. */
import { expect, test } from "vitest";
import { readScenario } from "../../src/sim/library.ts";
import { type Run, run } from "../../src/sim/run.ts";
import type { Fault, Scenario } from "../../src/sim/scenario.ts";

const LIMIT_MS = 120_000;
const seeds = [1, 2, 3, 4];

test.each([
  { groups: 2, side: 6 },
  { groups: 3, side: 4 },
])("twelve nodes in $groups parts for 60 s, at 5 % loss", { timeout: LIMIT_MS }, ({ groups, side }) => {
  const base = scenario("split-heal");
  const faults = base.faults.map((fault): Fault => ({ ...fault, groups }));
  const network = { ...base.network, loss: 0.05 };
  // The talk goes on for half a minute after the heal.
  const speech = { ...base.speech, messages: 100 };
  for (const seed of seeds) {
    const played = run({ ...base, nodes: 12, faults, network, speech }, seed);
    expect(played.broken).toEqual([]);
    const expected = Array.from({ length: 12 }, () => ({ reachable: side, of: 12 }));
    expect(told(played, "split"), `seed ${seed}`).toMatchObject(expected);
    expect(told(played, "healed"), `seed ${seed}`).toMatchObject(
      expected.map(() => ({ sides: [side, 12 - side], restarted: 0 })),
    );
    for (const healed of told(played, "healed")) {
      // 60 messages were said meanwhile, by anyone: the others' share of them, and what was said before all were back.
      const share = 60 * (1 - side / 12);
      expect(healed).toHaveProperty(
        "recovered",
        expect.toSatisfy((count: number) => Math.abs(count - share) < 20),
      );
    }
  }
});

test.each(["churn", "restart-storm"])("%s is taken for no split", { timeout: LIMIT_MS }, (name) => {
  const base = scenario(name);
  const faults = base.faults.map((fault): Fault => ({ ...fault, count: Math.ceil(fault.count / 2) }));
  for (const seed of seeds.slice(0, 2)) {
    const played = run({ ...base, nodes: 20, faults }, seed);
    expect([told(played, "split"), told(played, "healed")]).toEqual([[], []]);
  }
});

// --- internal ---

function scenario(name: string): Scenario {
  const found = readScenario(name);
  if (typeof found === "string") throw new Error(found);
  return found;
}

/** The notices of this code, by node. */
function told({ told: all }: Run, code: string): object[] {
  return all
    .filter(({ notice }) => notice.code === code)
    .sort((a, b) => a.node - b.node)
    .map(({ notice }) => notice);
}
