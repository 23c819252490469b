/** A member cannot make a node flood a third party: by naming its address as the own one, or by acknowledging from another. */
import { describe, expect, it } from "vitest";
import { COUNTER_MAX, DATAGRAM_BYTES_MAX, decodeHeader, type Header } from "../../../src/wire/datagram.ts";
import type { Endpoint } from "../../../src/wire/endpoint.ts";
import type { Frame } from "../../../src/wire/frames.ts";
import { END } from "../../../src/wire/range.ts";
import { createWorld, type TestNode, WALL, type World } from "../fixtures.ts";
import { createPuppet, type Puppet, receiptOfNothing } from "../puppet.ts";

const VICTIM = "198.51.100.7:62733" as Endpoint;
const SECONDS = 10;
/** On a node's own initiative in that time. */
const INITIATIVES = 16 + SECONDS / 2 + 1;

/** What is sent to the victim from now on. */
function watchVictim(world: World): { bytes: number; datagrams: number } {
  const sent = { bytes: 0, datagrams: 0 };
  world.onSend = (carried) => {
    if (carried.to !== VICTIM) return;
    sent.bytes += carried.bytes.length;
    sent.datagrams += 1;
  };
  return sent;
}

function nodeWithHistory(world: World): TestNode {
  const node = world.node("alice");
  for (let index = 0; index < 200; index += 1) node.say(`${index} `.padEnd(800, "x"));
  return node;
}

const fetchAll = (number: number): Frame => ({
  type: "fetch",
  set: "log",
  number: number % 256,
  credit: 64,
  stretches: [{ lo: "", hi: END }],
});

/**
 * Names the victim's address as its own, with a counter that none of its later datagrams exceeds: they come from its own
 * address, and do not say that it is there again.
 */
function nameVictim(puppet: Puppet, node: TestNode, incarnation: number): void {
  puppet.prove(node);
  // First where it is: a node that knows the same of an earlier start goes on to the next address only if this one is withdrawn.
  puppet.tell(node, [puppet.statement({ incarnation })]);
  puppet.countFrom(5_000);
  puppet.tell(node, [puppet.statement({ incarnation: incarnation + 1, endpoints: [VICTIM] })]);
  puppet.countFrom(100);
}

/** Fifty process starts, each of which does this first, name the victim: together they reach the limit, and no more. */
function expectFewFor(first: (puppet: Puppet, node: TestNode) => void): void {
  const world = createWorld();
  const node = nodeWithHistory(world);
  const sentToVictim = watchVictim(world);
  for (let start = 0; start < 50; start += 1) {
    const puppet = createPuppet(world, "mallory");
    first(puppet, node);
    nameVictim(puppet, node, WALL + 1 + 2 * start);
    puppet.tell(node, [fetchAll(1), receiptOfNothing]);
    world.run(SECONDS * 20);
  }
  expect(sentToVictim.datagrams).toBeGreaterThanOrEqual(16);
  expect(sentToVictim.datagrams).toBeLessThanOrEqual(INITIATIVES);
}

describe("an address that a member names and that never sent a byte", () => {
  it("gets a few datagrams at most, however much is asked for in its name", () => {
    const world = createWorld();
    const node = nodeWithHistory(world);
    const puppet = createPuppet(world, "mallory");
    const sentToVictim = watchVictim(world);
    nameVictim(puppet, node, WALL + 1);
    for (let round = 0; round < SECONDS * 20; round += 1) {
      puppet.tell(node, [fetchAll(round), receiptOfNothing]);
      world.run(50);
    }
    expect(sentToVictim.datagrams).toBeLessThanOrEqual(INITIATIVES);
  });

  it("gets no more for many process starts that all name it", () => {
    expectFewFor(() => {});
  });
});

describe("an acknowledgement from another address than its datagram went to", () => {
  it("gives that address no more of what a node sends on its own initiative", () => {
    expectFewFor((puppet, node) => {
      puppet.prove(node);
      puppet.countFrom(50);
      const counters = puppet.tell(node, [receiptOfNothing, { type: "ping" }]).map(({ header }) => header.counter);
      // Overtaken by the one before: it does not say that the member is there now.
      puppet.countFrom(40);
      puppet.tell(node, [puppet.ack(counters)], { from: VICTIM });
    });
  });

  it("gets it nothing by guesses, however good, behind a counter that the node has never used", () => {
    const world = createWorld();
    const node = nodeWithHistory(world);
    const toVictim: Uint8Array[] = [];
    world.onSend = ({ to, bytes }) => to === VICTIM && toVictim.push(bytes);
    let came = 0;
    for (let start = 0; start < SECONDS; start += 1) {
      const puppet = createPuppet(world, "mallory");
      nameVictim(puppet, node, WALL + 1 + 2 * start);
      for (let round = 0; round < 5 * SECONDS; round += 1) {
        const before = toVictim.length;
        if (round % 5 === 0) node.say(`${start} ${round} `.padEnd(800, "x"));
        world.run(20);
        for (const sent of toVictim.slice(before)) {
          const { counter } = decodeHeader(sent) as Header;
          const bytes = puppet.sealed([puppet.ack([COUNTER_MAX, counter])], node.boot);
          node.step({ type: "datagram", bytes, from: VICTIM });
          came += bytes.length;
        }
      }
    }
    const sent = toVictim.reduce((sum, { length }) => sum + length, 0);
    expect(sent).toBeLessThanOrEqual(3 * came + INITIATIVES * DATAGRAM_BYTES_MAX);
  });

  it("proves nothing of where its sender has moved since, though it comes from where the datagram went", () => {
    const world = createWorld();
    const node = nodeWithHistory(world);
    const puppet = createPuppet(world, "mallory");
    puppet.prove(node);
    const [toItself] = puppet.tell(node, [receiptOfNothing, { type: "ping" }]);
    const sentToVictim = watchVictim(world);
    puppet.countFrom(5_000);
    const moved = puppet.sealed([fetchAll(1)], node.boot);
    node.step({ type: "datagram", bytes: moved, from: VICTIM });
    puppet.countFrom(100);
    puppet.tell(node, [puppet.ack([toItself?.header.counter ?? 0])]);
    puppet.tell(node, [fetchAll(2)]);
    world.run(5_000);
    expect(sentToVictim.bytes).toBeGreaterThan(0);
    expect(sentToVictim.bytes).toBeLessThanOrEqual(3 * moved.length);
  });

  it("proves nothing about that address: three times what came from there, and no more", () => {
    const world = createWorld();
    const node = nodeWithHistory(world);
    const puppet = createPuppet(world, "mallory");
    puppet.prove(node);
    const [toItself] = puppet.tell(node, [receiptOfNothing, { type: "ping" }]);
    const sentToVictim = watchVictim(world);
    const counters = [toItself?.header.counter ?? 0];
    const fromVictim = [puppet.sealed([puppet.ack(counters)], node.boot), puppet.sealed([fetchAll(1)], node.boot)];
    for (const bytes of fromVictim) node.step({ type: "datagram", bytes, from: VICTIM });
    world.run(5_000);
    const came = fromVictim.reduce((sum, bytes) => sum + bytes.length, 0);
    expect(sentToVictim.bytes).toBeLessThanOrEqual(3 * came);
  });
});
