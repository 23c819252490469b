// Rooms on disks that are slow, full or broken: what is claimed, what is told, and that the chat goes on.

import { afterEach, expect, it, vi } from "vitest";
import { openRoom } from "../../src/crypto/roomKeys.ts";
import { openHub } from "../../src/node/hub.ts";
import type { HubHandle, RoomHandle } from "../../src/node/types.ts";
import type { ChatEvent } from "../../src/protocol/events.ts";
import type { MessageId } from "../../src/wire/ids.ts";
import { BROKEN, createFaultyDisk, type FaultyDisk, FULL } from "../suites/faultyStore.ts";
import { joinAt } from "./joinAt.ts";

type Live = { readonly hub: HubHandle; readonly room: RoomHandle; readonly events: ChatEvent[] };

const hubs: HubHandle[] = [];
afterEach(async () => {
  await Promise.all(hubs.splice(0).map((hub) => hub.close()));
});

it("calls an own message stored when the disk says so, and not before", async () => {
  const disk = createFaultyDisk();
  const [anna, bob] = await meet(disk);
  disk.set("slow");
  const id = await said(anna, "hi");
  await until("bob hears it, stored or not", () => expect(texts(bob)).toEqual(["hi"]));
  expect(storedIn(anna)).toEqual([]);
  disk.finish();
  expect(storedIn(anna)).toEqual([id]);
  await said(bob, "from memory");
  await until("anna hears", () => expect(texts(anna)).toEqual(["hi", "from memory"]));
  expect(storedIn(bob), "what is in memory alone is never called stored").toEqual([]);
});

it.each([
  { ...FULL, reason: "full" },
  { ...BROKEN, reason: "failed" },
] as const)("says within 1 s that an own message is not kept ($reason), and the chat goes on", async (trouble) => {
  const disk = createFaultyDisk();
  const [anna, bob] = await meet(disk);
  const before = await said(anna, "kept");
  disk.set({ code: trouble.code, detail: trouble.detail });
  const id = await said(anna, "not kept");
  const error = { code: "not-stored", reason: trouble.reason, detail: trouble.detail, messages: 1, own: [id] };
  await vi.waitFor(() => expect(anna.events).toContainEqual({ type: "error", error }), { timeout: 1_000, interval: 5 });
  await until("bob hears it", () => expect(texts(bob)).toEqual(["kept", "not kept"]));
  await said(bob, "heard all the same");
  await until("both hear both", () => {
    expect(texts(anna)).toEqual(["kept", "not kept", "heard all the same"]);
    expect(texts(bob)).toEqual(["kept", "not kept", "heard all the same"]);
  });
  expect(storedIn(anna)).toEqual([before]);
  expect(errorsIn(anna), "what others said is told once, and only where nothing was told").toHaveLength(1);
});

it("writes again once the disk takes it, says so once, and calls stored what it had refused", async () => {
  const disk = createFaultyDisk();
  const [anna] = await meet(disk);
  disk.set(FULL);
  const ids = [await said(anna, "one"), await said(anna, "two")];
  expect(errorsIn(anna)).toHaveLength(2);
  disk.set("works");
  await until("it is written", () => expect(storedIn(anna)).toEqual(ids));
  expect(anna.events.filter(isStoringAgain)).toHaveLength(1);
  const third = await said(anna, "three");
  expect(storedIn(anna)).toEqual([...ids, third]);
  expect((await anna.room.history(10)).map(({ text }) => text)).toEqual(["one", "two", "three"]);
});

it("shows what was refused in its history while the disk cannot be written", async () => {
  const disk = createFaultyDisk();
  const [anna] = await meet(disk);
  await said(anna, "kept");
  disk.set(FULL);
  await said(anna, "in memory");
  disk.set("works");
  expect((await anna.room.history(10)).map(({ text }) => text)).toEqual(["kept", "in memory"]);
  expect((await anna.room.history(1)).map(({ text }) => text)).toEqual(["in memory"]);
});

it("goes on when a disk never answers", async () => {
  const disk = createFaultyDisk();
  const [anna, bob] = await meet(disk);
  disk.set("silent");
  await said(anna, "anyone?");
  await said(bob, "yes");
  await until("both hear both", () => expect([texts(anna).length, texts(bob).length]).toEqual([2, 2]));
  expect([storedIn(anna), errorsIn(anna)]).toEqual([[], []]);
});

/** The first is on the disk, the second in memory. */
async function meet(disk: FaultyDisk): Promise<[Live, Live]> {
  const [anna, bob] = [await open("anna", disk), await open("bob")];
  joinAt(bob.room, anna.room);
  await until("they meet", () => expect([anna.room.stats().peers, bob.room.stats().peers]).toEqual([1, 1]));
  return [anna, bob];
}

async function open(nick: string, disk?: FaultyDisk): Promise<Live> {
  const stores = disk === undefined ? {} : { openStore: disk.open };
  const hub = await openHub({ nick, port: 0, discovery: false, ...stores });
  hubs.push(hub);
  const room = await hub.enter({ name: "disks", secret: openRoom("disks"), private: false });
  const events: ChatEvent[] = [];
  room.subscribe((event) => events.push(event));
  return { hub, room, events };
}

async function said({ room }: Live, text: string): Promise<MessageId> {
  const outcome = await room.run({ type: "say", text, kind: "text" });
  if (!outcome.isDone || outcome.id === undefined) throw new Error(`not said: ${text}`);
  return outcome.id;
}

const texts = ({ events }: Live): string[] =>
  events.flatMap((event) => (event.type === "message" ? [event.message.text] : []));
const storedIn = ({ events }: Live): MessageId[] =>
  events.flatMap((event) => (event.type === "stored" ? [...event.ids] : []));
const errorsIn = ({ events }: Live): ChatEvent[] => events.filter(({ type }) => type === "error");
const isStoringAgain = (event: ChatEvent): boolean => event.type === "notice" && event.notice.code === "storing-again";

async function until(what: string, check: () => void): Promise<void> {
  await vi.waitFor(check, { timeout: 12_000, interval: 10 }).catch((error) => {
    throw new Error(`waited in vain until ${what}`, { cause: error });
  });
}
