/** Nodes that know no address of each other: told apart from those that only have not met yet, and brought together. */
import { expect, test } from "vitest";
import { run } from "../../../src/sim/run/run.ts";
import { parseScenario, type Scenario } from "../../../src/sim/run/scenario.ts";
import { endpointOf } from "../../../src/sim/world/endpoints.ts";
import { islandsOf } from "../../../src/sim/world/islands.ts";
import type { VirtualNode } from "../../../src/sim/world/node.ts";

type Knowing = { readonly members?: number[]; readonly remembered?: number[]; readonly isUp?: boolean };

/** It is at the address with its number. */
function node(number: number, { members = [], remembered = [], isUp = true }: Knowing = {}): VirtualNode {
  const peers = (): unknown => members.map((member) => ({ address: endpointOf(member) }));
  const newestFirst = (): unknown => remembered.map((address) => ({ endpoint: endpointOf(address) }));
  return {
    endpoint: endpointOf(number),
    isUp: () => isUp,
    core: () => ({ peers }),
    host: { clock: () => ({ mono: 0, wall: 0 }) },
    disk: { addresses: { newestFirst } },
  } as unknown as VirtualNode;
}
const numbers = (nodes: VirtualNode[], toldOf: Parameters<typeof islandsOf>[1] = () => []): number[][] =>
  islandsOf(nodes, toldOf).map((island) => island.map((one) => nodes.indexOf(one)).sort());

test("one address is enough, in either direction, over others too, from wherever it is known", () => {
  expect(numbers([node(0, { members: [1] }), node(1), node(2, { remembered: [1] })])).toEqual([[0, 1, 2]]);
  const three = node(3);
  expect(numbers([node(0), three], (one) => (one === three ? [endpointOf(0)] : []))).toEqual([[0, 1]]);
});

test("addresses where nobody is, or nobody is up, lead nowhere; the largest island comes first", () => {
  const nodes = [node(0, { members: [9] }), node(1, { members: [2], isUp: false }), node(2), node(3, { members: [2] })];
  expect(numbers(nodes)).toEqual([[2, 3], [0]]);
});

test("two that move at the same time ask for an address, and hold the same in the end", () => {
  const { broken, faults, settledMs } = run(moving(2), 1);
  expect(broken).toEqual([]);
  expect(faults).toEqual({ move: 2, islands: 1 });
  expect(settledMs).toBeDefined();
});

test("where a third one stays they find each other by themselves", () => {
  const { broken, faults } = run({ ...moving(2), nodes: 3 }, 1);
  expect(broken).toEqual([]);
  expect(faults).toEqual({ move: 2 });
});

// --- internal ---

function moving(count: number): Scenario {
  const parsed = parseScenario(`
name = "moving"
nodes = 2
settleMs = 60000
[speech]
messages = 4
everyMs = 1000
[[faults]]
type = "move"
count = ${count}
atMs = 1500
`);
  if (typeof parsed === "string") throw new Error(parsed);
  return parsed;
}
