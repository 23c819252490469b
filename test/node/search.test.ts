/** Searching what is kept: what fits, in which order, how much is read for it, and that the node goes on meanwhile. */
import { describe, expect, it } from "vitest";
import { tagOf } from "../../src/crypto/identity.ts";
import { idsFrom, type SearchQuery, searchHistory } from "../../src/node/search.ts";
import type { Message, PeerView } from "../../src/protocol/views.ts";
import type { MessageId } from "../../src/wire/ids.ts";
import { createFakeRoom, type FakeRoom, unreadable } from "../suites/fakeRoom.ts";

const NOON = Date.UTC(2026, 4, 3, 12);

/** So many of bob, a minute apart; every tenth is about tea. */
function roomOf(count: number): FakeRoom {
  const room = createFakeRoom();
  const bob = room.addPeer("Bob");
  for (let at = 0; at < count; at += 1) {
    const time = NOON + at * 60_000;
    const id = `${idsFrom(time).slice(0, 12)}${"5".repeat(36)}` as MessageId;
    room.hear(bob, at % 10 === 0 ? `Tea ${at}` : `coffee ${at}`, { id, time });
  }
  return room;
}

async function found(room: FakeRoom, query: SearchQuery): Promise<Message[]> {
  const all: Message[] = [];
  for await (const part of room.search(query)) all.push(...part);
  return all;
}

const texts = async (room: FakeRoom, query: SearchQuery): Promise<string[]> =>
  (await found(room, query)).map(({ text }) => text);

describe("a search", () => {
  it("finds all that fits, newest first, across pages", async () => {
    const all = await texts(roomOf(1_000), { text: "tEA" });
    expect(all).toEqual(Array.from({ length: 100 }, (_, at) => `Tea ${990 - 10 * at}`));
  });

  it("is for an author by nick, tag or both, case apart", async () => {
    const room = roomOf(20);
    const tag = tagOf((room.peers()[0] as PeerView).id);
    room.hear(room.addPeer("Zoë"), "tea, please", { id: "f".repeat(48) as MessageId });
    for (const from of ["bob", "BOB", tag, `bob·${tag}`])
      expect(await texts(room, { text: "", from })).toHaveLength(20);
    expect(await texts(room, { text: "tea", from: "zoe\u0308" })).toEqual(["tea, please"]);
    expect(await texts(room, { text: "", from: "bo" })).toEqual([]);
  });

  it("goes back to a time, itself included, and begins below another", async () => {
    const room = roomOf(1_000);
    const since = idsFrom(NOON + 500 * 60_000);
    const before = idsFrom(NOON + 520 * 60_000);
    expect(await texts(room, { text: "tea", since, before })).toEqual(["Tea 510", "Tea 500"]);
    const [newest] = await found(room, { text: "tea" });
    expect((await texts(room, { text: "tea", before: newest?.id as MessageId }))[0]).toBe("Tea 980");
  });

  it("finds nothing in what this version cannot read", async () => {
    const room = roomOf(1);
    const bob = room.peers()[0];
    if (bob !== undefined) room.hear(bob, "", unreadable(bob));
    expect(await texts(room, { text: "", from: "bob" })).toEqual(["Tea 0"]);
    expect(await texts(room, { text: "" })).toEqual(["Tea 0"]);
  });

  it("reads no more than it is asked for, and lets others have their turn between two pages", async () => {
    const room = roomOf(5_000);
    let reads = 0;
    let turns = 0;
    const search = searchHistory(
      async (_, limit, before) => {
        reads += 1;
        const messages = await room.history(limit, before);
        return { oldest: messages[0]?.id, messages };
      },
      { text: "tea" },
    );
    await search.next();
    expect(reads).toBe(1);
    await search.return();
    const timer = setInterval(() => (turns += 1), 0);
    let isOver = false;
    const turning = (async () => {
      while (!isOver) {
        turns += 1;
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    expect(await texts(room, { text: "nothing like it" })).toEqual([]);
    isOver = true;
    await turning;
    clearInterval(timer);
    expect(turns).toBeGreaterThan(9);
  });
});
