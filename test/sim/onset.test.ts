/** A network that is bad from the first moment, before anybody has measured it. */
import { expect, test } from "vitest";
import { readScenario } from "../../src/sim/run/library.ts";
import { run } from "../../src/sim/run/run.ts";

test("300 nodes that lose three of ten datagrams from the start do not doubt each other in a storm", () => {
  const standard = readScenario("standard");
  if (typeof standard === "string") throw new Error(standard);
  const scenario = {
    ...standard,
    nodes: 300,
    idleMs: 6_000,
    network: { ...standard.network, loss: 0.3 },
    speech: { ...standard.speech, messages: 1 },
  };
  const { broken, detected, sniffed, virtualMs } = run(scenario, 1, { sniff: true });
  expect(broken).toEqual([]);
  expect(detected.falseDeaths).toBe(0);
  // One mistake costs 160 bytes for each node and second; it was 3,000 bytes, as much as all else together.
  expect((sniffed?.frameBytes.statement ?? 0) / 300 / (virtualMs / 1_000)).toBeLessThan(600);
}, 60_000);
