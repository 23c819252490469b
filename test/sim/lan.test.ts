/** On a virtual LAN rooms gather without an address, quickly, cheaply, and whatever an outsider plays again. */
import { describe, expect, test } from "vitest";
import { readScenario } from "../../src/sim/run/library.ts";
import { run } from "../../src/sim/run/run.ts";
import { completeScenario, type Scenario } from "../../src/sim/run/scenario.ts";

const SEEDS = [1, 2, 3];
/** Many times what it takes on a slow machine with other work to do. */
const timeout = 120_000;

describe.each(SEEDS)("with seed %i", { timeout }, (seed) => {
  test.each([2, 10, 50])("%i nodes that start at once know each other within 3 s", (nodes) => {
    const played = run(scenario({ nodes, network: { delayMs: [1, 10] }, startMs: 0 }), seed);
    expect(played.broken).toEqual([]);
    expect(played.gatheredMs).toBeLessThanOrEqual(3_000);
  });

  test("they do so within 10 s where three of ten datagrams are lost", () => {
    const played = run(scenario({ nodes: 20, network: { delayMs: [1, 10], loss: 0.3 }, startMs: 0 }), seed);
    expect(played.gatheredMs).toBeLessThanOrEqual(10_000);
  });
});

test("beacons cost a room next to nothing, however large it is", { timeout }, () => {
  const lanBytes = (nodes: number, idleMs: number): number => run(scenario({ nodes, idleMs }), 1).network.lanBytes;
  // The room as a whole: one beacon of 428 bytes each 25 s or a little more, and now and then two nodes speak at once.
  for (const nodes of [5, 40]) {
    const fiveMinutes = lanBytes(nodes, 330_000) - lanBytes(nodes, 30_000);
    expect(fiveMinutes).toBeGreaterThan(0);
    expect(fiveMinutes).toBeLessThanOrEqual(3 * 5 * 428);
  }
});

test("an outsider that plays old beacons again gets no more than three times what it sends", { timeout }, () => {
  const hall = readScenario("lan") as Scenario;
  const { broken, network } = run({ ...hall, nodes: 20 }, 4);
  expect(broken).toEqual([]);
  expect(network.outsiderOut).toBeGreaterThan(0);
  expect(network.outsiderIn).toBeLessThan(3 * network.outsiderOut);
});

// --- internal ---

function scenario(change: Readonly<Record<string, unknown>>): Scenario {
  const base = { name: "hall", through: "lan", speech: { messages: 5, everyMs: 200 } };
  const complete = completeScenario({ ...base, ...change });
  if (typeof complete === "string") throw new Error(complete);
  return complete;
}
