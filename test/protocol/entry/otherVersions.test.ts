/** Whoever waits for somebody with another version of the wire is told which of the two has to be updated, and nobody else is told anything. */
import sodium from "sodium-native";
import { describe, expect, it } from "vitest";
import { beaconKey } from "../../../src/crypto/beacon.ts";
import { createRoomKeys, openRoom } from "../../../src/crypto/roomKeys.ts";
import { createOtherVersions } from "../../../src/protocol/entry/otherVersions.ts";
import type { Millis } from "../../../src/protocol/time.ts";
import { BEACON_BYTES, BEACON_NONCE_BYTES, encodeBeacon } from "../../../src/wire/beacon.ts";
import { encodeHeader, WIRE_VERSION } from "../../../src/wire/datagram.ts";
import type { Endpoint } from "../../../src/wire/endpoint.ts";
import { noExtensions } from "../../../src/wire/extensions.ts";
import type { BootId } from "../../../src/wire/ids.ts";
import { createBench, createWorld, gather, notices, roomKeys, type TestNode, type World } from "../fixtures.ts";

const there = "10.0.5.1:62733" as Endpoint;
const elsewhere = "10.0.6.1:62733" as Endpoint;
const boot = "5757575757575757" as BootId;

/** As another version would send it: all but the first five bytes is none of this version's business. */
function datagram(wire: number, tag = roomKeys.tag, length = 400): Uint8Array {
  const bytes = Buffer.alloc(length, 0xa7);
  bytes.set(encodeHeader({ type: "open", roomTag: tag, boot, counter: 7, salt: 0 }));
  bytes[0] = wire << 4;
  return bytes;
}

/** A beacon of the room in another version, which says that its sender takes datagrams at 62733. */
function beacon(wire: number, keys = roomKeys): Uint8Array {
  const plain = Buffer.from(encodeBeacon({ boot, port: 62733, heard: [], extensions: noExtensions }));
  plain[0] = wire;
  // What else a later version may say there.
  plain.fill(0xff, 11);
  const bytes = Buffer.alloc(BEACON_BYTES, 9);
  const nonce = bytes.subarray(0, BEACON_NONCE_BYTES);
  const sealed = bytes.subarray(BEACON_NONCE_BYTES);
  sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(sealed, plain, null, null, nonce, beaconKey(keys));
  return bytes;
}

const arrives = (node: TestNode, bytes: Uint8Array, from: Endpoint) => node.step({ type: "datagram", bytes, from });
const lights = (node: TestNode, bytes: Uint8Array, from: Endpoint) => node.step({ type: "beacon", bytes, from });
const told = (node: TestNode) => notices(node, "other-version").map(({ endpoint, isNewer }) => [endpoint, isNewer]);
const counted = (node: TestNode, reason: string): number => node.core.stats().dropped[reason] ?? 0;

/** Alice, who waits for an answer from `there`. */
function joining(onLan = false): { world: World; alice: TestNode } {
  const world = createWorld();
  const alice = world.node("alice", {}, { onLan });
  alice.command({ type: "join", endpoints: [there] });
  return { world, alice };
}

describe("a datagram of another version, from where somebody of the room is waited for", () => {
  it.each([
    [WIRE_VERSION + 1, true],
    [15, true],
    [1, false],
  ])("of version %d is told once, newer: %s", (wire, isNewer) => {
    const { world, alice } = joining();
    for (let times = 0; times < 5; times += 1) {
      expect(arrives(alice, datagram(wire), there).map(({ type }) => type)).toEqual(times === 0 ? ["emit"] : []);
      world.run(1_000);
    }
    expect(told(alice)).toEqual([[there, isNewer]]);
    expect(counted(alice, "other-version")).toBe(5);
  });

  it("is told again after ten minutes, if it still comes", () => {
    const { world, alice } = joining();
    const hear = (afterMs: Millis): void => {
      world.run(afterMs);
      arrives(alice, datagram(3), there);
    };
    for (const afterMs of [0, 300_000, 299_000]) hear(afterMs);
    expect(told(alice)).toHaveLength(1);
    hear(2_000);
    expect(told(alice)).toHaveLength(2);
  });

  it("of another room says nothing to this one", () => {
    const { alice } = joining();
    arrives(alice, datagram(3, createRoomKeys(openRoom("other")).tag), there);
    expect(told(alice)).toEqual([]);
    expect([counted(alice, "other-version"), counted(alice, "unknown-version")]).toEqual([0, 1]);
  });

  it("is none if it has no version, is of a type that this version does not know, or is shorter than any datagram", () => {
    const { alice } = joining();
    const ofType = datagram(WIRE_VERSION);
    ofType[0] = (WIRE_VERSION << 4) | 3;
    for (const bytes of [datagram(0), ofType]) arrives(alice, bytes, there);
    arrives(alice, datagram(3).subarray(0, 34), there);
    expect(told(alice)).toEqual([]);
    expect([counted(alice, "unknown-version"), counted(alice, "too-short")]).toEqual([2, 1]);
  });

  it("does not keep somebody who can be understood from answering there", () => {
    const world = createWorld();
    const [alice, bob] = ["alice", "bob"].map((name) => world.node(name)) as [TestNode, TestNode];
    bob.crash();
    alice.join(bob);
    arrives(alice, datagram(3), bob.endpoint);
    expect(told(alice)).toEqual([[bob.endpoint, true]]);
    bob.restart();
    world.until("both to meet", () => alice.core.stats().peers === 1, 20_000);
    expect(notices(alice, "joined")).toHaveLength(1);
  });
});

describe("a datagram of another version, from a member's address", () => {
  it("is told: it was updated, or went back", () => {
    const world = createWorld();
    const [alice, bob] = gather(world, ["alice", "bob"]) as [TestNode, TestNode];
    bob.crash();
    arrives(alice, datagram(3), bob.endpoint);
    expect(told(alice)).toEqual([[bob.endpoint, true]]);
  });

  it("is told after a restart too, where the address is only remembered", () => {
    const world = createWorld();
    const [alice, bob] = gather(world, ["alice", "bob"]) as [TestNode, TestNode];
    for (const node of [alice, bob]) node.crash();
    alice.restart();
    expect(alice.core.peers({ mono: 0, wall: 0 })).toEqual([]);
    arrives(alice, datagram(1), bob.endpoint);
    expect(told(alice)).toEqual([[bob.endpoint, false]]);
  });
});

describe("a datagram of another version, from anywhere else", () => {
  it("gives nothing but a count, however many addresses are invented", () => {
    const { world, alice } = joining();
    const addresses = Array.from({ length: 500 }, (_, index) => `10.7.${index >> 8}.${index & 255}:62733` as Endpoint);
    for (const from of [elsewhere, ...addresses]) {
      expect(arrives(alice, datagram(3), from)).toEqual([]);
      expect(arrives(alice, datagram(1), from)).toEqual([]);
    }
    world.run(60_000);
    expect(told(alice)).toEqual([]);
    expect(counted(alice, "other-version")).toBe(1_002);
  });
});

describe("the addresses that were told of", () => {
  it("are 64: of more the one told longest ago goes, and is told again", () => {
    const bench = createBench();
    const others = createOtherVersions(bench, () => true);
    const addresses = Array.from({ length: 65 }, (_, index) => `10.0.7.${index}:62733` as Endpoint);
    for (const address of addresses) others.heard(address, 3);
    others.heard(addresses[64] as Endpoint, 3);
    expect(bench.events).toHaveLength(65);
    others.heard(addresses[0] as Endpoint, 3);
    expect(bench.events).toHaveLength(66);
  });
});

describe("a beacon of another version", () => {
  it.each([
    [WIRE_VERSION + 1, true],
    [255, true],
    [1, false],
  ])("(%d) from the host that is being joined, at the port that it says, is told once, newer: %s", (wire, isNewer) => {
    const { alice } = joining(true);
    for (let times = 0; times < 3; times += 1) lights(alice, beacon(wire), "10.0.5.1:62732" as Endpoint);
    expect(told(alice)).toEqual([[there, isNewer]]);
    expect(counted(alice, "other-version")).toBe(3);
    // The same host, by the other way.
    arrives(alice, datagram(wire & 15), there);
    expect(told(alice)).toHaveLength(1);
  });

  it("from anywhere else gives nothing but a count, and draws neither a beacon nor a knock", () => {
    const { world, alice } = joining(true);
    expect(lights(alice, beacon(3), "10.0.6.1:62732" as Endpoint)).toEqual([]);
    const to: Endpoint[] = [];
    world.onSend = (carried) => to.push(carried.to);
    world.run(5_000);
    expect(to).not.toContain(elsewhere);
    expect(told(alice)).toEqual([]);
    expect(counted(alice, "other-version")).toBe(1);
    expect(alice.core.tables().beaconSenders?.size).toBe(0);
  });

  it("of another room is foreign like any other", () => {
    const { alice } = joining(true);
    lights(alice, beacon(3, createRoomKeys(openRoom("other"))), "10.0.5.1:62732" as Endpoint);
    expect(told(alice)).toEqual([]);
    expect([counted(alice, "foreign-beacon"), counted(alice, "other-version")]).toEqual([1, 0]);
  });
});

describe("what version 1 sent", () => {
  /** An open datagram in the room "smplchat", from the vectors of version 1. */
  const SENT = "109d3f9ff4a0a1a2a3a4a5a6a70000000000007b3f6e6bd63de467250b3d9b67835ae861085dd031";

  it("is known by its tag, which open rooms have kept", () => {
    const world = createWorld();
    const alice = world.node("alice", {}, { room: openRoom("smplchat") });
    alice.command({ type: "join", endpoints: [there] });
    arrives(alice, Buffer.from(SENT, "hex"), there);
    expect(told(alice)).toEqual([[there, false]]);
  });
});
