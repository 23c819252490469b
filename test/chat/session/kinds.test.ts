/** Replies, reactions, edits, deletions and the topic as a person types them, and what is kept as it reads afterwards. */
import { describe, expect, it } from "vitest";
import { deletedIn, keptPage } from "../../../src/chat/history/keptView.ts";
import { refOf } from "../../../src/chat/model/longText.ts";
import { sentenceFor } from "../../../src/chat/model/sentences.ts";
import type { Message, PeerView } from "../../../src/protocol/views.ts";
import type { MessageId } from "../../../src/wire/ids.ts";
import { createFaceRig } from "../../suites/faceRig.ts";

/** A session with what is said of each typed line. */
async function sit() {
  const { session, room } = await createFaceRig();
  const bob = room.addPeer("bob");
  let told: string[] = [];
  session.subscribe((event) => {
    if (event.type === "reply" && event.reply.code === "search" && !event.reply.isOver) return;
    const sentence = sentenceFor(event, "smplchat");
    if (sentence !== undefined) told.push(sentence.text);
  });
  /** What answers the line; nothing where something was said. */
  const type = async (line: string): Promise<string> => {
    told = [];
    const before = room.kept().length;
    const outcome = await session.line(line);
    if (outcome === "refused") expect(room.kept()).toHaveLength(before);
    return told.join("\n");
  };
  const hear = (text: string, more: Partial<Message> = {}, by: PeerView = bob) => room.hear(by, text, more);
  const own = (text: string) => room.hear(room.self(), text, { own: true });
  const last = () => {
    const { kind, target, text } = room.kept().at(-1) as Message;
    return { kind, target, text };
  };
  return { session, room, bob, type, hear, own, last };
}

describe("a message is meant", () => {
  it("by its number among the newest of others or of one's own, by its id, its end or its front", async () => {
    const { type, hear, own, last } = await sit();
    const [one, two] = [hear("one"), hear("two")];
    const [first, second] = [own("first"), own("second")];
    expect(await type("/reply yes")).toBe("");
    expect(last()).toEqual({ kind: "reply", target: two.id, text: "yes" });
    await type("/reply 2 indeed, 2 of them");
    expect(last()).toEqual({ kind: "reply", target: one.id, text: "indeed, 2 of them" });
    await type(`/re ${refOf(one.id)} to one`);
    expect(last()).toEqual({ kind: "reply", target: one.id, text: "to one" });
    await type(`/react ${two.id.toUpperCase()} 👍`);
    expect(last()).toEqual({ kind: "react", target: two.id, text: "👍" });
    await type("/react 🎉");
    expect(last()).toEqual({ kind: "react", target: two.id, text: "🎉" });
    await type("/react 2 -");
    expect(last()).toEqual({ kind: "react", target: one.id, text: "" });
    // The replies are one's own as well: 1 to 3.
    await type("/edit 4 second, better");
    expect(last()).toEqual({ kind: "edit", target: second.id, text: "second, better" });
    await type("/delete 5");
    expect(last()).toEqual({ kind: "delete", target: first.id, text: "" });
    await type("/notice backup done");
    expect(last()).toEqual({ kind: "notice", target: undefined, text: "backup done" });
    await type("/delete");
    expect(last().kind).toBe("delete");
  });

  it("never by a word of letters that names no message: it belongs to the text", async () => {
    const { type, hear, last } = await sit();
    const { id: target } = hear("what is it?");
    await type("/reply facade of a house\nand more");
    expect(last()).toEqual({ kind: "reply", target, text: "facade of a house\nand more" });
    expect(await type("/reply a1b2c3 of a house")).toBe("there is no message a1b2c3; /log lists the newest");
  });

  it("as an edit by what it changes", async () => {
    const { type, hear, bob, last } = await sit();
    const { id: target } = hear("tee");
    const edit = hear("tea", { kind: "edit", target }, bob);
    await type(`/reply ${refOf(edit.id)} thanks`);
    expect(last()).toMatchObject({ kind: "reply", target });
  });

  it.each([
    ["/reply", "usage: /reply [N|ID] TEXT, as in /reply 2 yes, at noon"],
    ["/reply 2", "usage: /reply [N|ID] TEXT, as in /reply 2 yes, at noon"],
    ["/react", "usage: /react [N|ID] EMOJI, as in /react 1 👍"],
    ["/react 1", "usage: /react [N|ID] EMOJI, as in /react 1 👍"],
    ["/react nice one", "usage: /react [N|ID] EMOJI, as in /react 1 👍"],
    ["/edit", "usage: /edit [N|ID] TEXT, as in /edit 1 see you at noon"],
    ["/delete now", "usage: /delete [N|ID], as in /delete 1"],
    ["/delete 1 2", "usage: /delete [N|ID], as in /delete 1"],
    ["/notice", "/notice takes TEXT: nothing was given"],
  ])("%s gets the usage with an example", async (line, usage) => {
    const { type, hear, own } = await sit();
    hear("hi");
    own("hi");
    expect(await type(line)).toBe(usage);
  });

  it("and refused in one sentence where there is none, it is not one's own, deleted, or no line", async () => {
    const { type, hear, own, room } = await sit();
    expect(await type("/reply hi")).toBe("nobody else has said anything yet");
    expect(await type("/edit hi")).toBe("you have said nothing yet");
    const his = hear("his");
    const mine = own("mine");
    const topic = room.hear(room.self(), "tea", { own: true, kind: "topic" });
    expect(await type("/reply 3 hi")).toBe("1 message of others kept, none of them number 3");
    expect(await type("/delete 2")).toBe("1 message of yours kept, none of them number 2");
    expect(await type(`/edit ${his.id} x`)).toBe("only bob can edit this message");
    expect(await type(`/delete ${his.id}`)).toBe("only bob can delete this message");
    expect(await type(`/edit ${topic.id} x`)).toBe("only what somebody said can be edited");
    expect(await type(`/react ${"x".repeat(25)}`)).toContain("a reaction has at most 24 characters, not 25");
    await type("/delete");
    expect(await type(`/edit ${mine.id} x`)).toBe("this message was deleted");
    expect(await type(`/delete ${mine.id}`)).toBe("this message is deleted already");
    expect(await type("/delete")).toBe("you have said nothing yet");
    expect(await type("/reply 000000 x")).toContain("messages are called 000000: give more of its id");
  });
});

describe("what is kept", () => {
  it("reads as it was edited, and what was deleted is not shown, listed or found", async () => {
    const { type, hear, own, room, bob } = await sit();
    const [tee, secret] = [hear("tee at noon"), hear("secret plan")];
    own("mine");
    hear("tea at noon", { kind: "edit", target: tee.id });
    hear("secret plan, changed", { kind: "edit", target: secret.id });
    // Of others than the author, and malformed.
    hear("forged", { kind: "edit", target: tee.id }, room.addPeer("eve"));
    hear("", { kind: "unknown", kindNumber: 7, target: tee.id });
    expect(await type("/search tea")).toContain("<bob> tea at noon (edited)");
    expect(await type("/search tee")).toContain("nothing found");
    hear("", { kind: "delete", target: secret.id });
    hear("👍", { kind: "react", target: tee.id });
    for (const word of ["secret", "plan", "changed", "forged"])
      expect(await type(`/search ${word}`)).toContain("nothing found");
    const log = (await type("/log")).split("\n");
    expect(log.map((line) => line.replace(/^(\S+) \S+ /, "$1 "))).toEqual([
      `${refOf(tee.id)} <bob> tea at noon (edited)`,
      `${refOf(secret.id)} <bob> (deleted)`,
      expect.stringMatching(/<anna> mine$/),
      expect.stringMatching(/makes no sense/),
    ]);
    expect(await type(`/show ${refOf(secret.id)}`)).toMatch(/\n\(deleted\)$/);
    expect(await type(`/show ${refOf(tee.id)}`)).toMatch(/\ntea at noon \(edited\)$/);
    const texts = (await keptPage(room, 100)).map(({ text, deleted, editedBy }) => [
      text,
      deleted,
      editedBy !== undefined,
    ]);
    expect(texts.slice(0, 5)).toEqual([
      ["tea at noon", undefined, true],
      ["", true, false],
      ["mine", undefined, false],
      ["tea at noon", undefined, false],
      // The edit of what was deleted tells nothing of it, either.
      ["", true, false],
    ]);
    const isDeleted = await deletedIn(room);
    expect([secret, tee].map(({ id }) => isDeleted(id, bob.id))).toEqual([true, false]);
  });

  it("by an earlier page says the same: the edit may be far above it", async () => {
    const { hear, room } = await sit();
    const old = hear("old");
    for (let at = 0; at < 600; at += 1) hear(`message ${at}`);
    hear("new", { kind: "edit", target: old.id });
    const [first] = await keptPage(room, 1, ("0".repeat(45) + "002") as MessageId);
    expect(first).toMatchObject({ id: old.id, text: "new" });
  });

  it("takes an edit before one that makes no sense", async () => {
    const { hear, room } = await sit();
    const { id: target } = hear("one");
    hear("two", { kind: "edit", target });
    for (let at = 0; at < 9; at += 1) hear("", { kind: "unknown", kindNumber: 6, target });
    expect((await keptPage(room, 100))[0]).toMatchObject({ text: "two" });
  });
});

it("the topic is shown, set and cleared", async () => {
  const { type, hear, last } = await sit();
  expect(await type("/topic")).toBe("#smplchat has no topic; /topic TEXT sets one");
  await type("/topic tea at noon");
  expect(last()).toEqual({ kind: "topic", target: undefined, text: "tea at noon" });
  hear("coff\u202eee", { kind: "topic" });
  expect(await type("/topic")).toMatch(/^the topic of #smplchat: coffee \(bob, .* 2026\); \/topic - clears it$/);
  await type("/topic -");
  expect(last().text).toBe("");
  expect(await type("/topic")).toContain("has no topic");
});

it("help says how a message is named", async () => {
  const { type } = await sit();
  expect(await type("/help reply")).toContain("/log shows (also /re); as in /reply 2 yes, at noon");
  expect(await type("/help")).toMatch(/^\/delete \[N\|ID\] +take back/m);
});
