/** Several rooms at once: one is shown, the others go on, and each says which it is. */
import { describe, expect, it, vi } from "vitest";
import type { SessionEvent } from "../../../src/chat/model/events.ts";
import { sentenceFor } from "../../../src/chat/model/sentences.ts";
import type { Session } from "../../../src/chat/session/session.ts";
import { newPrivateRoom } from "../../../src/crypto/roomKeys.ts";
import type { ChatEvent } from "../../../src/protocol/events.ts";
import type { Endpoint } from "../../../src/wire/endpoint.ts";
import { createFaceRig, type FaceRigOptions, openChoice } from "../../suites/faceRig.ts";
import { createFakeHub, type FakeHub } from "../../suites/fakeHub.ts";
import type { FakeRoom } from "../../suites/fakeRoom.ts";
import { codeOf } from "./codes.ts";

type Setup = {
  session: Session;
  hub: FakeHub;
  first: FakeRoom;
  events: SessionEvent[];
  /**
   * What was told since the last call, with its room if that is not the first: texts of messages, codes of everything else but of
   * those who come and go.
   */
  told: () => string[];
};

async function setUp(options: FaceRigOptions = {}): Promise<Setup> {
  const { session, hub, room: first } = await createFaceRig(options);
  const events: SessionEvent[] = [];
  const words: string[] = [];
  session.subscribe((event, room) => {
    events.push(event);
    const word = wordOf(event);
    if (word !== undefined) words.push(room === first ? word : `${session.label(room)}: ${word}`);
  });
  await Promise.resolve();
  const told = (): string[] => words.splice(0);
  return { session, hub, first, events, told };
}

function wordOf(event: SessionEvent): string | undefined {
  if (event.type !== "chat") return codeOf(event);
  const chat: ChatEvent = event.event;
  if (chat.type === "message") return chat.message.text;
  return codeOf(event) ?? (chat.type === "peer" ? undefined : chat.type);
}

describe("another room", () => {
  it("is shown, and the one before stays entered: what comes in both is told at once, each with its room", async () => {
    const { session, hub, first, told } = await setUp();
    const bob = first.addPeer("bob");
    first.hear(bob, "before");
    expect(await session.line("/join #other")).toBe("done");
    const [, other] = hub.entered as [FakeRoom, FakeRoom];
    expect([session.room(), first.closed()]).toEqual([other, false]);
    expect(session.rooms()).toEqual([first, other]);
    expect(first.commands).toEqual([]);
    expect(told()).toEqual(["alone", "before", "other: moved"]);

    first.hear(bob, "one");
    const early = first.hear(bob, "an answer before its question", { isInOrder: false });
    first.play({ type: "ordered", ids: [early.id] });
    const eve = other.addPeer("eve");
    other.hear(eve, "there");
    first.hear(bob, "two");
    expect(told()).toEqual(["one", "an answer before its question", "ordered", "other: there", "two"]);

    await session.line("/join #smplchat");
    expect(session.room()).toBe(first);
    expect(told()).toEqual(["moved"]);
    await session.show(other);
    await session.show(other);
    expect(told()).toEqual(["other: moved"]);
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

  it("is one of the name that a line names for itself, whichever is shown", async () => {
    const { session, hub, first, told } = await setUp();
    await session.line("/join #lab");
    const lab = hub.entered[1] as FakeRoom;
    told();
    await session.say("over there", "text", undefined, first);
    await session.line("/me waves", undefined, first);
    expect([first, lab].map((room) => room.kept().map(({ text }) => text))).toEqual([["over there", "waves"], []]);
    expect(session.room()).toBe(lab);
    expect(told()).toEqual(["over there", "sent", "waves", "sent"]);
    expect(session.named("lab")).toEqual([lab]);
    expect(session.named("#smplchat")).toEqual([first]);
    expect(session.named("Lab")).toEqual([]);
  });

  it("of the same name is told apart by a part of its id", async () => {
    const { session, hub, told } = await setUp();
    await session.line("/join #lab");
    await session.line("/room new lab");
    const [, open, secret] = hub.entered as [FakeRoom, FakeRoom, FakeRoom];
    expect(secret.choice).toMatchObject({ name: "lab", private: true });
    const labels = [open, secret].map(session.label);
    expect(labels).toEqual([expect.stringMatching(/^lab~[0-9a-f]{4}$/), expect.stringMatching(/^lab~[0-9a-f]{4}$/)]);
    expect(new Set(labels).size).toBe(2);
    told();
    expect(await session.line("/join lab")).toBe("refused");
    expect(await session.line("/leave #lab")).toBe("refused");
    expect(told()).toEqual([`${labels[1]}: several-rooms`, `${labels[1]}: several-rooms`]);
    expect(await session.line(`/join #${labels[0]}`)).toBe("done");
    expect(session.room()).toBe(open);
    expect(await session.line(`/leave ${labels[1]}`)).toBe("done");
    expect(secret.isIn()).toBe(false);
  });

  it("is made private by /room new, and listed with the others", async () => {
    const { session, events } = await setUp();
    await session.line("/room new den");
    expect(session.room().choice).toMatchObject({ name: "den", private: true });
    for (const line of ["/room new", "/room new a b", "/room new a/b", "/room expel bob", "/room list now"])
      expect(await session.line(line), line).toBe("refused");
    await session.line("/room list");
    const last = events.at(-1) as SessionEvent;
    expect(sentenceFor(last, "den")?.text).toBe(
      "  #smplchat (open): 0 peers, 0 messages\n* #den (private): 0 peers, 0 messages",
    );
  });

  it("is told to be empty when it is, and company that came or went meanwhile counts", async () => {
    const { session, hub, first, told } = await setUp({ joins: ["10.0.0.2"] });
    await vi.waitFor(() => expect(first.commands).toHaveLength(1));
    await session.line("/join #tea");
    const tea = hub.entered[1] as FakeRoom;
    tea.play({ type: "notice", notice: { code: "alone", unreachable: 0 } });
    tea.play({ type: "notice", notice: { code: "alone", unreachable: 0 } });
    expect(told()).toEqual(["tea: moved", "tea: alone"]);
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

describe("rooms of the start", () => {
  const rooms = ["lab", "tea", "ops"].map((name) => ({ room: openChoice(name), joins: ["10.0.0.2"] }));

  it("are all entered, the first or the one shown last is shown, and an address is contacted in each", async () => {
    const { session, hub } = await setUp({ rooms: rooms.map((one, at) => ({ ...one, isShown: at === 1 })) });
    expect(session.rooms().map(session.label)).toEqual(["lab", "tea", "ops"]);
    expect(session.label(session.room())).toBe("tea");
    await vi.waitFor(() => {
      for (const { commands } of hub.entered)
        expect(commands).toEqual([{ type: "join", endpoints: ["10.0.0.2:62733"] }]);
    });
  });

  it("an address that answers in one of them is not said to be silent in the others, unless it is asked for again", async () => {
    const { session, hub, told } = await setUp({ rooms });
    const [lab, tea] = hub.entered as [FakeRoom, FakeRoom];
    await vi.waitFor(() => expect(tea.commands).toHaveLength(1));
    const bob = tea.addPeer("bob", "10.0.0.2:62733");
    const endpoint = "10.0.0.2:62733" as Endpoint;
    tea.play({ type: "notice", notice: { code: "joined", peer: bob, endpoint } });
    lab.play({ type: "notice", notice: { code: "no-answer", endpoint, afterMs: 5 } });
    expect(told()).toEqual(["tea: joined"]);
    await session.line("/join 10.0.0.2");
    lab.play({ type: "notice", notice: { code: "no-answer", endpoint, afterMs: 5 } });
    expect(told()).toEqual(["contacting", "no-answer", "alone"]);
  });

  it("of which one cannot be entered: the others are, and it is said", async () => {
    const hub = createFakeHub({ failing: { name: "tea", error: new Error("no space") } });
    const { session, told } = await setUp({ rooms: rooms.map(({ room }) => ({ room, joins: [] })), hub });
    expect(session.rooms().map(session.label)).toEqual(["lab", "ops"]);
    expect(told()).toEqual(["cannot-open", "alone", "ops: alone"]);
    await expect(setUp({ rooms: rooms.slice(1, 2), hub })).rejects.toThrow("no space");
  });
});

describe("the list of rooms", () => {
  it("is kept at every change, with the shown one, those left, and those that were not entered this time", async () => {
    const kept: string[] = [];
    const old = { ...openChoice("old"), state: "left" } as const;
    const den = { name: "den", private: true, secret: newPrivateRoom(), state: "in" } as const;
    const { session } = await setUp({
      listed: [old, den],
      rememberRooms: async (rooms) => {
        kept.push(rooms.map(({ name, state }) => `${name} ${state}`).join(", "));
        return undefined;
      },
    });
    await session.line("/join #lab");
    await session.line("/leave #smplchat");
    // The name of a private room leads back into it, never into an open one of that name.
    await session.line("/join den");
    expect(session.room().choice.private).toBe(true);
    await session.line("/join #smplchat");
    expect(kept).toEqual([
      "old left, den in, smplchat shown",
      "old left, den in, smplchat in, lab shown",
      "old left, den in, smplchat left, lab shown",
      "old left, den shown, smplchat left, lab in",
      "old left, den in, smplchat shown, lab in",
    ]);
  });

  it("tells rooms of one name apart although they are not entered, and the label leads into each", async () => {
    const labs = [openChoice("lab"), { name: "lab", private: true, secret: newPrivateRoom() }];
    const { session, events, told } = await setUp({ listed: labs.map((lab) => ({ ...lab, state: "left" })) });
    await session.line("/room list");
    const text = sentenceFor(events.at(-1) as SessionEvent, "x")?.text ?? "";
    const labels = [...text.matchAll(/join (#lab~[0-9a-f]{4}) comes back/g)].map(([, label]) => label);
    expect(new Set(labels).size).toBe(2);
    told();
    expect(await session.line("/join lab")).toBe("refused");
    expect(told()).toEqual(["several-rooms"]);
    for (const [at, label] of labels.entries()) {
      expect(await session.line(`/join ${label}`)).toBe("done");
      expect(session.room().choice.private).toBe(at === 1);
      expect(`#${session.label(session.room())}`).toBe(label);
    }
  });

  it("has rooms that this start was not asked for: they are told as such, and can be left, too", async () => {
    const kept: string[] = [];
    const { session, events } = await setUp({
      listed: [{ ...openChoice("tea"), state: "in" }],
      rememberRooms: async (rooms) => {
        kept.push(rooms.map(({ name, state }) => `${name} ${state}`).join(", "));
        return undefined;
      },
    });
    await session.line("/room list");
    const text = sentenceFor(events.at(-1) as SessionEvent, "x")?.text ?? "";
    expect(text).toContain("#tea (open): not entered this time; /join #tea enters it");
    expect(await session.line("/leave tea")).toBe("done");
    expect(kept.at(-1)).toBe("tea left, smplchat shown");
  });

  it("that could not be kept is kept when the disk takes something again", async () => {
    let isFull = true;
    let kept = 0;
    const { session, first } = await setUp({
      rememberRooms: async (rooms) => {
        if (isFull) return { code: "unwritable", path: "/x/room-list", reason: "ENOSPC" };
        kept = rooms.length;
        return undefined;
      },
    });
    await session.line("/room new den");
    isFull = false;
    expect(kept).toBe(0);
    first.play({ type: "notice", notice: { code: "storing-again" } });
    expect(kept).toBe(2);
  });

  it("that is damaged is told on the screen, too", async () => {
    const { told } = await setUp({ listTrouble: { code: "damaged", path: "/x/room-list.damaged-1" } });
    expect(told()).toEqual(["rooms-not-kept", "alone"]);
  });

  it("that cannot be kept is told, and the chat goes on", async () => {
    const trouble = { code: "unwritable", path: "/x/rooms", reason: "ENOSPC" } as const;
    const { session, events } = await setUp({ rememberRooms: async () => trouble });
    await session.line("/join #lab");
    await vi.waitFor(() => {
      const texts = events.map((event) => sentenceFor(event, "x")?.text);
      expect(texts).toContain(
        "the list of your rooms cannot be saved in /x/rooms (the disk is full): the next start will not know the change",
      );
    });
    expect(await session.line("hi")).toBe("done");
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
    for (const line of ["/peers", "/room"]) expect(await session.line(line)).toBe("refused");
    expect(told()).toEqual(["left-room", "left-room"]);
    expect(await session.line("/join #smplchat")).toBe("done");
    expect(first.isIn()).toBe(true);
    expect(await session.line("back")).toBe("done");
    expect(await session.line("/join #smplchat")).toBe("done");
    expect(told()).toEqual(["moved", "back", "sent", "same-room"]);
  });

  it("gives way to one that is entered, and leaving another does not move", async () => {
    const { session, hub, first, told } = await setUp();
    await session.line("/join #lab");
    await session.line("/join #tea");
    const [, lab, tea] = hub.entered as [FakeRoom, FakeRoom, FakeRoom];
    told();
    await session.line("/leave");
    expect([session.room(), tea.isIn()]).toEqual([lab, false]);
    expect(told()).toEqual(["tea: left-room", "lab: moved"]);
    await session.line("/leave #smplchat");
    expect([session.room(), first.isIn(), session.rooms()]).toEqual([lab, false, [lab]]);
    expect(await session.line("/leave nowhere")).toBe("refused");
    expect(told()).toEqual(["left-room", "lab: unknown-room"]);
    expect(lab.isIn()).toBe(true);
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
