/** Joining, frame by frame: contact, challenge, proof; and what an address gets that has not answered. */
import { describe, expect, it } from "vitest";
import type { Endpoint } from "../../../src/wire/endpoint.ts";
import type { Frame } from "../../../src/wire/frames.ts";
import { createWorld, gather, names, notices, type TestNode, transmits } from "../fixtures.ts";
import { type Answer, createPuppet, type Puppet } from "../puppet.ts";

const types = (answers: readonly Answer[]): string[] => answers.flatMap(({ frames }) => frames.map(({ type }) => type));
const bytesOf = (answers: readonly Answer[]): number => answers.reduce((sum, { bytes }) => sum + bytes, 0);
const victim = "10.0.7.7:1" as Endpoint;
const askForAll: Frame = { type: "fetch", set: "log", number: 1, credit: 64, stretches: [{ lo: "", hi: "~" }] };

function room(messages = 300): { world: ReturnType<typeof createWorld>; node: TestNode; puppet: Puppet } {
  const world = createWorld();
  const node = world.node("alice");
  for (let index = 0; index < messages; index += 1) node.say(`message ${index}`);
  return { world, node, puppet: createPuppet(world, "mallory") };
}

describe("a contact", () => {
  it("is one open datagram of full size: who this is, and a ping", () => {
    const world = createWorld();
    const [alice, mallory] = [world.node("alice"), createPuppet(world, "mallory")];
    const effects = alice.command({ type: "join", endpoints: [mallory.endpoint] });
    const [sent, ...more] = transmits(effects);
    expect(more).toEqual([]);
    expect(sent?.bytes).toHaveLength(1_200);
    const answer = mallory.opened(sent?.bytes as Uint8Array);
    expect(answer?.header.type).toBe("open");
    expect(answer?.frames.map((frame) => frame.type)).toEqual(["statement", "ping", "padding"]);
  });

  it("is answered with who this is, and linked with that an acknowledgement, a challenge and the digest; proof opens the rest", () => {
    const { node, puppet } = room();
    const contact = [puppet.statement(), { type: "ping" }] as const;
    const answers = puppet.tell(node, contact, { isOpen: true });
    // The address is listed already: only now and then it is confirmed.
    expect(types(answers).filter((type) => type !== "observed")).toEqual(["statement", "ack", "ping", "digest"]);
    expect(answers.map(({ header }) => header.type)).toEqual(["addressed", "linked"]);
    const counters = [answers[1]?.header.counter as number];
    const proof = puppet.tell(node, [puppet.ack(counters), askForAll]);
    const pages = proof.flatMap(({ frames }) => frames).filter((frame) => frame.type === "page");
    expect(pages.flatMap(({ items }) => items).length).toBeGreaterThan(100);
    expect(pages.at(-1)).toMatchObject({ number: 1, isLast: true, lo: "" });
  });

  it("makes two real nodes members of each other's rosters, validated and joined", () => {
    const world = createWorld();
    const [alice, bob] = [world.node("alice"), world.node("bob")];
    bob.join(alice);
    world.run(100);
    expect(notices(bob, "joined")).toMatchObject([{ endpoint: alice.endpoint, peer: { nick: "alice" } }]);
    for (const node of [alice, bob]) {
      expect(node.core.peers({ mono: world.now(), wall: 0 })).toMatchObject([{ status: "alive", rttMs: 20 }]);
    }
  });

  it("brings a newcomer that asks one of twelve to all of them", () => {
    const world = createWorld();
    const nodes = gather(world, names(12));
    const newcomer = world.node("newcomer");
    newcomer.join(nodes[7] as TestNode);
    world.until("all to know all", () => [...nodes, newcomer].every((node) => node.core.stats().peers === 12), 10_000);
  });
});

describe("an address that has not answered", () => {
  it("never gets more than three times the bytes that came from it, whatever is asked", () => {
    const requests: Frame[] = [
      askForAll,
      { type: "ranges", set: "log", salt: "00".repeat(4), lo: "", parts: [{ hi: "~", count: 0, fingerprint: "" }] },
      { type: "list", set: "log", lo: "", hi: "~", salt: "00".repeat(4), ids: [] },
      { type: "probeRequest", target: "ab".repeat(32) as never, introduce: false },
      { type: "ping" },
    ];
    for (const isOpen of [true, false]) {
      for (const frames of [requests, ...requests.map((frame) => [frame])]) {
        const { world, node, puppet } = room();
        let fromThere = 0;
        let toThere = 0;
        world.onSend = ({ to, bytes }) => {
          if (to === victim) toThere += bytes.length;
        };
        for (let round = 0; round < 10; round += 1) {
          const bytes = puppet.sealed(frames, isOpen ? undefined : node.boot);
          fromThere += bytes.length;
          node.step({ type: "datagram", bytes, from: victim });
          expect(toThere).toBeLessThanOrEqual(3 * fromThere);
        }
        world.run(20_000);
        expect(toThere).toBeLessThanOrEqual(3 * fromThere);
      }
    }
  });

  it("gets nothing for junk and for a replayed contact, from wherever it seems to come", () => {
    const { world, node, puppet } = room();
    const contact = puppet.sealed([puppet.statement(), { type: "ping" }], undefined);
    expect(transmits(node.step({ type: "datagram", bytes: contact, from: puppet.endpoint }))).toHaveLength(2);
    const before = node.core.stats();
    for (let round = 0; round < 20; round += 1) {
      const bytes = round % 2 === 0 ? contact : Uint8Array.from(contact, (byte) => byte ^ round);
      expect(transmits(node.step({ type: "datagram", bytes, from: victim }))).toEqual([]);
    }
    const { dropped, peers } = node.core.stats();
    expect(peers).toBe(before.peers);
    expect(dropped).toMatchObject({ replayed: 10 });
    let toVictim = 0;
    world.onSend = ({ to }) => {
      if (to === victim) toVictim += 1;
    };
    world.run(30_000);
    expect(toVictim).toBe(0);
  });

  it("gets at most three times a contact that a third party recorded and replays to a new start of the node", () => {
    const { world, node, puppet } = room();
    const contact = puppet.sealed([puppet.statement({ endpoints: [] }), askForAll, { type: "ping" }], undefined);
    node.restart();
    let toThere = 0;
    world.onSend = ({ to, bytes }) => {
      if (to === victim) toThere += bytes.length;
    };
    for (let round = 0; round < 5; round += 1) node.step({ type: "datagram", bytes: contact, from: victim });
    world.run(30_000);
    expect(toThere).toBeGreaterThan(0);
    expect(toThere).toBeLessThanOrEqual(3 * contact.length);
  });

  it("is limited anew when a proven peer seems to have moved there", () => {
    const { node, puppet } = room();
    puppet.prove(node);
    expect(bytesOf(puppet.tell(node, [askForAll]))).toBeGreaterThan(30_000);
    const moved = puppet.tell(node, [askForAll], { from: victim });
    const request = puppet.sealed([askForAll], node.boot).length;
    expect(bytesOf(moved)).toBeLessThanOrEqual(3 * request);
  });

  it("is validated by an acknowledgement that comes from there, and not by one from elsewhere", () => {
    const parts = [{ hi: "~", count: 299, fingerprint: "00".repeat(6) }];
    const range: Frame = { type: "ranges", set: "log", salt: "00".repeat(4), lo: "", parts };
    const request = [range, { type: "padding", bytes: 1_000 }] as const;
    const elsewhere = "10.0.7.8:1" as Endpoint;
    const gotAfterAckFrom = (from: Endpoint): number => {
      const { node, puppet } = room();
      puppet.prove(node);
      const counters = puppet.tell(node, request, { from: victim }).map(({ header }) => header.counter);
      expect(counters).toHaveLength(1);
      puppet.tell(node, [puppet.ack(counters)], { from });
      return bytesOf(puppet.tell(node, [askForAll], { from: victim }));
    };
    expect(gotAfterAckFrom(victim)).toBeGreaterThan(30_000);
    expect(gotAfterAckFrom(elsewhere)).toBeLessThan(200);
  });
});

describe("before any proof", () => {
  it("a first push is taken at once, without a round trip", () => {
    const { node, puppet } = room(0);
    const message = puppet.message({ text: "first words" });
    const answers = puppet.tell(node, [
      { type: "push", slice: { order: 0, lo: 0, last: 0xffffffff }, message: message.bytes },
    ]);
    expect(node.texts()).toEqual(["first words"]);
    expect(types(answers)).toContain("ack");
  });

  it("what rests on the sender's word changes nothing, and what waits is bounded", () => {
    const { node, puppet } = room(3);
    const self = node.core.self();
    for (let round = 0; round < 5; round += 1) {
      const frames: Frame[] = Array.from({ length: 30 }, () => ({
        type: "probeRequest",
        target: puppet.id,
        introduce: false,
      }));
      expect(types(puppet.tell(node, frames)).filter((type) => type === "statement")).toEqual([]);
    }
    expect(node.core.self()).toEqual(self);
    // Its introduction waits, too.
    expect(node.core.stats().dropped.unproven).toBe(5 * 30 - 31);
  });
});
