/** A program takes a room's history out, and into a room that was never in touch with it. */
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { afterEach, expect, it } from "vitest";
import { type Hub, openHub, type Room } from "../../src/index.ts";
import { allOf } from "../suites/signedTalk.ts";

const hubs: Hub[] = [];
const folder = mkdtempSync(join(tmpdir(), "smplchat-carried-"));

afterEach(async () => {
  for (const hub of hubs.splice(0)) await hub.close();
  rmSync(join(folder, "lab.jsonl"), { force: true });
});

async function roomOf(nick: string, name = "lab"): Promise<Room> {
  const hub = await openHub({ nick, port: 0, discovery: false });
  hubs.push(hub);
  return hub.enter(name);
}

async function textsOf(room: Room): Promise<string[]> {
  return (await room.history()).map(({ text }) => text);
}

it("one log is made of two by a file carried over, and the second time nothing is new", async () => {
  const [anna, bob] = [await roomOf("anna"), await roomOf("bob")];
  for (const text of ["one", "two"]) await anna.say(text);
  await bob.say("three");
  const path = join(folder, "lab.jsonl");
  await pipeline(anna.export(), createWriteStream(path));
  const heard: string[] = [];
  bob.on("message", ({ text, history }) => heard.push(`${text} ${history}`));
  expect(await bob.import(createReadStream(path))).toEqual({ added: 2, known: 0, older: 0, refused: [], bad: 0 });
  expect(heard).toEqual(["one true", "two true"]);
  expect(await textsOf(bob)).toEqual(["one", "two", "three"]);
  expect(await bob.import(createReadStream(path))).toMatchObject({ added: 0, known: 2 });
  expect(await anna.import(bob.export())).toMatchObject({ added: 1, known: 2 });
  expect(await allOf(anna.export())).toEqual(await allOf(bob.export()));
});

it("lines that are bad are named, and the others are taken", async () => {
  const [anna, bob] = [await roomOf("anna"), await roomOf("bob")];
  for (const text of ["one", "two"]) await anna.say(text);
  const lines = await allOf(anna.export());
  expect(await bob.import(lines.map((line) => line.replace('"text":"one"', '"text":"won"')))).toEqual({
    added: 1,
    known: 0,
    older: 0,
    bad: 1,
    refused: [{ line: 2, code: "differs", text: "what is written out is not what was signed: text" }],
  });
});

it("what is of another room, or no history, is refused with a code and words", async () => {
  const [anna, bob] = [await roomOf("anna"), await roomOf("bob", "den")];
  await anna.say("one");
  await expect(bob.import(anna.export())).rejects.toMatchObject({
    code: "other-room",
    message: "the file is of the open room #lab, and not of this #den: nothing was imported",
  });
  await expect(bob.import(["hello\n"])).rejects.toMatchObject({ code: "no-history" });
  await expect(bob.import(5 as never)).rejects.toThrow(TypeError);
  await expect(bob.import([5] as never)).rejects.toThrow("a part of a history file cannot be 5: wanted text or bytes");
  await bob.leave();
  await expect(bob.import(anna.export())).rejects.toMatchObject({ code: "closed" });
  expect(() => bob.export()).toThrow(expect.objectContaining({ code: "closed" }));
});

it("who stops in the middle of a file holds nothing up", async () => {
  const anna = await roomOf("anna");
  for (let n = 0; n < 20; n += 1) await anna.say(`${n}`);
  for await (const line of anna.export()) if (line.includes('"text":"3"')) break;
  expect(await allOf(anna.export())).toHaveLength(22);
});
