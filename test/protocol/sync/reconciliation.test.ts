/** Two logs become one, whatever the link loses and whoever keeps how much; and then it is quiet. */
import { describe, expect, it } from "vitest";
import { shortIdKey } from "../../../src/crypto/roomKeys.ts";
import type { SignedMessage } from "../../../src/crypto/signed.ts";
import type { Config } from "../../../src/protocol/config.ts";
import { shortHash, shortIdOf } from "../../../src/protocol/idset/shortIds.ts";
import { elicitsAck } from "../../../src/wire/frames.ts";
import {
  createWorld,
  fingerprint,
  gather,
  roomKeys,
  shown,
  type TestNode,
  told,
  WALL,
  type World,
} from "../fixtures.ts";
import { createPuppet } from "../puppet.ts";

/** Two nodes that do not know each other, each with messages of its own and some that both have. */
function apart(
  world: World,
  counts: { one: number; other: number; both: number },
  configs: Partial<Config>[] = [],
): TestNode[] {
  const nodes = [world.node("alice", configs[0]), world.node("bob", configs[1])] as [TestNode, TestNode];
  const writer = createPuppet(world, "writer");
  const give = (node: TestNode, message: SignedMessage): void => {
    writer.tell(node, [{ type: "message", bytes: message.bytes }]);
  };
  const all = counts.one + counts.other + counts.both;
  for (let index = 0; index < all; index += 1) {
    const message = writer.message({ hlc: WALL - 60_000 + 10 * index });
    // Spread over time: which of the two lacks it changes from one message to the next.
    const kind = (index * 7_919) % all;
    if (kind >= counts.one) give(nodes[1], message);
    if (kind < counts.one || kind >= counts.one + counts.other) give(nodes[0], message);
  }
  for (const node of nodes) node.events.length = 0;
  return nodes;
}

const areEqual = ([one, other]: readonly TestNode[]): boolean =>
  fingerprint(one as TestNode) === fingerprint(other as TestNode);

/** Datagrams sent within the time. */
function sentWithin(world: World, forMs: number): number {
  let sent = 0;
  world.onSend = () => {
    sent += 1;
  };
  world.run(forMs);
  return sent;
}

describe("two logs that differ", () => {
  it.each([
    { one: 0, other: 1, both: 300 },
    { one: 200, other: 0, both: 0 },
    { one: 20, other: 20, both: 0 },
    { one: 150, other: 150, both: 600 },
    { one: 3, other: 5, both: 2_000 },
  ])("by $one and $other of $both become equal, and then it is quiet", (counts) => {
    const world = createWorld();
    const nodes = apart(world, counts) as [TestNode, TestNode];
    nodes[0].join(nodes[1]);
    world.until("both logs to be equal", () => areEqual(nodes), 6_000);
    expect(nodes[0].core.stats().messages).toBe(counts.one + counts.other + counts.both);
    world.run(5_000);
    // What is left are probes: a ping each second from both, and the answers.
    expect(sentWithin(world, 10_000)).toBeLessThan(50);
    for (const node of nodes) expect(new Set(shown(node).map(({ id }) => id)).size).toBe(shown(node).length);
  });

  it.each([1, 2, 3])("become equal over a link that loses half of all datagrams (seed %d)", (seed) => {
    const world = createWorld({ seed });
    const nodes = apart(world, { one: 120, other: 120, both: 200 }) as [TestNode, TestNode];
    world.lose = () => world.rng.u32() % 2 === 0;
    nodes[0].join(nodes[1]);
    world.until("both logs to be equal", () => areEqual(nodes), 60_000);
    expect(nodes[0].core.stats().messages).toBe(440);
  });

  it("after a split become equal again without a person doing anything", () => {
    const world = createWorld();
    const nodes = gather(world, ["a", "b", "c", "d"]) as [TestNode, TestNode, TestNode, TestNode];
    const side = new Map(nodes.map((node, index) => [node.endpoint, index % 2]));
    world.lose = ({ from, to }) => side.get(from) !== side.get(to);
    for (let index = 0; index < 30; index += 1) {
      for (const node of nodes) node.say(`${node.name} ${index}`);
      world.run(2_000);
    }
    expect(areEqual(nodes)).toBe(false);
    world.lose = () => false;
    world.until("all logs to be one", () => nodes.every((node) => areEqual([nodes[0], node])), 60_000);
    expect(nodes[0].core.stats().messages).toBe(120);
  });
});

describe("two logs of which nothing comes however often they are compared", () => {
  /** A node, and a member that claims with every digest to hold what it never gives; when the node compared. */
  function vain(): { world: World; node: TestNode; claim: (log: string) => void; comparedAt: number[] } {
    const world = createWorld();
    const node = world.node("alice");
    const puppet = createPuppet(world, "mallory");
    puppet.prove(node);
    node.say("what alice holds");
    let fingerprint = "11".repeat(8);
    let roster = { count: 0, fingerprint: "00".repeat(8) };
    const comparedAt: number[] = [];
    world.listen(puppet.endpoint, (bytes) => {
      const opened = puppet.opened(bytes);
      if (opened === undefined) return;
      for (const frame of opened.frames) {
        if (frame.type === "digest") roster = frame.roster;
        if (frame.type === "ranges" && frame.set === "log") comparedAt.push(world.now());
      }
      const ack = puppet.ack([opened.header.counter]);
      const keeps = { since: 0, small: 10_000, large: 500 };
      const log = { count: 1, fingerprint };
      const digest = { type: "digest", log, keeps, isForReceiver: false, roster, isStored: true } as const;
      if (opened.frames.some(elicitsAck))
        world.send(puppet.sealed([ack, digest], node.boot), puppet.endpoint, node.endpoint);
    });
    const claim = (log: string): void => {
      fingerprint = log;
    };
    return { world, node, claim, comparedAt };
  }
  const gapsOf = (times: readonly number[]): number[] =>
    times.slice(1).map((at, index) => at - (times[index] as number));

  it("are compared four times soon, and then less and less often, down to once a minute", () => {
    const { world, comparedAt } = vain();
    world.run(600_000);
    const gaps = gapsOf(comparedAt);
    for (const gap of gaps.slice(0, 3)) expect(gap).toBeLessThan(3_500);
    for (const [at, leastMs] of [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000].entries()) {
      expect(gaps[3 + at]).toBeGreaterThanOrEqual(leastMs);
      // The next digest comes with a probe, within some seconds.
      expect(gaps[3 + at]).toBeLessThan(leastMs + 5_000);
    }
    // 63 s until the waits are as long as they get, and then one a minute.
    expect(comparedAt.length).toBeGreaterThan(15);
    expect(comparedAt.length).toBeLessThan(22);
  });

  it.each(["the node's own", "the other"])("are compared soon again when %s changes", (whose) => {
    const { world, node, claim, comparedAt } = vain();
    world.run(300_000);
    const before = comparedAt.length;
    const last = comparedAt.at(-1) as number;
    // In the middle of a wait of a minute.
    world.run(Math.max(last + 10_000 - world.now(), 0));
    expect(comparedAt).toHaveLength(before);
    const changedAt = world.now();
    if (whose === "the other") claim("22".repeat(8));
    else node.say("something new");
    world.run(15_000);
    const since = comparedAt.slice(before);
    expect(since.length).toBeGreaterThanOrEqual(4);
    expect((since[3] as number) - changedAt).toBeLessThan(15_000);
    world.run(180_000);
    expect(Math.max(...gapsOf(comparedAt.slice(before)))).toBeGreaterThanOrEqual(60_000);
  });
});

describe("nodes that keep different amounts", () => {
  it.each([50, 16])("agree on what both keep, and do not reconcile without end (%d and 500)", (maxMessages) => {
    const world = createWorld();
    const nodes = apart(world, { one: 100, other: 100, both: 400 }, [{ maxMessages }, { maxMessages: 500 }]);
    const [small, large] = nodes as [TestNode, TestNode];
    small.join(large);
    world.run(15_000);
    expect(small.texts()).toEqual(large.texts().slice(-maxMessages));
    expect(large.core.stats().messages).toBe(500);
    expect(sentWithin(world, 10_000)).toBeLessThan(60);
    large.say("on it goes");
    small.say("so it does");
    world.run(3_000);
    expect(small.texts()).toEqual(large.texts().slice(-maxMessages));
    expect(sentWithin(world, 10_000)).toBeLessThan(60);
  });
});

describe("nodes that keep different amounts of what one member floods", () => {
  it("agree on what the smaller keeps, whoever joins whom, and then send no more than probes", () => {
    const world = createWorld();
    const limits = [40, 100, 100, 300];
    const nodes = limits.map((maxMessages, at) => world.node(`n${at}`, { maxMessages }));
    const [loud, quiet] = [createPuppet(world, "loud"), createPuppet(world, "quiet")];
    for (let index = 0; index < 600; index += 1) {
      const writer = index % 20 === 0 ? quiet : loud;
      const message = writer.message({ hlc: WALL - 60_000 + 10 * index, text: `${writer === quiet} ${index}` });
      // Each hears two thirds of it, and nobody all.
      for (const [at, node] of nodes.entries())
        if ((index + at) % 3 > 0) writer.tell(node, [{ type: "message", bytes: message.bytes }]);
    }
    for (const node of nodes.slice(1)) node.join(nodes[0] as TestNode);
    world.run(60_000);
    const of = (node: TestNode, isQuiet: boolean): string[] =>
      node.texts().filter((text) => text.startsWith(`${isQuiet}`));
    const [least, one, other, most] = nodes as [TestNode, TestNode, TestNode, TestNode];
    expect(nodes.map((node) => node.core.stats().messages)).toEqual(limits);
    // Thirty by the quiet one: all of them, but where that were more than half.
    expect(nodes.map((node) => of(node, true).length)).toEqual([20, 30, 30, 30]);
    expect(one.texts()).toEqual(other.texts());
    expect(of(least, false)).toEqual(of(most, false).slice(-20));
    expect(of(one, false)).toEqual(of(most, false).slice(-70));
    // Each pings another each second, is answered, and that is all.
    expect(sentWithin(world, 20_000)).toBeLessThan(20 * 4 * 4);
  });

  it("refuse what they would let go again, and do not ask for it a second time", () => {
    const world = createWorld();
    const node = world.node("alice", { maxMessages: 10 });
    const mallory = createPuppet(world, "mallory");
    mallory.prove(node);
    const messages = Array.from({ length: 20 }, (_, at) => mallory.message({ hlc: WALL + at }));
    for (const { bytes } of messages) mallory.tell(node, [{ type: "message", bytes }]);
    const wanted: string[] = [];
    world.onSend = ({ bytes }) => {
      for (const frame of mallory.opened(bytes)?.frames ?? [])
        if (frame.type === "want") wanted.push(...frame.ids);
        else if (frame.type === "wantListed") wanted.push(...frame.hashes);
    };
    const [gone] = messages as [SignedMessage];
    const salt = "5a17ed00";
    const key = shortIdKey(roomKeys, mallory.boot, node.boot, salt);
    const unheard = mallory.message({ hlc: WALL + 30 });
    const ids = [gone, unheard].map(({ id }) => shortIdOf(id, key));
    const list = { type: "list", set: "log", lo: "", hi: "~", salt, ids } as const;
    mallory.tell(node, [
      {
        type: "digest",
        log: { count: 2, fingerprint: "11".repeat(8) },
        keeps: { since: 0, small: 10, large: 1 },
        isForReceiver: false,
        roster: { count: 0, fingerprint: "00".repeat(8) },
        isStored: true,
      },
    ]);
    mallory.tell(node, [list]);
    mallory.tell(node, [{ type: "advertise", slice: { order: 0, lo: 0, last: 0 }, id: gone.id }]);
    world.run(1_000);
    expect(new Set(wanted)).toEqual(new Set([shortHash(unheard.id, key)]));
    const older = mallory.message({ hlc: WALL - 1 });
    const answers = mallory.tell(node, [{ type: "push", slice: { order: 0, lo: 0, last: 0 }, message: older.bytes }]);
    // It is not here, and nothing says so.
    expect(answers.flatMap(({ frames }) => frames).some(({ type }) => type === "ack" || type === "receipt")).toBe(
      false,
    );
    expect(node.core.stats().messages).toBe(10);
  });
});

describe("a missing parent", () => {
  it("is asked for by name, of whoever knew its answer, and both are shown in order", () => {
    const world = createWorld();
    const node = world.node("alice");
    const puppet = createPuppet(world, "mallory");
    puppet.prove(node);
    const question = puppet.message({ text: "question" });
    const answer = puppet.message({ text: "answer", parents: [question.id], hlc: WALL + 5_000 });
    puppet.tell(node, [{ type: "push", slice: { order: 0, lo: 0, last: 0 }, message: answer.bytes }]);
    expect(shown(node)).toEqual([]);
    const asked: string[] = [];
    world.onSend = ({ bytes }) => {
      for (const frame of puppet.opened(bytes)?.frames ?? []) if (frame.type === "want") asked.push(...frame.ids);
    };
    world.run(70);
    expect(asked).toEqual([question.id]);
    puppet.tell(node, [{ type: "message", bytes: question.bytes }]);
    expect(shown(node).map(({ text }) => text)).toEqual(["question", "answer"]);
    world.run(10_000);
    expect(asked).toHaveLength(1);
  });

  it("that nobody has is waited for as long as its author stays listed, and then the answer is shown without", () => {
    const world = createWorld();
    const node = world.node("alice");
    const puppet = createPuppet(world, "mallory");
    const question = puppet.message();
    const answer = puppet.message({ text: "answer", parents: [question.id], hlc: WALL + 5_000 });
    puppet.tell(node, [{ type: "push", slice: { order: 0, lo: 0, last: 0 }, message: answer.bytes }]);
    world.run(299_000);
    expect(shown(node)).toEqual([]);
    world.run(3_000);
    expect(shown(node).map(({ text }) => text)).toEqual(["answer"]);
  });
});

describe("a newcomer", () => {
  const firstPage = (latestLimit: number): string[] => {
    const world = createWorld();
    const [anna, bob] = apart(world, { one: 300, other: 0, both: 0 }, [{}, { latestLimit }]) as [TestNode, TestNode];
    bob.join(anna);
    world.until("the first page", () => told(bob).length > 0, 5_000);
    // All datagrams of one grant arrive together, the next grant is a round trip away.
    world.run(5);
    const newest = anna.log().map((message) => message.id);
    const got = new Set(bob.log().map((message) => message.id));
    return newest.slice(-got.size).filter((id) => got.has(id));
  };

  it("gets its newest LATEST_LIMIT messages with the first grant, and more only after that", () => {
    expect(firstPage(20).length).toBeGreaterThanOrEqual(20);
    expect(firstPage(20).length).toBeLessThan(60);
    expect(firstPage(100).length).toBeGreaterThanOrEqual(100);
    expect(firstPage(100).length).toBeLessThan(300);
  });
});
