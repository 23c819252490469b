/** Nodes behind different NATs: introduced by one that both reach, and talking through it where that does not help. */
import { describe, expect, it } from "vitest";
import { QUIET_HOPS } from "../../../src/protocol/link/link.ts";
import { decodeHeader } from "../../../src/wire/datagram.ts";
import type { Endpoint } from "../../../src/wire/endpoint.ts";
import { type Carried, createWorld, gather, names, type TestNode, WALL, type World } from "../fixtures.ts";
import { createPuppet } from "../puppet.ts";

type Nat = "cone" | "symmetric";

/**
 * Puts the node behind a NAT of its own, which lets in only what comes from where something was sent to. A cone keeps one
 * outside port for all, unless something came from a peer that nothing had been sent to: the port is the NAT's own then, as far
 * as that peer goes (as Linux does). A symmetric one has another port for each.
 */
function putBehind(world: World, node: TestNode, host: string, kind: Nat): void {
  const mappings = new Map<Endpoint, Endpoint>();
  const own = new Set<Endpoint>();
  let ports = 40_000;
  const outside = (port: number): Endpoint => {
    const at = `${host}:${port}` as Endpoint;
    world.listen(at, (bytes, from) => {
      if (mappings.get(from) === at) node.step({ type: "datagram", bytes, from });
      else own.add(from);
    });
    return at;
  };
  outside(62_733);
  const lose = world.lose;
  world.lose = (carried) => {
    if (carried.to === node.endpoint) return true;
    if (carried.from !== node.endpoint) return lose(carried);
    const { to, bytes, hops } = carried;
    if (!mappings.has(to)) {
      const isOther = kind === "symmetric" || own.has(to);
      if (isOther) ports += 1;
      mappings.set(to, outside(isOther ? ports : 62_733));
    }
    if (hops === undefined) world.send(bytes, mappings.get(to) as Endpoint, to);
    return true;
  };
  node.command({ type: "network", endpoints: [node.endpoint] });
}

function meet(seed: number, kind: Nat): { world: World; open: TestNode; inside: [TestNode, TestNode] } {
  const world = createWorld({ seed });
  const [open, bob, carol] = names(3).map((name) => world.node(name)) as [TestNode, TestNode, TestNode];
  for (const [node, host] of [
    [bob, "203.0.113.1"],
    [carol, "198.51.100.1"],
  ] as const) {
    putBehind(world, node, host, kind);
    node.join(open);
  }
  world.until("all to know all", () => [open, bob, carol].every((node) => node.core.stats().peers === 2), 5_000);
  return { world, open, inside: [bob, carol] };
}

const told = (nodes: readonly TestNode[], status: string): unknown[] =>
  nodes.flatMap((node) => node.events.filter((event) => event.type === "peer" && event.status === status));

describe("two nodes behind different NATs", () => {
  it("that keep one port for all are introduced within seconds, and go on without who introduced them", () => {
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const { world, open, inside } = meet(seed, "cone");
      world.run(3_000);
      open.crash();
      const [bob, carol] = inside;
      bob.say("are you there?");
      carol.say("yes");
      world.run(100);
      for (const node of inside) expect([seed, node.texts().length]).toEqual([seed, 2]);
      world.run(120_000);
      for (const node of inside) expect([seed, node.core.stats().peers]).toEqual([seed, 1]);
      expect(told(inside, "dead")).toHaveLength(2);
    }
  });

  it("that have a port for each peer talk through who reaches both, and nobody is suspected", () => {
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const { world, open, inside } = meet(seed, "symmetric");
      const all = [open, ...inside];
      for (let round = 1; round <= 20; round += 1) {
        const speaker = all[round % 3] as TestNode;
        speaker.say(`${round}`);
        world.run(100);
        for (const node of all) expect([seed, round, node.texts().length]).toEqual([seed, round, round]);
        expect(speaker.events.findLast(({ type }) => type === "delivery")).toMatchObject({ reached: 2, of: 2 });
        world.run(10_000);
      }
      expect(told(all, "suspect")).toEqual([]);
    }
  });

  it("try each other in vain a few times a minute, and otherwise let the NATs be", () => {
    const { world, inside } = meet(1, "symmetric");
    const [bob] = inside;
    world.run(60_000);
    const tried: Carried[] = [];
    world.onSend = (carried) => {
      if (carried.from.startsWith("203.0.113.1:") && carried.to.startsWith("198.51.100.1:")) tried.push(carried);
    };
    world.run(400_000);
    // Ten introductions of three pings that go all the way.
    expect(tried.length).toBeGreaterThan(0);
    expect(tried.length).toBeLessThanOrEqual(3 * 10);
    expect(bob.core.stats().peers).toBe(2);
  });
});

describe("one that was told of, and of whom nothing was heard yet,", () => {
  const there = "192.0.2.7:62733" as Endpoint;
  /** What goes there: how far each datagram goes. `inside`: where the node's host knows to be; it is seen elsewhere. */
  const greeted = (inside: readonly Endpoint[]): (number | undefined)[] => {
    const world = createWorld();
    const node = world.node("alice");
    node.command({ type: "network", endpoints: inside });
    const mallory = createPuppet(world, "mallory", 201);
    mallory.prove(node);
    mallory.tell(node, [{ type: "observed", endpoint: "203.0.113.1:40000" as Endpoint, wall: WALL }]);
    const hops: (number | undefined)[] = [];
    world.onSend = (carried) => {
      // What goes before it, to say who asks, goes as far.
      const header = decodeHeader(carried.bytes);
      if (carried.to === there && typeof header !== "string" && header.type === "linked") hops.push(carried.hops);
    };
    mallory.tell(node, [createPuppet(world, "carol", 202).statement({ endpoints: [there] })]);
    world.run(10_000);
    return hops;
  };

  it("is greeted from behind a NAT three times with what dies before another NAT, and then all the way", () => {
    const far = [undefined, undefined, undefined];
    expect(greeted(["10.0.0.1:62733" as Endpoint])).toEqual([QUIET_HOPS, QUIET_HOPS, QUIET_HOPS, ...far]);
  });

  it("is greeted all the way from where there is none", () => {
    expect(greeted(["203.0.113.1:40000" as Endpoint])).toEqual(Array.from({ length: 6 }, () => undefined));
  });
});

describe("an introduction", () => {
  const VICTIM = "192.0.2.1:53" as Endpoint;
  const setUp = (): {
    world: World;
    node: TestNode;
    other: TestNode;
    mallory: ReturnType<typeof createPuppet>;
    sent: Carried[];
  } => {
    const world = createWorld();
    const [node, other] = gather(world, names(2)) as [TestNode, TestNode];
    const mallory = createPuppet(world, "mallory");
    const sent: Carried[] = [];
    world.onSend = (carried) => {
      if (carried.to === VICTIM) sent.push(carried);
    };
    return { world, node, other, mallory, sent };
  };

  it("to an invented address draws about twice its size there, and no more for half a minute", () => {
    const { world, node, other, mallory, sent } = setUp();
    mallory.prove(node);
    other.crash();
    const frame = { type: "introduce", peer: other.identity.id, endpoint: VICTIM } as const;
    const bytes = mallory.sealed([frame], node.boot).length;
    for (let time = 0; time < 20; time += 1) {
      mallory.tell(node, [frame]);
      world.run(1_000);
    }
    const drawn = sent.reduce((sum, carried) => sum + carried.bytes.length, 0);
    expect(sent).toHaveLength(4);
    expect(drawn).toBeLessThan(2.1 * bytes);
    expect(node.core.stats().dropped["introduction-too-soon"]).toBe(19);
  });

  it("by who has proven nothing draws nothing", () => {
    const { world, node, other, mallory, sent } = setUp();
    mallory.tell(node, [{ type: "introduce", peer: other.identity.id, endpoint: VICTIM }]);
    world.run(5_000);
    expect(sent).toEqual([]);
  });

  it("of nobody known, or to this host alone, is refused and counted", () => {
    const { world, node, other, mallory, sent } = setUp();
    mallory.prove(node);
    mallory.tell(node, [{ type: "introduce", peer: "ab".repeat(32) as never, endpoint: VICTIM }]);
    mallory.tell(node, [{ type: "introduce", peer: other.identity.id, endpoint: "127.0.0.1:53" as Endpoint }]);
    world.run(5_000);
    expect(sent).toEqual([]);
    expect(node.core.stats().dropped["introduction-refused"]).toBe(2);
  });
});
