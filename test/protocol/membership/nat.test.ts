/** Behind a NAT: a node learns its outside address from others, and two behind the same one find the way inside. */
import { describe, expect, it } from "vitest";
import type { Endpoint } from "../../../src/wire/endpoint.ts";
import { createWorld, names, type TestNode, type World } from "../fixtures.ts";

/** The fixture's addresses are inside, all but the first node's; outside they share one. */
const OUTSIDE = "203.0.113.7";

/** Puts these behind a NAT that does not turn what comes from inside back to inside, as most do not. */
function behindNat(world: World, inside: readonly TestNode[]): { readonly outside: (node: TestNode) => Endpoint } {
  const outside = (node: TestNode): Endpoint => `${OUTSIDE}:${40_000 + inside.indexOf(node)}` as Endpoint;
  const at = (endpoint: Endpoint): TestNode | undefined => inside.find((node) => node.endpoint === endpoint);
  for (const node of inside) {
    world.listen(outside(node), (bytes, from) => {
      node.step({ type: "datagram", bytes, from });
    });
  }
  world.lose = ({ from, to, bytes }) => {
    const sender = at(from);
    if (sender === undefined) return at(to) !== undefined;
    if (at(to) !== undefined) return false;
    if (!to.startsWith(OUTSIDE)) world.send(bytes, outside(sender), to);
    return true;
  };
  return { outside };
}

describe("two nodes behind one NAT that joined through a node outside", () => {
  const meet = (
    seed: number,
  ): { world: World; alice: TestNode; inside: [TestNode, TestNode]; nat: ReturnType<typeof behindNat> } => {
    const world = createWorld({ seed });
    const [alice, bob, carol] = names(3).map((name) => world.node(name)) as [TestNode, TestNode, TestNode];
    const nat = behindNat(world, [bob, carol]);
    for (const node of [alice, bob, carol]) node.command({ type: "network", endpoints: [node.endpoint] });
    bob.join(alice);
    carol.join(alice);
    world.until("all to know all", () => [alice, bob, carol].every((node) => node.core.stats().peers === 2), 5_000);
    return { world, alice, inside: [bob, carol], nat };
  };

  it("list where the one outside sees them, until they see each other inside", () => {
    const { world, alice, inside, nat } = meet(1);
    const isFirst = (of: (node: TestNode) => Endpoint) => () =>
      inside.every((node) => node.core.self().address === of(node));
    world.until("their places outside", isFirst(nat.outside), 5_000);
    world.until(
      "their places inside",
      isFirst((node) => node.endpoint),
      5_000,
    );
    const addressOf = (node: TestNode): Endpoint | undefined =>
      alice.core.peers({ mono: world.now(), wall: 0 }).find(({ id }) => id === node.identity.id)?.address;
    // There it has met them.
    for (const node of inside) expect(addressOf(node)).toBe(nat.outside(node));
  });

  it("reach each other inside, and talk on when the one outside is gone", () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const { world, alice, inside } = meet(seed);
      const [bob, carol] = inside;
      const met = (one: TestNode, other: TestNode): Endpoint | undefined =>
        one.core.peers({ mono: world.now(), wall: 0 }).find(({ id }) => id === other.identity.id)?.address;
      world.until(
        "them to have met",
        () => met(bob, carol) === carol.endpoint && met(carol, bob) === bob.endpoint,
        10_000,
      );
      alice.crash();
      bob.say("are you there?");
      carol.say("yes");
      world.until("both to have both", () => inside.every((node) => node.texts().length === 2), 3_000);
      world.run(60_000);
      for (const node of inside) {
        expect(node.core.stats().peers).toBe(1);
        const dead = node.events.flatMap((event) =>
          event.type === "peer" && event.status === "dead" ? [event.peer.nick] : [],
        );
        expect(dead).toEqual(["n0"]);
      }
    }
  });
});
