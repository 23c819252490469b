/** A message whose author has deleted it: its body is gone everywhere, whatever came first, and its id stays in every log. */
import { describe, expect, it } from "vitest";
import { eraseMessage, type SignedMessage } from "../../../src/crypto/signed.ts";
import type { Config } from "../../../src/protocol/config.ts";
import type { Message } from "../../../src/protocol/views.ts";
import { encodeBody } from "../../../src/wire/bodies/body.ts";
import { DELETE_KIND, EDIT_KIND } from "../../../src/wire/bodies/kinds.ts";
import { decodeEnvelope } from "../../../src/wire/envelope.ts";
import type { Frame } from "../../../src/wire/frames.ts";
import type { MessageId } from "../../../src/wire/ids.ts";
import { createWorld, fingerprint, gather, outcomeOf, type TestNode, told, WALL, type World } from "../fixtures.ts";
import { createPuppet, type Puppet } from "../puppet.ts";

const SECRET = "the code is 1234";
const LARGE = `${SECRET} ${"x".repeat(20_000)}`;
const NOTHING = encodeBody("text", "nick", "").body;
const full = { code: "full", detail: "ENOSPC" } as const;
const slice = { order: 0, lo: 0, last: 0 };
const push = ({ bytes }: Pick<SignedMessage, "bytes">): Frame => ({ type: "push", slice, message: bytes });

function say(node: TestNode, text = SECRET): MessageId {
  const outcome = outcomeOf(node.say(text));
  return (outcome.isDone ? outcome.id : undefined) as MessageId;
}

function remove(node: TestNode, target: MessageId): MessageId {
  const outcome = outcomeOf(node.command({ type: "publish", kind: DELETE_KIND, body: NOTHING, target }));
  return (outcome.isDone ? outcome.id : undefined) as MessageId;
}

const deleteBy = (puppet: Puppet, { id, content }: SignedMessage): SignedMessage =>
  puppet.message({ kind: DELETE_KIND, body: NOTHING, target: id, hlc: content.hlc + 1 });
const erased = (message: SignedMessage, by: SignedMessage): SignedMessage => ({
  ...message,
  bytes: eraseMessage(message.bytes, by.bytes) as Uint8Array,
});
const isOnDisk = ({ store }: TestNode, text = SECRET): boolean =>
  [...store.kept.values()].some((bytes) => Buffer.from(bytes).includes(text));
const viewOf = (node: TestNode, id: MessageId): Message | undefined => node.log().find((message) => message.id === id);
const isErasedAt = (node: TestNode, id: MessageId): boolean =>
  decodeEnvelope(node.store.kept.get(id) ?? new Uint8Array())?.erasure !== undefined;
const hasAll = (node: TestNode, of: TestNode) => (): boolean => fingerprint(node) === fingerprint(of);

/** A node, and a member that sends it messages and hears what comes back. */
function setUp(setup: { recentBytes?: number } = {}, config: Partial<Config> = {}) {
  const world = createWorld();
  const node = world.node("alice", config, setup);
  const puppet = createPuppet(world, "mallory");
  puppet.prove(node);
  const sent: Frame[] = [];
  world.listen(puppet.endpoint, (bytes) => sent.push(...(puppet.opened(bytes)?.frames ?? [])));
  return { world, node, puppet, sent };
}

/** Whether anything that it sends to whoever asks for the message holds the text. */
function tells({ world, node, puppet, sent }: ReturnType<typeof setUp>, id: MessageId): boolean {
  sent.length = 0;
  const frames = [
    ...puppet.tell(node, [{ type: "want", ids: [id] }]),
    ...puppet.tell(node, [{ type: "wantChunks", id, chunks: [0] }]),
  ];
  world.run(1_000);
  const all = [...frames.flatMap((answer) => answer.frames), ...sent];
  const bodies = all.flatMap((frame) => (frame.type === "message" || frame.type === "chunk" ? [frame.bytes] : []));
  expect(bodies.length, "something of it is sent").toBeGreaterThan(0);
  return bodies.some((bytes) => Buffer.from(bytes).includes(SECRET));
}

describe("a deleted message", () => {
  it.each([
    ["that was pushed", SECRET],
    ["that was fetched in chunks", LARGE],
  ])("%s loses its words on every node, and a newcomer gets it without them", (_, text) => {
    const world = createWorld();
    const nodes = gather(world, ["anna", "bob", "carol"]) as [TestNode, TestNode, TestNode];
    const [anna, bob, carol] = nodes;
    const id = say(anna, text);
    world.until("carol to have it", () => carol.core.ids().includes(id) && bob.core.ids().includes(id), 10_000);
    expect(nodes.map((node) => isOnDisk(node))).toEqual([true, true, true]);
    const by = remove(anna, id);
    world.until("all to have the delete", () => nodes.every(({ core }) => core.ids().includes(by)), 10_000);
    expect(nodes.map((node) => isOnDisk(node))).toEqual([false, false, false]);
    expect(viewOf(bob, id)).toMatchObject({ kind: "text", text: "", erased: true, author: { nick: "nick" } });
    const dan = world.node("dan");
    world.onSend = ({ bytes }) => expect(Buffer.from(bytes).includes(SECRET)).toBe(false);
    dan.join(bob);
    world.until("dan to have all", hasAll(dan, anna), 30_000);
    expect(dan.core.ids()).toContain(id);
    expect([told(dan).find((message) => message.id === id)?.text, isErasedAt(dan, id)]).toEqual(["", true]);
    for (const node of nodes) node.restart();
    expect(nodes.map((node) => viewOf(node, id)?.erased)).toEqual([true, true, true]);
  });

  it("takes its edits with it, those too that come later", () => {
    const place = setUp();
    const { node, puppet } = place;
    const message = puppet.message({ text: "the code is no secret" });
    const { body } = encodeBody("edit", "mallory", SECRET);
    const edit = (after: number): SignedMessage =>
      puppet.message({ kind: EDIT_KIND, body, target: message.id, hlc: message.content.hlc + after });
    const [early, late, newer] = [edit(1), edit(2), edit(4)];
    const foreign = createPuppet(place.world, "bob");
    const byAnother = foreign.message({ kind: EDIT_KIND, body, target: message.id, hlc: message.content.hlc + 1 });
    foreign.prove(node);
    puppet.tell(node, [push(message), push(early)]);
    foreign.tell(node, [push(byAnother)]);
    const by = puppet.message({ kind: DELETE_KIND, body: NOTHING, target: message.id, hlc: message.content.hlc + 3 });
    puppet.tell(node, [push(by)]);
    puppet.tell(node, [push(late), push(newer)]);
    expect([message, early, late].map(({ id }) => isErasedAt(node, id))).toEqual([true, true, true]);
    expect(tells(place, early.id)).toBe(false);
    expect(viewOf(node, late.id)).toMatchObject({ kind: "edit", text: "", erased: true });
    // What another says of it is another's, and what was said after the delete is no part of what was deleted.
    expect([byAnother, newer].map(({ id }) => isErasedAt(node, id))).toEqual([false, false]);
  });

  it("has its edits erased at the next start where a crash came between", () => {
    const { node, puppet } = setUp();
    const message = puppet.message({ text: "the code is no secret" });
    const { body } = encodeBody("edit", "mallory", SECRET);
    const edit = puppet.message({ kind: EDIT_KIND, body, target: message.id, hlc: message.content.hlc + 1 });
    const by = puppet.message({ kind: DELETE_KIND, body: NOTHING, target: message.id, hlc: message.content.hlc + 2 });
    puppet.tell(node, [push(message), push(edit)]);
    const whole = node.store.kept.get(edit.id) as Uint8Array;
    puppet.tell(node, [push(by)]);
    node.store.kept.set(edit.id, whole);
    node.restart();
    node.step({ type: "timer" });
    expect(isErasedAt(node, edit.id)).toBe(true);
  });

  it("is told without its words where it comes after the delete, and is stored so", () => {
    const place = setUp();
    const { node, puppet } = place;
    const message = puppet.message({ text: SECRET });
    puppet.tell(node, [push(deleteBy(puppet, message))]);
    puppet.tell(node, [push(message)]);
    expect(node.core.ids()).toHaveLength(2);
    expect(told(node).map(({ text, erased }) => [text, erased])).toEqual([
      ["", undefined],
      ["", true],
    ]);
    expect([isOnDisk(node), isErasedAt(node, message.id), tells(place, message.id)]).toEqual([false, true, false]);
  });

  it("is told so as well where the delete is only in the store", () => {
    const place = setUp({ recentBytes: 0 });
    const { node, puppet } = place;
    const message = puppet.message({ text: SECRET });
    puppet.tell(node, [push(deleteBy(puppet, message))]);
    node.store.isHeld = true;
    puppet.tell(node, [push(message)]);
    const asked = node.store.asked.map(({ type }) => type);
    expect(asked.filter((type) => type !== "read")).toEqual(["append", "erase"]);
    expect(told(node).at(-1)).toMatchObject({ id: message.id, text: "", erased: true });
    node.store.isHeld = false;
    node.answerStore(10);
    expect([isOnDisk(node), isErasedAt(node, message.id), tells(place, message.id)]).toEqual([false, true, false]);
    node.restart();
    expect(viewOf(node, message.id)?.erased).toBe(true);
  });

  it("that came in its erased form alone brings the delete along", () => {
    const { node, puppet } = setUp();
    const message = puppet.message({ text: SECRET });
    const by = deleteBy(puppet, message);
    puppet.tell(node, [push(erased(message, by))]);
    expect(node.core.ids()).toEqual([message.id, by.id].toSorted());
    expect(isErasedAt(node, message.id)).toBe(true);
  });

  it("that is kept whole loses its words by the erased form, too", () => {
    const place = setUp();
    const { node, puppet } = place;
    const message = puppet.message({ text: SECRET });
    puppet.tell(node, [push(message)]);
    expect(isOnDisk(node)).toBe(true);
    puppet.tell(node, [push(erased(message, deleteBy(puppet, message)))]);
    expect([isOnDisk(node), isErasedAt(node, message.id)]).toEqual([false, true]);
    puppet.tell(node, [push(message)]);
    expect([isOnDisk(node), tells(place, message.id)]).toEqual([false, false]);
  });

  it.each(["in a datagram", "in a file"])("stays whole whatever erased form another hands out %s", (how) => {
    const { node, puppet, world } = setUp();
    const anna = createPuppet(world, "anna", 201);
    const [kept, lacking] = [anna.message({ text: SECRET }), anna.message({ text: "another" })];
    anna.tell(node, [push(kept)]);
    const badlySigned = { ...deleteBy(anna, kept), bytes: Uint8Array.from(deleteBy(anna, kept).bytes).fill(0, -64) };
    const forms = [
      erased(kept, deleteBy(puppet, kept)),
      erased(lacking, deleteBy(puppet, lacking)),
      erased(kept, badlySigned),
    ];
    if (how === "in a datagram") for (const form of forms) puppet.tell(node, [push(form)]);
    else {
      const outcome = outcomeOf(node.command({ type: "import", messages: forms.map(({ bytes }) => bytes) }));
      expect(outcome).toMatchObject({ imported: { fates: Array(3).fill("bad-erasure") } });
    }
    puppet.tell(node, [push(deleteBy(puppet, kept))]);
    expect(node.core.ids()).toContain(kept.id);
    expect(node.core.ids()).not.toContain(lacking.id);
    expect([isOnDisk(node), viewOf(node, kept.id)?.text]).toEqual([true, SECRET]);
    // Two of them, and nothing more of that sender is looked at for a while.
    if (how === "in a datagram") expect(node.core.stats().dropped).toMatchObject({ "bad-erasure": 2 });
  });

  it("is not brought back by a delete of its delete", () => {
    const { node, puppet } = setUp();
    const message = puppet.message({ text: SECRET });
    const by = deleteBy(puppet, message);
    puppet.tell(node, [push(message), push(by)]);
    puppet.tell(node, [push(deleteBy(puppet, by))]);
    expect(node.core.ids()).toHaveLength(3);
    expect([isErasedAt(node, message.id), isErasedAt(node, by.id)]).toEqual([true, false]);
  });

  it("is of the class that it was of, so that nodes with the one form and the other keep the same", () => {
    const config = { maxMessages: 40 };
    const world = createWorld();
    const [whole, other] = [world.node("whole", config), world.node("other", config)];
    const puppet = createPuppet(world, "mallory");
    for (const node of [whole, other]) puppet.prove(node);
    const large = [1, 2, 3].map((n) => puppet.message({ text: LARGE, hlc: WALL + n, seq: n }));
    const by = large.map((message) => deleteBy(puppet, message));
    whole.command({ type: "import", messages: large.map(({ bytes }) => bytes) });
    other.command({
      type: "import",
      messages: large.map((message, at) => erased(message, by[at] as SignedMessage).bytes),
    });
    const ids = large.map(({ id }) => id).slice(1);
    expect([whole.core.ids(), other.core.ids()]).toEqual([ids, ids]);
    expect(other.core.tables().largeMessages).toEqual({ size: 2, bound: 2 });
    other.restart();
    expect(other.core.tables().largeMessages).toEqual({ size: 2, bound: 2 });
    expect(fingerprint(whole)).toBe(fingerprint(other));
  });

  it("that is let go to make room for its own delete leaves nothing in the store", () => {
    const { node, puppet } = setUp({}, { maxMessages: 2 });
    const [message, next] = [puppet.message({ text: SECRET }), puppet.message({ hlc: WALL + 5 })];
    puppet.tell(node, [push(message), push(next)]);
    node.store.isHeld = true;
    puppet.tell(node, [push({ ...deleteBy(puppet, { ...message, content: next.content }) })]);
    expect(node.store.asked.map(({ type }) => type)).toEqual(["append", "erase", "trim"]);
  });
});

describe("a large message that is deleted while somebody fetches it", () => {
  it("comes to an end without its words, and its partly fetched body is dropped", () => {
    const world = createWorld();
    const [anna, bob] = gather(world, ["anna", "bob"]) as [TestNode, TestNode];
    const id = say(anna, LARGE);
    world.until("bob to fetch it", () => (bob.core.tables().transfers?.size ?? 0) > 0, 5_000);
    const by = remove(anna, id);
    world.until("bob to have both", () => [id, by].every((one) => bob.core.ids().includes(one)), 30_000);
    expect([bob.core.tables().transfers?.size, isOnDisk(bob), isErasedAt(bob, id)]).toEqual([0, false, true]);
    world.until("the logs to be equal", hasAll(anna, bob), 10_000);
  });
});

describe("the store of a deleted message", () => {
  const both = (world: World): { node: TestNode; puppet: Puppet; message: SignedMessage } => {
    const node = world.node("alice");
    const puppet = createPuppet(world, "mallory");
    puppet.prove(node);
    const message = puppet.message({ text: SECRET });
    puppet.tell(node, [push(message)]);
    return { node, puppet, message };
  };

  it("erases it at the next start, if a crash came between the delete and that", () => {
    const { node, puppet, message } = both(createWorld());
    node.store.isHeld = true;
    puppet.tell(node, [push(deleteBy(puppet, message))]);
    node.answerStore(1);
    expect([node.store.asked.map(({ type }) => type), isOnDisk(node)]).toEqual([["erase"], true]);
    node.restart();
    node.store.isHeld = false;
    node.step({ type: "timer" });
    expect([isOnDisk(node), isErasedAt(node, message.id), viewOf(node, message.id)?.erased]).toEqual([
      false,
      true,
      true,
    ]);
  });

  it("is asked again while it refuses, and nobody is sent the words meanwhile", () => {
    const world = createWorld();
    const { node, puppet, message } = both(world);
    node.store.trouble = full;
    puppet.tell(node, [push(deleteBy(puppet, message))]);
    expect([isOnDisk(node), node.core.tables().erasing?.size]).toEqual([true, 1]);
    world.run(20_000);
    expect(isOnDisk(node)).toBe(true);
    node.store.trouble = undefined;
    world.until("it to be erased", () => !isOnDisk(node), 10_000);
    expect(isErasedAt(node, message.id)).toBe(true);
    expect(node.core.tables().erasing?.size).toBe(0);
  });

  it("gives a body back that it read before: nobody is sent it, and the message is not lost", () => {
    const place = setUp({ recentBytes: 0 });
    const { node, puppet, world, sent } = place;
    const message = puppet.message({ text: SECRET });
    puppet.tell(node, [push(message)]);
    node.store.isHeld = true;
    sent.length = 0;
    puppet.tell(node, [{ type: "want", ids: [message.id] }]);
    puppet.tell(node, [push(deleteBy(puppet, message))]);
    expect(node.store.asked.map(({ type }) => type)).toEqual(["read", "append", "erase"]);
    node.store.isHeld = false;
    node.answerStore(3);
    world.run(2_000);
    expect(sent.filter((frame) => frame.type === "message" && Buffer.from(frame.bytes).includes(SECRET))).toEqual([]);
    expect(node.core.ids()).toContain(message.id);
    expect(tells(place, message.id)).toBe(false);
  });
});
