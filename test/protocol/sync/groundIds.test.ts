/** Ids that a member chose so that they look alike: two logs become one all the same. */
import { describe, expect, it } from "vitest";
import type { SignedMessage } from "../../../src/crypto/signed.ts";
import type { Frame } from "../../../src/wire/frames.ts";
import { createWorld, fingerprint, type TestNode, WALL, type World } from "../fixtures.ts";
import { createPuppet, type Puppet } from "../puppet.ts";

/** What mallory says as its first message a minute ago: found by trying some 15 million texts. */
const GROUND = ["58d7d14612e3", "c6a73ab0b869"] as const;
const HLC = WALL - 60_000;
const COMMON = "019b76d9bda01414161dd4b9";

function ground(puppet: Puppet): [SignedMessage, SignedMessage] {
  return GROUND.map((text) => puppet.message({ seq: 1, hlc: HLC, nick: "mallory", text })) as [
    SignedMessage,
    SignedMessage,
  ];
}

const give = (puppet: Puppet, node: TestNode, messages: readonly SignedMessage[]): void => {
  for (const { bytes } of messages) puppet.tell(node, [{ type: "message", bytes } satisfies Frame]);
};

/** Two nodes that do not know each other yet, and hold the same 40 messages. */
function apart(world: World, puppet: Puppet): [TestNode, TestNode] {
  const nodes: [TestNode, TestNode] = [world.node("alice"), world.node("bob")];
  const common = Array.from({ length: 40 }, (_, index) => puppet.message({ hlc: HLC - 20_000 + 1_000 * index }));
  for (const node of nodes) give(puppet, node, common);
  return nodes;
}

const areEqual = ([one, other]: readonly TestNode[]): boolean =>
  fingerprint(one as TestNode) === fingerprint(other as TestNode);

describe("two messages whose ids begin with the same 12 bytes", () => {
  it("are two: each log gets the one that it lacks", () => {
    const world = createWorld();
    const puppet = createPuppet(world, "mallory");
    const nodes = apart(world, puppet);
    const pair = ground(puppet);
    expect(pair.map(({ id }) => id.slice(0, 24))).toEqual([COMMON, COMMON]);
    expect(pair[0].id).not.toBe(pair[1].id);
    give(puppet, nodes[0], [pair[0]]);
    give(puppet, nodes[1], [pair[1]]);
    nodes[0].join(nodes[1]);
    world.until("both logs to be equal", () => areEqual(nodes), 10_000);
    for (const node of nodes) expect(node.texts()).toEqual(expect.arrayContaining([...GROUND]));
  });

  it("are two for whoever lacks both, and for whoever asks for one by its id", () => {
    const world = createWorld();
    const puppet = createPuppet(world, "mallory");
    const nodes = apart(world, puppet);
    const pair = ground(puppet);
    give(puppet, nodes[0], pair);
    puppet.prove(nodes[0]);
    const answers = puppet.tell(nodes[0], [{ type: "want", ids: [pair[1].id] }]).flatMap(({ frames }) => frames);
    expect(answers).toContainEqual({ type: "message", bytes: Buffer.from(pair[1].bytes) });
    expect(answers.filter(({ type }) => type === "message")).toHaveLength(1);
    nodes[1].join(nodes[0]);
    world.until("both logs to be equal", () => areEqual(nodes), 10_000);
  });
});

describe("a millisecond in which a member stamped hundreds of messages", () => {
  it.each([1, 2, 3])("becomes the same on both sides, whoever was told which of them (seed %d)", (seed) => {
    const world = createWorld({ seed });
    const puppet = createPuppet(world, "mallory");
    const nodes = apart(world, puppet);
    const crowd = Array.from({ length: 600 }, () => puppet.message({ hlc: HLC }));
    crowd.forEach((message, index) => {
      const to = index % 3;
      if (to !== 1) give(puppet, nodes[0], [message]);
      if (to !== 0) give(puppet, nodes[1], [message]);
    });
    nodes[0].join(nodes[1]);
    world.until("both logs to be equal", () => areEqual(nodes), 60_000);
    expect(nodes[0].core.stats().messages).toBe(640);
    for (const node of nodes) expect(node.core.stats().dropped["reconciliation-budget"]).toBeUndefined();
  });
});
