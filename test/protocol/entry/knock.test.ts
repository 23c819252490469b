/** First contact: tries with growing waits, says once that nobody answers, and never gives up. */
import { describe, expect, it } from "vitest";
import { limits } from "../../../src/protocol/limits.ts";
import { seededRng, uniform } from "../../../src/protocol/rng.ts";
import type { Millis } from "../../../src/protocol/time.ts";
import type { Endpoint } from "../../../src/wire/endpoint.ts";
import { createWorld, notices, type TestNode, type World } from "../fixtures.ts";

const silent = "10.0.9.9:62733" as Endpoint;

/** When the node sent something to the silent address. */
function knocks(world: World): Millis[] {
  const at: Millis[] = [];
  world.onSend = ({ to }) => {
    if (to === silent) at.push(world.now());
  };
  return at;
}

const joinSilent = (node: TestNode): void => {
  node.command({ type: "join", endpoints: [silent] });
};

describe("a contact that nobody answers", () => {
  it("is repeated after waits that double up to five seconds, for ever", () => {
    const world = createWorld();
    const node = world.node("alice");
    const at = knocks(world);
    joinSilent(node);
    world.run(120_000);
    const waits = at.slice(1).map((time, index) => time - (at[index] as number));
    const early = waits.slice(0, 4);
    early.forEach((wait, index) => {
      expect(wait).toBeGreaterThan(250 * 2 ** index * 0.9 - 1);
      expect(wait).toBeLessThan(250 * 2 ** index * 1.1 + 1);
    });
    expect(Math.max(...waits)).toBeLessThanOrEqual(5_500);
    expect(at.length).toBeGreaterThan(22);
    expect(at.length).toBeLessThan(40);
  });

  it("is told of once, five seconds after it was asked for", () => {
    const world = createWorld();
    const node = world.node("alice");
    world.run(1_000);
    joinSilent(node);
    world.run(4_990);
    expect(notices(node, "no-answer")).toEqual([]);
    world.run(20);
    expect(notices(node, "no-answer")).toEqual([{ code: "no-answer", endpoint: silent, afterMs: 5_000 }]);
    world.run(60_000);
    expect(notices(node, "no-answer")).toHaveLength(1);
  });

  it("is told of once, where five seconds of the clock are rounded to a hair less", () => {
    const rng = seededRng(1);
    const starts = Array.from({ length: 400 }, () => (1e5 * uniform(rng)) / 3).filter(
      (since) => since + 5_000 - since < 5_000,
    );
    expect(starts.length).toBeGreaterThan(5);
    for (const since of starts) {
      const world = createWorld();
      world.run(since);
      const node = world.node("alice");
      joinSilent(node);
      let late = 0;
      world.onSend = () => {
        if (world.now() - since < 4_999) return;
        late += 1;
        if (late > 3) throw new Error(`knocks without end, asked for at ${since}`);
      };
      world.run(5_001);
      expect(notices(node, "no-answer")).toHaveLength(1);
    }
  });

  it("stays bounded when asked for more addresses than it can try", () => {
    const world = createWorld();
    const node = world.node("alice");
    const endpoints = Array.from({ length: limits.contacts + 10 }, (_, port) => `10.0.9.9:${port + 1}` as Endpoint);
    expect(node.command({ type: "join", endpoints }).filter((effect) => effect.type === "transmit")).toHaveLength(
      limits.contacts,
    );
    expect(node.core.stats().dropped["too-many-contacts"]).toBe(10);
  });

  it("ends when the room is left", () => {
    const world = createWorld();
    const node = world.node("alice");
    joinSilent(node);
    world.run(1_000);
    node.command({ type: "leave" });
    const at = knocks(world);
    world.run(60_000);
    expect(at).toEqual([]);
  });
});

describe("a contact that comes to nothing for a while", () => {
  it("succeeds when the other side starts at last, and says so", () => {
    const world = createWorld();
    const [alice, bob] = [world.node("alice"), world.node("bob")];
    bob.crash();
    alice.join(bob);
    world.run(30_000);
    expect(notices(alice, "joined")).toEqual([]);
    bob.restart();
    world.until("alice to have joined", () => notices(alice, "joined").length === 1, 6_000);
    expect(notices(alice, "joined")[0]).toMatchObject({ endpoint: bob.endpoint, peer: { nick: "bob" } });
  });

  it("succeeds once over a link that loses half of what it carries", () => {
    const world = createWorld({ seed: 3 });
    const [alice, bob] = [world.node("alice"), world.node("bob")];
    world.lose = () => world.rng.u32() % 2 === 0;
    alice.join(bob);
    world.until("both to know each other", () => [alice, bob].every((node) => node.core.stats().peers === 1), 10_000);
    world.run(10_000);
    expect(notices(alice, "joined")).toHaveLength(1);
  });
});
