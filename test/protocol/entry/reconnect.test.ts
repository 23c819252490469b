/** What is remembered of a room, and how a node finds it again by that. */

import { describe, expect, it } from "vitest";
import type { Core, Effect } from "../../../src/protocol/api.ts";
import { defaultConfig } from "../../../src/protocol/config.ts";
import { createCore } from "../../../src/protocol/core.ts";
import type { RememberedAddress } from "../../../src/protocol/entry/rememberedAddresses.ts";
import { limits } from "../../../src/protocol/limits.ts";
import { seededRng } from "../../../src/protocol/rng.ts";
import type { Millis } from "../../../src/protocol/time.ts";
import { startOf } from "../../../src/sim/world/linkKeys.ts";
import type { Endpoint } from "../../../src/wire/endpoint.ts";
import type { PeerId } from "../../../src/wire/ids.ts";
import {
  bootFrom,
  createWorld,
  gather,
  identityOf,
  names,
  notices,
  ROOM,
  type TestNode,
  transmits,
  WALL,
} from "../fixtures.ts";
import { createPuppet, receiptOfNothing } from "../puppet.ts";

const endpoint = (n: number): Endpoint => `10.0.9.${n >> 8}:${(n & 255) + 1}` as Endpoint;
const nobody = (n: number): PeerId => n.toString(16).padStart(64, "0") as PeerId;

/** `count` addresses, the first one reached last. */
const addresses = (count: number): RememberedAddress[] =>
  Array.from({ length: count }, (_, n) => ({ endpoint: endpoint(n), peer: nobody(n), at: WALL - 1_000 * n }));

function start(remembered: readonly RememberedAddress[], name = "alice"): Core {
  return createCore({
    identity: identityOf(name),
    room: ROOM,
    nick: name,
    start: startOf(bootFrom(seededRng(7))),
    config: defaultConfig,
    rng: seededRng(1),
    now: { mono: 0, wall: WALL },
    remembered,
  });
}

/** Lets the time pass: what each step does, if it does anything. */
function run(core: Core, untilMs: Millis): { readonly at: Millis; readonly effects: readonly Effect[] }[] {
  const steps: { at: Millis; effects: Effect[] }[] = [];
  for (let at = core.nextDeadline(); at !== undefined && at <= untilMs; at = core.nextDeadline()) {
    const effects = core.handle({ type: "timer" }, { mono: at, wall: WALL + at });
    if (effects.length > 0) steps.push({ at, effects });
  }
  return steps;
}

const targets = (effects: readonly Effect[]): Endpoint[] => transmits(effects).map(({ to }) => to);

describe("a node that starts with remembered addresses", () => {
  it("knocks at them at once, the newest first, in waves of no more than 64, and says nothing of it", () => {
    const core = start(addresses(200));
    expect(core.isSeeking()).toBe(true);
    const steps = run(core, 900);
    expect(steps.map(({ at, effects }) => [at, effects.length])).toEqual([
      [0, 16],
      [250, 64],
      [500, 64],
      [750, 56],
    ]);
    expect(steps.flatMap(({ effects }) => targets(effects))).toEqual(addresses(200).map((one) => one.endpoint));
    expect(steps.flatMap(({ effects }) => transmits(effects)).every(({ bytes }) => bytes.length === 1_200)).toBe(true);
  });

  it("tries them again after 1 s and 3 s, in case a knock was lost, is alone after 2 s, and then tries now and then", () => {
    const core = start(addresses(1));
    const steps = run(core, 300_000);
    const alone: Effect = { type: "emit", event: { type: "notice", notice: { code: "alone", unreachable: 0 } } };
    const knock = { type: "transmit", to: endpoint(0) };
    expect(steps.slice(0, 3)).toMatchObject([
      { at: 0, effects: [knock] },
      { at: 1_000, effects: [knock] },
      { at: 2_000, effects: [alone] },
    ]);
    expect(core.isSeeking()).toBe(false);
    const later = steps.slice(3);
    expect(later.map(({ at }) => at)).toContain(4_000);
    expect(later.every(({ effects }) => effects.length === 1 && targets(effects)[0] === endpoint(0))).toBe(true);
    const waits = later.slice(1).map(({ at }, index) => at - (later[index]?.at as number));
    expect(Math.max(...waits)).toBeLessThan(40_000);
    expect(Math.min(...waits.slice(-5))).toBeGreaterThan(20_000);
  });

  it("leaves out its own, and takes what was stamped by a clock that was ahead for no newer than now", () => {
    const own = { endpoint: endpoint(90), peer: identityOf("alice").id, at: WALL };
    const future = { endpoint: endpoint(91), peer: nobody(91), at: WALL + 1e12 };
    const core = start([future, own, { endpoint: endpoint(92), peer: nobody(92), at: WALL }]);
    expect(targets(run(core, 0).flatMap(({ effects }) => effects))).toEqual([endpoint(91), endpoint(92)]);
    expect(core.tables().remembered).toEqual({ size: 2, bound: limits.remembered });
  });

  it("spares the rest as soon as somebody is here, and joins as if a person had named the address", () => {
    const world = createWorld();
    const [alice, bob] = gather(world, ["alice", "bob"]) as [TestNode, TestNode];
    for (let n = 0; n < 40; n += 1) alice.say(`message ${n}`);
    world.run(1_000);
    bob.store.kept.clear();
    bob.crash();
    bob.store.addresses.push(...addresses(100).map((one) => ({ ...one, at: WALL - 1e6 })));
    bob.events.length = 0;
    bob.restart();
    let knocks = 0;
    world.onSend = ({ from, to }) => {
      if (from === bob.endpoint && to !== alice.endpoint) knocks += 1;
    };
    world.run(2_000);
    expect(knocks).toBe(15);
    expect(notices(bob, "joined")).toMatchObject([{ endpoint: alice.endpoint, peer: { nick: "alice" } }]);
    expect(notices(bob, "history-synced")).toMatchObject([{ messages: 40 }]);
    expect(bob.texts()).toHaveLength(40);
    expect(bob.events.flatMap((event) => (event.type === "message" ? [event.message.history] : []))).toEqual(
      Array.from({ length: 40 }, () => true),
    );
    expect(notices(bob, "alone")).toEqual([]);
  });

  it("says of several that answer only whom it found first", () => {
    const world = createWorld();
    const nodes = gather(world, names(5));
    const [node] = nodes as [TestNode];
    world.run(20_000);
    node.crash();
    node.restart();
    world.until("all to be back", () => nodes.every(({ core }) => core.stats().peers === 4), 2_000);
    world.run(5_000);
    expect(notices(node, "joined")).toHaveLength(1);
    expect(notices(node, "no-answer")).toEqual([]);
  });

  it("that had given up joins all the same when the other one comes", () => {
    const world = createWorld();
    const [alice, bob] = gather(world, ["alice", "bob"]) as [TestNode, TestNode];
    for (const node of [alice, bob]) node.crash();
    alice.restart();
    world.run(600_000);
    expect(notices(alice, "alone")).toHaveLength(1);
    bob.restart();
    world.until("both to know each other", () => [alice, bob].every(({ core }) => core.stats().peers === 1), 1_000);
  });
});

describe("an address is written down", () => {
  it("in the step in which its peer proves to be there, before anything is sent to it", () => {
    const world = createWorld();
    const node = world.node("alice");
    const puppet = createPuppet(world, "bob");
    puppet.tell(node, [puppet.statement(), { type: "ping" }]);
    expect(node.store.addresses).toEqual([]);
    const [challenge] = puppet.tell(node, [receiptOfNothing]).slice(-1);
    const ack = puppet.ack([challenge?.header.counter as number]);
    const effects = node.step({ type: "datagram", bytes: puppet.sealed([ack], node.boot), from: puppet.endpoint });
    expect(effects[0]).toEqual({ type: "remember", endpoint: puppet.endpoint, peer: puppet.id, at: WALL });
  });

  it("only as long as there is room, or one that was reached longer ago to give way: not by each of a large room in turn", () => {
    const world = createWorld();
    const node = world.node("alice");
    node.store.addresses.push(...addresses(limits.remembered).map((one) => ({ ...one, at: WALL })));
    node.restart();
    const written = node.store.addresses.length;
    const meet = (name: string, host: number): void => {
      const puppet = createPuppet(world, name, host);
      puppet.prove(node);
      expect(node.core.stats().peers).toBeGreaterThan(0);
    };
    meet("bob", 201);
    expect(node.store.addresses).toHaveLength(written);
    world.run(300_000);
    meet("carol", 202);
    expect(node.store.addresses.slice(written)).toMatchObject([{ endpoint: "10.0.1.202:62733" }]);
    expect(node.core.tables().remembered?.size).toBe(limits.remembered);
  });

  it("again after five minutes, not with every datagram, and when the room is left", () => {
    const world = createWorld();
    const [alice, bob] = gather(world, ["alice", "bob"]) as [TestNode, TestNode];
    const from = world.now();
    alice.store.addresses.length = 0;
    world.run(280_000 - from);
    expect(alice.store.addresses).toEqual([]);
    world.run(100_000);
    expect(alice.store.addresses).toHaveLength(1);
    world.run(120_000);
    const left = alice.command({ type: "leave" }).flatMap((effect) => (effect.type === "remember" ? [effect] : []));
    expect(left).toMatchObject([{ endpoint: bob.endpoint, peer: bob.identity.id }]);
    expect(WALL + world.now() - (left[0]?.at as number)).toBeLessThan(5_000);
  });
});

describe("an address whose peer is gone", () => {
  /** When anyone of a room of `count` knocks at one that crashed, over `forMs`. */
  function knocksAt(count: number, forMs: Millis): { readonly at: Millis; readonly from: Endpoint }[] {
    const world = createWorld();
    const nodes = gather(world, names(count), { probeIntervalMs: 5_000 });
    const victim = nodes.at(-1) as TestNode;
    world.run(60_000);
    victim.crash();
    world.until("all to know", () => nodes.slice(0, -1).every(({ core }) => core.stats().peers === count - 2), 300_000);
    const knocks: { at: Millis; from: Endpoint }[] = [];
    world.onSend = ({ to, from, bytes }) => {
      if (to === victim.endpoint && bytes.length === 1_200) knocks.push({ at: world.now(), from });
    };
    world.run(forMs);
    return knocks;
  }

  it("is knocked at for ever, less and less often by each, so that the whole room does it about every 15 s", () => {
    const hourMs = 3_600_000;
    const knocks = knocksAt(12, hourMs);
    const late = knocks.filter(({ at }) => at > (knocks[0]?.at as number) + hourMs / 2);
    expect(late.length).toBeGreaterThan(hourMs / 2 / 30_000);
    expect(late.length).toBeLessThan(hourMs / 2 / 10_000);
    const one = knocks.filter(({ from }) => from === knocks[0]?.from).map(({ at }) => at);
    const waits = one.slice(1).map((at, index) => at - (one[index] as number));
    expect(waits[0]).toBeLessThan(60_000);
    expect(Math.max(...waits)).toBeGreaterThan(120_000);
    expect(Math.max(...waits)).toBeLessThan(260_000);
  }, 60_000);

  it("by a room of two at least every 70 s", () => {
    const knocks = knocksAt(3, 1_800_000);
    const waits = knocks.slice(1).map(({ at }, index) => at - (knocks[index]?.at as number));
    expect(knocks.length).toBeGreaterThan(50);
    expect(Math.max(...waits)).toBeLessThan(70_000);
  });
});
