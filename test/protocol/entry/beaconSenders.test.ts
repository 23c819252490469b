/** What many listeners, old beacons and invented ones can draw from a LAN: little, however many they are. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { beaconKey, openBeacon, sealBeacon } from "../../../src/crypto/beacon.ts";
import { createDiscovery, type Discovery } from "../../../src/protocol/entry/discovery.ts";
import { limits } from "../../../src/protocol/limits.ts";
import type { Member } from "../../../src/protocol/membership/roster.ts";
import { below, seededRng } from "../../../src/protocol/rng.ts";
import type { Millis } from "../../../src/protocol/time.ts";
import { createAgenda } from "../../../src/sim/world/agenda.ts";
import { BEACON_BYTES } from "../../../src/wire/beacon.ts";
import type { Endpoint } from "../../../src/wire/endpoint.ts";
import { noExtensions } from "../../../src/wire/extensions.ts";
import type { BootId } from "../../../src/wire/ids.ts";
import { beaconArbitrary, bytesArbitrary, mutatedArbitrary } from "../../wire/arbitraries.ts";
import {
  type Bench,
  createBench,
  createWorld,
  LAN,
  roomKeys,
  type TestNode,
  transmits,
  type World,
} from "../fixtures.ts";

const key = beaconKey(roomKeys);
const onLan = { onLan: true };
const attacker = "10.0.9.9:62732" as Endpoint;

/** Beacons of the room's nodes, and whatever goes to the attacker, from now on. */
function watch(world: World): { beacons: number; bytesToAttacker: number; knocks: number; recorded: Uint8Array[] } {
  const seen = { beacons: 0, bytesToAttacker: 0, knocks: 0, recorded: [] as Uint8Array[] };
  world.onSend = ({ from, to, bytes }) => {
    if (to === LAN && from !== attacker) {
      seen.beacons += 1;
      seen.recorded.push(bytes);
    } else if (to.startsWith("10.0.9.9:")) {
      seen.bytesToAttacker += bytes.length;
      seen.knocks += 1;
    }
  };
  return seen;
}

function gatherOnLan(world: World, count: number): TestNode[] {
  const nodes = Array.from({ length: count }, (_, index) => world.node(`n${index}`, {}, onLan));
  world.until("all to know all", () => nodes.every((node) => node.core.stats().peers === count - 1), 5_000);
  world.run(10_000);
  return nodes;
}

/** Plays these beacons to the LAN, in turn, twenty times a second. */
function replay(world: World, beacons: readonly Uint8Array[], forMs: Millis): number {
  for (let at = 0; at < forMs / 50; at += 1) {
    world.send(beacons[at % beacons.length] as Uint8Array, attacker, LAN);
    world.run(50);
  }
  return forMs / 50;
}

describe("old beacons, played to a LAN ten thousand times in eight minutes,", () => {
  it.each([1, 6, 8, 14])("of a node that has died draw a few beacons more, and ever rarer knocks (seed %i)", (seed) => {
    const world = createWorld({ seed });
    const nodes = gatherOnLan(world, 5);
    const seen = watch(world);
    world.run(120_000);
    const speaker = (bytes: Uint8Array): BootId => (openBeacon(key, bytes) as { boot: BootId }).boot;
    const victim = nodes.find(({ boot }) => boot === speaker(seen.recorded[0] as Uint8Array));
    const old = seen.recorded.filter((bytes) => speaker(bytes) === victim?.boot);
    victim?.crash();
    world.run(60_000);
    const during = watch(world);
    replay(world, old, 500_000);
    // A regular beacon each 25 s or more. It is named until 8 namings count (NAMED_MAX), those within 200 ms (AT_ONCE_MS)
    // as one, with 100 ms (GAP_MS) between them: twice 8 times. Four wait up to 48 ms (ANSWER_MS) to be the one that names
    // it, and who draws less than the 10 ms of this network more than the first does so too: on average less than one.
    expect(during.beacons).toBeLessThan(500 / 25 + 2 * 8 * 2.5);
    // Four nodes, each of which doubles its waits.
    expect(during.knocks).toBeLessThan(4 * 12);
    expect(during.bytesToAttacker).toBeLessThan(4 * 12 * 1_200 + 1);
  });

  it("of nodes that are here draw nothing at all", () => {
    const world = createWorld();
    gatherOnLan(world, 5);
    const seen = watch(world);
    world.run(120_000);
    const during = watch(world);
    replay(world, seen.recorded, 500_000);
    expect(during).toMatchObject({ beacons: 0, knocks: 0 });
  });

  it("draw no knock from a node that started since, but where they pass for those of one that hears nothing", () => {
    const world = createWorld();
    const [, bob] = gatherOnLan(world, 2);
    const seen = watch(world);
    world.run(120_000);
    const [old] = seen.recorded;
    bob?.crash();
    const carol = world.node("carol", {}, onLan);
    world.run(1);
    const drawn = watch(world);
    for (let time = 0; time < 100; time += 1) {
      expect(transmits(carol.step({ type: "beacon", bytes: old as Uint8Array, from: attacker }))).toEqual([]);
    }
    expect(drawn.knocks).toBe(0);
  });

  it("that name a node, draw ever rarer knocks from it, never more than three times what they cost", () => {
    const world = createWorld();
    const alice = world.node("alice", {}, onLan);
    const seen = watch(world);
    const boot = "5757575757575757" as BootId;
    const named = { boot, port: 4_000, heard: [alice.boot], extensions: noExtensions };
    const sent = replay(world, [sealBeacon(key, new Uint8Array(24), named)], 500_000);
    expect(seen.knocks).toBeGreaterThan(1);
    expect(seen.knocks).toBeLessThan(15);
    expect(seen.bytesToAttacker).toBeLessThan(3 * BEACON_BYTES * sent);
  });
});

describe("a member that says it has heard everybody, as ten thousand strangers,", () => {
  it("draws three knocks a second, and no table grows beyond its bound", () => {
    const world = createWorld();
    const [alice, bob] = gatherOnLan(world, 2) as [TestNode, TestNode];
    const seen = watch(world);
    for (let index = 0; index < 10_000; index += 1) {
      const boot = index.toString(16).padStart(16, "0") as BootId;
      const nonce = Buffer.alloc(24);
      nonce.writeUInt32BE(index + 1);
      const heard = [alice.boot, bob.boot];
      const bytes = sealBeacon(key, nonce, { boot, port: 4_000, heard, extensions: noExtensions });
      world.send(bytes, attacker, LAN);
      if (index % 10 === 0) world.run(10);
    }
    world.run(1_000);
    expect(seen.knocks).toBeGreaterThan(20);
    expect(seen.knocks).toBeLessThanOrEqual(2 * 3 * 12);
    expect(seen.beacons).toBeLessThan(250);
    for (const node of [alice, bob]) {
      expect(node.core.tables().beaconSenders).toEqual({ size: limits.beaconSenders, bound: limits.beaconSenders });
      expect(node.core.stats().dropped["too-many-knocks"]).toBeGreaterThan(9_000);
    }
  });
});

describe("anything at all", () => {
  it("is heard without harm: sealed junk, damaged beacons, true ones from nowhere", () => {
    const world = createWorld();
    const alice = world.node("alice", {}, onLan);
    const sealed = fc
      .tuple(beaconArbitrary, bytesArbitrary(24, 24))
      .map(([beacon, nonce]) => sealBeacon(key, nonce, beacon));
    const bytes = fc.oneof(sealed, mutatedArbitrary(sealed), bytesArbitrary(0, 500));
    const from = fc.constantFrom(attacker, "[fe80::1%eth0]:62732" as Endpoint, "nowhere" as Endpoint);
    fc.assert(
      fc.property(bytes, from, (given, at) => {
        for (const { to } of transmits(alice.step({ type: "beacon", bytes: given, from: at }))) expect(to).not.toBe(at);
        world.run(10);
      }),
      { numRuns: 5_000, seed: 1 },
    );
    const { dropped } = alice.core.stats();
    expect(dropped["bad-beacon"]).toBeGreaterThan(300);
    expect(dropped["foreign-beacon"]).toBeGreaterThan(300);
  });
});

describe("five hundred listeners of one room", () => {
  const lan = createLan(500);
  lan.agenda.runUntil(60_000);

  it("answer a newcomer with a handful of beacons, and it knocks at no more than three", () => {
    for (let guest = 0; guest < 5; guest += 1) {
      const before = lan.beacons();
      const newcomer = lan.enter();
      lan.agenda.runUntil(lan.agenda.now() + 5_000);
      expect(lan.beacons() - before).toBeGreaterThanOrEqual(2);
      expect(lan.beacons() - before).toBeLessThanOrEqual(25);
      expect(newcomer.knocks).toBeGreaterThanOrEqual(1);
      expect(newcomer.knocks).toBeLessThanOrEqual(3);
    }
    // Some that heard the answer before the question took the second answer for one in vain.
    expect(lan.knocksOfMembers()).toBeLessThanOrEqual(5);
  });

  it("say a beacon about twice a minute between them", () => {
    const before = lan.beacons();
    lan.agenda.runUntil(lan.agenda.now() + 600_000);
    expect(lan.beacons() - before).toBeGreaterThan(600 / 35 - 1);
    expect(lan.beacons() - before).toBeLessThan((600 / 25) * 2.5);
  });
});

// --- internal ---

type Listener = {
  readonly boot: BootId;
  readonly discovery: Discovery;
  readonly hear: (bytes: Uint8Array, from: Endpoint) => void;
  readonly start: () => void;
  knocks: number;
};

/**
 * The discovery of many nodes and nothing else of them. They know each other, and a newcomer two seconds after it has
 * knocked, as rumours have it. A beacon reaches each after 1 to 20 ms: the air, and what else each has to do.
 */
function createLan(count: number) {
  const rng = seededRng(1);
  const agenda = createAgenda();
  const listeners: Listener[] = [];
  const members = new Set<BootId>();
  let beacons = 0;

  const create = (index: number): Listener => {
    const bench = createBench(`n${index}`);
    const boot = index.toString(16).padStart(16, "0") as BootId;
    const own: Bench = { ...bench, rng, link: { ...bench.link, boot } };
    const from = `10.0.${index >> 8}.${index & 255}:62732` as Endpoint;
    const isMember = (): boolean => members.has(boot) || self.knocks > 0;
    let armed = 0;
    const step = (work: () => void): void => {
      own.now = { mono: agenda.now(), wall: agenda.now() };
      work();
      for (const effect of self.discovery.flush()) {
        if (effect.type !== "broadcast") continue;
        beacons += 1;
        for (const other of listeners)
          if (other !== self) agenda.at(agenda.now() + 1 + below(rng, 20), () => other.hear(effect.bytes, from));
      }
      armed += 1;
      const of = armed;
      const due = own.timers.nextDeadline();
      if (due === undefined) return;
      agenda.at(due, () => {
        if (of !== armed) return;
        own.timers.takeDue(agenda.now());
        step(self.discovery.tick);
      });
    };
    const self: Listener = {
      boot,
      knocks: 0,
      hear: (bytes, at) => step(() => self.discovery.heard(bytes, at)),
      start: () => step(self.discovery.start),
      discovery: createDiscovery(own, {
        port: 62733,
        onOtherVersion: () => {},
        newcomer: { begin: () => {} },
        knocks: {
          knock: () => {
            self.knocks += 1;
            agenda.at(agenda.now() + 2_000, () => members.add(boot));
          },
        },
        membership: {
          presentCount: () => (isMember() ? members.size - 1 : 0),
          hasAddress: () => true,
          byBoot: (of) => (members.has(of) && isMember() ? ({ status: "alive" } as Member) : undefined),
        },
      }),
    };
    listeners.push(self);
    return self;
  };
  const enter = (): Listener => {
    const newcomer = create(listeners.length);
    newcomer.start();
    return newcomer;
  };
  for (let index = 0; index < count; index += 1) members.add(create(index).boot);
  listeners.forEach((listener, index) => {
    agenda.at(index, listener.start);
  });
  return {
    agenda,
    enter,
    beacons: () => beacons,
    knocksOfMembers: () => listeners.slice(0, count).reduce((sum, { knocks }) => sum + knocks, 0),
  };
}
