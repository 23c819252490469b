/** The causal gate: whatever the order of arrival, no answer before its question, each once. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CausalOrder, createCausalOrder, type Wait } from "../../../src/protocol/log/causalOrder.ts";
import { seededRng, shuffle } from "../../../src/protocol/rng.ts";
import type { MessageId } from "../../../src/wire/ids.ts";

type Graph = ReadonlyMap<MessageId, readonly MessageId[]>;

const idOf = (index: number): MessageId => index.toString(16).padStart(48, "0") as MessageId;

/** Up to 40 messages, each with up to four earlier ones as parents, and a seed for their order of arrival. */
const graphs: fc.Arbitrary<{ graph: Graph; seed: number }> = fc
  .tuple(fc.array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 1, maxLength: 40 }), fc.nat())
  .map(([rows, seed]) => {
    const graph = new Map<MessageId, MessageId[]>();
    rows.forEach((picks, index) => {
      const parents = index === 0 ? [] : picks.map((pick) => idOf(pick % index));
      graph.set(idOf(index), [...new Set(parents)]);
    });
    return { graph, seed };
  });

/** Admits as history does: what was not handed on yet is missing. */
function admit(causalOrder: CausalOrder, graph: Graph, out: MessageId[], id: MessageId, now = 0, isOwn = false): void {
  const missing = (graph.get(id) ?? []).filter((parent) => !out.includes(parent));
  out.push(...causalOrder.admit(id, missing, until(now), isOwn));
}

function expectCausal(graph: Graph, out: readonly MessageId[]): void {
  out.forEach((id, index) => {
    for (const parent of graph.get(id) ?? []) expect(out.indexOf(parent)).toBeLessThan(index);
  });
  expect(new Set(out).size).toBe(out.length);
}

const until = (until: number): Wait => ({ since: 0, until });
const isHere = (): boolean => true;

const one = idOf(1);
const two = idOf(2);
const three = idOf(3);

describe("the causal gate", () => {
  it("never hands on an answer before its question, and each message once, in any order of arrival", () => {
    fc.assert(
      fc.property(graphs, ({ graph, seed }) => {
        const causalOrder = createCausalOrder();
        const out: MessageId[] = [];
        for (const id of shuffle(seededRng(seed), [...graph.keys()])) admit(causalOrder, graph, out, id);
        expectCausal(graph, out);
        expect(out).toHaveLength(graph.size);
        expect(causalOrder.heldCount()).toBe(0);
        expect(causalOrder.nextGiveUp()).toBeUndefined();
      }),
      { numRuns: 400 },
    );
  });

  it("hands on all that one message freed in the order of ids", () => {
    const graph: Graph = new Map([4, 3, 2].map((index) => [idOf(index), [one]]));
    const causalOrder = createCausalOrder();
    const out: MessageId[] = [];
    for (const id of graph.keys()) admit(causalOrder, graph, out, id);
    expect(out).toEqual([]);
    expect(causalOrder.admit(one, [], until(0), false)).toEqual([one, two, three, idOf(4)]);
  });

  it("holds everything until it is released, then goes in the order of ids", () => {
    fc.assert(
      fc.property(graphs, ({ graph, seed }) => {
        const causalOrder = createCausalOrder();
        const out: MessageId[] = [];
        causalOrder.hold();
        for (const id of shuffle(seededRng(seed), [...graph.keys()])) admit(causalOrder, graph, out, id);
        expect(out).toEqual([]);
        const released = causalOrder.release();
        expectCausal(graph, released);
        expect(released).toEqual([...graph.keys()]);
      }),
    );
  });

  it("lets an own message go while it holds the others back", () => {
    const causalOrder = createCausalOrder();
    causalOrder.hold();
    expect(causalOrder.admit(one, [], until(0), false)).toEqual([]);
    expect(causalOrder.admit(two, [], until(0), true)).toEqual([two]);
    expect(causalOrder.release()).toEqual([one]);
  });

  it("keeps back on release what still lacks a parent, until that comes", () => {
    const causalOrder = createCausalOrder();
    causalOrder.hold();
    causalOrder.admit(two, [one], until(0), false);
    causalOrder.admit(three, [], until(0), false);
    expect(causalOrder.release()).toEqual([three]);
    expect(causalOrder.isHeld(two)).toBe(true);
    expect(causalOrder.admit(one, [], until(0), false)).toEqual([one, two]);
  });

  it("gives up on lost parents after the wait, not before, and hands on later children with them", () => {
    const causalOrder = createCausalOrder();
    causalOrder.admit(two, [one], until(100), false);
    causalOrder.admit(three, [two], until(200), false);
    expect(causalOrder.nextGiveUp()).toBe(100);
    expect(causalOrder.giveUp(99, isHere)).toEqual([]);
    expect(causalOrder.giveUp(100, isHere)).toEqual([two, three]);
    expect(causalOrder.heldCount()).toBe(0);
    // The lost parent turns up after all: it comes late, and nothing comes twice.
    expect(causalOrder.admit(one, [], until(300), false)).toEqual([one]);
  });

  it("gives up on a question that came late and waits itself, rather than hand on its answer first", () => {
    const causalOrder = createCausalOrder();
    causalOrder.admit(three, [two], until(100), false);
    causalOrder.admit(two, [one], until(200), false);
    expect(causalOrder.giveUp(100, isHere)).toEqual([two, three]);
  });

  it("waits less for questions that wait themselves, as long as its author is here to bring what they lack", () => {
    const causalOrder = createCausalOrder();
    causalOrder.admit(two, [one], until(1_000), false);
    causalOrder.admit(three, [two], { since: 10, until: 1_000, behindMs: 100 }, false);
    expect(causalOrder.nextGiveUp()).toBe(110);
    expect(causalOrder.giveUp(109, isHere)).toEqual([]);
    // Its author is gone: it may bring it when it is back, and has as long for that.
    expect(causalOrder.giveUp(150, () => false)).toEqual([]);
    expect(causalOrder.giveUp(249, isHere)).toEqual([]);
    expect(causalOrder.giveUp(250, (id) => id === three)).toEqual([two, three]);
  });

  it("waits no longer than the whole time for an author that does not come back", () => {
    const causalOrder = createCausalOrder();
    causalOrder.admit(two, [one], until(2_000), false);
    causalOrder.admit(three, [two], { since: 0, until: 1_000, behindMs: 100 }, false);
    expect(causalOrder.giveUp(999, () => false)).toEqual([]);
    expect(causalOrder.giveUp(1_000, () => false)).toEqual([two, three]);
  });

  it("does not count the time in which nothing could come", () => {
    const causalOrder = createCausalOrder();
    causalOrder.admit(two, [one], until(1_000), false);
    causalOrder.admit(three, [two], { since: 10, until: 1_000, behindMs: 100 }, false);
    causalOrder.postpone(500);
    expect(causalOrder.awaited(499)).toEqual([]);
    expect(causalOrder.giveUp(609, isHere)).toEqual([]);
    expect(causalOrder.giveUp(610, isHere)).toEqual([two, three]);
  });

  it("says what has been waited for since then", () => {
    const causalOrder = createCausalOrder();
    causalOrder.admit(three, [one], { since: 10, until: 1_000 }, false);
    causalOrder.admit(idOf(4), [one, two], { since: 20, until: 1_000 }, false);
    expect(causalOrder.awaited(9)).toEqual([]);
    expect(causalOrder.awaited(10)).toEqual([one]);
    expect(causalOrder.awaited(20).sort()).toEqual([one, two]);
  });

  it("hands on nothing that is let go, and what waited for that waits for what it waited for", () => {
    const [four, five] = [idOf(4), idOf(5)];
    const causalOrder = createCausalOrder();
    causalOrder.admit(two, [one], until(100), false);
    causalOrder.admit(three, [two], until(100), false);
    causalOrder.admit(five, [two, four], until(100), false);
    expect(causalOrder.withdraw(two)).toEqual([]);
    expect(causalOrder.awaited(0).sort()).toEqual([one, four]);
    expect(causalOrder.admit(one, [], until(100), false)).toEqual([one, three]);
    expect(causalOrder.admit(four, [], until(100), false)).toEqual([four, five]);
    expect(causalOrder.heldCount()).toBe(0);
    expect(causalOrder.awaited(0)).toEqual([]);
  });

  it("hands on what waited for a parent that will never be kept, when nothing else is missing", () => {
    const causalOrder = createCausalOrder();
    causalOrder.admit(three, [two], until(100), false);
    expect(causalOrder.withdraw(two)).toEqual([three]);
    causalOrder.admit(idOf(5), [idOf(4)], until(100), false);
    causalOrder.hold();
    expect(causalOrder.withdraw(idOf(4))).toEqual([]);
    expect(causalOrder.release()).toEqual([idOf(5)]);
  });

  it("waits for no more than a bounded number of parents of those that were let go", () => {
    const causalOrder = createCausalOrder();
    let last = one;
    for (let at = 10; at < 300; at += 1) {
      causalOrder.admit(idOf(2 * at), [last, idOf(2 * at - 1)].sort(), until(100), false);
      causalOrder.withdraw(last);
      last = idOf(2 * at);
    }
    expect(causalOrder.awaited(0).length).toBeLessThanOrEqual(64);
  });

  it("gives up in causal order, each once, whatever half of the messages never came", () => {
    fc.assert(
      fc.property(graphs, ({ graph, seed }) => {
        const causalOrder = createCausalOrder();
        const out: MessageId[] = [];
        const came = shuffle(seededRng(seed), [...graph.keys()]).slice(0, Math.ceil(graph.size / 2));
        for (const id of came) admit(causalOrder, graph, out, id);
        out.push(...causalOrder.giveUp(0, isHere));
        const present = new Map(
          came.map((id) => [id, (graph.get(id) ?? []).filter((parent) => came.includes(parent))]),
        );
        expectCausal(present, out);
        expect(out).toHaveLength(came.length);
      }),
    );
  });
});
