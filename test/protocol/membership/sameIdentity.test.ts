/** Two processes with one key, as after a data directory was copied: each is told where the other is, once, and nothing is silent. */
import { describe, expect, it } from "vitest";
import type { Endpoint } from "../../../src/wire/endpoint.ts";
import { createWorld, type TestNode } from "../fixtures.ts";

const notices = (node: TestNode, code: string): unknown[] =>
  node.events.flatMap((event) => (event.type === "notice" && event.notice.code === code ? [event.notice] : []));

describe("two processes with one key", () => {
  it("know it when the later one contacts the earlier, whether or not that is young", () => {
    for (const waitMs of [0, 60_000]) {
      const world = createWorld();
      const earlier = world.node("alice");
      world.run(waitMs + 10);
      const later = world.node("alice");
      world.run(waitMs);
      later.join(earlier);
      world.run(20_000);
      const told = [later, earlier].map((node) => notices(node, "same-identity"));
      expect(told, `${waitMs}`).toEqual([
        [{ code: "same-identity", endpoint: earlier.endpoint }],
        [{ code: "same-identity", endpoint: later.endpoint }],
      ]);
      expect(notices(later, "no-answer")).toEqual([]);
      expect([later, earlier].map((node) => node.core.stats().peers)).toEqual([0, 0]);
    }
  });

  it("are told apart from one that was started again", () => {
    const world = createWorld();
    const [alice, bob] = [world.node("alice"), world.node("bob")];
    alice.join(bob);
    world.run(2_000);
    alice.crash();
    world.run(200);
    alice.restart();
    alice.join(bob);
    world.run(20_000);
    expect([alice, bob].map((node) => notices(node, "same-identity"))).toEqual([[], []]);
    expect(alice.core.stats().peers).toBe(1);
  });

  it("are not made up by a member that sends another's statements: nobody acknowledges as this node but itself", () => {
    const world = createWorld();
    const sent: { bytes: Uint8Array; to: Endpoint | "lan" }[] = [];
    world.onSend = ({ bytes, to }) => sent.push({ bytes, to: to as Endpoint });
    const [alice, bob] = [world.node("alice"), world.node("bob")];
    alice.join(bob);
    world.run(2_000);
    alice.crash();
    alice.restart();
    alice.join(bob);
    world.run(2_000);
    // All that was ever sent comes again, from somewhere else.
    for (const { bytes } of sent.slice()) alice.step({ type: "datagram", bytes, from: "10.9.9.9:1" as Endpoint });
    world.run(10_000);
    expect(notices(alice, "same-identity")).toEqual([]);
  });
});
