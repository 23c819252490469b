/** Nodes that let go what was said long ago talk with nodes that do not, and with such as keep less or more. */
import { describe, expect, it } from "vitest";
import { sinceFor } from "../../../src/protocol/log/age.ts";
import { timeOfId } from "../../../src/wire/ids.ts";
import { createWorld, type TestNode, WALL } from "../fixtures.ts";
import { createPuppet, type Puppet } from "../puppet.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** What `writer` said so long ago, and the nodes hear; `hears`: left out, all of it. */
function tellAll(
  nodes: readonly TestNode[],
  writer: Puppet,
  agoMs: readonly number[],
  hears: (ago: number, at: number) => boolean = () => true,
): void {
  for (const ago of agoMs) {
    const { bytes } = writer.message({ hlc: WALL - ago, text: `${ago / MINUTE} min ago` });
    for (const [at, node] of nodes.entries()) if (hears(ago, at)) writer.tell(node, [{ type: "message", bytes }]);
  }
}

const minutes = (from: number, to: number): number[] =>
  Array.from({ length: from - to + 1 }, (_, at) => (from - at) * MINUTE);

const oldestOf = (node: TestNode): number => Math.min(...node.core.ids().map(timeOfId));

describe("the time of the oldest message that is kept", () => {
  it("moves in whole minutes, by a small part of the age, and never past it", () => {
    for (const maxAgeMs of [MINUTE, 90 * MINUTE, 12 * HOUR, 30 * 24 * HOUR]) {
      const times = Array.from({ length: 500 }, (_, at) => sinceFor(WALL + at * 7_777, maxAgeMs));
      for (const [at, since] of times.entries()) {
        const age = WALL + at * 7_777 - since;
        expect(since % MINUTE).toBe(0);
        expect(age).toBeGreaterThanOrEqual(maxAgeMs);
        expect(age).toBeLessThanOrEqual(maxAgeMs + Math.min(Math.max(maxAgeMs / 24, MINUTE), HOUR));
      }
    }
    expect(sinceFor(WALL, Number.POSITIVE_INFINITY)).toBe(0);
    expect(sinceFor(MINUTE, HOUR)).toBe(0);
  });
});

describe("a node that keeps an hour", () => {
  it("lets go what is older as time passes, and takes nothing older in", () => {
    const world = createWorld();
    const node = world.node("alice", { maxAgeMs: HOUR });
    const bob = createPuppet(world, "bob");
    tellAll([node], bob, minutes(180, 0));
    expect(node.core.stats().messages).toBeGreaterThanOrEqual(60);
    expect(oldestOf(node)).toBeGreaterThanOrEqual(WALL - 1.05 * HOUR);
    world.run(30 * MINUTE);
    expect(node.core.stats().messages).toBeGreaterThanOrEqual(30);
    expect(node.core.stats().messages).toBeLessThanOrEqual(34);
    world.run(60 * MINUTE);
    expect(node.core.stats().messages).toBe(0);
    node.say("and now");
    expect(node.texts()).toEqual(["and now"]);
  });

  it("begins to when its user says so, and takes it from others again when the user takes that back", () => {
    const world = createWorld();
    const [forgetful, keeping] = [world.node("alice"), world.node("carol")];
    const bob = createPuppet(world, "bob");
    tellAll([forgetful, keeping], bob, minutes(180, 1));
    forgetful.join(keeping);
    world.run(5_000);
    forgetful.command({ type: "configure", maxAgeMs: HOUR });
    expect(forgetful.core.stats().messages).toBeLessThan(65);
    world.run(MINUTE);
    expect(keeping.core.stats().messages).toBe(180);
    forgetful.command({ type: "configure", maxAgeMs: Number.POSITIVE_INFINITY });
    world.run(2 * MINUTE);
    expect(forgetful.core.ids()).toEqual(keeping.core.ids());
  });
});

describe("nodes that keep different times", () => {
  it("hold the same of what both keep, and then send no more than probes", () => {
    const world = createWorld();
    const ages = [HOUR, 10 * HOUR, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    const nodes = ages.map((maxAgeMs, at) => world.node(`n${at}`, { maxAgeMs }));
    const [bob, carol] = [createPuppet(world, "bob"), createPuppet(world, "carol")];
    // Each hears a part of it, and nobody all.
    tellAll(nodes, bob, minutes(1_000, 1), (ago, at) => (ago / MINUTE + at) % 3 > 0);
    tellAll(nodes, carol, minutes(50, 1), (ago, at) => (ago / MINUTE + at) % 2 > 0);
    for (const node of nodes.slice(1)) node.join(nodes[0] as TestNode);
    world.run(MINUTE);
    const [hour, tenHours, all, other] = nodes as [TestNode, TestNode, TestNode, TestNode];
    expect(all.core.stats().messages).toBe(1_050);
    expect(other.texts()).toEqual(all.texts());
    for (const node of [hour, tenHours]) {
      const since = oldestOf(node);
      expect(node.core.ids()).toEqual(all.core.ids().filter((id) => timeOfId(id) >= since));
    }
    expect(sentWithin(world, 20_000)).toBeLessThan(20 * 4 * 4);
  });

  it("agree where the one has to let go of one author what the other has room for", () => {
    const world = createWorld();
    // The one without a limit of time holds much of before: of the last hour it keeps less than the other could.
    const full = world.node("full", { maxMessages: 200 });
    const young = world.node("young", { maxMessages: 200, maxAgeMs: HOUR });
    const [bob, carol] = [createPuppet(world, "bob"), createPuppet(world, "carol")];
    tellAll([full, young], bob, minutes(500, 301));
    const burst = Array.from({ length: 190 }, (_, at) => (50 * 60 - at) * 1_000);
    tellAll([full, young], carol, burst);
    expect(young.core.stats().messages).toBe(190);
    expect(full.core.stats().messages).toBe(200);
    young.join(full);
    world.run(MINUTE);
    expect(young.core.stats().messages).toBe(190);
    expect(full.core.ids().filter((id) => timeOfId(id) >= WALL - HOUR)).toEqual(young.core.ids().slice(-100));
    expect(sentWithin(world, 20_000)).toBeLessThan(20 * 2 * 4);
    full.say("one more");
    young.say("and one");
    world.run(MINUTE);
    expect(young.texts().slice(-2).sort()).toEqual(["and one", "one more"]);
    expect(full.texts().slice(-2).sort()).toEqual(["and one", "one more"]);
    expect(sentWithin(world, 20_000)).toBeLessThan(20 * 2 * 4);
  });
});

/** Datagrams of all nodes. */
function sentWithin(world: ReturnType<typeof createWorld>, forMs: number): number {
  let sent = 0;
  world.onSend = () => {
    sent += 1;
  };
  world.run(forMs);
  return sent;
}
