/** The models of others do what their papers say, as far as counting can tell. */
import { expect, test } from "vitest";
import { type Spread, spread } from "../../../src/sim/baselines/model.ts";
import { models } from "../../../src/sim/baselines/models.ts";
import { completeScenario, type Scenario } from "../../../src/sim/run/scenario.ts";

function play(name: string, loss: number, nodes = 100): Spread {
  const model = models.find((candidate) => candidate.name === name);
  if (model === undefined) throw new Error(`no model ${name}`);
  const talk = { messages: 40, everyMs: 1_000, bytes: 100 };
  return spread(model, completeScenario({ name, nodes, network: { loss }, speech: talk }) as Scenario, 1);
}

test("a flood reaches all in one hop, and each node tells all others", () => {
  const { coverage, sendsPerDelivery, p99Ms } = play("flood", 0, 50);
  expect(coverage).toBe(1);
  expect(sendsPerDelivery).toBeGreaterThan(47);
  expect(p99Ms).toBeLessThan(50);
});

test("plain gossip with fanout 2 on two sightings costs nearly four sends and misses some", () => {
  const { coverage, sendsPerDelivery } = play("original smplchat", 0);
  expect(coverage).toBeGreaterThan(0.95);
  expect(coverage).toBeLessThan(1);
  expect(sendsPerDelivery).toBeGreaterThan(3.7);
  expect(play("original smplchat", 0.3).coverage).toBeLessThan(0.85);
});

test("memberlist sends each message 4·⌈log10(N+1)⌉ times from each node", () => {
  const { coverage, sendsPerDelivery } = play("memberlist", 0.1);
  expect(coverage).toBe(1);
  expect(sendsPerDelivery).toBeGreaterThan(11.9);
  expect(sendsPerDelivery).toBeLessThan(12.2);
});

test("a mesh of degree six costs five sends and repairs by its heartbeat", () => {
  expect(play("gossipsub-like mesh", 0)).toMatchObject({ coverage: 1 });
  const lossy = play("gossipsub-like mesh", 0.3);
  expect(lossy.coverage).toBeGreaterThan(0.999);
  expect(lossy.sendsPerDelivery).toBeGreaterThan(4.8);
  expect(lossy.sendsPerDelivery).toBeLessThan(5.6);
});

test("Plumtree prunes to a tree, and grafts when a body is lost", () => {
  const calm = play("Plumtree", 0);
  expect(calm.coverage).toBe(1);
  expect(calm.sendsPerDelivery).toBeLessThan(2);
  const lossy = play("Plumtree", 0.1);
  expect(lossy.coverage).toBeGreaterThan(0.98);
  expect(lossy.p99Ms).toBeGreaterThan(calm.p99Ms + 50);
});

test("every model tells its parameters, and the same seed gives the same figures", () => {
  for (const { name, about } of models) {
    expect(about.length, name).toBeGreaterThan(20);
    expect(play(name, 0.1, 20)).toEqual(play(name, 0.1, 20));
  }
});
