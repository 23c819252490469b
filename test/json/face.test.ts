/** JSON mode keeps its contract with programs: one object per line, in and out. */
import { PassThrough } from "node:stream";
import { describe, expect, it, vi } from "vitest";
import { runJson } from "../../src/json/face.ts";
import type { MessageId } from "../../src/wire/ids.ts";
import { createFaceRig } from "../suites/faceRig.ts";
import { unreadable } from "../suites/fakeRoom.ts";
import { startJson } from "./rig.ts";

describe("JSON mode", () => {
  it("begins with ready and tells that it is alone", async () => {
    const { objects } = await startJson();
    await vi.waitFor(() => expect(objects()).toHaveLength(2));
    expect(objects()[0]).toEqual({
      type: "ready",
      version: "1.2.3",
      self: { id: `${"0".repeat(63)}1`, tag: "t001", nick: "anna", verified: true },
      room: { name: "smplchat", private: false },
      rooms: [{ name: "smplchat", private: false }],
      address: "10.0.0.1:62733",
    });
    expect(objects()[1]).toMatchObject({ type: "notice", code: "alone", data: {} });
  });

  it("tells of a message that it cannot read by whom and of which kind it is, and makes up no text", async () => {
    const { room, objects } = await startJson();
    const bob = room.addPeer("bob");
    const target = "ab".repeat(24) as MessageId;
    const about = room.hear(bob, "", { ...unreadable(bob), target });
    const broken = room.hear(bob, "", unreadable(bob, 1));
    await vi.waitFor(() => expect(objects().filter(({ type }) => type === "message")).toHaveLength(2));
    const plain = {
      type: "message",
      room: "smplchat",
      author: { id: bob.id, tag: bob.tag, nick: null, verified: false },
      own: false,
      history: false,
      kind: "unknown",
    };
    expect(objects().filter(({ type }) => type === "message")).toEqual([
      { ...plain, id: about.id, time: new Date(about.time).toISOString(), kindNumber: 300, target },
      { ...plain, id: broken.id, time: new Date(broken.time).toISOString(), kindNumber: 1, target: null },
    ]);
  });

  it("says what say objects and typed lines say, each once", async () => {
    const { reply } = await startJson();
    expect(await reply('{"type":"say","text":"/quit\\nis text"}')).toEqual([
      {
        type: "message",
        id: `${"0".repeat(47)}1`,
        room: "smplchat",
        author: { id: `${"0".repeat(63)}1`, tag: "t001", nick: "anna", verified: true },
        text: "/quit\nis text",
        time: "2026-01-31T12:00:01.000Z",
        own: true,
        history: false,
        kind: "text",
      },
    ]);
    expect(await reply("typed")).toMatchObject([{ type: "message", text: "typed" }]);
    expect(await reply("5")).toMatchObject([{ text: "5" }]);
    expect(await reply("[1]")).toMatchObject([{ text: "[1]" }]);
    expect(await reply('{"type":"say"')).toMatchObject([{ text: '{"type":"say"' }]);
    expect(await reply('{"type":"command","line":"/me waves"}')).toMatchObject([{ text: "waves", kind: "action" }]);
  });

  it("tells texts as they are, at once, and its lines steer no terminal", async () => {
    const { room, objects, lines } = await startJson();
    const bob = room.addPeer("b\u001b[1mob");
    for (const unit of ["\u009d", "a\t\u202e", "\n", "\u001b]", "🏴\u{e0067}", "\u0301", "\u200d"]) {
      const text = unit.repeat(Math.floor(65_536 / Buffer.byteLength(unit)));
      const from = performance.now();
      room.hear(bob, text);
      expect(performance.now() - from).toBeLessThan(500);
      await vi.waitFor(() => expect(objects().at(-1)).toMatchObject({ type: "message", text }));
    }
    expect(lines().join("")).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
  });

  it("lists the ids of all kept messages, however many a person would be shown, and shows one whole", async () => {
    const { room, reply } = await startJson();
    const bob = room.addPeer("bob");
    const ids = Array.from({ length: 120 }, (_, at) => room.hear(bob, `message ${at}\nand more`).id);
    expect(await reply("/log")).toEqual([{ type: "log", room: "smplchat", ids }]);
    expect(await reply("/log 60")).toEqual([{ type: "log", room: "smplchat", ids: ids.slice(-60) }]);
    const [shown] = await reply(`/show ${ids[5]}`);
    expect(shown).toMatchObject({ type: "notice", code: "show", data: { id: ids[5] } });
    expect(shown?.text).toMatch(/^\d\d:\d\d <bob> 2 lines:\nmessage 5\nand more$/);
    expect(await reply("/show 123")).toMatchObject([{ type: "error", code: "unknown-message", data: { id: "123" } }]);
  });

  it("reads no further while the network takes no more, and says so when that takes long", async () => {
    const { input, objects, room } = await startJson();
    room.block(true);
    input.write("one\ntwo\n");
    const busy = { type: "notice", code: "busy", data: { lines: 1 } };
    await vi.waitFor(() => expect(objects().at(-1)).toMatchObject(busy), { timeout: 5_000 });
    expect(room.kept()).toEqual([]);
    room.block(false);
    await vi.waitFor(() => expect(room.kept().map(({ text }) => text)).toEqual(["one", "two"]));
  });

  it("takes an object for one behind a byte order mark, and behind blanks that are none to JSON", async () => {
    const { reply } = await startJson();
    for (const before of ["\ufeff", "\u00a0", "\u2028 ", "\v\f"])
      expect(await reply(`${before}{"type":"say","text":"hi"}\u00a0`)).toMatchObject([{ type: "message", text: "hi" }]);
  });

  it("refuses objects it does not know and says why", async () => {
    const { reply, room } = await startJson();
    for (const text of [
      "{}",
      '{"type":"shout","text":"x"}',
      '{"type":"say"}',
      '{"type":"say","text":5}',
      '{"type":"command"}',
      '{"type":"command","line":"hi"}',
    ]) {
      const [line] = await reply(text);
      expect(line, text).toMatchObject({ type: "error", code: "bad-input", data: {} });
    }
    expect(room.commands).toEqual([]);
  });

  it("answers commands with their own lines", async () => {
    const { reply, room } = await startJson();
    const bob = room.addPeer("bob");
    room.hear(bob, "hi", { history: true });
    expect(await reply("/stats")).toMatchObject([{ type: "stats", peers: 1, messages: 1, dropped: { "bad-seal": 9 } }]);
    expect(await reply("/log")).toEqual([{ type: "log", room: "smplchat", ids: [`${"0".repeat(47)}1`] }]);
    expect(await reply("/peers")).toMatchObject([
      {
        type: "peers",
        self: { nick: "anna", address: "10.0.0.1:62733" },
        peers: [
          {
            id: `${"0".repeat(63)}2`,
            nick: "bob",
            tag: "t002",
            status: "alive",
            sinceMs: 5_000,
            address: "10.0.0.2:62733",
            rttMs: 3,
            lastHeardMs: 400,
          },
        ],
      },
    ]);
    expect(await reply("/whois bob")).toMatchObject([
      { type: "notice", code: "whois", data: { peers: [{ nick: "bob" }] } },
    ]);
    void room.run({ type: "say", text: "mine", kind: "text" });
    room.acknowledge();
    expect((await reply("/info")).at(-1)).toMatchObject({
      type: "notice",
      code: "info",
      data: { number: 1, id: `${"0".repeat(47)}2`, reached: 1, of: 1, lacking: [] },
    });
    expect(await reply("/jion x")).toMatchObject([
      { type: "error", code: "unknown-command", data: { command: "/jion", nearest: "/join" } },
    ]);
    expect(await reply("/join 1.2.3")).toMatchObject([
      { type: "error", code: "bad-address", data: { address: "1.2.3" } },
    ]);
    expect(await reply("/nick zoe")).toMatchObject([
      { type: "notice", code: "renamed", data: { before: "anna", own: true, peer: { nick: "zoe" } } },
    ]);
    expect(await reply("x".repeat(900))).toMatchObject([
      { type: "error", code: "text-too-long", data: { bytes: 900, limit: 850 } },
    ]);
  });

  it("tells peers, messages and deliveries, exact but harmless to a terminal", async () => {
    const { room, objects, lines } = await startJson();
    const bob = room.addPeer("bob");
    const evil = "\u001b[2J\u009b31m\u202eabc\u2028";
    const { id } = room.hear(bob, evil);
    room.play({ type: "delivery", id, reached: 3, of: 4, lacking: ["eve"] });
    await vi.waitFor(() => expect(objects().at(-1)?.type).toBe("delivery"));
    expect(objects().slice(-3)).toMatchObject([
      { type: "peer", status: "alive", peer: { nick: "bob", tag: "t002", address: "10.0.0.2:62733" } },
      { type: "message", text: evil, own: false },
      { type: "delivery", id, reached: 3, of: 4, lacking: ["eve"], final: true },
    ]);
    expect(lines().join("")).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u202e]/);
  });

  it("calls a delivery final when somebody has it and nothing more is awaited of anybody", async () => {
    const { room, objects } = await startJson();
    const { id } = room.hear(room.addPeer("bob"), "hi");
    const cases = [
      [0, 0, [], false],
      [0, 1, ["eve"], false],
      [2, 4, ["eve"], false],
      [3, 4, ["eve"], true],
      [4, 4, [], true],
    ] as const;
    for (const [reached, of, lacking] of cases) room.play({ type: "delivery", id, reached, of, lacking });
    const told = () => objects().filter(({ type }) => type === "delivery");
    await vi.waitFor(() => expect(told()).toHaveLength(cases.length));
    expect(told()).toEqual(
      cases.map(([reached, of, lacking, final]) => ({
        type: "delivery",
        room: "smplchat",
        id,
        reached,
        of,
        lacking,
        final,
      })),
    );
  });

  it("refuses a line of more than 1 MiB and goes on with the next", async () => {
    const { input, objects, room } = await startJson();
    for (let index = 0; index < 40; index += 1) input.write("y".repeat(50_000));
    input.write("\nafter\n");
    await vi.waitFor(() => expect(room.kept()).toHaveLength(1));
    expect(objects()).toContainEqual(expect.objectContaining({ type: "error", code: "input-too-long" }));
    expect(room.kept()[0]?.text).toBe("after");
  });

  it("leaves at the end of input, once what was said has reached a peer", async () => {
    const { input, room, done } = await startJson({}, 10_000);
    room.addPeer("bob");
    input.end("last words");
    await vi.waitFor(() => expect(room.kept()).toHaveLength(1));
    expect(room.closed()).toBe(false);
    room.acknowledge();
    await done;
    expect(room.closed()).toBe(true);
  });

  it("leaves at once at the end of input when nobody is there, and by /quit whatever comes after", async () => {
    const ended = await startJson({}, 60_000);
    ended.input.end("to nobody\n");
    await ended.done;
    const quit = await startJson();
    quit.input.write("/quit\nlate\n");
    await quit.done;
    expect(quit.room.kept()).toEqual([]);
  });

  it("runs without input until the session is closed", async () => {
    const { session, room, output } = await createFaceRig();
    const done = runJson(session, { version: "1", input: undefined, output, onStuck: () => {}, settleMsMax: 100 });
    room.addPeer("bob");
    expect(room.closed()).toBe(false);
    await session.close();
    await done;
    expect(room.closed()).toBe(true);
  });

  it("takes no more input while its reader is slow", async () => {
    const { session, room, input } = await createFaceRig();
    const slow = new PassThrough({ highWaterMark: 64 });
    const done = runJson(session, { version: "1", input, output: slow, onStuck: () => {}, settleMsMax: 100 });
    for (let index = 0; index < 100; index += 1) input.write(`line ${index}\n`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(room.kept().length).toBeLessThan(100);
    slow.resume();
    input.end();
    await done;
    expect(room.kept()).toHaveLength(100);
  });
});
