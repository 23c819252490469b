/** Finding others on a LAN: who says a beacon when, who knocks at whom, and what old or foreign beacons can draw. */

import { describe, expect, it } from "vitest";
import { beaconKey, openBeacon, sealBeacon } from "../../../src/crypto/beacon.ts";
import { createRoomKeys, openRoom } from "../../../src/crypto/roomKeys.ts";
import type { Effect } from "../../../src/protocol/api.ts";
import type { Millis } from "../../../src/protocol/time.ts";
import { BEACON_BYTES, type Beacon } from "../../../src/wire/beacon.ts";
import { DATAGRAM_BYTES_MAX, decodeHeader } from "../../../src/wire/datagram.ts";
import type { Endpoint } from "../../../src/wire/endpoint.ts";
import { noExtensions } from "../../../src/wire/extensions.ts";
import type { BootId } from "../../../src/wire/ids.ts";
import {
  type Carried,
  createWorld,
  LAN,
  notices,
  roomKeys,
  type TestNode,
  transmits,
  type World,
} from "../fixtures.ts";

const key = beaconKey(roomKeys);
const onLan = { onLan: true };
const stranger = "5757575757575757" as BootId;
const strangerAt = "10.0.9.9:62732" as Endpoint;

/** A beacon as another process start of the room would say it. */
let nonces = 0;
function lit(beacon: Partial<Beacon> = {}, withKey = key): Uint8Array {
  nonces += 1;
  const nonce = Buffer.alloc(24);
  nonce.writeUInt32BE(nonces);
  return sealBeacon(withKey, nonce, { boot: stranger, port: 4000, heard: [], extensions: noExtensions, ...beacon });
}

const hear = (node: TestNode, bytes: Uint8Array, from: Endpoint = strangerAt): Effect[] =>
  node.step({ type: "beacon", bytes, from });

const opened = (bytes: Uint8Array): Beacon => {
  const beacon = openBeacon(key, bytes);
  if (typeof beacon === "string" || "wire" in beacon) throw new Error(`no beacon: ${JSON.stringify(beacon)}`);
  return beacon;
};

type Said = { readonly at: Millis; readonly from: Endpoint; readonly beacon: Beacon };
type Traffic = { readonly beacons: Said[]; readonly knocks: Carried[] };

/** Every beacon and every open datagram sent from now on. */
function overhear(world: World): Traffic {
  const traffic: Traffic = { beacons: [], knocks: [] };
  world.onSend = (carried) => {
    if (carried.to === LAN) traffic.beacons.push({ ...carried, at: world.now(), beacon: opened(carried.bytes) });
    else if (isKnock(carried.bytes)) traffic.knocks.push({ ...carried, at: world.now() });
  };
  return traffic;
}

const isKnock = (bytes: Uint8Array): boolean => {
  const header = decodeHeader(bytes);
  return typeof header !== "string" && header.type === "open";
};

const peersOf = (node: TestNode): number => node.core.stats().peers;

describe("a node that is alone", () => {
  it("begins anew, with a beacon at once, when its host is on another network", () => {
    const world = createWorld();
    const alice = world.node("alice", {}, onLan);
    alice.command({ type: "network", endpoints: [alice.endpoint] });
    world.run(200_000);
    for (const gap of [0, 1_000]) {
      const moved = world.now() + gap;
      if (gap > 0) alice.command({ type: "network", endpoints: [] });
      world.run(gap);
      const { beacons } = overhear(world);
      alice.moveTo(`10.0.${gap / 500 + 5}.7:62733` as Endpoint);
      world.run(2_000);
      expect(beacons[0]?.at).toBe(moved);
      expect(beacons.length).toBeGreaterThanOrEqual(3);
      world.run(200_000);
    }
  });

  it("says beacons at once, after 0.3 s, then ever more rarely, down to one in ten seconds", () => {
    const world = createWorld();
    const { beacons, knocks } = overhear(world);
    const alice = world.node("alice", {}, onLan);
    world.run(200_000);
    const waits = beacons.slice(1).map(({ at }, index) => at - (beacons[index] as Said).at);
    expect(beacons[0]?.at).toBe(0);
    waits.slice(0, 5).forEach((wait, index) => {
      expect(wait).toBeGreaterThan(300 * 2 ** index * 0.8 - 1);
      expect(wait).toBeLessThan(300 * 2 ** index * 1.2 + 1);
    });
    for (const wait of waits.slice(6)) expect([wait > 7_999, wait < 12_001]).toEqual([true, true]);
    expect(beacons.every(({ beacon }) => beacon.boot === alice.boot && beacon.port === 62733)).toBe(true);
    expect(knocks).toEqual([]);
  });

  it("says nothing else: each is one effect, and the first comes with the first alarm", () => {
    const world = createWorld();
    const alice = world.node("alice", {}, onLan);
    const effects = alice.step({ type: "timer" });
    expect(effects).toEqual([{ type: "broadcast", bytes: expect.any(Uint8Array) }]);
    const [broadcast] = effects as [Effect & { type: "broadcast" }];
    expect(opened(broadcast.bytes)).toEqual({ boot: alice.boot, port: 62733, heard: [], extensions: noExtensions });
    expect(alice.core.stats()).toMatchObject({ datagramsOut: 1, bytesOut: BEACON_BYTES });
  });

  it("calls itself alone after a second, time enough for an answer", () => {
    const world = createWorld();
    const alice = world.node("alice", {}, onLan);
    world.run(990);
    expect(notices(alice, "alone")).toEqual([]);
    world.run(20);
    expect(notices(alice, "alone")).toHaveLength(1);
  });

  it("says none where discovery is off, and takes none", () => {
    const world = createWorld();
    const traffic = overhear(world);
    const alice = world.node("alice");
    world.run(60_000);
    expect(hear(alice, lit({ heard: [alice.boot] }))).toEqual([]);
    world.run(60_000);
    expect(traffic).toEqual({ beacons: [], knocks: [] });
  });
});

describe("two on one LAN", () => {
  it("find each other within 300 ms, whenever they start, with three beacons and one knock, and both are told", () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const world = createWorld({ seed });
      const { beacons, knocks } = overhear(world);
      const alice = world.node("alice", {}, onLan);
      world.run(seed < 5 ? seed - 1 : seed * 1_000);
      const before = beacons.length;
      const from = world.now();
      const bob = world.node("bob", {}, onLan);
      world.until("both to know each other", () => [alice, bob].every((node) => peersOf(node) === 1), 300);
      world.run(3_000);
      expect(knocks.length, `seed ${seed}`).toBeLessThanOrEqual(2);
      expect(beacons.length - before, `seed ${seed}`).toBeLessThanOrEqual(3);
      expect(notices(alice, "joined")).toMatchObject([{ endpoint: bob.endpoint, peer: { nick: "bob" } }]);
      expect(notices(bob, "joined")).toMatchObject([{ endpoint: alice.endpoint, peer: { nick: "alice" } }]);
      expect(notices(bob, "alone")).toEqual([]);
      expect(from).toBeLessThan(world.now());
    }
  });

  it("hand over what was said before as history", () => {
    const world = createWorld();
    const alice = world.node("alice", {}, onLan);
    for (let index = 0; index < 100; index += 1) alice.say(`message ${index}`);
    world.run(60_000);
    const bob = world.node("bob", {}, onLan);
    world.until("bob to have it all", () => notices(bob, "history-synced").length === 1, 2_000);
    expect(notices(bob, "history-synced")).toMatchObject([{ messages: 100, peer: { nick: "alice" } }]);
    expect(bob.log().every((message) => message.history)).toBe(true);
  });

  it("find each other over a network that loses four of ten datagrams", () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const world = createWorld({ seed });
      world.lose = () => world.rng.u32() % 10 < 4;
      const nodes = ["alice", "bob"].map((name) => world.node(name, {}, onLan));
      world.until(`both to know each other, seed ${seed}`, () => nodes.every((node) => peersOf(node) === 1), 15_000);
    }
  });

  it("find each other again when one comes back after its death was noticed", () => {
    const world = createWorld();
    const [alice, bob] = ["alice", "bob"].map((name) => world.node(name, {}, onLan)) as [TestNode, TestNode];
    world.run(5_000);
    world.lose = ({ to }) => to.startsWith(host(alice));
    world.until("alice to be alone", () => notices(alice, "alone").length === 1, 60_000);
    world.until("bob to be alone", () => peersOf(bob) === 0, 60_000);
    const traffic = overhear(world);
    world.lose = () => false;
    world.until("both together", () => [alice, bob].every((node) => peersOf(node) === 1), 10_000);
    expect(traffic.beacons.length).toBeGreaterThan(0);
  });
});

describe("in company", () => {
  it.each([2, 12])("of %i, the LAN hears about two beacons a minute, and nobody knocks", (count) => {
    const world = createWorld({ delayMs: 1 });
    const nodes = Array.from({ length: count }, (_, index) => world.node(`n${index}`, {}, onLan));
    world.until("all to know all", () => nodes.every((node) => peersOf(node) === count - 1), 3_000);
    world.run(60_000);
    const traffic = overhear(world);
    world.run(600_000);
    expect(traffic.beacons.length).toBeGreaterThanOrEqual(600 / 35 - 1);
    expect(traffic.beacons.length).toBeLessThanOrEqual(600 / 25 + 5);
    expect(traffic.knocks).toEqual([]);
  });

  it("a newcomer is answered by one or two, knocks there, and knows everybody within two seconds", () => {
    const world = createWorld({ delayMs: 1 });
    const nodes = Array.from({ length: 12 }, (_, index) => world.node(`n${index}`, {}, onLan));
    world.run(20_000);
    for (let guest = 0; guest < 5; guest += 1) {
      const traffic = overhear(world);
      const node = world.node(`guest ${guest}`, {}, onLan);
      world.until("it to know all", () => peersOf(node) === 12 + guest, 2_000);
      world.run(8_000);
      expect(traffic.knocks.length).toBeLessThanOrEqual(2);
      expect(traffic.beacons.length).toBeLessThanOrEqual(5);
      expect(notices(node, "joined").length).toBeGreaterThanOrEqual(1);
    }
    expect(
      nodes.flatMap((node) => notices(node, "joined")).filter(({ peer }) => peer.nick.startsWith("guest")),
    ).toEqual([]);
  });

  it("whoever is left alone looks for others at once", () => {
    const world = createWorld();
    const [alice, bob] = ["alice", "bob"].map((name) => world.node(name, {}, onLan)) as [TestNode, TestNode];
    world.run(5_000);
    bob.crash();
    const traffic = overhear(world);
    world.until("alice to be alone", () => notices(alice, "alone").length === 1, 60_000);
    const aloneAt = world.now();
    world.run(2_500);
    expect(traffic.beacons.filter(({ at }) => at >= aloneAt)).toHaveLength(4);
  });

  it("one that slept says a beacon at once", () => {
    const world = createWorld();
    const [alice] = ["alice", "bob"].map((name) => world.node(name, {}, onLan)) as [TestNode, TestNode];
    world.run(5_000);
    const traffic = overhear(world);
    alice.command({ type: "resumed", goneMs: 60_000 });
    world.run(1);
    expect(traffic.beacons.map(({ beacon }) => beacon.boot)).toEqual([alice.boot]);
  });
});

describe("a beacon", () => {
  it("of a stranger draws no datagram, but a beacon that names it, and that one alone", () => {
    const world = createWorld();
    const alice = world.node("alice", {}, onLan);
    world.run(15_000);
    const traffic = overhear(world);
    expect(hear(alice, lit())).toEqual([]);
    world.run(100);
    const said = { boot: alice.boot, port: 62733, heard: [stranger], extensions: noExtensions };
    expect(traffic.beacons.map(({ beacon }) => beacon)).toEqual([said]);
    expect(traffic.knocks).toEqual([]);
  });

  it("that names this node draws one knock, to where it came from, at the port that it says", () => {
    const world = createWorld();
    const alice = world.node("alice", {}, onLan);
    world.run(15_000);
    const effects = hear(alice, lit({ heard: [stranger, alice.boot] }));
    expect(effects).toEqual([{ type: "transmit", bytes: expect.any(Uint8Array), to: "10.0.9.9:4000" }]);
    const [knock] = transmits(effects);
    expect(isKnock(knock?.bytes as Uint8Array)).toBe(true);
    expect(knock?.bytes.length).toBeLessThanOrEqual(3 * BEACON_BYTES);
  });

  it("that was answered by another first is not answered again", () => {
    const world = createWorld();
    const alice = world.node("alice", {}, onLan);
    world.run(15_000);
    const traffic = overhear(world);
    hear(alice, lit());
    hear(alice, lit({ boot: "0000000000000001" as BootId, heard: [stranger] }), "10.0.9.8:62732" as Endpoint);
    world.run(100);
    // Of the two strangers that is left to be named which no beacon named.
    expect(traffic.beacons.map(({ beacon }) => beacon.heard)).toEqual([["0000000000000001", stranger]]);
    hear(alice, lit({ boot: "0000000000000001" as BootId, heard: [stranger, alice.boot] }));
    hear(alice, lit());
    hear(alice, lit({ boot: "0000000000000002" as BootId, heard: [stranger, alice.boot] }));
    const before = traffic.beacons.length;
    world.run(100);
    expect(traffic.beacons).toHaveLength(before);
  });

  it("of an IPv6 link keeps the link that its address belongs to", () => {
    const world = createWorld();
    const alice = world.node("alice", {}, onLan);
    const effects = hear(alice, lit({ heard: [alice.boot] }), "[fe80::1%eth0]:62732" as Endpoint);
    expect(transmits(effects).map(({ to }) => to)).toEqual(["[fe80::1%eth0]:4000"]);
  });

  it("of one's own is no news, though it comes back from every network", () => {
    const world = createWorld();
    const alice = world.node("alice", {}, onLan);
    world.run(15_000);
    const dropped = alice.core.stats().dropped;
    expect(hear(alice, lit({ boot: alice.boot, heard: [alice.boot] }), "10.0.0.1:62732" as Endpoint)).toEqual([]);
    expect(alice.core.stats().dropped).toEqual(dropped);
    expect(alice.core.tables().beaconSenders?.size).toBe(0);
  });

  it("of another room, or junk, is a counted drop and draws nothing", () => {
    const world = createWorld();
    const alice = world.node("alice", {}, onLan);
    world.run(15_000);
    const foreign = beaconKey(createRoomKeys(openRoom("elsewhere")));
    expect(hear(alice, lit({ heard: [alice.boot] }, foreign))).toEqual([]);
    expect(hear(alice, new Uint8Array(BEACON_BYTES))).toEqual([]);
    for (const size of [0, 1, BEACON_BYTES - 1, BEACON_BYTES + 1, DATAGRAM_BYTES_MAX, 65_507])
      expect(hear(alice, new Uint8Array(size))).toEqual([]);
    expect(alice.core.stats().dropped).toEqual({ "foreign-beacon": 2, "bad-beacon": 6 });
    expect(alice.core.tables().beaconSenders?.size).toBe(0);
  });

  it("after the room was left draws nothing, until it is entered again", () => {
    const world = createWorld();
    const alice = world.node("alice", {}, onLan);
    world.run(15_000);
    alice.command({ type: "leave" });
    const traffic = overhear(world);
    expect(hear(alice, lit({ heard: [alice.boot] }))).toEqual([]);
    alice.command({ type: "resumed", goneMs: 60_000 });
    world.run(60_000);
    expect(traffic).toEqual({ beacons: [], knocks: [] });
    expect(alice.core.stats().dropped["not-in-room"]).toBe(1);
    alice.command({ type: "join", endpoints: [] });
    world.run(1);
    expect(traffic.beacons).toHaveLength(1);
  });
});

describe("where beacons pass one way only", () => {
  it.each(["alice", "bob"])("%s, who hears none, is found by a knock of the other", (deaf) => {
    const world = createWorld();
    const nodes = ["alice", "bob"].map((name) => world.node(name, {}, onLan)) as [TestNode, TestNode];
    const [node] = nodes.filter(({ name }) => name === deaf) as [TestNode];
    world.lose = ({ to, bytes }) => bytes.length === BEACON_BYTES && to.startsWith(`${host(node)}:`);
    world.until("both to know each other", () => nodes.every((each) => peersOf(each) === 1), 3_000);
  });
});

describe("two rooms on one LAN", () => {
  it("hear each other's beacons as noise, and never exchange a datagram", () => {
    const world = createWorld();
    const elsewhere = { onLan: true, room: openRoom("elsewhere") };
    const nodes = ["alice", "bob"].map((name) => world.node(name, {}, onLan)) as [TestNode, TestNode];
    const others = ["anna", "ben"].map((name) => world.node(name, {}, elsewhere)) as [TestNode, TestNode];
    const crossed: Carried[] = [];
    const inRoom = (at: Endpoint): boolean => nodes.some(({ endpoint }) => at === endpoint);
    world.onSend = (carried) => {
      if (carried.to !== LAN && inRoom(carried.from) !== inRoom(carried.to)) crossed.push(carried);
    };
    world.run(120_000);
    for (const node of [...nodes, ...others]) {
      expect(peersOf(node)).toBe(1);
      expect(node.core.stats().dropped["foreign-beacon"]).toBeGreaterThan(0);
    }
    expect(crossed).toEqual([]);
  });
});

// --- internal ---

/** Its IP address. */
function host(node: TestNode): string {
  return node.endpoint.slice(0, node.endpoint.lastIndexOf(":"));
}
