/** What one author may have pushed: a burst, then a steady rate; beyond it ids go out, and all arrives all the same. */
import { describe, expect, it } from "vitest";
import {
  AUTHOR_BURST,
  AUTHOR_RATE,
  AUTHORS_MAX,
  type AuthorBudgets,
  spendOn,
} from "../../../src/protocol/relay/authorBudget.ts";
import type { PeerId } from "../../../src/wire/ids.ts";
import { createWorld, framesFor, gather, names, type TestNode } from "../fixtures.ts";

const peer = (number: number): PeerId => number.toString(16).padStart(64, "0") as PeerId;

describe("the budget of an author", () => {
  it("is a burst, and then so many a second", () => {
    const budgets: AuthorBudgets = new Map();
    const spent = (atMs: number, count: number): number =>
      Array.from({ length: count }, () => spendOn(budgets, peer(1), atMs)).filter(Boolean).length;
    expect(spent(0, 1_000)).toBe(AUTHOR_BURST);
    expect(spent(1_000, 1_000)).toBe(AUTHOR_RATE);
    expect(spent(3_000, 1_000)).toBe(2 * AUTHOR_RATE);
    expect(spent(1_000_000, 1_000)).toBe(AUTHOR_BURST);
    expect(spendOn(budgets, peer(2), 0)).toBe(true);
  });

  it("is remembered for a bounded number of authors, those that spoke last", () => {
    const budgets: AuthorBudgets = new Map();
    for (let number = 0; number < 2 * AUTHORS_MAX; number += 1) spendOn(budgets, peer(number), number);
    expect(budgets.size).toBe(AUTHORS_MAX);
    expect(budgets.has(peer(2 * AUTHORS_MAX - 1))).toBe(true);
  });
});

describe("an author that says more than its budget", () => {
  it("has the rest advertised, by itself and by all others; all of it arrives everywhere, soon, and is counted as reached", () => {
    const world = createWorld();
    const nodes = gather(world, names(16)) as [TestNode, TestNode, ...TestNode[]];
    const bodies = new Map<TestNode, number>();
    world.onSend = ({ from, to, bytes }) => {
      const [sender, receiver] = [from, to].map((at) => nodes.find(({ endpoint }) => endpoint === at));
      const frames = sender && receiver ? framesFor(bytes, receiver.boot) : [];
      const pushed = frames.filter(({ type }) => type === "push" || type === "brief").length;
      if (sender !== undefined && pushed > 0) bodies.set(sender, (bodies.get(sender) ?? 0) + pushed);
    };
    let said = 0;
    const until = world.now() + 20_000;
    while (said < 600 && world.now() < until) {
      const before = nodes[0].core.stats().messages;
      nodes[0].say(`line ${said}`);
      said += nodes[0].core.stats().messages - before;
      if (said % 20 === 0) world.run(20);
    }
    const spokeMs = world.now() - (until - 20_000);
    const isEverywhere = (): boolean => nodes.every((node) => node.core.stats().messages === 600);
    world.until("all lines to be everywhere", isEverywhere, 10_000);
    // Each message that is pushed goes to all others once, whoever sends it to them.
    const budget = AUTHOR_BURST + (spokeMs / 1_000) * AUTHOR_RATE + 1;
    const pushed = [...bodies.values()].reduce((sum, count) => sum + count, 0);
    expect(pushed).toBeLessThanOrEqual(budget * (nodes.length - 1) * 1.2);
    expect(pushed).toBeLessThan((600 * (nodes.length - 1)) / 1.5);
    world.run(10_000);
    const told = nodes[0].events.filter((event) => event.type === "delivery" && event.reached === nodes.length - 1);
    expect(told).toHaveLength(600);
  });

  it("does not hold up another", () => {
    const world = createWorld();
    const nodes = gather(world, names(8)) as [TestNode, TestNode, ...TestNode[]];
    for (let number = 0; number < 250; number += 1) nodes[0].say(`line ${number}`);
    nodes[1].say("meanwhile");
    const saidAt = world.now();
    const hasIt = (node: TestNode): boolean => [...node.messages.values()].some(({ text }) => text === "meanwhile");
    world.until("the other's line to be everywhere", () => nodes.every(hasIt), 5_000);
    expect(world.now() - saidAt).toBeLessThan(500);
  });
});
