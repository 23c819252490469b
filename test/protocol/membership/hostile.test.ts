/** What hostile statements come to: they are refused or bounded, counted, and the room goes on as if nothing were. */

import { describe, expect, it } from "vitest";
import { type Identity, identityFromSeed } from "../../../src/crypto/identity.ts";
import { createRoomKeys, openRoom } from "../../../src/crypto/roomKeys.ts";
import { signStatement } from "../../../src/crypto/signed.ts";
import { limits } from "../../../src/protocol/limits.ts";
import { decodeHeader } from "../../../src/wire/datagram.ts";
import type { Endpoint } from "../../../src/wire/endpoint.ts";
import { noExtensions } from "../../../src/wire/extensions.ts";
import type { Frame } from "../../../src/wire/frames.ts";
import type { StatementContent } from "../../../src/wire/statement.ts";
import { bootFrom, createWorld, gather, names, roomKeys, type TestNode, WALL, type World } from "../fixtures.ts";
import { answering, createPuppet, type Puppet } from "../puppet.ts";

const INVENTED = 10_000;
/** Datagrams of one greeting: six tries, and an introduction before some of them. */
const GREETING = 10;
/** In a statement: after peer, boot id and link key. */
const INCARNATION_AT = 32 + 8 + 32;

const statementOf = (by: Identity, change: Partial<StatementContent> = {}): Frame & { type: "statement" } => {
  const base = {
    boot: "00".repeat(8) as never,
    linkKey: "0b".repeat(32) as never,
    incarnation: WALL,
    status: "alive",
    nick: "bob",
    endpoints: [],
    extensions: noExtensions,
  } as const;
  return { type: "statement", bytes: signStatement(roomKeys, by, { ...base, ...change }).bytes };
};
const someone = (number: number): Identity => {
  const seed = Buffer.alloc(32, 7);
  seed.writeUInt32LE(number);
  return identityFromSeed(seed);
};
/** Statements of invented members, each at an address of its own unless one is given. */
const invented = (world: World, count: number, from = 0, at?: Endpoint): Frame[] =>
  Array.from({ length: count }, (_, index) => {
    const number = from + index;
    const endpoint = at ?? (`10.${100 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}:62733` as Endpoint);
    return statementOf(someone(number), { boot: bootFrom(world.rng), nick: `x${number}`, endpoints: [endpoint] });
  });
/** Four statements to a datagram, as fast as they can be sent. */
const tellAll = (puppet: Puppet, node: TestNode, frames: readonly Frame[]): void => {
  for (let index = 0; index < frames.length; index += 4) puppet.tell(node, frames.slice(index, index + 4));
};
/** Counts what is sent to addresses that nobody has. */
function watchNowhere(world: World): ReadonlyMap<Endpoint, number> {
  const sent = new Map<Endpoint, number>();
  world.onSend = ({ to }) => {
    if (!to.startsWith("10.0.")) sent.set(to, (sent.get(to) ?? 0) + 1);
  };
  return sent;
}
const strangersSeen = (nodes: readonly TestNode[]): unknown[] =>
  nodes.flatMap((node) => node.events).filter((event) => event.type === "peer" && /^x\d/.test(event.peer.nick));
const membersOf = (node: TestNode): number => node.core.tables().members?.size ?? 0;
const isNamed = (name: string) => (event: TestNode["events"][number]) =>
  event.type === "peer" && event.status === "dead" && event.peer.nick === name;

/** What a room has to be able to do whoever attacks it. */
function expectUsable(world: World, nodes: readonly TestNode[], noticedWithinMs = 15_000): void {
  const said = nodes.map((node) => node.say(`said by ${node.name} at ${world.now()}`)).length;
  const before = nodes.map((node) => node.texts().length);
  world.run(1_000);
  for (const [at, node] of nodes.entries()) expect(node.texts().length).toBe((before[at] as number) + said - 1);

  const newcomer = world.node(`newcomer ${world.now()}`);
  newcomer.join(nodes[0] as TestNode);
  const isListed = (node: TestNode): boolean =>
    node.core.peers({ mono: world.now(), wall: 0 }).some((peer) => peer.nick === newcomer.name);
  world.until("the newcomer to be known to all", () => nodes.every(isListed), 10_000);

  newcomer.crash();
  const isBuried = (node: TestNode): boolean => node.events.some(isNamed(newcomer.name));
  world.until("its crash to be noticed by all", () => nodes.every(isBuried), noticedWithinMs);
}

describe("a hostile statement", () => {
  it("with a wrong signature, about someone else, or of another room, is refused and counted", () => {
    const victim = someone(1);
    const elsewhere = createRoomKeys(openRoom("elsewhere"));
    const where = { endpoints: [], extensions: noExtensions };
    const content = {
      boot: "00".repeat(8) as never,
      linkKey: "0b".repeat(32) as never,
      incarnation: WALL,
      nick: "bob",
      ...where,
    } as const;
    const cases: ((puppet: Puppet) => Uint8Array)[] = [
      // Its own statement, with the key of another in it.
      (puppet) => Buffer.concat([Buffer.from(victim.id, "hex"), puppet.statement().bytes.subarray(32)]),
      (puppet) => puppet.statement().bytes.map((byte, index, all) => (index === all.length - 1 ? byte ^ 1 : byte)),
      (puppet) => signStatement(elsewhere, puppet.identity, { ...content, status: "left" }).bytes,
    ];
    for (const change of cases) {
      const world = createWorld();
      const node = world.node("alice");
      const puppet = createPuppet(world, "mallory");
      puppet.prove(node);
      const before = node.core.peers({ mono: 0, wall: 0 });
      const bytes = Uint8Array.from(change(puppet));
      // Newer than what is known, so that only the signature speaks against it.
      bytes.set([0xff], INCARNATION_AT);
      puppet.tell(node, [{ type: "statement", bytes }]);
      expect(node.core.stats().dropped).toEqual({ "bad-statement-signature": 1 });
      expect(node.core.peers({ mono: 0, wall: 0 })).toEqual(before);
    }
  });

  it("that is none is refused and counted, also by one who has proven nothing", () => {
    const world = createWorld();
    const node = world.node("alice");
    const puppet = createPuppet(world, "mallory");
    puppet.tell(node, [{ type: "statement", bytes: Buffer.alloc(120, 1) }]);
    expect(node.core.stats().dropped).toEqual({ "bad-statement": 1 });
  });

  it("that is older than the last one, or as old with other content, changes nothing", () => {
    const world = createWorld();
    const node = world.node("alice");
    const puppet = createPuppet(world, "mallory");
    puppet.prove(node);
    const before = node.core.peers({ mono: 0, wall: 0 });
    expect(before).toMatchObject([{ nick: "mallory", status: "alive" }]);
    node.events.length = 0;
    for (const incarnation of [WALL, WALL - 1, 0]) {
      puppet.tell(node, [puppet.statement({ incarnation, nick: "other", status: "left" })]);
      puppet.tell(node, [puppet.statement({ incarnation, nick: "other", boot: bootFrom(world.rng) })]);
    }
    expect(node.core.peers({ mono: 0, wall: 0 })).toEqual(before);
    expect(node.events).toEqual([]);
  });

  it("that is a node's own, come back to it, changes nothing; one in its name by another process is outbid", () => {
    const world = createWorld();
    const [alice, bob] = gather(world, ["alice", "bob"]) as [TestNode, TestNode];
    const puppet = createPuppet(world, "mallory");
    puppet.prove(alice);
    const knock = (): Frame & { type: "statement" } => {
      const frames = puppet
        .tell(alice, [puppet.statement(), { type: "ping" }], { isOpen: true })
        .flatMap((answer) => answer.frames);
      return frames.find((frame) => frame.type === "statement") as Frame & { type: "statement" };
    };
    const own = knock();
    puppet.tell(alice, [own]);
    expect(knock()).toEqual(own);
    const incarnation = Buffer.from(own.bytes).readUIntBE(INCARNATION_AT, 6);
    puppet.tell(alice, [statementOf(alice.identity, { incarnation: incarnation + 50, status: "left" })]);
    expect(Buffer.from(knock().bytes).readUIntBE(INCARNATION_AT, 6)).toBe(incarnation + 51);
    world.run(5_000);
    expect(bob.core.peers({ mono: world.now(), wall: 0 })).toContainEqual(
      expect.objectContaining({ nick: "alice", status: "alive" }),
    );
  });

  it("by one who has proven nothing makes nobody a member; what waits for its proof is bounded", () => {
    const world = createWorld();
    const node = world.node("alice");
    const puppet = createPuppet(world, "mallory");
    tellAll(puppet, node, [puppet.statement(), ...invented(world, 200)]);
    expect(membersOf(node)).toBe(0);
    expect(node.core.stats().dropped.unproven).toBeGreaterThan(150);
    expect(node.events.filter((event) => event.type === "peer")).toEqual([]);
  });

  it("in another's name by one who has proven nothing makes nobody a member, also when it has proven to be there", () => {
    const world = createWorld();
    const node = world.node("alice");
    const puppet = createPuppet(world, "mallory");
    const bytes = Buffer.concat([Buffer.from(someone(1).id, "hex"), puppet.statement().bytes.subarray(32)]);
    const sent = puppet.tell(node, [{ type: "statement", bytes }, { type: "ping" }]);
    const counters = sent.map(({ header }) => header.counter).toSorted((a, b) => b - a);
    puppet.tell(node, [puppet.ack(counters)]);
    // It has introduced itself before; that it is someone else too, nobody believes.
    expect(node.core.peers({ mono: 0, wall: 0 })).toMatchObject([{ id: puppet.id }]);
    expect(node.core.stats().dropped).toEqual({ "bad-statement-signature": 1 });
  });

  it("about one that is dead here asks it once, however often it is repeated", () => {
    const world = createWorld();
    const [alice, bob] = gather(world, ["alice", "bob"]) as [TestNode, TestNode];
    const puppet = createPuppet(world, "mallory");
    puppet.prove(alice);
    const knocked = puppet
      .tell(bob, [puppet.statement(), { type: "ping" }], { isOpen: true })
      .flatMap((answer) => answer.frames);
    const last = knocked.find((frame) => frame.type === "statement") as Frame;
    bob.crash();
    world.until("bob to be dead", () => alice.events.some(isNamed("bob")), 60_000);
    world.run(5_000);
    let pings = 0;
    world.onSend = ({ to, bytes }) => {
      const header = decodeHeader(bytes);
      if (to === bob.endpoint && typeof header !== "string" && header.type === "linked") pings += 1;
    };
    for (let times = 0; times < 1_000; times += 1) puppet.tell(alice, [last]);
    expect(pings).toBe(1);
  });
});

describe("ten thousand invented members", () => {
  it("told by one insider are counted, greeted a few, members never; nobody's screen shows one", () => {
    const world = createWorld();
    const nodes = gather(world, names(8));
    const mallory = createPuppet(world, "mallory");
    mallory.prove(nodes[0] as TestNode);
    const nowhere = watchNowhere(world);
    const frames = invented(world, INVENTED);
    for (let from = 0; from < INVENTED; from += 100) {
      tellAll(mallory, nodes[0] as TestNode, frames.slice(from, from + 100));
      world.run(30);
    }
    expectUsable(world, nodes);
    world.run(60_000);
    for (const node of nodes) {
      expect(membersOf(node)).toBeLessThan(12);
      expect(node.core.tables().candidates?.size).toBe(0);
    }
    expect(strangersSeen(nodes)).toEqual([]);
    expect(Math.max(...nowhere.values())).toBeLessThanOrEqual(GREETING);
    expect(nowhere.size).toBeLessThan(100);
    const { dropped } = (nodes[0] as TestNode).core.stats();
    expect(dropped["hearsay-unanswered"]).toBe(nowhere.size);
    expect(dropped["hearsay-not-heeded"]).toBeGreaterThan(INVENTED / 2);
  }, 60_000);

  it("told by thirty insiders, to all at once and all listed at one address, make no flood towards it", () => {
    const world = createWorld();
    const nodes = gather(world, names(6));
    const nowhere = watchNowhere(world);
    const victim = "10.200.0.1:62733" as Endpoint;
    for (let number = 0; number < 30; number += 1) {
      const mallory = createPuppet(world, `mallory ${number}`, 100 + number);
      for (const node of nodes) {
        mallory.prove(node);
        tellAll(mallory, node, invented(world, 60, 60 * (number * 6 + nodes.indexOf(node)), victim));
      }
      world.run(100);
    }
    // The insiders have gone silent: until they are buried there is more to be probed.
    world.run(60_000);
    expect(nowhere.get(victim)).toBeLessThanOrEqual(2 * GREETING * nodes.length);
    expect(strangersSeen(nodes)).toEqual([]);
    expectUsable(world, nodes);
  }, 60_000);

  it("told by one that has earned trust are believed in part and for a short time, and cost it its trust", () => {
    const world = createWorld();
    const nodes = gather(world, names(8));
    const [target] = nodes as [TestNode, ...TestNode[]];
    const mallory = createPuppet(world, "mallory");
    mallory.prove(target);
    const accomplices = Array.from({ length: 4 }, (_, number) => answering(world, `accomplice ${number}`, 50 + number));
    mallory.tell(
      target,
      accomplices.map((accomplice) => accomplice.statement()),
    );
    world.run(2_000);
    expect(membersOf(target)).toBe(7 + 1 + 4);
    const nowhere = watchNowhere(world);
    tellAll(mallory, target, invented(world, INVENTED));
    world.run(200);
    expect(membersOf(target)).toBeGreaterThan(50);
    expect(membersOf(target)).toBeLessThan(12 + 100);
    world.run(15_000);
    for (const node of nodes) expect(membersOf(node)).toBeLessThan(20);
    expect(Math.max(...nowhere.values())).toBeLessThan(8 * 3 * GREETING);
    // Their going is no split, and they are not listed as unreachable.
    const codes = nodes.flatMap((node) => node.events).map((event) => event.type === "notice" && event.notice.code);
    expect(codes).not.toContain("split");
    const listed = nodes.flatMap((node) => node.core.peers({ mono: world.now(), wall: 0 }));
    expect(listed.filter((peer) => peer.nick.startsWith("x") && peer.status === "dead")).toEqual([]);
    expectUsable(world, nodes);
  }, 60_000);

  it.each([1, 3, 5])(
    "for whom their inventor vouches are as many as one may vouch for (seed %i)",
    (seed) => {
      const world = createWorld({ seed });
      const nodes = gather(world, names(4));
      const [target] = nodes as [TestNode];
      const frames = invented(world, 4_000);
      const ids = new Set(
        frames.map((frame) => frame.type === "statement" && Buffer.from(frame.bytes).toString("hex", 0, 32)),
      );
      const liar = answering(world, "liar", 60, (frame) =>
        frame.type === "probeRequest" && ids.has(frame.target)
          ? [{ type: "probeReply", target: frame.target, answered: true }]
          : [],
      );
      liar.prove(target);
      for (let round = 0; round < 20; round += 1) {
        tellAll(liar, target, frames.slice(200 * round, 200 * (round + 1)));
        world.run(2_000);
      }
      expect(membersOf(target)).toBeGreaterThan(4);
      expect(membersOf(target)).toBeLessThanOrEqual(4 + 16);
      // A round of probes is longer by these.
      expectUsable(world, nodes, 40_000);
    },
    60_000,
  );

  it("fill no more than their table, and leave the other tables as they are", () => {
    const world = createWorld();
    const node = world.node("alice");
    const frames = invented(world, 6_000);
    for (let number = 0; number < 12; number += 1) {
      const mallory = createPuppet(world, `mallory ${number}`, 100 + number);
      mallory.prove(node);
      tellAll(mallory, node, frames.slice(500 * number, 500 * (number + 1)));
    }
    const { candidates, members, sessions } = node.core.tables();
    expect(candidates?.size).toBe(limits.candidates);
    expect(node.core.stats().dropped["hearsay-full"]).toBeGreaterThanOrEqual(6_000 - limits.candidates);
    expect(members?.size).toBe(12);
    expect(sessions?.size).toBeLessThan(200);
  });
});
