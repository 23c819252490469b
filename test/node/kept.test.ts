// Hubs that keep what is said: what is there at the next start, and what is claimed of it.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { openRoom } from "../../src/crypto/roomKeys.ts";
import { systemClock } from "../../src/node/clock.ts";
import { openHub } from "../../src/node/hub.ts";
import type { HubHandle, HubOptions, RoomHandle } from "../../src/node/types.ts";
import type { ChatEvent } from "../../src/protocol/events.ts";
import type { Message } from "../../src/protocol/views.ts";
import type { MessageId } from "../../src/wire/ids.ts";

type Live = { readonly hub: HubHandle; readonly room: RoomHandle; readonly events: ChatEvent[] };

let dataDir = "";
const hubs: HubHandle[] = [];
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "smplchat-kept-"));
});
afterEach(async () => {
  await Promise.all(hubs.splice(0).map((hub) => hub.close()));
  rmSync(dataDir, { recursive: true, force: true });
});

it("calls an own message stored after it was told and written, and has it at the next start", async () => {
  const first = await open();
  const ids = [await said(first, "one"), await said(first, "two")];
  await until("both are stored", () => expect(storedIn(first)).toEqual(ids));
  const order = first.events.flatMap((event) => {
    if (event.type === "message") return [`said ${event.message.text}`];
    return event.type === "stored" ? event.ids.map((id) => `stored ${id === ids[0] ? "one" : "two"}`) : [];
  });
  for (const text of ["one", "two"])
    expect(order.indexOf(`stored ${text}`)).toBeGreaterThan(order.indexOf(`said ${text}`));
  await first.hub.close();

  const again = await open();
  expect(again.events).toEqual([]);
  const kept = await again.room.history(10);
  expect(kept.map(({ id, text, own, history }) => [id, text, own, history])).toEqual([
    [ids[0], "one", true, true],
    [ids[1], "two", true, true],
  ]);
  expect(await replayOf(again)).toEqual(kept);
  expect(again.room.stats().messages).toBe(2);
});

it("never gives a number twice, also where the clock was set back meanwhile", async () => {
  const first = await open();
  await said(first, "one");
  await said(first, "two");
  await until("both are stored", () => expect(storedIn(first)).toHaveLength(2));
  await first.hub.close();
  const back = 3_600_000;
  const again = await open({
    clock: () => {
      const { mono, wall } = systemClock();
      return { mono, wall: wall - back };
    },
  });
  await said(again, "three");
  const kept = (await again.room.history(10)).toSorted((a, b) => a.seq - b.seq);
  expect(kept.map(({ text }) => text)).toEqual(["one", "two", "three"]);
  const seqs = kept.map(({ seq }) => seq);
  expect(seqs).toEqual([seqs[0], (seqs[0] ?? 0) + 1, (seqs[0] ?? 0) + 2]);
});

it("keeps each room apart, and lets go of what is above MAX_MESSAGES for good", async () => {
  const first = await open({ config: { maxMessages: 3 } });
  const other = await first.hub.enter({ name: "other", secret: openRoom("other"), private: false });
  await other.run({ type: "say", text: "elsewhere", kind: "text" });
  for (const text of ["1", "2", "3", "4", "5"]) await said(first, text);
  await until("all are stored", () => expect(storedIn(first)).toHaveLength(5));
  await first.hub.close();
  const again = await open();
  expect((await again.room.history(10)).map(({ text }) => text)).toEqual(["3", "4", "5"]);
});

it("keeps no more bytes than MAX_DISK, at the next start, too", async () => {
  const config = { maxBytes: 30_000 };
  const first = await open({ config });
  for (let at = 0; at < 60; at += 1) await said(first, `${at} ${"x".repeat(800)}`);
  await until("all are stored", () => expect(storedIn(first)).toHaveLength(60));
  const kept = (await first.room.history(100)).map(({ text }) => text.split(" ")[0]);
  expect(kept.length).toBeLessThan(28);
  expect(kept).toEqual(Array.from(kept, (_, at) => String(60 - kept.length + at)));
  expect(first.room.span()).toMatchObject({ isWhole: false });
  await first.hub.close();
  const again = await open({ config });
  expect((await again.room.history(100)).map(({ text }) => text.split(" ")[0])).toEqual(kept);
});

it("tells the first who listens that it is damaged, or cannot be used, and goes on", async () => {
  const first = await open();
  await said(first, "one");
  await until("it is stored", () => expect(storedIn(first)).toHaveLength(1));
  await first.hub.close();
  writeFileSync(join(dataDir, "history", "CURRENT"), "garbage");
  const damaged = await open();
  await until("it is told", () => expect(damaged.events).toHaveLength(1));
  const path = join(dataDir, readdirSync(dataDir).find((name) => name.startsWith("history-damaged")) ?? "");
  expect(damaged.events).toEqual([{ type: "notice", notice: { code: "history-damaged", path } }]);
  await damaged.hub.close();

  rmSync(join(dataDir, "history"), { recursive: true });
  writeFileSync(join(dataDir, "history"), "");
  const unusable = await open();
  const error = { code: "history-unusable", path: join(dataDir, "history"), reason: "EEXIST" };
  await until("it is told", () => expect(unusable.events).toEqual([{ type: "error", error }]));
  await said(unusable, "in memory");
  expect((await unusable.room.history(10)).map(({ text }) => text)).toEqual(["in memory"]);
  expect(storedIn(unusable)).toEqual([]);
});

it("begins anew where the damage shows only when it is read", async () => {
  for (let round = 0; round < 3; round += 1) {
    const live = await open();
    await said(live, `round ${round}`);
    await until("it is stored", () => expect(storedIn(live)).toHaveLength(1));
    await live.hub.close();
  }
  const tables = readdirSync(join(dataDir, "history")).filter((name) => name.endsWith(".ldb"));
  const newest = join(dataDir, "history", tables.sort().at(-1) ?? "");
  writeFileSync(newest, readFileSync(newest).fill(0xee, 0, 24));
  const again = await open();
  await until("it is told", () => expect(again.events).toMatchObject([{ notice: { code: "history-damaged" } }]));
  expect(await again.room.history(10)).toEqual([]);
  await said(again, "anew");
  await until("it is stored", () => expect(storedIn(again)).toHaveLength(1));
});

it("takes nothing from disk, and leaves nothing there, without a data directory", async () => {
  const live = await open({ dataDir: undefined });
  await said(live, "hi");
  expect([storedIn(live), existsSync(join(dataDir, "history"))]).toEqual([[], false]);
});

async function open(more: Partial<HubOptions> = {}): Promise<Live> {
  const hub = await openHub({ nick: "anna", port: 0, discovery: false, dataDir, ...more });
  hubs.push(hub);
  const room = await hub.enter({ name: "kept", secret: openRoom("kept"), private: false });
  const events: ChatEvent[] = [];
  room.subscribe((event) => events.push(event));
  return { hub, room, events };
}

async function said({ room }: Live, text: string): Promise<MessageId> {
  const outcome = await room.run({ type: "say", text, kind: "text" });
  if (!outcome.isDone || outcome.id === undefined) throw new Error(`not said: ${text}`);
  return outcome.id;
}

async function replayOf({ room }: Live): Promise<Message[]> {
  const all: Message[] = [];
  await room.replay((messages) => void all.push(...messages));
  return all;
}

const storedIn = ({ events }: Live): MessageId[] =>
  events.flatMap((event) => (event.type === "stored" ? [...event.ids] : []));

async function until(what: string, check: () => void): Promise<void> {
  await vi.waitFor(check, { timeout: 12_000, interval: 10 }).catch((error) => {
    throw new Error(`waited in vain until ${what}`, { cause: error });
  });
}
