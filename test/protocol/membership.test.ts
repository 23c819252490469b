/** Who is here: leaving, renaming, refuting; and what hostile statements come to. */
import { describe, expect, it } from "vitest";
import { identityFromSeed } from "../../src/crypto/identity.ts";
import { createRoom, roomKeyFromName } from "../../src/crypto/keyring.ts";
import { signStatement } from "../../src/crypto/signed.ts";
import { bounds } from "../../src/protocol/config.ts";
import type { Frame } from "../../src/wire/frame.ts";
import { createWorld, gather, names, notices, type TestNode, WALL } from "./fixtures.ts";
import { createPuppet } from "./puppet.ts";

const peersOf = (node: TestNode, now = 0): { nick: string; status: string }[] =>
  node.core.peers({ mono: now, wall: 0 }).map(({ nick, status }) => ({ nick, status }));
const now = { mono: 0, wall: 0 };

describe("a member", () => {
  it("that leaves is seen to leave by all, at once and without suspicion", () => {
    const world = createWorld();
    const [leaver, ...others] = gather(world, names(12)) as [TestNode, ...TestNode[]];
    leaver.command({ type: "leave" });
    world.run(3_000);
    for (const node of others) {
      const news = node.events.flatMap((event) =>
        event.type === "peer" ? [`${event.peer.nick} ${event.status}`] : [],
      );
      expect(news).toEqual(["n0 left"]);
      expect(node.core.stats().peers).toBe(10);
    }
    expect(notices(leaver, "left-room")).toHaveLength(1);
    expect(leaver.core.stats().peers).toBe(0);
  });

  it("that left says nothing, hears nothing and does nothing, until it joins again", () => {
    const world = createWorld();
    const [alice, bob] = gather(world, ["alice", "bob"]) as [TestNode, TestNode];
    bob.command({ type: "leave" });
    world.run(5_000);
    const before = bob.core.stats();
    alice.say("is anyone here?");
    expect(bob.say("not any more").map((effect) => effect.type)).toEqual(["emit"]);
    expect(bob.events.at(-1)).toEqual({ type: "error", error: { code: "not-in-room" } });
    const until = world.now() + 30_000;
    let steps = 0;
    for (let at = bob.core.nextDeadline(); at !== undefined && at < until; at = bob.core.nextDeadline()) {
      world.run(at - world.now());
      steps += 1;
    }
    expect(bob.core.stats().datagramsOut).toBe(before.datagramsOut);
    expect(steps).toBeLessThan(5);
    bob.join(alice);
    world.run(5_000);
    expect(bob.texts()).toEqual(["is anyone here?"]);
    expect(peersOf(alice, world.now())).toEqual([{ nick: "bob", status: "alive" }]);
  });

  it("that is renamed is known by its new name everywhere, messages keep the old", () => {
    const world = createWorld();
    const nodes = gather(world, names(8)) as [TestNode, ...TestNode[]];
    nodes[0].say("as n0");
    nodes[0].command({ type: "rename", nick: "zoë" });
    nodes[0].say("as zoë");
    const others = nodes.slice(1);
    // A rumour misses somebody now and then; the roster is reconciled every 5 s.
    world.until("all to know", () => others.every((node) => notices(node, "renamed").length > 0), 20_000);
    expect(notices(nodes[0], "renamed")).toMatchObject([{ before: "n0", own: true, peer: { nick: "zoë" } }]);
    for (const node of nodes.slice(1)) {
      expect(notices(node, "renamed")).toMatchObject([{ before: "n0", own: false, peer: { nick: "zoë" } }]);
      expect(node.core.log().map((message) => message.author.nick)).toEqual(["n0", "zoë"]);
    }
  });

  it("that is renamed is known by its new name to those whom no rumour reaches, too", () => {
    const world = createWorld();
    const [alice, bob, carol] = gather(world, ["alice", "bob", "carol"]) as [TestNode, TestNode, TestNode];
    // Until the rumour has died down, nothing reaches carol.
    world.lose = ({ from, to }) => from === carol.endpoint || to === carol.endpoint;
    alice.command({ type: "rename", nick: "zoë" });
    world.run(2_500);
    expect(notices(bob, "renamed")).toHaveLength(1);
    world.lose = () => false;
    world.until("carol to know", () => notices(carol, "renamed").length > 0, 15_000);
  });

  it.each(["", "x".repeat(65), "é".repeat(33)])("is not renamed to %j, and nothing is sent", (nick) => {
    const world = createWorld();
    const [alice] = gather(world, ["alice", "bob"]) as [TestNode, TestNode];
    const effects = alice.command({ type: "rename", nick });
    expect(effects).toEqual([{ type: "emit", event: { type: "error", error: { code: "bad-nick", nick, limit: 64 } } }]);
    expect(alice.core.self().nick).toBe("alice");
  });

  it("that is suspected without reason refutes it before anyone buries it", () => {
    const world = createWorld();
    const nodes = gather(world, names(6)) as [TestNode, TestNode, ...TestNode[]];
    const mallory = createPuppet(world, "mallory");
    mallory.prove(nodes[0]);
    const target = nodes[1].identity.id;
    const incarnation = 2 ** 48 - 1;
    const accuse = (by: string): Frame => ({ type: "suspect", peer: target, incarnation, accuser: by.repeat(16) });
    mallory.tell(nodes[0], [accuse("a"), accuse("b"), accuse("c"), accuse("d")]);
    expect(peersOf(nodes[0], world.now())).toContainEqual({ nick: "n1", status: "suspect" });
    world.run(10_000);
    const news = nodes
      .flatMap((node) => node.events)
      .filter((event) => event.type === "peer" && event.peer.nick === "n1");
    expect(news).not.toEqual([]);
    expect(news.filter((event) => event.type === "peer" && event.status === "dead")).toEqual([]);
    for (const node of nodes)
      if (node !== nodes[1]) expect(peersOf(node, world.now())).toContainEqual({ nick: "n1", status: "alive" });
  });

  it("of whom one link alone is broken stays alive: others vouch for it", () => {
    const world = createWorld();
    const nodes = gather(world, names(6)) as [TestNode, TestNode, ...TestNode[]];
    const [one, other] = [nodes[0].endpoint, nodes[1].endpoint];
    world.lose = ({ from, to }) => (from === one && to === other) || (from === other && to === one);
    world.run(60_000);
    const dead = nodes
      .flatMap((node) => node.events)
      .filter((event) => event.type === "peer" && event.status === "dead");
    expect(dead).toEqual([]);
  });
});

describe("a hostile statement", () => {
  const hostile = (
    change: (puppet: ReturnType<typeof createPuppet>) => Uint8Array,
  ): { node: TestNode; reasons: object } => {
    const world = createWorld();
    const node = world.node("alice");
    const puppet = createPuppet(world, "mallory");
    puppet.tell(node, [{ type: "statement", bytes: change(puppet) }]);
    return { node, reasons: node.core.stats().dropped };
  };
  const content = {
    boot: "00".repeat(8) as never,
    incarnation: WALL,
    status: "alive",
    nick: "bob",
    endpoints: [],
  } as const;

  it("with a wrong signature, about someone else, or of another room, is refused and counted", () => {
    const bob = identityFromSeed(Buffer.alloc(32, 9));
    const elsewhere = createRoom(roomKeyFromName("elsewhere"));
    const forged = (puppet: ReturnType<typeof createPuppet>): Uint8Array => {
      const bytes = Uint8Array.from(puppet.statement().bytes);
      bytes.set(Buffer.from(bob.id, "hex"));
      return bytes;
    };
    const broken = (puppet: ReturnType<typeof createPuppet>): Uint8Array =>
      puppet.statement().bytes.map((byte, index, all) => (index === all.length - 1 ? byte ^ 1 : byte));
    const foreign = (): Uint8Array => signStatement(elsewhere, bob, content).bytes;
    for (const change of [forged, broken, foreign]) {
      const { node, reasons } = hostile(change);
      expect(reasons).toEqual({ "bad-statement-signature": 1 });
      expect(node.core.peers(now)).toEqual([]);
      expect(node.events.filter((event) => event.type === "peer")).toEqual([]);
    }
    expect(hostile(() => Buffer.alloc(120, 1)).reasons).toEqual({ "bad-statement": 1 });
  });

  it("that is older than the last one changes nothing", () => {
    const world = createWorld();
    const node = world.node("alice");
    const puppet = createPuppet(world, "mallory");
    puppet.tell(node, [puppet.statement({ incarnation: 5_000 })]);
    for (const change of [{ incarnation: 5_000 }, { incarnation: 4_999 }]) {
      puppet.tell(node, [puppet.statement({ ...change, nick: "other", status: "left" })]);
    }
    expect(peersOf(node)).toEqual([{ nick: "mallory", status: "alive" }]);
  });

  it("in one's own name by another process with the key is outbid", () => {
    const world = createWorld();
    const node = world.node("alice");
    const puppet = createPuppet(world, "mallory");
    const { bytes } = signStatement(puppetRoom(), node.identity, {
      ...content,
      incarnation: WALL + 50,
      status: "left",
    });
    puppet.tell(node, [{ type: "statement", bytes }]);
    const answers = puppet.tell(node, [{ type: "ping" }, puppet.statement()], { isOpen: true });
    const own = answers.flatMap((answer) => answer.frames).find((frame) => frame.type === "statement");
    expect(own?.type === "statement" && Buffer.from(own.bytes).readUIntBE(40, 6)).toBe(WALL + 51);
  });

  it("from ten thousand and more invented members fills the roster to its bound, is counted, and hurts no one known", () => {
    const world = createWorld();
    const [alice, bob] = gather(world, ["alice", "bob"]) as [TestNode, TestNode];
    const mallory = createPuppet(world, "mallory");
    const extra = 50;
    for (let index = 0; index < bounds.members + extra; index += 4) {
      const frames = Array.from({ length: 4 }, (_, part): Frame => {
        const seed = Buffer.alloc(32);
        seed.writeUInt32LE(index + part + 1);
        return { type: "statement", bytes: signStatement(puppetRoom(), identityFromSeed(seed), content).bytes };
      });
      const bytes = mallory.sealed(frames, alice.boot);
      alice.core.handle({ type: "datagram", bytes, from: mallory.endpoint }, { mono: world.now(), wall: WALL });
    }
    const { members } = alice.core.tables();
    expect(members?.size).toBe(bounds.members);
    expect(alice.core.stats().dropped["roster-full"]).toBeGreaterThanOrEqual(extra);
    bob.say("still here");
    world.run(50);
    expect(alice.texts()).toEqual(["still here"]);
  }, 120_000);
});

// --- internal ---

function puppetRoom(): ReturnType<typeof createRoom> {
  return createRoom(roomKeyFromName("test"));
}
