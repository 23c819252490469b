/**
 * What a member can do in the name of another one. The room's key opens the way in for everybody, so a datagram that it
 * seals proves nothing. What two process starts say to each other is sealed with keys that no third one has.
 */
import { describe, expect, it } from "vitest";
import { bootKey, open, seal } from "../../../src/crypto/roomKeys.ts";
import { readStatement } from "../../../src/crypto/signed.ts";
import { decodeHeader, type Header } from "../../../src/wire/datagram.ts";
import type { Endpoint } from "../../../src/wire/endpoint.ts";
import { encodeFrame, type Frame } from "../../../src/wire/frames.ts";
import type { BootId, LinkKey } from "../../../src/wire/ids.ts";
import {
  type Carried,
  createWorld,
  framesFor,
  gather,
  roomKeys,
  type TestNode,
  WALL,
  type World,
} from "../fixtures.ts";
import { createPuppet } from "../puppet.ts";

const AWAY = "203.0.113.9:62733" as Endpoint;

function room(): { world: World; alice: TestNode; bob: TestNode; sent: Carried[] } {
  const world = createWorld();
  const sent: Carried[] = [];
  world.onSend = (carried) => sent.push(carried);
  const [alice, bob] = gather(world, ["alice", "bob"]) as [TestNode, TestNode];
  return { world, alice, bob, sent };
}
const dropped = (node: TestNode): Readonly<Record<string, number>> => node.core.stats().dropped;
/** The newest that the node sent of itself, as everybody in the room can get it. */
function statementOf(node: TestNode, sent: readonly Carried[], readers: readonly TestNode[]): Frame {
  const frames = sent.flatMap(({ bytes }) => readers.flatMap(({ boot }) => framesFor(bytes, boot)));
  const own = frames.filter(
    (frame) => frame.type === "statement" && readStatement(frame.bytes)?.content.peer === node.identity.id,
  );
  return own.at(-1) as Frame;
}

/** What any member can seal in the name of a boot id. */
function forged(as: BootId, to: BootId, frames: readonly Frame[], change: Partial<Header> = {}): Uint8Array {
  const header: Header = { type: "addressed", roomTag: roomKeys.tag, boot: as, counter: 0, salt: 7, ...change };
  const inner = Buffer.concat(frames.map(encodeFrame));
  return seal(bootKey(roomKeys, as), header, header.type === "addressed" ? to : undefined, inner);
}
function hand(node: TestNode, bytes: Uint8Array, from: Endpoint): void {
  node.step({ type: "datagram", bytes, from });
}

describe("a datagram that a member seals in the name of another", () => {
  it("does not move the other, nor use up its counters, whatever it holds and wherever it comes from", () => {
    const { world, alice, bob, sent } = room();
    const statement = statementOf(bob, sent, [alice]);
    const hostile: readonly (readonly Frame[])[] = [[{ type: "ping" }], [statement, { type: "ping" }], []];
    for (const type of ["addressed", "open"] as const) {
      for (const counter of [0, 5_000, 2 ** 48 - 1]) {
        for (const frames of hostile) hand(alice, forged(bob.boot, alice.boot, frames, { type, counter }), AWAY);
      }
    }
    sent.length = 0;
    bob.say("can you hear me?");
    world.run(50);
    alice.say("yes");
    world.run(30_000);
    expect(alice.texts()).toEqual(["can you hear me?", "yes"]);
    expect(bob.texts()).toEqual(["can you hear me?", "yes"]);
    expect(sent.filter(({ to }) => to === AWAY)).toEqual([]);
    const about = [...alice.events, ...bob.events].filter((event) => event.type === "peer" && event.status !== "alive");
    expect(about).toEqual([]);
  });

  it("is no datagram of the link", () => {
    const { alice, bob } = room();
    const before = dropped(alice)["not-sealed-for-us"] ?? 0;
    hand(alice, forged(bob.boot, alice.boot, [{ type: "ping" }], { type: "linked", counter: 10_000 }), bob.endpoint);
    expect(dropped(alice)["not-sealed-for-us"]).toBe(before + 1);
  });

  it("brings nothing but a statement and a ping, from its own address too", () => {
    const { alice, bob, sent } = room();
    const statement = statementOf(bob, sent, [alice]);
    const frames: Frame[] = [
      statement,
      { type: "observed", endpoint: AWAY, wall: 1 },
      { type: "suspect", peer: alice.identity.id, incarnation: 2 ** 40, accuser: bob.identity.id.slice(0, 16) },
      {
        type: "digest",
        log: { count: 9, fingerprint: "11".repeat(8) },
        keeps: { since: 0, small: 1, large: 1 },
        isForReceiver: true,
        roster: { count: 0, fingerprint: "00".repeat(8) },
        isStored: true,
      },
      { type: "ack", counters: [0], delayMs: 0, echo: 0 },
    ];
    sent.length = 0;
    hand(alice, forged(bob.boot, alice.boot, frames, { counter: 50_000 }), bob.endpoint);
    expect(dropped(alice)["not-linked"]).toBe(1);
    // A refutation would go along. The acknowledgement goes to bob, who did not send this.
    expect(sent.map(({ to }) => to)).toEqual([bob.endpoint]);
    expect(sent.flatMap(({ bytes }) => framesFor(bytes, bob.boot).map(({ type }) => type))).toEqual(["ack"]);
  });

  it("is taken once: a replay of a real one draws nothing, even by a thousand", () => {
    const { alice, bob, sent } = room();
    const statement = statementOf(bob, sent, [alice]);
    const bytes = forged(bob.boot, alice.boot, [statement, { type: "ping" }], { counter: 50_000 });
    hand(alice, bytes, bob.endpoint);
    sent.length = 0;
    for (let time = 0; time < 1_000; time += 1) hand(alice, bytes, AWAY);
    expect(sent).toEqual([]);
    expect(dropped(alice).replayed).toBeGreaterThanOrEqual(1_000);
  });
});

describe("a knock that an outsider replays", () => {
  it("draws nothing from a node that is linked with who sent it, nor from a later start of that one", () => {
    const { world, alice, bob, sent } = room();
    const knocks = sent
      .filter(({ bytes }) => (decodeHeader(bytes) as Header).type === "open")
      .map(({ bytes }) => bytes);
    expect(knocks.length).toBeGreaterThan(0);
    // Long ago: the tags of those hellos are not remembered any more.
    const flood = (): void => {
      for (let count = 0; count < 5_000; count += 1)
        hand(alice, forged("11".repeat(8) as BootId, alice.boot, [], { counter: count }), AWAY);
    };
    flood();
    world.run(1_000);
    bob.restart();
    sent.length = 0;
    for (const bytes of knocks) for (const node of [alice, bob]) hand(node, bytes, AWAY);
    expect(sent.filter(({ to }) => to === AWAY)).toEqual([]);
  });
});

describe("an acknowledgement", () => {
  it("of a datagram that never came is dropped, though its counter is right, and proves nothing", () => {
    const world = createWorld();
    const [alice] = gather(world, ["alice", "bob"]) as [TestNode];
    const mallory = createPuppet(world, "mallory");
    const [answer] = mallory.tell(alice, [mallory.statement(), { type: "ping" }]);
    const before = alice.core.tables().unacknowledged?.size ?? 0;
    const counters = Array.from({ length: 32 }, (_, back) => (answer?.header.counter ?? 0) + 31 - back);
    for (const counter of counters) mallory.tell(alice, [{ type: "ack", counters: [counter], delayMs: 0, echo: 0 }]);
    expect(dropped(alice)["false-ack"]).toBeGreaterThanOrEqual(1);
    expect(alice.core.tables().unacknowledged?.size ?? 0).toBeGreaterThanOrEqual(before);
    expect(alice.events.filter((event) => event.type === "peer" && event.peer.nick === "mallory")).toEqual([]);
  });
});

describe("what goes between two nodes", () => {
  it("is closed to whoever has the room's key and all that was sent", () => {
    const { world, alice, bob, sent } = room();
    sent.length = 0;
    alice.say("for the two of us");
    bob.say("nobody else has this key");
    world.run(2_000);
    expect(bob.texts()).toContain("for the two of us");
    let linked = 0;
    for (const { bytes } of sent) {
      const header = decodeHeader(bytes);
      if (typeof header === "string") throw new Error(header);
      if (header.type !== "linked") continue;
      linked += 1;
      for (const addressee of [alice.boot, bob.boot, undefined])
        expect(open(bootKey(roomKeys, header.boot), header, addressee as BootId, bytes)).toBeUndefined();
    }
    expect(linked).toBeGreaterThan(0);
    expect(sent).toHaveLength(linked);
  });

  it("never repeats a nonce, in two copies of one process either", () => {
    const { world, alice, sent } = room();
    for (let time = 0; time < 200; time += 1) alice.say(`${time}`);
    world.run(2_000);
    const salts = sent.flatMap(({ bytes, from }) => {
      const header = decodeHeader(bytes);
      return from === alice.endpoint && typeof header !== "string" ? [header.salt] : [];
    });
    expect(new Set(salts).size).toBe(salts.length);
  });
});

describe("a link key", () => {
  it("of small order makes no link: its member is refused, and nothing goes there", () => {
    const world = createWorld();
    const [alice] = gather(world, ["alice", "bob"]) as [TestNode];
    const mallory = createPuppet(world, "mallory");
    const statement = mallory.statement({ linkKey: "00".repeat(32) as LinkKey });
    const effects = alice.step({
      type: "datagram",
      bytes: mallory.addressed([statement, { type: "ping" }], alice.boot),
      from: mallory.endpoint,
    });
    expect(effects.filter(({ type }) => type === "transmit" || type === "emit")).toEqual([]);
    world.run(10_000);
    expect(alice.core.peers({ mono: world.now(), wall: WALL + world.now() }).map(({ nick }) => nick)).toEqual(["bob"]);
  });

  it("that a second statement of one process start names does not replace the first", () => {
    const world = createWorld();
    const [alice] = gather(world, ["alice", "bob"]) as [TestNode];
    const mallory = createPuppet(world, "mallory");
    mallory.prove(alice);
    const other = mallory.statement({ linkKey: "09".padEnd(64, "0") as LinkKey, incarnation: 2 ** 47 });
    mallory.tell(alice, [other]);
    expect(mallory.tell(alice, [{ type: "ping" }])).not.toEqual([]);
  });
});
