/** `/search` as a person reads its answers. */
import { describe, expect, it, vi } from "vitest";
import { searchFor } from "../../../src/chat/command/parseSearch.ts";
import { replyText } from "../../../src/chat/model/replies.ts";
import { refusalText } from "../../../src/chat/model/sentences.ts";
import { idsFrom } from "../../../src/node/search.ts";
import type { MessageId } from "../../../src/wire/ids.ts";
import { createFaceRig } from "../../suites/faceRig.ts";
import type { FakeRoom } from "../../suites/fakeRoom.ts";

const NOON = new Date(2026, 4, 3, 12).getTime();

/** Its id says when it was said. */
function hearAt(room: FakeRoom, minute: number, text: string): string {
  const time = NOON + minute * 60_000;
  const bob = room.peers()[0] ?? room.addPeer("bob");
  const id = `${idsFrom(time).slice(0, 12)}${minute.toString(16).padStart(36, "0")}` as MessageId;
  return room.hear(bob, text, { id, time }).id.slice(-6);
}

async function start() {
  const rig = await createFaceRig();
  const told: string[] = [];
  rig.session.subscribe((event) => {
    if (event.type === "reply") told.push(...replyText(event.reply).split("\n"));
    if (event.type === "refusal") told.push(refusalText(event.refusal));
  });
  const answer = async (typed: string): Promise<string[]> => {
    told.length = 0;
    await rig.session.line(typed);
    return [...told];
  };
  return { ...rig, answer, told };
}

describe("/search", () => {
  it("names each message that it found, so that it can be shown, and says how far back it looked", async () => {
    const { room, answer } = await start();
    const first = hearAt(room, 0, "Tea, anyone?");
    hearAt(room, 1, "coffee");
    const second = hearAt(room, 2, `${"x".repeat(300)} tea\nand more`);
    room.reachBack({ oldest: NOON, isWhole: false, gapsUntil: undefined });
    const rows = await answer("/search tea");
    expect(rows).toEqual([
      `${second} 2026-05-03 12:02 <bob> … ${"x".repeat(29)} tea and more`,
      `${first} 2026-05-03 12:00 <bob> Tea, anyone?`,
      `2 found: /show ${second} shows the first whole; nothing before 3 May 2026 is kept here`,
    ]);
    expect((await answer(`/show ${first}`)).at(-1)).toBe("Tea, anyone?");
  });

  it.each([
    [{ isWhole: true, gapsUntil: undefined }, "the conversation begins on 3 May 2026"],
    [{ isWhole: false, gapsUntil: NOON + 1_000 }, "nothing before 3 May 2026 is kept here"],
    [
      { isWhole: false, gapsUntil: NOON + 6 * 86_400_000 },
      "nothing before 3 May 2026 is kept here, and not all before 9 May 2026",
    ],
  ])("says plainly what it cannot know: %o", async (span, sentence) => {
    const { room, answer } = await start();
    hearAt(room, 0, "tea");
    room.reachBack({ oldest: NOON, ...span });
    expect(await answer("/search cocoa")).toEqual([`nothing found for cocoa; ${sentence}`]);
    expect(await answer("/search cocoa after:2027-01-01")).toEqual(["nothing found for cocoa after:2027-01-01"]);
  });

  it("shows fifty at a time and goes on where it was asked to", async () => {
    const { room, answer } = await start();
    for (let minute = 0; minute < 120; minute += 1) hearAt(room, minute, `tea ${minute}`);
    const first = await answer("/search tea");
    expect([first.length, first[0]?.slice(-7), first.at(-1)]).toEqual([51, "tea 119", "… 70 more: /search more"]);
    const second = await answer("/search more");
    expect([second[0]?.slice(-6), second.at(-1)]).toEqual(["tea 69", "… 20 more: /search more"]);
    const third = await answer("/search MORE");
    expect([third.length, third.at(-2)?.slice(-5)]).toEqual([21, "tea 0"]);
    expect((await answer("/search more"))[0]).toMatch(/^no search to go on with/);
  });

  it("counts no further than a thousand", async () => {
    const { room, answer } = await start();
    for (let minute = 0; minute < 1_200; minute += 1) hearAt(room, minute, "tea");
    expect((await answer("/search tea")).at(-1)).toBe("… more than 1000 more: /search more");
  });

  it("goes through all rooms in one order, and names the room of each", async () => {
    const { room, hub, answer } = await start();
    hearAt(room, 0, "tea here");
    await answer("/join lab");
    const lab = hub.entered[1] as FakeRoom;
    hearAt(lab, 1, "tea there");
    hearAt(room, 2, "tea again");
    const rows = await answer("/search in:all tea");
    expect(rows.slice(0, 3).map((row) => row.slice(24))).toEqual([
      "#smplchat <bob> tea again",
      "#lab <bob> tea there",
      "#smplchat <bob> tea here",
    ]);
    expect((await answer("/search in:#smplchat tea")).slice(0, -1)).toHaveLength(2);
    expect((await answer("/search tea")).slice(0, -1)).toHaveLength(1);
    expect(await answer("/search in:elsewhere tea")).toEqual([
      "not in a room elsewhere: in: takes one that you are in, or all, as in /search in:all coffee",
    ]);
    expect((await answer(`/show ${rows[0]?.slice(0, 6)}`)).at(-1)).toBe("tea again");
  });

  it("tells what it has found while it still looks for more", async () => {
    const { room, session, told } = await start();
    for (let minute = 0; minute < 1_000; minute += 1) hearAt(room, minute, minute === 999 ? "tea" : "coffee");
    let goOn = (): void => undefined;
    const blocked = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const { search } = room;
    Object.assign(room, {
      search: async function* (query: Parameters<typeof search>[0]) {
        for await (const part of search(query)) {
          yield part;
          await blocked;
        }
      },
    });
    const searched = session.line("/search tea");
    await vi.waitFor(() => expect(told[0]).toMatch(/<bob> tea$/), { timeout: 2_000 });
    expect(told).toHaveLength(1);
    goOn();
    await searched;
    expect(told[1]).toMatch(/^1 found/);
  });
});

describe("an answer to a program", () => {
  it("has no more than a mebibyte of text, and says that there is more", async () => {
    const { room, session } = await start();
    for (let at = 0; at < 40; at += 1) hearAt(room, at, `q ${"x".repeat(65_000)}`);
    const replies: { found: number; more: number }[] = [];
    session.subscribe((event) => {
      if (event.type === "reply" && event.reply.code === "search" && event.reply.isOver)
        replies.push({ found: event.reply.found.length, more: event.reply.more });
    });
    await session.search(searchFor({ text: "q" }, "q"), 1_000);
    expect(replies).toEqual([{ found: 16, more: 24 }]);
    await session.line("/search more");
    expect(replies.at(-1)).toEqual({ found: 16, more: 8 });
  });
});
