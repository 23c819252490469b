/** Who announces or offers large messages that nobody has keeps nobody's large texts from the others. */
import { describe, expect, it } from "vitest";
import { MESSAGE_BYTES_MAX } from "../../../src/wire/envelope.ts";
import type { Frame } from "../../../src/wire/frames.ts";
import type { MessageId } from "../../../src/wire/ids.ts";
import { bootFrom, createWorld, gather, WALL, type World } from "../fixtures.ts";
import { createPuppet, type Puppet } from "../puppet.ts";

const TEXT = "a long text ".repeat(1_000);
const WHOLE = { order: 0, lo: 0, last: 0xffffffff } as const;

/** An id that nobody has, later than all that is said. */
const invented = (world: World, number: number): MessageId =>
  ((WALL + 60_000 + number).toString(16).padStart(12, "0") + bootFrom(world.rng) + "00".repeat(10)) as MessageId;
const announced = (world: World, number: number): Frame => ({
  type: "announce",
  id: invented(world, number),
  bytes: MESSAGE_BYTES_MAX,
});
const offered = (world: World, number: number): Frame => ({
  type: "offer",
  slice: WHOLE,
  id: invented(world, number),
  bytes: MESSAGE_BYTES_MAX,
});

describe("a large text", () => {
  it("is not waited for because somebody announces what nobody asked for", () => {
    const world = createWorld();
    const node = world.node("alice");
    const puppet = createPuppet(world, "mallory");
    puppet.prove(node);
    for (let number = 0; number < 100; number += 1) puppet.tell(node, [announced(world, number)]);
    expect(node.core.tables().transfers?.size).toBe(0);
    expect(node.core.stats().dropped["announce-unasked"]).toBe(100);
  });

  it.each([
    ["one member", 1, 4],
    ["six members", 6, 1],
  ])(
    "reaches everybody within seconds while %s offer others without end",
    { timeout: 60_000 },
    (_, members, starts) => {
      const world = createWorld();
      const nodes = gather(world, ["alice", "bob", "carol", "dan"]);
      const liars: Puppet[] = Array.from({ length: members * starts }, (_, index) =>
        createPuppet(world, `mallory ${index % members}`, 200 + index),
      );
      for (const liar of liars) for (const node of nodes) liar.prove(node);
      let number = 0;
      const offerMore = (count: number): void => {
        for (const liar of liars) {
          const offers = Array.from({ length: count }, () => offered(world, ++number));
          for (const node of nodes) for (let at = 0; at < count; at += 16) liar.tell(node, offers.slice(at, at + 16));
        }
      };
      offerMore(256);
      world.run(500);
      nodes[0]?.say(TEXT);
      const isHere = (): boolean => nodes.every((node) => node.texts().includes(TEXT));
      for (let second = 0; second < 20 && !isHere(); second += 0.1) {
        offerMore(2);
        world.run(100);
      }
      expect(isHere()).toBe(true);
    },
  );
});
