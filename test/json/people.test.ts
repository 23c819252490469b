/** JSON mode: who is verified stands in every author and peer, what ignored people say is marked, and a changed key is told. */
import { expect, it, vi } from "vitest";
import { keyWords } from "../../src/chat/model/keyWords.ts";
import { fakePeer } from "../suites/fakeRoom.ts";
import { startJson } from "./rig.ts";

it("tells of each author and peer whether it is verified; own messages are", async () => {
  const { room, ask, reply, objects } = await startJson();
  const bob = room.addPeer("bob");
  expect(await ask({ type: "command", line: "/verify bob" })).toMatchObject([
    {
      type: "notice",
      code: "verify",
      data: { words: keyWords(bob.id), isVerified: false, peer: { id: bob.id, verified: false } },
    },
  ]);
  const words = keyWords(bob.id).split(" ");
  const [wrong] = await ask({ type: "command", line: `/verify bob ${words.toReversed().join(" ")}` });
  expect(wrong).toMatchObject({ type: "error", code: "wrong-words", data: { peer: { id: bob.id, verified: false } } });
  expect(JSON.stringify(wrong)).not.toContain(words[2]);
  expect(await ask({ type: "command", line: `/verify bob ${words.join(" ")}` })).toMatchObject([
    { type: "notice", code: "verified", data: { peer: { id: bob.id, verified: true } } },
  ]);
  room.hear(bob, "hi");
  await reply("mine");
  await vi.waitFor(() => expect(objects().filter(({ type }) => type === "message")).toHaveLength(2));
  expect(objects().filter(({ type }) => type === "message")).toMatchObject([
    { author: { nick: "bob", verified: true } },
    { author: { nick: "anna", verified: true } },
  ]);
  const [peers] = await ask({ type: "command", line: "/peers" });
  expect(peers).toMatchObject({ self: { verified: true }, peers: [{ nick: "bob", verified: true }] });
  const [whois] = await ask({ type: "command", line: "/whois bob" });
  expect(whois).toMatchObject({
    data: { peers: [{ words: words.join(" "), verified: true, since: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) }] },
  });
});

it("hides nothing of ignored people, and marks it", async () => {
  const { room, ask, objects } = await startJson();
  const bob = room.addPeer("bob");
  room.hear(bob, "before");
  expect(await ask({ type: "command", line: "/ignore bob" })).toMatchObject([
    { type: "notice", code: "ignored", data: { peer: { id: bob.id } } },
  ]);
  room.hear(bob, "after");
  await vi.waitFor(() => expect(objects().filter(({ type }) => type === "message")).toHaveLength(2));
  expect(objects().flatMap(({ type, text, ignored }) => (type === "message" ? [[text, ignored]] : []))).toEqual([
    ["before", undefined],
    ["after", true],
  ]);
  expect(await ask({ type: "command", line: "/ignore" })).toMatchObject([
    { code: "ignoring", data: { people: [{ id: bob.id, nick: "bob" }] } },
  ]);
});

it("tells of a nick with another key, of both keys, and before what is said with it", async () => {
  const { id } = fakePeer("bob", 99);
  const days = { since: "2026-01-31", nickSince: "2026-01-31" };
  const { room, objects } = await startJson({ people: [{ id, nick: "bob", ...days, verified: true, ignored: false }] });
  const bob = room.addPeer("bob");
  room.hear(bob, "send money");
  await vi.waitFor(() => expect(objects().some(({ type }) => type === "message")).toBe(true));
  const lines = objects();
  const at = lines.findIndex(({ code }) => code === "key-changed");
  expect(lines[at]).toMatchObject({
    type: "notice",
    room: "smplchat",
    text: expect.stringMatching(/^careful: this bob \(t002\) is NOT the bob whom you verified/),
    data: {
      nick: "bob",
      peer: { id: bob.id, tag: "t002", nick: "bob", verified: false },
      known: { id, nick: "bob", verified: true, since: "2026-01-31" },
    },
  });
  expect(at).toBeLessThan(lines.findIndex(({ type }) => type === "message"));
  expect(lines.filter(({ code }) => code === "key-changed")).toHaveLength(1);
});
