/** What a typed line does to the hub behind a session, and what the person is told. */
import { describe, expect, it, vi } from "vitest";
import type { SessionEvent } from "../../../src/chat/model/events.ts";
import { sentenceFor } from "../../../src/chat/model/sentences.ts";
import type { Session } from "../../../src/chat/session/session.ts";
import { StoreError } from "../../../src/store/store.ts";
import type { Endpoint } from "../../../src/wire/endpoint.ts";
import type { MessageId } from "../../../src/wire/ids.ts";
import { createFaceRig, defaultSettings, type FaceRigOptions } from "../../suites/faceRig.ts";
import { createFakeHub, type FakeHub } from "../../suites/fakeHub.ts";
import { FAKE_TEXT_LIMIT, type FakeRoom } from "../../suites/fakeRoom.ts";
import { codeOf } from "./codes.ts";

type Setup = { session: Session; hub: FakeHub; room: FakeRoom; events: SessionEvent[]; codes: () => string[] };

async function setUp(more: FaceRigOptions = {}): Promise<Setup> {
  const { session, hub, room } = await createFaceRig({
    lookup: async (host) => {
      if (host === "known.example") return ["10.0.0.9"];
      throw new Error("ENOTFOUND");
    },
    ...more,
  });
  const events: SessionEvent[] = [];
  session.subscribe((event) => events.push(event));
  await Promise.resolve();
  return { session, hub, room, events, codes: () => events.map(codeOf).filter((code) => code !== undefined) };
}

describe("a line that is text", () => {
  it("is said, and refused with nothing sent when the node refuses it", async () => {
    const { session, room, codes } = await setUp();
    expect(await session.line("hi")).toBe("done");
    expect(await session.line("x".repeat(FAKE_TEXT_LIMIT + 1))).toBe("refused");
    expect(room.kept().map((message) => message.text)).toEqual(["hi"]);
    expect(codes()).toEqual(["alone", "sent", "text-too-long"]);
  });

  it("is said as the others will see it: half a character becomes U+FFFD", async () => {
    const { session, room } = await setUp();
    await session.say("half \ud83d of one");
    expect(room.kept()[0]?.text).toBe("half \ufffd of one");
  });

  it("is said as it is by say, even if it looks like a command", async () => {
    const { session, hub, room } = await setUp();
    await session.say("/quit");
    await session.line("/say  /nick x");
    await session.line("/me waves");
    expect(room.kept().map(({ text, kind }) => [text, kind])).toEqual([
      ["/quit", "text"],
      [" /nick x", "text"],
      ["waves", "action"],
    ]);
    expect(hub.closed()).toBe(false);
  });
});

describe("commands", () => {
  it("that are unknown, wrong or doubtful change nothing", async () => {
    const { session, room, codes } = await setUp();
    const lines = [
      "/jion x",
      "/join",
      "  /quit",
      "/log x",
      "/log 0",
      "/show 12",
      "/show",
      "/whois nobody",
      "/help x",
      "/set x",
      "/nick a·b",
    ];
    for (const line of [
      ...lines,
      "/set GOSSIP_FANOUT 0",
      "/set PORT 5",
      "/join #a/b",
      "/join smplchat:x",
      "/join 1.2.3",
    ]) {
      expect(await session.line(line), line).toBe("refused");
    }
    expect(room.commands).toEqual([]);
    expect(codes()).toEqual([
      "alone",
      ...["unknown-command", "bad-argument", "ask-slash", "bad-number", "bad-number"],
      ...["unknown-message", "bad-argument", "unknown-peer", "unknown-topic"],
      ...["unknown-setting", "bad-nick", "bad-value", "not-live", "bad-room", "bad-invite", "bad-address"],
    ]);
  });

  it("answer with what the node knows", async () => {
    const { session, room, codes } = await setUp();
    const bob = room.addPeer("bob");
    room.hear(bob, "hi");
    for (const line of [
      "/w",
      "/whois BOB",
      "/stats",
      "/log 1",
      "/room",
      "/invite",
      "/help join",
      "/set",
      "/nick",
      "/clear",
    ]) {
      expect(await session.line(line), line).toBe("done");
    }
    expect(codes()).toEqual([
      "alone",
      ...["peers", "whois", "stats", "log", "room", "invite", "help", "settings", "nick", "clear"],
    ]);
  });

  it("tell whom an own message reached, as far as it is known", async () => {
    const { session, room, events } = await setUp();
    const bob = room.addPeer("bob");
    expect(await session.line("/info")).toBe("refused");
    await session.line("first");
    const [first] = room.kept();
    room.hear(bob, "not mine");
    await session.line("second, and longer than what fits a line of answer");
    room.play({ type: "delivery", id: first?.id as MessageId, reached: 1, of: 3, lacking: ["eve", "b\u001bob"] });
    expect(await session.line("/info")).toBe("done");
    expect(await session.line("/info 2")).toBe("done");
    room.play({ type: "delivery", id: room.kept()[2]?.id as MessageId, reached: 0, of: 0, lacking: [] });
    expect(await session.line("/info")).toBe("done");
    room.play({ type: "delivery", id: room.kept()[2]?.id as MessageId, reached: 0, of: 1, lacking: ["bob"] });
    expect(await session.line("/info")).toBe("done");
    expect(await session.line("/info 3")).toBe("refused");
    expect(await session.line("/info 0")).toBe("refused");
    const texts = events.map((event) => sentenceFor(event, "smplchat")?.text ?? "").filter((text) => text !== "");
    expect(texts.map((text) => text.replace(/^\d\d:\d\d /, "")).slice(-7)).toEqual([
      "you have said nothing yet",
      `"second, and longer than what fits a line…": nothing was heard of its delivery`,
      `"first": reached 1 of 3, lacking: eve, bob`,
      `"second, and longer than what fits a line…": waiting, nobody was here to hear it`,
      `"second, and longer than what fits a line…": waiting, reached 0 of 1, lacking: bob`,
      "2 messages of yours kept, none of them number 3",
      "/info takes a whole number from 1 on, not 0",
    ]);
  });

  it("look through what is kept page by page", async () => {
    const { session, room, events } = await setUp();
    const bob = room.addPeer("bob");
    await session.line("the first of all");
    const [first] = room.kept();
    for (let at = 0; at < 1_700; at += 1) room.hear(bob, `message ${at}`);
    expect(await session.line("/info 1")).toBe("done");
    expect(await session.line(`/show ${first?.id}`)).toBe("done");
    const shown = events.flatMap((event) => (event.type === "reply" ? [event.reply] : []));
    expect(shown).toMatchObject([
      { code: "info", message: { text: "the first of all" } },
      { code: "show", message: { text: "the first of all" } },
    ]);
  });

  it("are refused where what is kept cannot be read, and the chat goes on", async () => {
    const { session, room, events, codes } = await setUp();
    await session.line("hi");
    room.breakHistory(new StoreError({ code: "failed", detail: "EACCES" }));
    for (const line of ["/log", "/info", "/show 000001"]) expect(await session.line(line), line).toBe("refused");
    expect(await session.line("still here")).toBe("done");
    expect(codes()).toEqual(["alone", "sent", "cannot-read", "cannot-read", "cannot-read", "sent"]);
    const refusal = events.find(({ type }) => type === "refusal") as SessionEvent;
    expect(sentenceFor(refusal, "x")).toEqual({
      tone: "error",
      text: "the stored messages of this room cannot be read: permission denied",
    });
  });

  it("change nick and live settings in all rooms, and those to come", async () => {
    const rememberNick = vi.fn();
    const { session, hub } = await setUp({ rememberNick });
    await session.line("/join #coffee");
    await session.line("/nick zoe");
    await session.line("/set gossip_fanout 5");
    await session.line("/set max_age 2h");
    await session.line("/join #tea");
    expect(rememberNick).toHaveBeenCalledExactlyOnceWith("zoe");
    expect(hub.entered.map((room) => [room.choice.name, room.self().nick])).toEqual([
      ["smplchat", "zoe"],
      ["coffee", "zoe"],
      ["tea", "zoe"],
    ]);
    const { RELAY_SEEN_LIMIT: seenLimit, MAX_MESSAGES: maxMessages } = defaultSettings;
    const others = { fanout: 5, seenLimit, maxMessages, maxBytes: Number.POSITIVE_INFINITY };
    expect(hub.configured).toEqual([
      { ...others, maxAgeMs: Number.POSITIVE_INFINITY },
      { ...others, maxAgeMs: 7_200_000 },
    ]);
  });

  it("take a nick that cannot be kept, and say so", async () => {
    const { session, room, events } = await setUp({
      rememberNick: async () => ({ path: "/x/nick", reason: "ENOSPC" }),
    });
    expect([await session.line("/nick zoe"), room.self().nick]).toEqual(["done", "zoe"]);
    const text = "you are zoe for this run only: the nick cannot be saved in /x/nick: the disk is full";
    expect(events.map((event) => sentenceFor(event, "smplchat"))).toContainEqual({ tone: "error", text });
  });
});

describe("at the start", () => {
  it("the first listener hears what came before it, and joins begin then", async () => {
    const { session, room } = await createFaceRig({ joins: ["10.0.0.2"] });
    room.play({ type: "notice", notice: { code: "alone", unreachable: 0 } });
    room.addPeer("bob");
    expect(room.commands).toEqual([]);
    const types: string[] = [];
    session.subscribe((event) => types.push(event.type === "chat" ? event.event.type : event.type));
    await vi.waitFor(() => expect(room.commands).toEqual([{ type: "join", endpoints: ["10.0.0.2:62733"] }]));
    expect(types).toEqual(["peer"]);
  });

  it("a host that does not resolve is named once, and asked for again", async () => {
    vi.useFakeTimers();
    try {
      let asked = 0;
      const { room, codes } = await setUp({
        joins: ["late.example"],
        lookup: async () => {
          asked += 1;
          if (asked < 3) throw new Error("ENOTFOUND");
          return ["10.0.0.4"];
        },
      });
      await vi.advanceTimersByTimeAsync(10_000);
      expect(room.commands).toEqual([{ type: "join", endpoints: ["10.0.0.4:62733"] }]);
      expect(codes()).toEqual(["unknown-host", "alone"]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("of a host all addresses are contacted, and while none answers it is looked up again: it may have moved", async () => {
    vi.useFakeTimers();
    try {
      let found = ["10.0.0.4", "10.0.0.5"];
      let asked = 0;
      const { room } = await setUp({
        joins: ["moving.example"],
        lookup: async () => {
          asked += 1;
          return found;
        },
      });
      await vi.advanceTimersByTimeAsync(1_000);
      expect(room.commands).toEqual([{ type: "join", endpoints: ["10.0.0.4:62733", "10.0.0.5:62733"] }]);
      found = ["10.0.0.5", "10.0.0.6"];
      await vi.advanceTimersByTimeAsync(40_000);
      expect(room.commands.slice(1)).toEqual([{ type: "join", endpoints: ["10.0.0.6:62733"] }]);
      room.play({
        type: "notice",
        notice: { code: "joined", endpoint: "10.0.0.6:62733" as Endpoint, peers: 1 } as never,
      });
      await vi.advanceTimersByTimeAsync(200_000);
      expect([room.commands.length, asked], "it has answered").toEqual([2, 2]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("says that it is alone after the first address has not answered", async () => {
    const { room, codes } = await setUp({ joins: ["10.0.0.2"] });
    room.play({ type: "notice", notice: { code: "alone", unreachable: 0 } });
    expect(codes()).toEqual([]);
    room.play({ type: "notice", notice: { code: "no-answer", endpoint: "10.0.0.2:62733" as Endpoint, afterMs: 5000 } });
    expect(codes()).toEqual(["no-answer", "alone"]);
  });

  it("a room that cannot be entered is told to whoever starts it", async () => {
    const error = new Error("no ports left");
    await expect(createFaceRig({ hub: createFakeHub({ failing: { name: "smplchat", error } }) })).rejects.toBe(error);
  });
});

describe("leaving", () => {
  it("by /quit closes the hub, ends the session and takes no more lines", async () => {
    const { session, hub, room, events } = await setUp();
    const quit = session.line("/exit");
    const late = session.line("too late");
    expect([await quit, await late]).toEqual(["done", "refused"]);
    await session.ended;
    expect(hub.closed()).toBe(true);
    expect(room.kept()).toEqual([]);
    expect(events.at(-1)).toEqual({ type: "ended" });
  });

  it("waits for what was said while somebody is there or an address may answer, and not longer than told", async () => {
    const { session, room, events } = await setUp();
    await session.line("to nobody");
    const alone = performance.now();
    await session.settled(5_000);
    expect(performance.now() - alone).toBeLessThan(1_000);
    expect(events.at(-1)).toEqual({ type: "undelivered", messages: 1 });

    room.addPeer("bob");
    let isSettled = false;
    const waiting = session.settled(10_000).then(() => {
      isSettled = true;
    });
    await new Promise((done) => setTimeout(done, 60));
    expect(isSettled).toBe(false);
    room.acknowledge();
    await waiting;
    expect(events.filter((event) => event.type === "undelivered")).toHaveLength(1);

    await session.line("unanswered");
    const before = performance.now();
    await session.settled(80);
    expect(performance.now() - before).toBeGreaterThanOrEqual(79);
  });

  it("waits for an address that was asked for and has not answered", async () => {
    const { session, room } = await setUp({ joins: ["10.0.0.2"] });
    await vi.waitFor(() => expect(room.commands).toHaveLength(1));
    let isSettled = false;
    const waiting = session.settled(10_000).then(() => {
      isSettled = true;
    });
    await new Promise((done) => setTimeout(done, 60));
    expect(isSettled).toBe(false);
    const peer = room.addPeer("bob", "10.0.0.2:62733");
    room.play({ type: "notice", notice: { code: "joined", peer, endpoint: "10.0.0.2:62733" as Endpoint } });
    await waiting;
  });

  it("waits for what was said in rooms that are not shown, too", async () => {
    const { session, room, events } = await setUp();
    room.addPeer("bob");
    await session.line("said here");
    await session.line("/join #other");
    let isSettled = false;
    const waiting = session.settled(10_000).then(() => {
      isSettled = true;
    });
    await new Promise((done) => setTimeout(done, 60));
    expect(isSettled).toBe(false);
    room.acknowledge();
    await waiting;
    expect(events.filter(({ type }) => type === "undelivered")).toEqual([]);
  });
});
