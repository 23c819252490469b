/** Every line that carries a `ref` is answered with it, whatever the line asks for: programs need not guess. */
import { describe, expect, it, vi } from "vitest";
import { commandTable } from "../../src/chat/command/commands.ts";
import { StoreError } from "../../src/store/store.ts";
import { startJson } from "./rig.ts";

const LONG = "x".repeat(900);

describe("a line with a ref", () => {
  it("that says something is answered with the id of what was said", async () => {
    const { ask, objects } = await startJson();
    const lines = [
      { type: "say", text: "hi" },
      { type: "say", text: "waves", kind: "action" },
      { type: "say", text: "/quit is text" },
      { type: "command", line: "/say hi" },
      { type: "command", line: "/me waves" },
    ];
    for (const line of lines) {
      const [answer, ...more] = await ask(line);
      const said = objects().filter(({ type }) => type === "message");
      expect([answer, more]).toEqual([{ type: "sent", room: "smplchat", id: said.at(-1)?.id, ref: answer?.ref }, []]);
    }
    expect(objects().filter(({ type }) => type === "message")).toHaveLength(lines.length);
  });

  it("that is refused is answered with why", async () => {
    const { ask, room } = await startJson();
    const refused: [object, string][] = [
      [{ type: "say", text: "" }, "text-empty"],
      [{ type: "say", text: LONG }, "text-too-long"],
      [{ type: "say", text: "x", kind: "song" }, "bad-kind"],
      [{ type: "say", text: "x", kind: 7 }, "bad-input"],
      [{ type: "say", text: "x", kind: "reply" }, "bad-target"],
      [{ type: "say", text: "x", kind: "edit", target: "a1b2c3" }, "bad-target"],
      [{ type: "say", text: "x", target: "ab".repeat(24) }, "bad-target"],
      [{ type: "say", text: "x", kind: "reply", target: "ab".repeat(24) }, "unknown-message"],
      [{ type: "command", line: "/reply" }, "bad-argument"],
      [{ type: "say" }, "bad-input"],
      [{ type: "shout" }, "bad-input"],
      [{ type: "command", line: "hi" }, "bad-input"],
      [{ type: "command", line: "/jion x" }, "unknown-command"],
      [{ type: "command", line: "/join" }, "bad-argument"],
      [{ type: "command", line: "/join 1.2.3" }, "bad-address"],
      [{ type: "command", line: "/join nowhere.example" }, "unknown-host"],
      [{ type: "command", line: "/join 127.0.0.1" }, "own-address"],
      [{ type: "command", line: "/join #a/b" }, "bad-room"],
      [{ type: "command", line: "/join smplchat:x" }, "bad-invite"],
      [{ type: "command", line: "/nick a·b" }, "bad-nick"],
      [{ type: "command", line: "/log x" }, "bad-number"],
      [{ type: "command", line: "/show 123456" }, "unknown-message"],
      [{ type: "command", line: "/search" }, "bad-argument"],
      [{ type: "command", line: "/search after:yesterday tea" }, "bad-search"],
      [{ type: "search" }, "bad-search"],
      [{ type: "search", text: "tea", room: "elsewhere" }, "unknown-room"],
      [{ type: "search", text: 5 }, "bad-input"],
      [{ type: "search", text: "tea", limit: 0 }, "bad-input"],
      [{ type: "history", before: "ab12" }, "bad-input"],
      [{ type: "history", before: 5 }, "bad-input"],
      [{ type: "history", limit: 1.5 }, "bad-input"],
      [{ type: "history", limit: 1001 }, "bad-input"],
      [{ type: "history", room: "elsewhere" }, "unknown-room"],
      [{ type: "command", line: "/info" }, "no-such-message"],
      [{ type: "command", line: "/whois nobody" }, "unknown-peer"],
      [{ type: "command", line: "/help nothing" }, "unknown-topic"],
      [{ type: "command", line: "/set nothing" }, "unknown-setting"],
      [{ type: "command", line: "/set PORT 5" }, "not-live"],
      [{ type: "command", line: "/set GOSSIP_FANOUT 0" }, "bad-value"],
    ];
    for (const [line, code] of refused) {
      expect(await ask(line), JSON.stringify(line)).toMatchObject([{ type: "error", code }]);
    }
    expect(room.kept()).toEqual([]);
    room.breakHistory(new StoreError({ code: "failed", detail: "EIO" }));
    expect(await ask({ type: "command", line: "/log" })).toMatchObject([{ type: "error", code: "cannot-read" }]);
    await ask({ type: "command", line: "/leave" });
    expect(await ask({ type: "say", text: "hi" })).toMatchObject([{ type: "error", code: "not-in-room" }]);
    expect(await ask({ type: "command", line: "/leave" })).toMatchObject([{ type: "error", code: "not-in-room" }]);
  });

  it("that is a command is answered: with what it asks for, with what it did, or that it is done", async () => {
    const { ask, room, session } = await startJson();
    room.addPeer("bob");
    await session.say("mine");
    const id = room.kept()[0]?.id;
    const answers: [string, string][] = [
      ["/peers", "peers"],
      ["/stats", "stats"],
      ["/log", "log"],
      ["/search mine", "search"],
      [`/show ${id}`, "show"],
      ["/info", "info"],
      ["/whois bob", "whois"],
      ["/verify bob", "verify"],
      ["/ignore bob", "ignored"],
      ["/ignore", "ignoring"],
      ["/unignore bob", "unignored"],
      ["/room", "room"],
      ["/invite", "invite"],
      ["/help", "help"],
      ["/help join", "help"],
      ["/nick", "nick"],
      ["/nick zoe", "done"],
      ["/set", "settings"],
      ["/set GOSSIP_FANOUT", "set"],
      ["/set GOSSIP_FANOUT 5", "set"],
      ["/set NICK anna", "done"],
      ["/clear", "cleared"],
      ["/join 10.0.0.2", "contacting"],
      ["/join #smplchat", "same-room"],
      ["/join lab", "moved"],
      ["/join #smplchat", "moved"],
      ["/room list", "rooms"],
      ["/leave lab", "done"],
      ["/join #lab", "moved"],
      ["/leave", "moved"],
      ["/leave", "done"],
      ["/join #smplchat", "moved"],
      ["/room new den", "moved"],
      ["/say hi", "sent"],
      ["/me waves", "sent"],
      ["/notice done", "sent"],
      ["/topic", "topic"],
      ["/topic tea", "sent"],
      ["/edit hello", "sent"],
      ["/reply 1 yes", "no-such-message"],
      ["/react 1 👍", "no-such-message"],
      ["/delete", "sent"],
    ];
    const named = new Set(answers.map(([line]) => line.slice(1).split(" ")[0]));
    expect([...named, "quit"].sort(), "no command is forgotten here").toEqual(
      commandTable.map(({ name }) => name as string).sort(),
    );
    for (const [line, code] of answers) {
      const told = await ask({ type: "command", line });
      expect(
        told.map((answer) => answer.code ?? answer.type),
        line,
      ).toEqual([code]);
    }
  });

  it("that is a search is answered with what was found, newest first, in one line", async () => {
    const { ask, room } = await startJson();
    const bob = room.addPeer("bob");
    for (const text of ["tea", "Tea again", "coffee", "TEA at last"]) room.hear(bob, text);
    room.reachBack({ oldest: Date.UTC(2026, 4, 3), isWhole: false, gapsUntil: Date.UTC(2026, 4, 9) });
    const kept = [{ room: "smplchat", since: "2026-05-03T00:00:00.000Z", whole: false }];
    const [answer, ...others] = await ask({ type: "search", text: "tea", from: "bob", limit: 2 });
    expect(others).toEqual([]);
    expect(answer).toMatchObject({ type: "search", more: true, kept });
    expect(answer?.messages).toMatchObject([
      { type: "message", text: "TEA at last", room: "smplchat" },
      { type: "message", text: "Tea again" },
    ]);
    const found = answer?.messages as readonly { id: string }[] | undefined;
    expect(await ask({ type: "search", text: "tea", before: found?.[1]?.id })).toMatchObject([
      { more: false, messages: [{ text: "tea" }] },
    ]);
  });

  it("that asks for history is answered with pages, oldest first, until there is no more", async () => {
    const { ask, room } = await startJson();
    const bob = room.addPeer("bob");
    for (let at = 1; at <= 5; at += 1) room.hear(bob, `line ${at}`);
    const page = async (more: object) => {
      const [answer, ...others] = await ask({ type: "history", limit: 2, ...more });
      expect(others).toEqual([]);
      return answer as unknown as {
        type: string;
        room: string;
        more: boolean;
        messages: { id: string; text: string }[];
      };
    };
    const newest = await page({ room: "smplchat" });
    expect(newest).toMatchObject({ type: "history", room: "smplchat", more: true });
    expect(newest.messages).toMatchObject([
      { type: "message", text: "line 4", room: "smplchat", history: true },
      { type: "message", text: "line 5", history: true },
    ]);
    const middle = await page({ before: newest.messages[0]?.id });
    expect(middle.messages.map(({ text }) => text)).toEqual(["line 2", "line 3"]);
    const oldest = await page({ before: middle.messages[0]?.id });
    expect([oldest.messages.map(({ text }) => text), oldest.more]).toEqual([["line 1"], false]);
    expect(await page({ before: oldest.messages[0]?.id })).toMatchObject({ messages: [], more: false });
  });

  it("that asks for history of long texts gets fewer of them, and is told that there are more", async () => {
    const { ask, room } = await startJson();
    const bob = room.addPeer("bob");
    for (let at = 0; at < 30; at += 1) room.hear(bob, "x".repeat(65_000));
    const [answer] = await ask({ type: "history" });
    expect(answer?.messages).toHaveLength(16);
    expect(answer?.more).toBe(true);
  });

  it("that asks for nothing is answered, too", async () => {
    const { ask } = await startJson();
    expect(await ask({ type: "command", line: "/" })).toMatchObject([{ code: "unknown-command" }]);
    expect(await ask({ type: "say", text: "\n" })).toMatchObject([{ code: "text-empty" }]);
  });

  it("that ends the program is answered before it ends, and what comes after it that it came too late", async () => {
    const { input, objects, done, hub } = await startJson();
    input.write('{"type":"command","line":"/quit","ref":"q"}\n{"type":"say","text":"late","ref":"l"}\nlate\n');
    await done;
    expect(hub.closed()).toBe(true);
    expect(objects().filter(({ ref }) => ref !== undefined)).toMatchObject([
      { type: "notice", code: "done", ref: "q" },
      { type: "error", code: "closing", ref: "l" },
    ]);
  });

  it("that waits while the network takes no more is answered when it was said, or will never be", async () => {
    const { input, objects, room, session, done } = await startJson();
    const answers = () => objects().filter(({ ref }) => ref !== undefined);
    room.block(true);
    input.write('{"type":"say","text":"one","ref":"1"}\n');
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(answers()).toEqual([]);
    room.block(false);
    await vi.waitFor(() => expect(answers()).toMatchObject([{ type: "sent", ref: "1" }]));
    room.block(true);
    input.write('{"type":"say","text":"two","ref":"2"}\n');
    await new Promise((resolve) => setTimeout(resolve, 30));
    await session.close();
    await done;
    expect(answers().slice(1)).toMatchObject([{ type: "error", code: "closing", ref: "2" }]);
  });

  it("is answered in the order of the lines, each with its own ref", async () => {
    const { input, objects } = await startJson();
    for (let at = 0; at < 20; at += 1) {
      const line = at % 2 === 0 ? { type: "say", text: `${at}` } : { type: "command", line: "/nick" };
      input.write(`${JSON.stringify({ ...line, ref: `${at}` })}\n`);
    }
    const refs = () => objects().flatMap(({ ref }) => (ref === undefined ? [] : [ref]));
    await vi.waitFor(() => expect(refs()).toEqual(Array.from({ length: 20 }, (_, at) => `${at}`)));
  });
});

describe("a ref", () => {
  it("is a text of at most 256 characters, and nothing is done for another", async () => {
    const { reply, room, ask } = await startJson();
    for (const ref of [5, null, {}, ["a"], "x".repeat(257)])
      expect(await reply(JSON.stringify({ type: "say", text: "hi", ref }))).toMatchObject([
        { type: "error", code: "bad-input" },
      ]);
    expect(room.kept()).toEqual([]);
    expect(await ask({ type: "say", text: "hi" }, "")).toMatchObject([{ type: "sent", ref: "" }]);
    expect(await ask({ type: "say", text: "hi" }, "x".repeat(256))).toHaveLength(1);
  });

  it("stands on what answers alone: lines without one are answered as ever", async () => {
    const { reply, session, objects } = await startJson();
    expect(await reply('{"type":"say","text":"hi"}')).toMatchObject([{ type: "message", text: "hi" }]);
    expect((await reply("/nick")).map(({ code }) => code)).toEqual(["nick"]);
    await session.line("/nick zoe");
    await vi.waitFor(() => expect(objects().at(-1)).toMatchObject({ code: "renamed" }));
    expect(objects().filter((line) => "ref" in line)).toEqual([]);
  });
});
