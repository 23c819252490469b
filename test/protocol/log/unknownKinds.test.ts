/** Whether a message is taken does not depend on what it says: of any kind and with any body it is verified, kept, relayed, counted and handed on. */
import { describe, expect, it } from "vitest";
import type { Command, Effect } from "../../../src/protocol/api.ts";
import type { Message } from "../../../src/protocol/views.ts";
import { encodeTextBody } from "../../../src/wire/bodies/text.ts";
import { BODY_BYTES_MAX } from "../../../src/wire/envelope.ts";
import type { Frame } from "../../../src/wire/frames.ts";
import type { MessageId } from "../../../src/wire/ids.ts";
import { createWorld, errorOf, fingerprint, gather, outcomeOf, shown, type TestNode, type World } from "../fixtures.ts";
import { createPuppet, type Puppet } from "../puppet.ts";

const slice = { order: 0, lo: 0, last: 0xffffffff };
const target = "ab".repeat(24) as MessageId;
const pushOf = ({ bytes }: { readonly bytes: Uint8Array }): Frame => ({ type: "push", slice, message: bytes });

/** What later versions may say, and what nobody means: a known kind with a body that is none. */
const cases: readonly [string, { kind: number; body: Uint8Array; target?: MessageId }][] = [
  ["of a kind of a later version", { kind: 300, body: Buffer.from("00ff10", "hex") }],
  ["of the last kind there can be, about another message", { kind: 65_535, body: Buffer.from("aa", "hex"), target }],
  ["of an unknown kind, with no body", { kind: 9, body: new Uint8Array(0) }],
  ["that says it is a text, with a nick longer than its body", { kind: 1, body: Buffer.from("05616e", "hex") }],
  ["that says it is an action, with broken UTF-8", { kind: 2, body: Buffer.from("0161ff", "hex") }],
  ["that says it is an edit, and is about nothing", { kind: 6, body: Buffer.from("0161", "hex") }],
  ["that says it is a reaction, with a line end", { kind: 5, body: Buffer.from("01610a", "hex"), target }],
  ["that says it deletes, with a text", { kind: 7, body: Buffer.from("016178", "hex"), target }],
  ["that says it is a text, with no body", { kind: 1, body: new Uint8Array(0) }],
];

const room = (count = 3): { world: World; nodes: TestNode[] } => {
  const world = createWorld();
  return { world, nodes: gather(world, ["alice", "bob", "carol", "dan"].slice(0, count)) };
};
const publish = (node: TestNode, said: Omit<Command & { type: "publish" }, "type">): Effect[] =>
  node.command({ type: "publish", ...said });
const unread = ({ kind, kindNumber, target: about, text, author }: Message) => ({
  kind,
  kindNumber,
  target: about,
  text,
  nick: author.nick,
});

describe("a message that this version cannot read", () => {
  it.each(cases)(
    "%s is relayed to all, kept by all, and handed on by all, and its author counts who has it",
    (_, said) => {
      const { world, nodes } = room();
      const [alice, bob] = nodes as [TestNode, TestNode];
      publish(alice, said);
      world.run(2_000);
      bob.say("an answer");
      world.run(2_000);
      const expected = { kind: "unknown", kindNumber: said.kind, target: said.target, text: "", nick: "" };
      for (const node of nodes) {
        const [first, second] = shown(node);
        expect(first && unread(first)).toEqual(expected);
        expect(first?.own).toBe(node === alice);
        // What was said after it has seen it.
        expect([second?.text, second?.parents]).toEqual(["an answer", [first?.id]]);
        expect(node.log().map(unread)[0]).toEqual(expected);
        expect(node.core.stats()).toMatchObject({ messages: 2, dropped: {} });
      }
      expect(new Set(nodes.map(fingerprint)).size).toBe(1);
      const deliveries = alice.events.flatMap((event) => (event.type === "delivery" ? [event] : []));
      expect(deliveries.at(-1)).toMatchObject({ reached: 2, of: 2 });
    },
  );

  it.each(cases)("%s is taken from the network once, and told once, in order", (_, said) => {
    const { world, nodes } = room(2);
    const [alice, bob] = nodes as [TestNode, TestNode];
    const puppet = createPuppet(world, "later");
    puppet.prove(alice);
    const message = puppet.message(said);
    for (let times = 0; times < 3; times += 1) puppet.tell(alice, [pushOf(message)]);
    world.run(2_000);
    for (const node of [alice, bob]) {
      const events = node.events.filter(({ type }) => type === "message" || type === "ordered" || type === "stored");
      expect(events).toMatchObject([
        { type: "message", isInOrder: true, message: { id: message.id, kind: "unknown", own: false } },
      ]);
    }
    // Bob has it from alice, byte for byte as its author signed it.
    expect(bytesIn(bob, message.id)).toEqual(Buffer.from(message.bytes));
  });

  it("is refused with a wrong signature, and counted, like any other", () => {
    for (const [, said] of cases) {
      const { alice, puppet } = alone();
      const bytes = Buffer.from(puppet.message(said).bytes);
      bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1;
      puppet.tell(alice, [pushOf({ bytes })]);
      expect(alice.log()).toEqual([]);
      expect(alice.core.stats().dropped).toEqual({ "bad-signature": 1 });
    }
  });

  it("whose envelope is none is no message, whatever its kind", () => {
    const { alice, puppet } = alone();
    const { bytes } = puppet.message({ kind: 300 });
    puppet.tell(alice, [pushOf({ bytes: Buffer.concat([bytes, Buffer.alloc(1)]) })]);
    expect(alice.core.stats().dropped).toEqual({ "bad-message": 1 });
  });

  it("is there after a restart, and comes to who joins later as history", () => {
    const { world, nodes } = room(2);
    const [alice, bob] = nodes as [TestNode, TestNode];
    for (const [, said] of cases) publish(alice, said);
    world.run(2_000);
    const before = alice.log().map(unread);
    expect(before).toHaveLength(cases.length);
    alice.crash();
    alice.restart();
    expect(alice.log().map(unread)).toEqual(before);
    const dora = world.node("dora");
    dora.join(bob);
    world.until("the history", () => dora.log().length === cases.length, 10_000);
    expect(dora.log().map(unread)).toEqual(before);
    expect(dora.log().every(({ history }) => history)).toBe(true);
    expect(fingerprint(dora)).toBe(fingerprint(bob));
  });

  it("too large for a datagram is fetched in chunks and is whole", () => {
    const { world, nodes } = room();
    const [alice, , carol] = nodes as [TestNode, TestNode, TestNode];
    const body = Uint8Array.from({ length: BODY_BYTES_MAX }, (_, index) => index % 251);
    publish(alice, { kind: 300, body, target });
    world.until("all to have it", () => nodes.every((node) => node.log().length === 1), 20_000);
    const id = carol.log()[0]?.id as MessageId;
    expect(bytesIn(carol, id)).toEqual(bytesIn(alice, id));
    expect(carol.log().map(unread)).toEqual([{ kind: "unknown", kindNumber: 300, target, text: "", nick: "" }]);
  });
});

describe("publish", () => {
  it("of a kind that is known is the same as saying it", () => {
    const { world, nodes } = room(2);
    const [alice, bob] = nodes as [TestNode, TestNode];
    publish(alice, { kind: 2, body: encodeTextBody({ nick: "alice", text: "waves" }), target });
    world.run(1_000);
    expect(shown(bob)).toMatchObject([{ kind: "action", kindNumber: 2, text: "waves", target }]);
  });

  it.each([0, -1, 65_536, 1.5, Number.NaN, 2 ** 60])(
    "of the kind %d is refused, and nothing is kept or sent",
    (kind) => {
      const { alice } = alone();
      const refused = publish(alice, { kind, body: new Uint8Array(1) });
      expect(refused.map(({ type }) => type)).toEqual(["answer"]);
      expect(errorOf(refused)).toEqual({ code: "bad-kind", kind, limit: 65_535 });
      expect(alice.log()).toEqual([]);
      expect(outcomeOf(publish(alice, { kind: 65_535, body: new Uint8Array(1) })).isDone).toBe(true);
    },
  );

  it.each(["", "ab", "ab".repeat(25), "AB".repeat(24), "xy".repeat(24), `${"ab".repeat(24)}\n`])(
    "about %j, which is no message, is refused, and nothing is kept or sent",
    (about) => {
      const { alice } = alone();
      const refused = publish(alice, { kind: 300, body: new Uint8Array(1), target: about as MessageId });
      expect(refused.map(({ type }) => type)).toEqual(["answer"]);
      expect(errorOf(refused)).toEqual({ code: "bad-target", target: about });
      expect(alice.log()).toEqual([]);
    },
  );

  it("of a body that is too long, or outside of the room, is refused with the reason, and nothing is sent", () => {
    const { alice } = alone();
    const tooLong = new Uint8Array(BODY_BYTES_MAX + 1);
    const refused = publish(alice, { kind: 300, body: tooLong });
    expect(refused.map(({ type }) => type)).toEqual(["answer"]);
    expect(errorOf(refused)).toEqual({ code: "text-too-long", bytes: tooLong.length, limit: BODY_BYTES_MAX });
    alice.command({ type: "leave" });
    expect(errorOf(publish(alice, { kind: 300, body: new Uint8Array(1) }))).toEqual({ code: "not-in-room" });
    expect(alice.log()).toEqual([]);
  });
});

// --- internal ---

function alone(): { alice: TestNode; puppet: Puppet } {
  const world = createWorld();
  const alice = world.node("alice");
  const puppet = createPuppet(world, "later");
  puppet.prove(alice);
  return { alice, puppet };
}

/** As it stands in the store. */
function bytesIn({ store }: TestNode, id: MessageId): Buffer | undefined {
  const bytes = store.kept.get(id);
  return bytes === undefined ? undefined : Buffer.from(bytes);
}
