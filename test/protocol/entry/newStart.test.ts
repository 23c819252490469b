/** A node that may be one of two copies goes on as another process start: nothing is sealed twice, and nobody notices. */
import { describe, expect, it } from "vitest";
import { seededRng } from "../../../src/protocol/rng.ts";
import type { Millis } from "../../../src/protocol/time.ts";
import { startOf } from "../../../src/sim/world/linkKeys.ts";
import { decodeHeader, type Header } from "../../../src/wire/datagram.ts";
import {
  bootFrom,
  type Carried,
  createWorld,
  fingerprint,
  gather,
  names,
  notices,
  type TestNode,
  type World,
} from "../fixtures.ts";

const AWAY: Millis = 40_000;
const headerOf = ({ bytes }: Carried): Header => decodeHeader(bytes) as Header;
const peerEvents = (nodes: readonly TestNode[]): unknown[] =>
  nodes.flatMap((node) => node.events.filter(({ type }) => type === "peer"));
/** It stood still for so long that it cannot know better, though nobody has missed it. */
const restart = (world: World, node: TestNode): void => {
  node.command({ type: "resumed", goneMs: AWAY, start: startOf(bootFrom(world.rng)) });
};
const isDelivered = (node: TestNode, text: string, to: number): boolean => {
  const { id } = node.log().find((message) => message.text === text) ?? {};
  return node.events.some((event) => event.type === "delivery" && event.id === id && event.reached === to);
};

describe("two copies of one process", () => {
  /** A world up to the moment at which it is copied, and what the copy then does. Its chance is the same in each world. */
  const copy = (own: number): Carried[] => {
    const world = createWorld({ seed: 5 });
    const nodes = gather(world, names(4));
    const [copied] = nodes as [TestNode, ...TestNode[]];
    const sent: Carried[] = [];
    world.onSend = (carried) => {
      if (carried.from === copied.endpoint) sent.push(carried);
    };
    copied.say("under way");
    copied.command({ type: "resumed", goneMs: AWAY, start: startOf(bootFrom(seededRng(own))) });
    copied.say(`said by copy ${own}`);
    world.run(10_000);
    return sent;
  };

  it("have no nonce in common under one key, whatever they draw", () => {
    const [one = [], other = []] = [1, 2].map(copy);
    const nonceOf = (carried: Carried): string => {
      const { type, boot, counter, salt } = headerOf(carried);
      return `${type} ${boot} ${counter} ${salt} ${type === "linked" ? carried.to : ""}`;
    };
    const sealed = new Map(one.map((carried) => [nonceOf(carried), Buffer.from(carried.bytes).toString("hex")]));
    const twice = other.filter((carried) => {
      const before = sealed.get(nonceOf(carried));
      return before !== undefined && before !== Buffer.from(carried.bytes).toString("hex");
    });
    expect(twice).toEqual([]);
    expect(other.length).toBeGreaterThan(20);
  });
});

describe("a node that goes on as another process start in the middle of a conversation", () => {
  it("seals nothing with the keys of before any more", () => {
    const world = createWorld({ seed: 2 });
    const nodes = gather(world, names(6));
    const [node] = nodes as [TestNode, ...TestNode[]];
    node.say("under way");
    const before = node.boot;
    restart(world, node);
    const boots = new Set<string>();
    world.onSend = (carried) => {
      if (carried.from === node.endpoint) boots.add(headerOf(carried).boot);
    };
    node.say("after");
    world.run(60_000);
    expect([...boots]).toEqual([node.boot]);
    expect(node.boot).not.toBe(before);
  });

  it("is the same member to all: nobody goes or comes, and what is said on either side arrives at once", () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const world = createWorld({ seed });
      const nodes = gather(world, names(10));
      const [node, ...others] = nodes as [TestNode, ...TestNode[]];
      // Under way to it, from it, and said after it.
      for (const other of others.slice(0, 3)) other.say(`to it ${other.name}`);
      node.say("by it");
      world.run(5);
      restart(world, node);
      node.say("by the other start");
      for (const other of others.slice(3, 6)) other.say(`after it ${other.name}`);
      world.until("all to have all", () => nodes.every((each) => each.texts().length === 8), 2_000);
      world.until("the first to count as delivered", () => isDelivered(node, "by it", 9), 5_000);
      world.until("the second to count as delivered", () => isDelivered(node, "by the other start", 9), 5_000);
      world.run(60_000);
      expect(peerEvents(nodes)).toEqual([]);
      for (const each of nodes) {
        expect(each.core.stats().peers).toBe(9);
        expect(fingerprint(each)).toBe(fingerprint(node));
        expect(notices(each, "forked-author")).toEqual([]);
        expect(notices(each, "same-identity")).toEqual([]);
      }
    }
  });

  it("again and again, where a fifth is lost, loses nothing and leaves nothing behind", () => {
    const world = createWorld({ seed: 7 });
    const nodes = gather(world, names(6));
    const [node, ...others] = nodes as [TestNode, ...TestNode[]];
    world.lose = () => world.rng.u32() % 5 === 0;
    for (let round = 0; round < 20; round += 1) {
      restart(world, node);
      node.say(`by it ${round}`);
      others[round % 5]?.say(`by another ${round}`);
      world.run(2_000);
    }
    world.lose = () => false;
    world.until("all to have all", () => nodes.every((each) => each.texts().length === 40), 20_000);
    world.until("nothing to be undelivered", () => nodes.every((each) => each.core.undelivered() === 0), 60_000);
    world.run(10_000);
    for (const each of nodes) {
      expect(each.core.stats().peers).toBe(5);
      // A hello that came late may have made one for a start that is over; the table is bounded.
      expect(each.core.tables().sessions?.size).toBeLessThan(5 + 10);
    }
    expect(peerEvents(nodes).filter((event) => (event as { status: string }).status === "dead")).toEqual([]);
  });

  it("costs a room of thirty some kilobytes a node", () => {
    const bytesOf = (isRestarting: boolean): number => {
      const world = createWorld({ seed: 1 });
      const nodes = gather(world, names(30));
      let bytes = 0;
      world.onSend = (carried) => {
        bytes += carried.bytes.length;
      };
      const [node] = nodes as [TestNode, ...TestNode[]];
      if (isRestarting) restart(world, node);
      else node.command({ type: "resumed", goneMs: AWAY });
      world.run(60_000);
      return bytes / nodes.length;
    };
    const [asBefore, anew] = [bytesOf(false), bytesOf(true)];
    expect(anew - asBefore).toBeLessThan(6_000);
  });
});
