/** Replies, reactions, edits, deletions and the topic as a program uses them: real sockets on this host, discovery off. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Hub, openHub, type Room, type RoomMessage, SmplchatError } from "../../src/index.ts";

const hubs: Hub[] = [];

afterEach(async () => {
  for (const hub of hubs.splice(0)) await hub.close();
});

async function enter(nick: string, join?: Room): Promise<Room> {
  const hub = await openHub({ nick, port: 0, discovery: false });
  hubs.push(hub);
  const near = join === undefined ? [] : [`127.0.0.1:${join.address().split(":").at(-1)}`];
  return hub.enter("lab", { join: near });
}

const codeOf = (refused: Promise<unknown>): Promise<unknown> =>
  refused.then(
    () => "taken",
    (error: unknown) => (error instanceof SmplchatError ? error.code : error),
  );

it("two programs reply, react, edit, delete and set a topic, and hear it of each other", async () => {
  const annas = await enter("anna");
  const bobs = await enter("bob", annas);
  const heard: RoomMessage[] = [];
  bobs.on("message", (message) => heard.push(message));
  await vi.waitFor(() => expect(annas.peers()).toHaveLength(2), { timeout: 5_000 });
  const hello = await annas.say("hello");
  const draft = await annas.say("draft", { kind: "notice" });
  await annas.edit(hello.id, "hello, all");
  await annas.delete(draft);
  await annas.setTopic("tea at noon");
  await vi.waitFor(() => expect(heard).toHaveLength(5), { timeout: 5_000 });
  expect(heard.map(({ kind, text, target }) => [kind, text, target])).toEqual([
    ["text", "hello", undefined],
    ["notice", "draft", undefined],
    ["edit", "hello, all", hello.id],
    ["delete", "", draft.id],
    ["topic", "tea at noon", undefined],
  ]);
  const [first] = heard as [RoomMessage];
  const { delivery } = await bobs.reply(first, "hi anna");
  expect(await delivery).toEqual({ reached: 1, of: 1, lacking: [] });
  await bobs.react(heard[2] as RoomMessage, "👍");
  await vi.waitFor(async () => expect(await annas.history()).toHaveLength(7), { timeout: 5_000 });
  const [one, two, ...rest] = await annas.history();
  expect(one).toMatchObject({ id: hello.id, text: "hello, all", editedBy: expect.any(String) });
  expect(two).toMatchObject({ id: draft.id, text: "", deleted: true });
  // A reaction to an edit is one to what it changes.
  expect(rest.slice(-2)).toMatchObject([
    { kind: "reply", target: hello.id, text: "hi anna" },
    { kind: "react", target: hello.id, text: "👍" },
  ]);
  expect(await bobs.topic()).toBe("tea at noon");
  await bobs.setTopic("");
  expect(await bobs.topic()).toBe("");
  expect(await codeOf(bobs.edit(first, "x"))).toBe("not-yours");
  expect(await codeOf(bobs.reply(draft, "x"))).toBe("already-deleted");
  expect(await codeOf(bobs.react("ab".repeat(24), "x"))).toBe("unknown-message");
  expect(await codeOf(bobs.react(first, "x".repeat(25)))).toBe("bad-reaction");
  expect(await codeOf(annas.edit(hello, " "))).toBe("text-empty");
  expect(await codeOf(annas.setTopic("two\nlines"))).toBe("not-one-line");
  expect(await codeOf(bobs.setTopic("x".repeat(513)))).toBe("text-too-long");
  const found: string[] = [];
  for await (const { text } of annas.search({ text: "hello" })) found.push(text);
  expect(found).toEqual(["hello, all"]);
});

describe("what makes no sense is told in words", () => {
  it("as a TypeError that says what would fit", async () => {
    const room = await enter("anna");
    const wrong = room as unknown as Record<string, (...given: unknown[]) => Promise<unknown>>;
    const { id } = await room.say("hi");
    const cases: [string, unknown[], RegExp][] = [
      ["reply", ["a1b2c3", "x"], /the message of reply cannot be .*a message of this room, or its id: 48 hex digits/],
      ["react", [undefined, "x"], /the message of react cannot be undefined/],
      ["edit", [id, 7], /a text cannot be 7: wanted a string/],
      ["delete", [{}], /the message of delete/],
      ["setTopic", [], /a text cannot be undefined/],
      ["say", ["x", { kind: "reply" }], /kind cannot be .*have methods/],
    ];
    for (const [method, given, words] of cases) {
      const refused = (wrong[method] as (...all: unknown[]) => Promise<unknown>)(...given);
      await expect(refused).rejects.toThrow(TypeError);
      await expect(refused).rejects.toThrow(words);
    }
  });
});
