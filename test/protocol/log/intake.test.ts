/** What is said, and what is refused: nothing unsayable leaves, nothing impossible comes in. */
import { describe, expect, it } from "vitest";
import { tagOf } from "../../../src/crypto/identity.ts";
import { defaultConfig } from "../../../src/protocol/config.ts";
import { limits } from "../../../src/protocol/limits.ts";
import type { Message } from "../../../src/protocol/views.ts";
import type { Frame } from "../../../src/wire/frames.ts";
import type { MessageId } from "../../../src/wire/ids.ts";
import { createWorld, gather, notices, outcomeOf, shown, type TestNode, told, WALL } from "../fixtures.ts";
import { createPuppet } from "../puppet.ts";

const slice = { order: 0, lo: 0, last: 0 };

describe("a log that is full of messages held back for their parents", () => {
  const chain = (count: number) => {
    const world = createWorld();
    const node = world.node("alice", { maxMessages: 3 });
    const puppet = createPuppet(world, "mallory");
    puppet.prove(node);
    let parents: MessageId[] = [];
    const messages = Array.from({ length: count }, (_, at) => {
      const message = puppet.message({ hlc: WALL + at, parents, text: `${at}` });
      parents = [message.id];
      return message;
    });
    const hear = (...which: number[]): void => {
      for (const at of which) puppet.tell(node, [{ type: "push", slice, message: messages[at]?.bytes as Uint8Array }]);
    };
    return { hear, texts: () => shown(node).map(({ text }) => text) };
  };

  it("lets the oldest go for a new one unshown, and shows the others as soon as the question is out of reach", () => {
    const { hear, texts } = chain(5);
    hear(1, 2, 3, 4);
    expect(texts()).toEqual([]);
    // Older than what it has let go of the same author: it would go at once.
    hear(0);
    expect(texts()).toEqual(["2", "3", "4"]);
  });

  it("shows none of them while a question is missing that may still come", () => {
    const { hear, texts } = chain(6);
    hear(1, 3, 5, 4);
    expect(texts()).toEqual([]);
    hear(2);
    expect(texts()).toEqual(["3", "4", "5"]);
  });
});

describe("saying", () => {
  const about = "ab".repeat(24) as MessageId;

  it.each([
    ["a reply to nothing", "reply", "hi", undefined, { code: "bad-target", target: "" }],
    ["an edit of what is no message", "edit", "hi", "abc", { code: "bad-target", target: "abc" }],
    ["a topic about a message", "topic", "hi", about, { code: "bad-target", target: about }],
    ["an edit to nothing", "edit", " ", about, { code: "text-empty" }],
    ["an empty notice", "notice", "", undefined, { code: "text-empty" }],
    ["a long reaction", "react", "x".repeat(25), about, { code: "bad-reaction", characters: 25, limit: 24 }],
    ["a reaction of two lines", "react", "a\nb", about, { code: "not-one-line", kind: "react" }],
    ["a long topic", "topic", "x".repeat(513), undefined, { code: "text-too-long", bytes: 513, limit: 512 }],
    ["a topic of two lines", "topic", "a\nb", undefined, { code: "not-one-line", kind: "topic" }],
  ] as const)("%s is refused with the reason, and nothing is kept or sent", (_, kind, text, target, error) => {
    const [alice] = gather(createWorld(), ["alice", "bob"]) as [TestNode, TestNode];
    const said = alice.command({ type: "say", kind, text, target: target as MessageId | undefined });
    expect(said).toEqual([{ type: "answer", ref: undefined, outcome: { isDone: false, error } }]);
  });

  it("something about a message names it, on all nodes, and the index finds it by its kind", () => {
    const world = createWorld();
    const [alice, bob] = gather(world, ["alice", "bob"]) as [TestNode, TestNode];
    alice.say("hi");
    const target = alice.log()[0]?.id as MessageId;
    // What cannot be seen of a reaction is none, and what deletes says nothing.
    for (const [kind, text] of [
      ["react", "👍"],
      ["react", " \u200b"],
      ["edit", "hello"],
      ["delete", "why"],
    ] as const)
      alice.command({ type: "say", kind, text, target });
    alice.command({ type: "say", kind: "topic", text: "tea" });
    world.run(2_000);
    const said = [
      ["react", "👍"],
      ["react", ""],
      // It went with what it edited.
      ["edit", ""],
      ["delete", ""],
      ["topic", "tea"],
    ];
    for (const node of [alice, bob]) {
      expect(
        node
          .log()
          .slice(1)
          .map(({ kind, text }) => [kind, text]),
      ).toEqual(said);
      expect(node.core.ofKinds([5, 7]).map((one) => [one.kind, one.target, one.author])).toEqual(
        [5, 5, 7].map((kind) => [kind, target, alice.identity.id]),
      );
    }
  });

  it.each([
    ["", { code: "text-empty" }],
    [" \n\t ", { code: "text-empty" }],
    ["\u200b", { code: "text-empty" }],
    ["\u2800\u3164", { code: "text-empty" }],
    ["x".repeat(65_537), { code: "text-too-long", bytes: 65_537, limit: 65_536 }],
    ["é".repeat(32_769), { code: "text-too-long", bytes: 65_538, limit: 65_536 }],
  ])("%.9j is refused with the reason, and nothing is kept or sent", (text, error) => {
    const world = createWorld();
    const [alice] = gather(world, ["alice", "bob"]) as [TestNode, TestNode];
    expect(alice.say(text)).toEqual([{ type: "answer", ref: undefined, outcome: { isDone: false, error } }]);
    expect(alice.texts()).toEqual([]);
  });

  it("the longest text arrives whole, whatever the nick and the parents", () => {
    const world = createWorld();
    const [alice, bob] = gather(world, ["n".repeat(64), "bob"]) as [TestNode, TestNode];
    const puppet = createPuppet(world, "mallory");
    for (let index = 0; index < 6; index += 1)
      puppet.tell(alice, [{ type: "push", slice, message: puppet.message().bytes }]);
    const text = `${"€".repeat(21_845)}x`;
    alice.say(text);
    expect(alice.log().find((message) => message.text === text)?.parents).toHaveLength(4);
    world.run(2_000);
    expect(bob.texts()).toContain(text);
  });

  it("is handed to the store before it is sent, sent before it is shown, and called stored when the store has it", () => {
    const world = createWorld();
    const [alice] = gather(world, ["alice", "bob"]) as [TestNode, TestNode];
    alice.store.isHeld = true;
    const effects = alice.say("hello");
    expect(effects.map((effect) => effect.type)).toEqual(["mark", "append", "transmit", "emit", "answer"]);
    expect(effects[1]).toMatchObject({ isOwn: true });
    expect(alice.events).toMatchObject([{ type: "message", isInOrder: true, message: { text: "hello", own: true } }]);
    const { id } = told(alice)[0] as Message;
    expect(outcomeOf(effects)).toEqual({ isDone: true, id });
    alice.answerStore();
    expect(alice.events.slice(1)).toEqual([{ type: "stored", ids: [id] }]);
  });

  it("in one millisecond a hundred times keeps the order of saying", () => {
    const world = createWorld();
    const [alice, bob] = gather(world, ["alice", "bob"]) as [TestNode, TestNode];
    const texts = Array.from({ length: 100 }, (_, index) => `${index}`);
    for (const text of texts) alice.say(text);
    world.run(2_000);
    expect(shown(bob).map((message) => message.text)).toEqual(texts);
    expect(new Set(bob.log().map((message) => message.seq)).size).toBe(100);
  });

  it("after a restart with the clock set back is still later than what was said before", () => {
    const world = createWorld();
    const alice = world.node("alice");
    alice.say("before");
    alice.restart();
    alice.skewMs = -30_000;
    alice.say("after");
    expect(alice.texts()).toEqual(["before", "after"]);
    expect(notices(alice, "forked-author")).toEqual([]);
  });
});

describe("a message from the network", () => {
  it("is shown with its author's nick and tag, the time it was said, and what it answers", () => {
    const world = createWorld();
    const node = world.node("alice");
    const puppet = createPuppet(world, "mallory");
    const message = puppet.message({ text: "hello", seq: 7, parents: ["00".repeat(24) as MessageId], hlc: WALL - 1 });
    puppet.tell(node, [{ type: "push", slice, message: message.bytes }]);
    const author = { id: puppet.id, tag: tagOf(puppet.id), nick: "mallory" };
    const said = { kind: "text", kindNumber: 1, text: "hello", time: WALL - 1, seq: 7, target: undefined };
    const parents = ["00".repeat(24)];
    expect(told(node)).toEqual([{ id: message.id, author, ...said, parents, own: false, history: false }]);
  });

  it("stamped too far ahead is neither kept nor acknowledged, and drags no clock along", () => {
    const world = createWorld();
    const node = world.node("alice");
    const puppet = createPuppet(world, "mallory");
    puppet.prove(node);
    const pushOf = (hlc: number): Frame => ({ type: "push", slice, message: puppet.message({ hlc }).bytes });
    const answers = puppet.tell(node, [pushOf(WALL + limits.clockAheadMs + 1_000)]);
    world.run(1_000);
    expect(answers.flatMap(({ frames }) => frames).filter(({ type }) => type === "ack")).toEqual([]);
    expect(node.texts()).toEqual([]);
    expect(node.core.stats().dropped.ahead).toBe(1);
    node.say("from now");
    expect(node.log()).toMatchObject([{ time: WALL + 1_000, parents: [] }]);
  });

  it("stamped too far ahead is not asked for where it is only named", () => {
    const world = createWorld();
    const node = world.node("alice");
    const puppet = createPuppet(world, "mallory");
    puppet.prove(node);
    const { id } = puppet.message({ hlc: WALL + 2 * limits.clockAheadMs });
    puppet.tell(node, [
      { type: "advertise", slice, id },
      { type: "offer", slice, id, bytes: 5_000 },
    ]);
    world.run(1_000);
    expect(node.core.tables()).toMatchObject({
      wanted: { size: 0 },
      transfers: { size: 0 },
      pendingSlices: { size: 0 },
    });
    expect(node.core.stats().dropped.ahead).toBe(2);
  });

  it("with a seq that its author used before is kept beside the other, and its author is named once", () => {
    const world = createWorld();
    const node = world.node("alice");
    const puppet = createPuppet(world, "mallory");
    for (const text of ["one", "other"]) {
      puppet.tell(node, [{ type: "push", slice, message: puppet.message({ seq: 7, text }).bytes }]);
    }
    expect(node.texts().toSorted()).toEqual(["one", "other"]);
    expect(notices(node, "forked-author")).toMatchObject([{ peer: { id: puppet.id }, seq: 7 }]);
  });

  it("that claims to be older than what it answers is refused: it would stand above its question", () => {
    const world = createWorld();
    const node = world.node("alice");
    const puppet = createPuppet(world, "mallory");
    const question = puppet.message({ text: "question" });
    for (const hlc of [WALL - 1_000, WALL]) {
      const answer = puppet.message({ text: "answer", parents: [question.id], hlc });
      puppet.tell(node, [{ type: "push", slice, message: answer.bytes }]);
    }
    puppet.tell(node, [{ type: "push", slice, message: question.bytes }]);
    expect(node.texts()).toEqual(["question"]);
    expect(node.core.stats().dropped).toEqual({ "bad-order": 2 });
  });

  it("whose question is with someone cut off waits for it as long as who is gone stays listed", () => {
    const world = createWorld();
    const [alice, bob] = gather(world, ["alice", "bob"]) as [TestNode, TestNode];
    world.lose = () => true;
    alice.say("question");
    world.lose = ({ from }) => from !== alice.endpoint;
    alice.say("answer");
    world.run(100);
    world.lose = () => true;
    world.run(240_000);
    expect([bob.texts(), shown(bob)]).toEqual([["answer"], []]);
    expect(bob.events.filter(({ type }) => type === "message")).toMatchObject([
      { isInOrder: false, message: { text: "answer" } },
    ]);
    world.lose = () => false;
    world.run(60_000);
    expect(shown(bob).map((message) => message.text)).toEqual(["question", "answer"]);
  });

  it("whose question died with its author is shown without it in the end, to newcomers too", () => {
    const world = createWorld();
    const [alice, bob] = gather(world, ["alice", "bob"]) as [TestNode, TestNode];
    world.lose = () => true;
    alice.say("question");
    world.lose = ({ from }) => from !== alice.endpoint;
    alice.say("answer");
    world.run(100);
    alice.crash();
    world.lose = () => false;
    const carol = world.node("carol");
    carol.join(bob);
    world.run(40_000);
    expect(shown(carol).map((message) => message.text)).toEqual(["answer"]);
    world.until("bob to give up", () => shown(bob).length > 0, defaultConfig.nodeTimeoutMs);
  });

  it("that came before is not taken, shown or stored again", () => {
    const world = createWorld();
    const node = world.node("alice");
    const puppet = createPuppet(world, "mallory");
    const { bytes } = puppet.message();
    for (let round = 0; round < 3; round += 1) {
      puppet.tell(node, [
        { type: "push", slice, message: bytes },
        { type: "message", bytes },
      ]);
    }
    expect(told(node)).toHaveLength(1);
    expect(shown(node)).toHaveLength(1);
    expect([...node.store.appends.values()]).toEqual([1]);
  });

  it("is a copy: the datagram it came in may be reused", () => {
    const world = createWorld();
    const node = world.node("alice");
    const puppet = createPuppet(world, "mallory");
    puppet.meet(node);
    const bytes = Uint8Array.from(puppet.sealed([{ type: "message", bytes: puppet.message().bytes }], node.boot));
    node.step({ type: "datagram", bytes, from: puppet.endpoint });
    bytes.fill(0);
    node.restart();
    expect(node.texts()).toHaveLength(1);
  });
});
