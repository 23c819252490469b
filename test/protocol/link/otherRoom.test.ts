/** The tag in the clear says which room a datagram is for: one with another tag is nobody's here, whatever key opens it. */
import { expect, it } from "vitest";
import { bootKey, seal } from "../../../src/crypto/roomKeys.ts";

import { encodeFrame } from "../../../src/wire/frames.ts";
import { bootFrom, createWorld, roomKeys } from "../fixtures.ts";
import { createPuppet } from "../puppet.ts";

it.each(["addressed", "open"] as const)(
  "a datagram of another tag, sealed with this room's key, draws nothing (%s)",
  (type) => {
    const world = createWorld();
    const node = world.node("alice");
    const puppet = createPuppet(world, "mallory");
    const boot = bootFrom(world.rng);
    const inner = Buffer.concat([encodeFrame(puppet.statement({ boot })), encodeFrame({ type: "ping" })]);
    const padded = type === "open" ? Buffer.concat([inner, Buffer.alloc(1_100 - inner.length)]) : inner;
    const told = (roomTag: string): string[] => {
      const header = { type, roomTag, boot, counter: 0, salt: 0 };
      const bytes = seal(bootKey(roomKeys, boot), header, type === "open" ? undefined : node.boot, padded);
      return node.step({ type: "datagram", bytes, from: puppet.endpoint }).map((effect) => effect.type);
    };
    expect(told("00000000")).toEqual([]);
    expect(node.core.tables().sessions?.size).toBe(0);
    expect(node.core.stats().dropped).toEqual({ "foreign-room": 1 });
    expect(told(roomKeys.tag), "the same with the tag of this one").toContain("transmit");
  },
);
