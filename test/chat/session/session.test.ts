/** What a typed line does to the node behind a session, and what the person is told. */
import { describe, expect, it, vi } from "vitest";
import type { SessionEvent } from "../../../src/chat/model/events.ts";
import { sentenceFor } from "../../../src/chat/model/sentences.ts";
import { createSession, type Session, type SessionOptions } from "../../../src/chat/session/session.ts";
import { encodeInvite } from "../../../src/crypto/invite.ts";
import { newPrivateRoom, openRoom } from "../../../src/crypto/roomKeys.ts";
import type { PeerView } from "../../../src/protocol/views.ts";
import { type Settings, settingNames, settingSpec } from "../../../src/settings.ts";
import type { Endpoint } from "../../../src/wire/endpoint.ts";
import type { MessageId } from "../../../src/wire/ids.ts";
import { createFakeNode, FAKE_TEXT_LIMIT, type FakeNode } from "../../suites/fakeNode.ts";

const defaults = Object.fromEntries(
  settingNames.map((name) => [name, settingSpec(name).default]),
) as unknown as Settings;

type Setup = { session: Session; node: FakeNode; nodes: FakeNode[]; events: SessionEvent[]; codes: () => string[] };

async function setUp(more: Partial<SessionOptions> = {}): Promise<Setup> {
  const nodes: FakeNode[] = [];
  const session = await createSession({
    room: { name: "smplchat", secret: openRoom("smplchat"), private: false },
    nick: "anna",
    joins: [],
    settings: defaults,
    open: async (room, nick) => {
      const node = createFakeNode({ nick, room: { name: room.name, private: room.private } });
      nodes.push(node);
      return node;
    },
    quitMsMax: 100,
    lookup: async (host) => {
      if (host === "known.example") return "10.0.0.9";
      throw new Error("ENOTFOUND");
    },
    ...more,
  });
  const events: SessionEvent[] = [];
  session.subscribe((event) => events.push(event));
  await Promise.resolve();
  const codes = () => events.map(codeOf).filter((code) => code !== undefined);
  return { session, node: nodes[0] as FakeNode, nodes, events, codes };
}

function codeOf(event: SessionEvent): string | undefined {
  if (event.type === "reply") return event.reply.code;
  if (event.type === "refusal") return event.refusal.code;
  if (event.type !== "chat") return event.type;
  if (event.event.type === "notice") return event.event.notice.code;
  return event.event.type === "error" ? event.event.error.code : undefined;
}

describe("a line that is text", () => {
  it("is said, and refused with nothing sent when the node refuses it", async () => {
    const { session, node, codes } = await setUp();
    expect(await session.line("hi")).toBe("done");
    expect(await session.line("x".repeat(FAKE_TEXT_LIMIT + 1))).toBe("refused");
    expect(node.log().map((message) => message.text)).toEqual(["hi"]);
    expect(codes()).toEqual(["alone", "text-too-long"]);
  });

  it("is said as the others will see it: half a character becomes U+FFFD", async () => {
    const { session, node } = await setUp();
    await session.say("half \ud83d of one");
    expect(node.log()[0]?.text).toBe("half \ufffd of one");
  });

  it("is said as it is by say, even if it looks like a command", async () => {
    const { session, node } = await setUp();
    await session.say("/quit");
    await session.line("/say  /nick x");
    await session.line("/me waves");
    expect(node.log().map(({ text, kind }) => [text, kind])).toEqual([
      ["/quit", "text"],
      [" /nick x", "text"],
      ["waves", "action"],
    ]);
    expect(node.closed()).toBe(false);
  });
});

describe("commands", () => {
  it("that are unknown, wrong or doubtful change nothing", async () => {
    const { session, node, codes } = await setUp();
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
    expect(node.commands).toEqual([]);
    expect(codes()).toEqual([
      "alone",
      ...["unknown-command", "bad-argument", "ask-slash", "bad-number", "bad-number"],
      ...["unknown-message", "bad-argument", "unknown-peer", "unknown-topic"],
      ...["unknown-setting", "bad-nick", "bad-value", "not-live", "bad-room", "bad-invite", "bad-address"],
    ]);
  });

  it("answer with what the node knows", async () => {
    const { session, node, codes } = await setUp();
    const bob = node.addPeer("bob");
    node.hear(bob, "hi");
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
    const { session, node, events } = await setUp();
    const bob = node.addPeer("bob");
    expect(await session.line("/info")).toBe("refused");
    await session.line("first");
    const [first] = node.log();
    node.hear(bob, "not mine");
    await session.line("second, and longer than what fits a line of answer");
    node.play({ type: "delivery", id: first?.id as MessageId, reached: 1, of: 3, lacking: ["eve", "b\u001bob"] });
    expect(await session.line("/info")).toBe("done");
    expect(await session.line("/info 2")).toBe("done");
    expect(await session.line("/info 3")).toBe("refused");
    expect(await session.line("/info 0")).toBe("refused");
    const texts = events.map((event) => sentenceFor(event, "smplchat")?.text ?? "").filter((text) => text !== "");
    expect(texts.map((text) => text.replace(/^\d\d:\d\d /, "")).slice(-5)).toEqual([
      "you have said nothing yet",
      `"second, and longer than what fits a line…": nothing was heard of its delivery`,
      `"first": reached 1 of 3, lacking: eve, bob`,
      "2 messages of yours kept, none of them number 3",
      "/info takes a whole number from 1 on, not 0",
    ]);
  });

  it("change nick and live settings, which the next room keeps", async () => {
    const rememberNick = vi.fn();
    const opened: unknown[] = [];
    const { session } = await setUp({
      rememberNick,
      open: async (room, nick, live) => {
        opened.push([room.name, nick, live.GOSSIP_FANOUT]);
        return createFakeNode({ nick, room: { name: room.name } });
      },
    });
    await session.line("/nick zoe");
    await session.line("/set gossip_fanout 5");
    await session.line("/join #tea");
    expect(rememberNick).toHaveBeenCalledExactlyOnceWith("zoe");
    expect(opened).toEqual([
      ["smplchat", "anna", defaults.GOSSIP_FANOUT],
      ["tea", "zoe", 5],
    ]);
  });

  it("take a nick that cannot be kept, and say so", async () => {
    const { session, node, events } = await setUp({
      rememberNick: async () => ({ path: "/x/nick", reason: "ENOSPC" }),
    });
    expect([await session.line("/nick zoe"), node.self().nick]).toEqual(["done", "zoe"]);
    const text = "you are zoe until you leave only: the nick cannot be kept in /x/nick: the disk is full";
    expect(events.map((event) => sentenceFor(event, "smplchat"))).toContainEqual({ tone: "error", text });
  });

  it("/join contacts an address, looked up if it has to be", async () => {
    const { session, node, events } = await setUp();
    await session.line("/join 10.0.0.2");
    await session.line("/join known.example:5");
    expect(await session.line("/join tea")).toBe("refused");
    expect(node.commands).toEqual([
      { type: "join", endpoints: ["10.0.0.2:62733"] },
      { type: "join", endpoints: ["10.0.0.9:5"] },
    ]);
    expect(events.at(-1)).toEqual({
      type: "refusal",
      refusal: { code: "unknown-host", host: "tea", reason: "not-found", room: "tea" },
    });
  });

  it("/join with an invite goes to its room and contacts who is named there", async () => {
    const { session, node, nodes, codes } = await setUp();
    const endpoints = ["10.0.0.7:62733" as Endpoint];
    const invite = encodeInvite({ name: "den", private: true, secret: newPrivateRoom(), endpoints });
    const said = session.line(`/join ${invite}`);
    const later = session.line("first words");
    expect([await said, await later]).toEqual(["done", "done"]);
    expect(node.closed()).toBe(true);
    expect(session.node()).toBe(nodes[1]);
    expect(nodes[1]?.commands).toEqual([
      { type: "join", endpoints },
      { type: "say", text: "first words", kind: "text" },
    ]);
    await session.line(`/join ${invite}`);
    expect(nodes).toHaveLength(2);
    expect(codes()).toEqual(["alone", "moved", "contacting"]);
  });

  it("/join to a room that cannot be opened goes back to the old one", async () => {
    const { session, codes } = await setUp({
      open: async (room, nick) => {
        if (room.name === "tea") throw new Error("no ports left");
        return createFakeNode({ nick, room: { name: room.name } });
      },
    });
    expect(await session.line("/join #tea")).toBe("refused");
    expect(session.node().room.name).toBe("smplchat");
    expect(await session.line("still here")).toBe("done");
    expect(codes()).toContain("cannot-open");
  });
});

describe("at the start", () => {
  it("the first listener hears what came before it, and joins begin then", async () => {
    const node = createFakeNode();
    const session = await createSession({
      room: { name: "smplchat", secret: openRoom("smplchat"), private: false },
      nick: "anna",
      joins: ["10.0.0.2"],
      settings: defaults,
      open: async () => node,
      quitMsMax: 100,
    });
    node.play({ type: "notice", notice: { code: "alone", unreachable: 0 } });
    node.addPeer("bob");
    expect(node.commands).toEqual([]);
    const types: string[] = [];
    session.subscribe((event) => types.push(event.type === "chat" ? event.event.type : event.type));
    await vi.waitFor(() => expect(node.commands).toEqual([{ type: "join", endpoints: ["10.0.0.2:62733"] }]));
    expect(types).toEqual(["peer"]);
  });

  it("a host that does not resolve is named once, and asked for again", async () => {
    vi.useFakeTimers();
    try {
      let asked = 0;
      const { node, codes } = await setUp({
        joins: ["late.example"],
        lookup: async () => {
          asked += 1;
          if (asked < 3) throw new Error("ENOTFOUND");
          return "10.0.0.4";
        },
      });
      await vi.advanceTimersByTimeAsync(10_000);
      expect(node.commands).toEqual([{ type: "join", endpoints: ["10.0.0.4:62733"] }]);
      expect(codes()).toEqual(["unknown-host", "alone"]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("says that it is alone in another room that it goes to, too", async () => {
    const { session, nodes, codes } = await setUp({ joins: ["10.0.0.2"] });
    await vi.waitFor(() => expect(nodes[0]?.commands).toHaveLength(1));
    await session.line("/join #tea");
    nodes[1]?.play({ type: "notice", notice: { code: "alone", unreachable: 0 } });
    expect(codes()).toEqual(["moved", "alone"]);
  });

  it("says that it is alone after the first address has not answered", async () => {
    const { node, codes } = await setUp({ joins: ["10.0.0.2"] });
    node.play({ type: "notice", notice: { code: "alone", unreachable: 0 } });
    expect(codes()).toEqual([]);
    node.play({ type: "notice", notice: { code: "no-answer", endpoint: "10.0.0.2:62733" as Endpoint, afterMs: 5000 } });
    expect(codes()).toEqual(["no-answer", "alone"]);
  });
});

describe("leaving", () => {
  it("by /quit closes the node, ends the session and takes no more lines", async () => {
    const { session, node, events } = await setUp();
    const quit = session.line("/exit");
    const late = session.line("too late");
    expect([await quit, await late]).toEqual(["done", "refused"]);
    await session.ended;
    expect(node.closed()).toBe(true);
    expect(node.log()).toEqual([]);
    expect(events.at(-1)).toEqual({ type: "ended" });
  });

  it("waits for what was said while somebody is there or an address may answer, and not longer than told", async () => {
    const { session, node, events } = await setUp();
    await session.line("to nobody");
    const alone = performance.now();
    await session.settled(5_000);
    expect(performance.now() - alone).toBeLessThan(1_000);
    expect(events.at(-1)).toEqual({ type: "undelivered", messages: 1 });

    node.addPeer("bob");
    let settled = false;
    const waiting = session.settled(10_000).then(() => {
      settled = true;
    });
    await new Promise((done) => setTimeout(done, 60));
    expect(settled).toBe(false);
    node.acknowledge();
    await waiting;
    expect(events.filter((event) => event.type === "undelivered")).toHaveLength(1);

    await session.line("known by a peer that has the same log");
    const peer = node.peers()[0] as PeerView;
    node.play({ type: "notice", notice: { code: "history-synced", messages: 0, peer } });
    await session.settled(60_000);

    await session.line("unanswered");
    const before = performance.now();
    await session.settled(80);
    expect(performance.now() - before).toBeGreaterThanOrEqual(79);
  });

  it("waits for an address that was asked for and has not answered", async () => {
    const { session, node } = await setUp({ joins: ["10.0.0.2"] });
    await vi.waitFor(() => expect(node.commands).toHaveLength(1));
    let settled = false;
    const waiting = session.settled(10_000).then(() => {
      settled = true;
    });
    await new Promise((done) => setTimeout(done, 60));
    expect(settled).toBe(false);
    const peer = node.addPeer("bob", "10.0.0.2:62733");
    node.play({ type: "notice", notice: { code: "joined", peer, endpoint: "10.0.0.2:62733" as Endpoint } });
    await waiting;
  });
});
