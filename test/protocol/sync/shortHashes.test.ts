/**
 * Short ids with hashes of one byte in the place of six: two ids are often taken for one. It heals, since each list names them
 * anew. Fingerprints with sums that a member has solved: two digests are equal, the logs are not. That is found, too.
 */
import { describe, expect, it, vi } from "vitest";
import type { SignedMessage } from "../../../src/crypto/signed.ts";
import type * as Fingerprints from "../../../src/protocol/idset/fingerprint.ts";
import type * as ShortIds from "../../../src/protocol/idset/shortIds.ts";
import type { Frame } from "../../../src/wire/frames.ts";
import type { ShortId } from "../../../src/wire/ids.ts";
import { createWorld, fingerprint, type TestNode, WALL, type World } from "../fixtures.ts";
import { createPuppet, type Puppet } from "../puppet.ts";

vi.mock("../../../src/protocol/idset/shortIds.ts", async (original) => {
  const actual = (await original()) as typeof ShortIds;
  const shortHash = (id: string, key: Uint8Array): string => actual.shortHash(id, key).slice(0, 2).padEnd(12, "0");
  const shortIdOf = (id: string, key: Uint8Array): ShortId => (actual.frontOfId(id) + shortHash(id, key)) as ShortId;
  return { ...actual, shortHash, shortIdOf };
});

/** Of these milliseconds all messages have one term: as if somebody had chosen them so that sums do not tell them apart. */
const FORGED = WALL - 300_000;
const FORGED_MS = 100_000;

vi.mock("../../../src/protocol/idset/fingerprint.ts", async (original) => {
  const actual = (await original()) as typeof Fingerprints;
  const termOf = (id: Uint8Array): ReturnType<typeof actual.termOf> => {
    const hlc = Buffer.from(id).readUIntBE(0, 6);
    return actual.termOf(hlc >= FORGED && hlc < FORGED + FORGED_MS ? Buffer.alloc(id.length) : id);
  };
  return { ...actual, termOf };
});

const give = (puppet: Puppet, node: TestNode, message: SignedMessage): void => {
  puppet.tell(node, [{ type: "message", bytes: message.bytes } satisfies Frame]);
};

/**
 * Two nodes that do not know each other yet: `common` messages on both, and on each side some that only it has. `keeps`: how many
 * the second one does at most.
 */
function apart(
  world: World,
  counts: { common: number; own: number; at: (index: number) => number; keeps?: number },
): TestNode[] {
  const puppet = createPuppet(world, "mallory");
  const nodes = [world.node("alice"), world.node("bob", { maxMessages: counts.keeps ?? 10_000 })] as const;
  for (let index = 0; index < counts.common; index += 1) {
    const message = puppet.message({ hlc: WALL - 10_000_000 + 10_000 * index });
    for (const node of nodes) give(puppet, node, message);
  }
  for (let index = 0; index < 2 * counts.own; index += 1)
    give(puppet, nodes[index % 2] as TestNode, puppet.message({ hlc: counts.at(index) }));
  return [...nodes];
}

const holdSame = ([one, other]: readonly TestNode[]): boolean => one?.core.ids().join() === other?.core.ids().join();

/** Frames of this type that were sent. */
function counted(world: World, nodes: readonly TestNode[]): { bytes: () => number } {
  let sent = 0;
  world.onSend = ({ bytes, to }) => {
    if (nodes.some((node) => node.endpoint === to)) sent += bytes.length;
  };
  return { bytes: () => sent };
}

describe("ids that are taken for one by chance", () => {
  it.each([1, 2, 3, 4])(
    "are told apart by a later list: 60 messages of one millisecond on each side (seed %d)",
    (seed) => {
      const world = createWorld({ seed });
      const nodes = apart(world, { common: 100, own: 60, at: () => WALL - 1_000_000 }) as [TestNode, TestNode];
      nodes[0].join(nodes[1]);
      world.until("both logs to be equal", () => holdSame(nodes), 120_000);
      expect(nodes[0].core.stats().messages).toBe(220);
    },
  );
});

describe("logs that differ though their digests are equal", () => {
  it.each([
    ["a few, far apart", 4, 20_000],
    ["a few of one second", 6, 150],
    ["hundreds", 200, 200],
  ])("become equal within some minutes: %s", (_, own, stepMs) => {
    const world = createWorld();
    const at = (index: number): number => FORGED + (index >> 1) * stepMs + (index % 2);
    const nodes = apart(world, { common: 500, own, at }) as [TestNode, TestNode];
    expect(fingerprint(nodes[0])).toBe(fingerprint(nodes[1]));
    expect(holdSame(nodes)).toBe(false);
    nodes[0].join(nodes[1]);
    world.until("what both hold to be the same", () => holdSame(nodes), 180_000);
    expect(nodes[0].core.stats().messages).toBe(500 + 2 * own);
  });

  it("become what the smaller of two keeps, whoever of them asks", () => {
    const world = createWorld();
    const nodes = apart(world, { common: 500, own: 0, at: () => 0, keeps: 200 }) as [TestNode, TestNode];
    const [large, small] = nodes;
    small.join(large);
    world.run(20_000);
    // Who arrives asks a larger one in any case: this comes later.
    const puppet = createPuppet(world, "eve");
    for (let index = 0; index < 8; index += 1)
      give(puppet, nodes[index % 2] as TestNode, puppet.message({ hlc: FORGED + 10_000 * index }));
    world.run(5_000);
    const keptOf = (): string => large.core.ids().slice(-200).join();
    expect(keptOf()).not.toBe(small.core.ids().join());
    world.until("the smaller to hold the newest of both", () => keptOf() === small.core.ids().join(), 180_000);
    expect(nodes.map((node) => node.core.stats().messages)).toEqual([508, 200]);
  });

  it("are looked for once a minute, for some bytes a second", () => {
    const world = createWorld();
    const nodes = apart(world, { common: 500, own: 0, at: () => 0 }) as [TestNode, TestNode];
    nodes[0].join(nodes[1]);
    world.run(20_000);
    const { bytes } = counted(world, nodes);
    world.run(600_000);
    // Probes of two nodes: 2 pings and 2 answers a second.
    expect(bytes() / 600 / 2).toBeLessThan(200);
  });
});
