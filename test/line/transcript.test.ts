/** Line mode: what is read from top to bottom says who spoke and what happened, and nobody can fake a line of it. */
import { describe, expect, it, vi } from "vitest";
import type { SessionEvent } from "../../src/chat/model/events.ts";
import { clockText, dayText } from "../../src/chat/model/wording.ts";
import { runLine } from "../../src/line/face.ts";
import { createTranscript } from "../../src/line/transcript.ts";
import type { ChatEvent } from "../../src/protocol/events.ts";
import type { PeerView } from "../../src/protocol/views.ts";
import type { Endpoint } from "../../src/wire/endpoint.ts";
import type { MessageId } from "../../src/wire/ids.ts";
import { createFaceRig, openChoice } from "../suites/faceRig.ts";
import { createFakeRoom, type FakeRoom, fakePeer, unreadable } from "../suites/fakeRoom.ts";
import { leastMs } from "../suites/leastMs.ts";

const noon = clockText(Date.UTC(2026, 0, 31, 12, 0, 1));

function setUp() {
  const room = createFakeRoom();
  const transcript = createTranscript(new Date(2026, 0, 31));
  const lines: string[] = [];
  const take = (event: SessionEvent) => lines.push(...transcript.linesOf(event, "smplchat"));
  const chat = (event: ChatEvent) => take({ type: "chat", event });
  room.subscribe(chat);
  const peerIs = (status: PeerView["status"], peer: PeerView) => chat({ type: "peer", status, peer });
  return { room, lines, take, chat, peerIs, transcript };
}

describe("the transcript", () => {
  it("shows messages and actions once, with time and nick", () => {
    const { room, lines } = setUp();
    const anna = fakePeer("anna", 2);
    room.hear(anna, "hi");
    room.hear(anna, "waves", { kind: "action" });
    expect(lines).toEqual([`${noon} <anna> hi`, `${noon} * anna waves`]);
  });

  it("tells in words what somebody does to a message, and of what it was", () => {
    const { room, lines } = setUp();
    const [anna, bob] = [fakePeer("anna", 2), fakePeer("bob", 3)];
    const { id: target } = room.hear(anna, 'a "fine" day');
    room.hear(bob, "yes\nindeed", { kind: "reply", target });
    room.hear(bob, "👍", { kind: "react", target });
    room.hear(bob, "forged", { kind: "edit", target });
    room.hear(anna, "a bad\nday", { kind: "edit", target });
    room.hear(bob, "", { kind: "react", target });
    room.hear(anna, "", { kind: "delete", target });
    room.hear(anna, "late", { kind: "edit", target });
    room.hear(bob, "🎉", { kind: "react", target });
    room.hear(bob, "oh", { kind: "reply", target });
    room.hear(bob, "what?", { kind: "reply", target: "ab".repeat(24) as MessageId });
    room.hear(bob, "done", { kind: "notice" });
    room.hear(anna, "tea", { kind: "topic" });
    expect(lines).toEqual([
      `${noon} <anna> a "fine" day`,
      `${noon} bob, to anna "a 'fine' day": yes\n      indeed`,
      `${noon} -- bob reacted 👍 to anna "a 'fine' day"`,
      `${noon} -- anna edited "a 'fine' day" to: a bad\n      day`,
      `${noon} -- bob took back the reaction to anna "a bad day"`,
      `${noon} -- anna deleted a message`,
      `${noon} bob, to anna (deleted): oh`,
      `${noon} bob, to a message that is not shown here: what?`,
      `${noon} -bob- done`,
      `${noon} -- anna set the topic: tea`,
    ]);
  });

  it("tells nothing of the delivery of what only changes others", () => {
    const { room, lines, chat } = setUp();
    const me = fakePeer("me", 1);
    const { id: target } = room.hear(me, "hi", { own: true });
    lines.length = 0;
    for (const kind of ["react", "edit", "delete", "topic"] as const) {
      const { id } = room.hear(me, kind === "delete" ? "" : "x", { own: true, kind, target });
      chat({ type: "delivery", id, reached: 0, of: 0, lacking: [] });
    }
    expect(lines).toHaveLength(4);
    expect(lines.join("\n")).not.toContain("waiting");
  });

  it("says once that something waits, and once how much of it has reached somebody since", () => {
    const { room, lines, chat, transcript } = setUp();
    const own = (text: string) => room.hear(fakePeer("me", 1), text, { own: true }).id;
    const delivery = (id: MessageId, reached: number, of: number) =>
      chat({ type: "delivery", id, reached, of, lacking: [] });
    const ids = [own("one"), own("two"), own("three")];
    for (const id of ids) delivery(id, 0, 0);
    expect(lines.filter((line) => line.startsWith("--"))).toEqual(["-- waiting: nobody has it yet"]);
    lines.length = 0;
    for (const id of ids.slice(0, 2)) delivery(id, 1, 1);
    expect(lines).toEqual([]);
    expect(transcript.isHolding()).toBe(true);
    expect(transcript.release()).toEqual(["-- 2 messages that waited have reached somebody"]);
    // That more have it is no news for a reader of lines.
    for (const id of ids.slice(0, 2)) delivery(id, 2, 2);
    expect(transcript.isHolding()).toBe(false);
    delivery(ids[2] as MessageId, 1, 1);
    room.hear(fakePeer("bob", 2), "hi");
    expect(lines).toEqual(["-- 1 message that waited has reached somebody", `${noon} <bob> hi`]);
  });

  it("adds the tag where two keys share a nick, whatever its case, and nowhere else", () => {
    const { room, lines } = setUp();
    room.hear(fakePeer("anna", 2), "one");
    room.hear(fakePeer("Anna", 3), "two");
    room.hear(fakePeer("anna", 2), "three");
    room.hear(fakePeer("bob", 4), "four");
    expect(lines.map((line) => line.slice(noon.length + 1))).toEqual([
      "<anna> one",
      "<Anna·t003> two",
      "<anna·t002> three",
      "<bob> four",
    ]);
  });

  it("shows one honest row for what it cannot read, under the nick that its author has elsewhere", () => {
    const { room, lines, peerIs, take } = setUp();
    const [bob, eve] = [fakePeer("bob", 2), fakePeer("eve", 3)];
    room.hear(eve, "", unreadable(eve));
    peerIs("alive", bob);
    room.hear(bob, "", unreadable(bob));
    room.hear(bob, "", unreadable(bob, 1));
    const later = "(a message of a kind that this version cannot show: update to see it)";
    expect(lines.filter((line) => !line.startsWith("--")).map((line) => line.slice(noon.length + 1))).toEqual([
      `<?·t003> ${later}`,
      `<bob> ${later}`,
      "<bob> (a message that makes no sense)",
    ]);
    lines.length = 0;
    take({ type: "reply", reply: { code: "log", messages: room.kept(), shown: 1, kept: 1 } });
    expect(lines.at(-1)).toContain("<bob> (a message that makes no sense)");
    take({ type: "reply", reply: { code: "show", message: room.hear(eve, "", unreadable(eve)) } });
    expect(lines.slice(-2)).toEqual([expect.stringContaining("<?·t003> 1 line:"), `-- ${later}`]);
  });

  it("begins a day with its date", () => {
    const { room, lines } = setUp();
    const anna = fakePeer("anna", 2);
    room.hear(anna, "old", { time: new Date(2026, 0, 29, 9, 5).getTime() });
    room.hear(anna, "new", { time: new Date(2026, 0, 31, 9, 6).getTime() });
    room.hear(anna, "newer", { time: new Date(2026, 0, 31, 9, 7).getTime() });
    expect(lines).toEqual([
      "-- Thursday, 29 January 2026",
      "09:05 <anna> old",
      "-- Saturday, 31 January 2026",
      "09:06 <anna> new",
      "09:07 <anna> newer",
    ]);
  });

  it("lets no text pass for another line or steer the terminal", () => {
    const { room, lines } = setUp();
    room.hear(fakePeer("eve\n12:00 <bob>", 2), "x\n12:00 <bob> I quit\u001b[2J");
    expect(lines).toEqual([`${noon} <eve_12:00_<bob>> x\n      12:00 <bob> I quit`]);
  });

  it("lists the newest messages of a log, long ones by their beginning, and says how to see the rest", () => {
    const { room, lines, take } = setUp();
    const anna = fakePeer("anna", 2);
    for (let at = 0; at < 20; at++) room.hear(anna, `message ${at}`);
    const lined = room.hear(anna, Array.from({ length: 900 }, (_, at) => `line ${at}`).join("\n"));
    const wide = room.hear(anna, "x".repeat(60_000));
    lines.length = 0;
    take({ type: "reply", reply: { code: "log", messages: room.kept(), shown: 3, kept: 22 } });
    expect(lines.map((line) => line.replace(/^(\w{6} )\d\d:\d\d /, "$1"))).toEqual([
      "-- … 19 more: /log 22",
      "000014 <anna> message 19",
      [
        `${lined.id.slice(-6)} <anna> line 0`,
        ...Array.from({ length: 39 }, (_, at) => `line ${at + 1}`),
        `… 860 more lines: /show ${lined.id.slice(-6)}`,
      ].join("\n      "),
      `${wide.id.slice(-6)} <anna> ${"x".repeat(2_000)}\n      … 58000 more characters: /show ${wide.id.slice(-6)}`,
    ]);
    lines.length = 0;
    take({ type: "reply", reply: { code: "show", message: lined } });
    expect(lines).toHaveLength(901);
    expect([lines[0]?.slice(9), lines.at(-1)]).toEqual(["<anna> 900 lines:", "-- line 899"]);
  });

  it("shows a text of 64 KiB of anything at once", () => {
    const { room, lines } = setUp();
    const anna = fakePeer("anna", 2);
    for (const unit of ["\u009d", "\n", "\u001b]", "\u0090a", "a\u200c", "\u0301", "\r", "\u001b[0;", "\u2028"]) {
      const text = unit.repeat(Math.floor(65_536 / Buffer.byteLength(unit)));
      expect(
        leastMs(() => void room.hear(anna, text)),
        escape(unit),
      ).toBeLessThan(300);
    }
    expect(lines.join("")).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  });

  it("tells comings and goings once each, and suspicion not at all", () => {
    const { lines, peerIs, chat, transcript } = setUp();
    const bob = fakePeer("bob", 2);
    const found: ChatEvent = {
      type: "notice",
      notice: { code: "joined", peer: bob, endpoint: "10.0.0.2:7" as Endpoint },
    };
    chat(found);
    peerIs("alive", bob);
    peerIs("suspect", bob);
    peerIs("alive", bob);
    peerIs("dead", bob);
    peerIs("left", bob);
    peerIs("alive", bob);
    expect(lines).toEqual(["-- found bob (10.0.0.2:7)"]);
    expect(transcript.isHolding()).toBe(true);
    expect(transcript.release()).toEqual(["-- bob is back"]);
    expect(transcript.isHolding()).toBe(false);
    expect(transcript.release()).toEqual([]);
    peerIs("suspect", bob);
    expect(transcript.isHolding()).toBe(false);
    peerIs("left", bob);
    expect(transcript.release()).toEqual(["-- bob left"]);
  });

  it("tells many who come and go at once in one line, above what is said next", () => {
    const { room, lines, peerIs } = setUp();
    const crowd = Array.from({ length: 50 }, (_, at) => fakePeer(`p${at}`, at + 2));
    for (const peer of crowd) peerIs("alive", peer);
    peerIs("left", fakePeer("p3", 5));
    room.hear(fakePeer("p1", 3), "hi");
    expect(lines).toEqual([
      "-- p0, p1, p2, p4, p5, p6, p7, p8 and 41 others joined; p3 came and went",
      `${noon} <p1> hi`,
    ]);
    for (const peer of crowd.slice(0, 3)) peerIs("dead", peer);
    lines.length = 0;
    room.hear(fakePeer("p1", 3), "bye");
    expect(lines[0]).toBe("-- p0, p1, p2 do not answer any more");
  });

  it("does not tell of someone who was found that he is here, too", () => {
    const { lines, peerIs, chat, transcript } = setUp();
    const bob = fakePeer("bob", 2);
    peerIs("alive", bob);
    chat({ type: "notice", notice: { code: "joined", peer: bob, endpoint: "10.0.0.2:7" as Endpoint } });
    expect([...lines, ...transcript.release()]).toEqual(["-- found bob (10.0.0.2:7)"]);
  });

  it("marks every line of an answer", () => {
    const { lines, take } = setUp();
    take({ type: "reply", reply: { code: "help", command: undefined } });
    expect(lines.length).toBeGreaterThan(10);
    for (const line of lines) expect(line).toMatch(/^-- \/[a-z]+ /);
  });
});

describe("line mode", () => {
  it("tells comings within a second in one line, without anything else being said", async () => {
    const { session, room, input, output, lines } = await createFaceRig();
    const done = runLine(session, { version: "1.2.3", input, output, onStuck: () => {}, settleMsMax: 100 });
    await vi.waitFor(() => expect(lines().at(-1)).toContain("alone"));
    for (const nick of ["bob", "eve", "dan"]) room.addPeer(nick);
    await vi.waitFor(() => expect(lines().at(-1)).toBe("-- bob, eve, dan joined"), 5_000);
    const more = room.addPeer("kim");
    input.end();
    await done;
    expect(lines().at(-1)).toBe(`-- ${more.nick} joined`);
  });

  it("lists the peers in straight columns", async () => {
    const { session, room, input, output, lines } = await createFaceRig();
    const done = runLine(session, { version: "1.2.3", input, output, onStuck: () => {}, settleMsMax: 100 });
    room.addPeer("日本語");
    input.end("/peers\n");
    await done;
    expect(lines().slice(-4)).toEqual([
      "-- 1 peer in #smplchat",
      "-- nick    state  round trip  last heard  address",
      "-- anna    you                            10.0.0.1:62733",
      "-- 日本語  here   3 ms        400 ms ago  10.0.0.2:62733",
    ]);
  });

  it("says where it listens, takes what is typed, and leaves at the end of input", async () => {
    const { session, room, input, output, lines } = await createFaceRig();
    const done = runLine(session, { version: "1.2.3", input, output, onStuck: () => {}, settleMsMax: 100 });
    input.write("hi\n /x\n/jion\n");
    await vi.waitFor(() => expect(lines()).toHaveLength(6));
    input.end("bye");
    await done;
    expect(room.closed()).toBe(true);
    expect(lines().filter((line) => line.startsWith("--"))).toEqual([
      "-- smplchat 1.2.3: you are anna in #smplchat, listening on 10.0.0.1:62733",
      "-- alone in #smplchat; invite: /invite, or /join ADDRESS",
      `-- ${dayText(Date.UTC(2026, 0, 31, 12, 0, 1))}`,
      "-- not sent: a command, or text? To send it as text: /say /x",
      "-- unknown command /jion: did you mean /join? /help lists all",
      "-- 2 messages have reached nobody yet",
    ]);
    expect(room.kept().map((message) => message.text)).toEqual(["hi", "bye"]);
  });
});

describe("lines of several rooms", () => {
  it("name the room where it is not the one that is shown", async () => {
    const rooms = ["lab", "tea"].map((name) => ({ room: openChoice(name), joins: [] }));
    const { session, hub, input, output, lines } = await createFaceRig({ rooms });
    void runLine(session, { version: "1", input, output, onStuck: () => {}, settleMsMax: 10 });
    const [lab, tea] = hub.entered as [FakeRoom, FakeRoom];
    await vi.waitFor(() => expect(lines()).toHaveLength(3));
    expect(lines()[0]).toBe("-- smplchat 1: you are anna in #lab, also in #tea, listening on 10.0.0.1:62733");
    expect(lines()[2]).toMatch(/^-- #tea alone in #tea/);
    lab.hear(lab.addPeer("bob"), "here");
    tea.hear(tea.addPeer("eve"), "there\nand on");
    input.write("/join tea\n");
    await vi.waitFor(() => expect(lines().at(-1)).toMatch(/^-- now in #tea/));
    tea.hear(tea.peers()[0] as PeerView, "here now");
    lab.hear(lab.peers()[0] as PeerView, "there now");
    await vi.waitFor(() => expect(lines().at(-1)).toContain("there now"));
    expect(
      lines()
        .slice(3)
        .map((line) => line.replace(/^\d\d:\d\d /, "").replace(/^-- \w+day.*/, "-- DAY")),
    ).toEqual([
      "-- bob joined",
      "-- DAY",
      "<bob> here",
      "-- #tea eve joined",
      expect.stringMatching(/^-- #tea .*day/),
      "#tea <eve> there",
      "      and on",
      "-- now in #tea, listening on 10.0.0.1:62733",
      "<eve> here now",
      "#lab <bob> there now",
    ]);
    await session.close();
  });
});
