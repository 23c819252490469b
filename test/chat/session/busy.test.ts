/** What becomes of lines while the network takes no more: they wait, in order, and whoever waits long is told. */
import { describe, expect, it, vi } from "vitest";
import type { SessionEvent } from "../../../src/chat/model/events.ts";
import { sentenceFor } from "../../../src/chat/model/sentences.ts";
import type { Session } from "../../../src/chat/session/session.ts";
import { createFaceRig } from "../../suites/faceRig.ts";
import type { FakeRoom } from "../../suites/fakeRoom.ts";

async function start(): Promise<{ session: Session; room: FakeRoom; events: SessionEvent[] }> {
  const { session, room } = await createFaceRig();
  const events: SessionEvent[] = [];
  session.subscribe((event) => events.push(event));
  await Promise.resolve();
  return { session, room, events };
}

describe("a line while the network takes no more", () => {
  it("waits, and those after it, until there is room; nothing is refused and none is told of a short wait", async () => {
    const { session, room, events } = await start();
    room.block(true);
    const outcomes = Promise.all([session.line("one"), session.say("two"), session.line("/stats")]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(room.kept()).toEqual([]);
    room.block(false);
    expect(await outcomes).toEqual(["done", "done", "done"]);
    expect(room.kept().map((message) => message.text)).toEqual(["one", "two"]);
    expect(events.filter(({ type }) => type !== "chat").map(({ type }) => type)).toEqual(["sent", "sent", "reply"]);
  });

  it("is told how many wait when it takes long", async () => {
    vi.useFakeTimers();
    try {
      const { session, room, events } = await start();
      room.block(true);
      const outcomes = Promise.all([session.line("one"), session.line("two")]);
      await vi.advanceTimersByTimeAsync(999);
      expect(events.at(-1)?.type).toBe("chat");
      await vi.advanceTimersByTimeAsync(1);
      expect(events.at(-1)).toEqual({ type: "busy", lines: 2 });
      expect(sentenceFor({ type: "busy", lines: 2 }, "x")?.text).toBe(
        "the network takes no more for the moment: 2 lines wait",
      );
      room.block(false);
      expect(await outcomes).toEqual(["done", "done"]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("does not keep anyone from leaving, and is refused then", async () => {
    const { session, room } = await start();
    room.block(true);
    const waiting = session.line("one");
    await Promise.resolve();
    await session.line("/quit");
    await session.ended;
    expect(await waiting).toBe("refused");
    expect(room.closed()).toBe(true);
    expect(room.kept()).toEqual([]);
  });
});
