/** Texts up to 64 KiB: offered by id, fetched in chunks, whole or not at all. */
import { describe, expect, it } from "vitest";
import { limits } from "../../../src/protocol/limits.ts";
import { below } from "../../../src/protocol/rng.ts";
import { createWorld, fingerprint, gather, names, shown, type TestNode, transmits } from "../fixtures.ts";

const LONGEST = limits.textBytes;
const longText = (mark: string): string => `${mark} `.padEnd(LONGEST, "0123456789abcdef");
const holds = (text: string) => (node: TestNode) => shown(node).some((message) => message.text === text);

describe("a text of 64 KiB", () => {
  it("reaches everyone once, whole, and its author hears so", () => {
    const world = createWorld();
    const nodes = gather(world, names(12));
    const [author, ...others] = nodes as [TestNode, ...TestNode[]];
    const text = longText("all");
    author.say(text);
    world.until("all to show it", () => nodes.every(holds(text)), 5_000);
    world.run(2_000);
    for (const node of nodes) expect(shown(node).map((message) => message.text)).toEqual([text]);
    for (const node of others) expect(shown(node)[0]).toMatchObject({ own: false, history: false });
    const deliveries = author.events.filter((event) => event.type === "delivery");
    expect(deliveries.at(-1)).toMatchObject({ reached: 11, of: 11, lacking: [] });
  });

  it("outlives its author, who crashes after one of 30 has it, where 30 % is lost", { timeout: 60_000 }, () => {
    const world = createWorld({ seed: 3 });
    const nodes = gather(world, names(30));
    world.lose = () => below(world.rng, 10) < 3;
    const texts = ["one", "two", "three", "four", "five"].map(longText);
    // Those who stay: what only the next one to crash has is lost with it.
    const left = nodes.slice(texts.length);
    for (const [index, text] of texts.entries()) {
      const author = nodes[index] as TestNode;
      author.say(text);
      world.until(`one other to have text ${index}`, () => left.some((node) => node.texts().includes(text)), 20_000);
      author.crash();
    }
    world.until(
      "all others to show all five",
      () => left.every((node) => texts.every((text) => holds(text)(node))),
      60_000,
    );
    for (const node of left) expect(fingerprint(node)).toBe(fingerprint(left[0] as TestNode));
  });

  it.each([1, 2, 3, 4, 5])(
    "whose delegate dies while it fetches is soon with the rest of its slice (seed %d)",
    (seed) => {
      const world = createWorld({ seed });
      const nodes = gather(world, names(30), { fanout: 3 });
      const [author, ...others] = nodes as [TestNode, ...TestNode[]];
      const text = longText("on");
      const given = transmits(author.say(text)).map(({ to }) => to);
      const delegates = others.filter(({ endpoint }) => given.includes(endpoint));
      expect(delegates).toHaveLength(3);
      // The first chunks have come, and the delegates have acknowledged their slices.
      world.run(50);
      expect(delegates.some(holds(text))).toBe(false);
      for (const delegate of delegates.slice(1)) delegate.crash();
      const left = others.filter((node) => !delegates.slice(1).includes(node));
      world.until("all others to show it", () => left.every(holds(text)), 1_500);
    },
  );
});
