/** Several rooms at once: one is shown, the others go on, and coming back shows what came meanwhile. */
import { describe, expect, it, vi } from "vitest";
import type { SessionEvent } from "../../../src/chat/model/events.ts";
import { sentenceFor } from "../../../src/chat/model/sentences.ts";
import { MISSED_MAX } from "../../../src/chat/session/followedRoom.ts";
import type { Session } from "../../../src/chat/session/session.ts";
import type { ChatEvent } from "../../../src/protocol/events.ts";
import type { Endpoint } from "../../../src/wire/endpoint.ts";
import type { MessageId } from "../../../src/wire/ids.ts";
import { createFaceRig, type FaceRigOptions } from "../../suites/faceRig.ts";
import { createFakeHub, type FakeHub } from "../../suites/fakeHub.ts";
import type { FakeRoom } from "../../suites/fakeRoom.ts";
import { codeOf } from "./codes.ts";

type Setup = {
  session: Session;
  hub: FakeHub;
  first: FakeRoom;
  events: SessionEvent[];
  /** What was told since the last call: texts of messages, codes of everything else but of those who come and go. */
  told: () => string[];
};

async function setUp(options: FaceRigOptions = {}): Promise<Setup> {
  const { session, hub, room: first } = await createFaceRig(options);
  const events: SessionEvent[] = [];
  session.subscribe((event) => events.push(event));
  await Promise.resolve();
  let from = 0;
  const told = (): string[] => {
    const all = events.slice(from).map(wordOf);
    from = events.length;
    return all.filter((word) => word !== undefined);
  };
  return { session, hub, first, events, told };
}

function wordOf(event: SessionEvent): string | undefined {
  if (event.type !== "chat") return codeOf(event);
  const chat: ChatEvent = event.event;
  if (chat.type === "message") return chat.message.text;
  return codeOf(event) ?? (chat.type === "peer" ? undefined : chat.type);
}

describe("another room", () => {
  it("is shown, the one before stays entered, and coming back tells what came meanwhile, once and in order", async () => {
    const { session, hub, first, told } = await setUp();
    const bob = first.addPeer("bob");
    first.hear(bob, "before");
    expect(await session.line("/join #other")).toBe("done");
    const [, other] = hub.entered as [FakeRoom, FakeRoom];
    expect([session.room(), first.closed()]).toEqual([other, false]);
    expect(first.commands).toEqual([]);
    expect(told()).toEqual(["alone", "before", "moved"]);

    first.hear(bob, "one");
    const early = first.hear(bob, "an answer before its question", { isInOrder: false });
    first.play({ type: "ordered", ids: [early.id] });
    const eve = other.addPeer("eve");
    other.hear(eve, "there");
    first.hear(bob, "two");
    expect(told()).toEqual(["there"]);

    await session.line("/join #smplchat");
    expect(session.room()).toBe(first);
    expect(told()).toEqual(["moved", "one", "an answer before its question", "ordered", "two"]);
    first.hear(bob, "three");
    other.hear(eve, "there again");
    expect(told()).toEqual(["three"]);
    await session.line("/join #other");
    await session.line("/join #smplchat");
    expect(told()).toEqual(["moved", "there again", "moved"]);
    expect(hub.entered).toHaveLength(2);
  });

  it("takes what is said, and the one before what was said there", async () => {
    const { session, hub, first } = await setUp();
    await session.line("one");
    await session.line("two");
    await session.line("/join #lab");
    await session.line("in the lab");
    await session.line("/join #smplchat");
    expect(hub.entered.map((room) => room.kept().map(({ text }) => text))).toEqual([["one", "two"], ["in the lab"]]);
    const log = vi.fn();
    session.subscribe((event) => event.type === "reply" && log(event.reply));
    await session.line("/log");
    expect(log).toHaveBeenCalledWith(expect.objectContaining({ code: "log", messages: first.kept() }));
  });

  it("does not keep from its author what becomes of a message said before", async () => {
    const { session, first, told, events } = await setUp();
    first.addPeer("bob");
    await session.line("will it be kept?");
    const id = first.kept()[0]?.id as MessageId;
    await session.line("/join #other");
    told();
    first.play({ type: "stored", ids: [id] });
    first.acknowledge();
    const error = { code: "not-stored", reason: "full", detail: "ENOSPC", messages: 1, own: [id] } as const;
    first.play({ type: "error", error });
    first.play({ type: "notice", notice: { code: "clock-skew", aheadMs: 5 } });
    expect(told()).toEqual(["stored", "delivery", "not-stored"]);
    expect(events.at(-1)).toMatchObject({ type: "chat", event: { type: "error", error } });
  });

  it("forgets what is too much to be told, the oldest first, and says how much that was", async () => {
    const { session, first, told, events } = await setUp();
    const bob = first.addPeer("bob");
    await session.line("/join #other");
    told();
    for (let at = 0; at < MISSED_MAX + 3; at += 1) first.hear(bob, `${at}`);
    await session.line("/join #smplchat");
    const all = told();
    expect([all.length, ...all.slice(0, 3), all.at(-1)]).toEqual([
      MISSED_MAX + 2,
      "moved",
      "missed",
      "3",
      `${MISSED_MAX + 2}`,
    ]);
    const missed = events.find(({ type }) => type === "missed") as SessionEvent;
    expect(sentenceFor(missed, "x")?.text).toBe("3 more messages came meanwhile: /log lists them");
    await session.line("/join #other");
    told();
    const long = "x".repeat(1 << 20);
    for (let at = 0; at < 6; at += 1) first.hear(bob, `${at}${long}`);
    await session.line("/join #smplchat");
    expect(told().map((word) => word.slice(0, 6))).toEqual(["moved", "missed", "3xxxxx", "4xxxxx", "5xxxxx"]);
  });

  it("is told to be empty when it is, and company that came or went meanwhile counts", async () => {
    const { session, hub, first, told } = await setUp({ joins: ["10.0.0.2"] });
    await vi.waitFor(() => expect(first.commands).toHaveLength(1));
    await session.line("/join #tea");
    const tea = hub.entered[1] as FakeRoom;
    tea.play({ type: "notice", notice: { code: "alone", unreachable: 0 } });
    tea.play({ type: "notice", notice: { code: "alone", unreachable: 0 } });
    expect(told()).toEqual(["moved", "alone"]);
    first.addPeer("bob", "10.0.0.2:62733");
    await session.line("/join #smplchat");
    // Its address has not answered, but somebody came: nobody calls it empty.
    first.play({ type: "notice", notice: { code: "no-answer", endpoint: "10.0.0.2:62733" as Endpoint, afterMs: 5 } });
    expect(told()).toEqual(["moved", "no-answer"]);
  });

  it("that cannot be entered leaves everything as it was", async () => {
    const { session, first, told } = await setUp({
      hub: createFakeHub({ failing: { name: "tea", error: new Error("no space") } }),
    });
    expect(await session.line("/join #tea")).toBe("refused");
    expect(session.room()).toBe(first);
    expect(await session.line("still here")).toBe("done");
    expect(told()).toEqual(["alone", "cannot-open", "still here", "sent"]);
  });
});

describe("a room that was left", () => {
  it("takes nothing, says so, and is entered again by its name", async () => {
    const { session, first, told } = await setUp();
    told();
    expect(await session.line("/leave")).toBe("done");
    expect(await session.line("anyone?")).toBe("refused");
    expect(await session.line("/leave")).toBe("refused");
    expect(told()).toEqual(["left-room", "not-in-room", "not-in-room"]);
    expect(await session.line("/join #smplchat")).toBe("done");
    expect(first.isIn()).toBe(true);
    expect(await session.line("back")).toBe("done");
    expect(await session.line("/join #smplchat")).toBe("done");
    expect(told()).toEqual(["moved", "back", "sent", "same-room"]);
  });

  it("stays left while another one is shown, and is entered when one comes back to it", async () => {
    const { session, hub, first } = await setUp();
    await session.line("/leave");
    await session.line("/join #other");
    expect([first.isIn(), hub.entered[1]?.isIn()]).toEqual([false, true]);
    await session.line("/join #smplchat");
    expect(first.isIn()).toBe(true);
  });
});
