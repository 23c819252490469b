// Whole hubs on the loopback: real keys, real sockets, the real core.

import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { causalEvents } from "../../src/chat/stream/causalFeed.ts";
import { createRoomKeys, openRoom } from "../../src/crypto/roomKeys.ts";
import type { Transport } from "../../src/net/transport.ts";
import { openUdp } from "../../src/net/udp.ts";
import { openHub } from "../../src/node/hub.ts";
import type { HubHandle, HubOptions, RoomChoice, RoomHandle } from "../../src/node/types.ts";
import type { Command } from "../../src/protocol/api.ts";
import type { ChatEvent } from "../../src/protocol/events.ts";
import type { Message } from "../../src/protocol/views.ts";
import { type Endpoint, parseEndpoint } from "../../src/wire/endpoint.ts";
import { fromHex } from "../../src/wire/ids.ts";
import { createFaultyDisk } from "../suites/faultyStore.ts";
import { createFakeLans, type FakeLan } from "./fakeLan.ts";

/** A hub in one room, and what it told, in causal order. */
type Live = { readonly hub: HubHandle; readonly room: RoomHandle; readonly events: ChatEvent[] };

const live: Live[] = [];
let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "smplchat-hub-"));
});
afterEach(async () => {
  for (const { hub } of live)
    for (const room of hub.rooms()) expect(room.stats().dropped, "the core threw").not.toHaveProperty("core-failed");
  await Promise.all(live.splice(0).map(({ hub }) => hub.close()));
  rmSync(directory, { recursive: true, force: true });
});

describe("nodes that find each other", () => {
  it("two: each hears what the other says, once, and knows that it was heard", async () => {
    const [anna, bob] = await meet("anna", "bob");
    say(anna, "hi bob");
    say(bob, "hi anna");
    await until("both hear both", () => {
      expect(new Set(heard(anna))).toEqual(new Set(["hi bob", "hi anna"]));
      expect(new Set(heard(bob))).toEqual(new Set(["hi bob", "hi anna"]));
    });
    await until("both know", () => expect([anna.room.undelivered(), bob.room.undelivered()]).toEqual([0, 0]));
    expect([heard(anna).length, heard(bob).length]).toEqual([2, 2]);
    expect(await idsOf(anna)).toEqual(await idsOf(bob));
    expect(anna.events.find(({ type }) => type === "delivery")).toMatchObject({ reached: 1, of: 1 });
  });

  it("three in a row: the third joins through the second, gets what was said before, and hears the first", async () => {
    const [anna, bob] = await meet("anna", "bob");
    for (let n = 1; n <= 5; n += 1) say(anna, `early ${n}`);
    const carl = await open({ nick: "carl" });
    joinAt(carl, endpointOf(bob));
    const early = [1, 2, 3, 4, 5].map((n) => `early ${n}`);
    await until("carl has the history", () => expect(heard(carl)).toEqual(early));
    await until("all know all", () => expect([anna, bob, carl].map((one) => alive(one).length)).toEqual([2, 2, 2]));
    say(anna, "live");
    await until("carl hears anna", () => expect(heard(carl)).toEqual([...early, "live"]));
  });

  it("lose 30 % of what they send, and all is heard all the same", async () => {
    const [anna, bob] = await meet("anna", "bob", { dropPercent: 30 });
    for (let n = 0; n < 40; n += 1) {
      say(n % 2 === 0 ? anna : bob, `line ${n}`);
      // In a datagram of its own, so that of so many some are lost for certain.
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until("all lines are heard", () => expect([heard(anna).length, heard(bob).length]).toEqual([40, 40]));
    const lost = [anna, bob].map(({ room }) => room.stats().dropped["drop-percent"] ?? 0);
    expect(lost.reduce((sum, count) => sum + count)).toBeGreaterThan(0);
  });

  it("see one leave that was closed, within the second that closing may take", async () => {
    const [anna, bob] = await meet("anna", "bob");
    const startedAt = performance.now();
    await bob.hub.close();
    expect(performance.now() - startedAt).toBeLessThan(1000);
    await until("anna sees bob leave", () =>
      expect(anna.events).toContainEqual(expect.objectContaining({ type: "peer", status: "left" })),
    );
  });

  it("hear nothing of another room, though they are sent its datagrams", async () => {
    const [anna] = await meet("anna", "bob");
    const stranger = await open({ nick: "eve", choice: roomNamed("elsewhere") });
    joinAt(stranger, endpointOf(anna));
    await until("anna counts them", () => expect(anna.room.stats().dropped["foreign-room"]).toBeGreaterThan(0));
    expect(alive(stranger)).toEqual([]);
    expect(alive(anna).map(({ nick }) => nick)).toEqual(["bob"]);
  });
});

it("sends the first line of a burst at once, and holds those of the same turn of the event loop until it is over", async () => {
  const [anna, bob] = await meet("anna", "bob");
  const before = anna.room.stats().datagramsOut;
  const sent = (): number => anna.room.stats().datagramsOut - before;
  const lines = [1, 2, 3, 4, 5].map((n) => `line ${n}`);
  for (const line of lines) say(anna, line);
  expect(sent()).toBe(1);
  await until("bob hears", () => expect(heard(bob)).toEqual(lines));
});

it("chats on under 10,000 junk datagrams, and counts them", async () => {
  const [anna, bob] = await meet("anna", "bob");
  const attacker = await openUdp({ port: 0 });
  const sizes = [0, 1, 7, 18, 19, 35, 100, 1199, 1200, 1201, 1400];
  const tag = fromHex(createRoomKeys(anna.room.choice.secret).tag);
  for (let n = 0; n < 10_000; n += 1) {
    const junk = randomBytes(sizes[n % sizes.length] ?? 0);
    // Every other one looks as if it was for the room.
    if (n % 2 === 0 && junk.length > 5) junk.set(tag, 1);
    attacker.send(junk, endpointOf(anna));
    // In bursts that fit the receive buffer of any system: it is the node that is tried here.
    if (n % 25 === 24) await new Promise((resolve) => setImmediate(resolve));
  }
  say(bob, "still there?");
  say(anna, "yes");
  await until("both hear both", () => expect([heard(anna).length, heard(bob).length]).toEqual([2, 2]));
  await attacker.close();
  const { "foreign-room": foreign = 0, ...ofTheRoom } = anna.room.stats().dropped;
  expect(foreign).toBeGreaterThan(2_500);
  expect(Object.values(ofTheRoom).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(2_500);
});

it("survives addresses that cannot be sent to, and counts them", async () => {
  const [anna, bob] = await meet("anna", "bob");
  joinAt(anna, "127.255.255.255:9" as Endpoint);
  await until("the refusal is counted", () => expect(anna.room.stats().dropped["send-EACCES"]).toBeGreaterThan(0));
  say(anna, "fine");
  await until("bob hears", () => expect(heard(bob)).toEqual(["fine"]));
});

it("says after 5 s that nobody answers, and joins when somebody does at last", async () => {
  const late = createSocket("udp4");
  await new Promise<void>((resolve) => late.bind({ port: 0, address: "127.0.0.1", exclusive: true }, resolve));
  const { port } = late.address();
  const anna = await open({ nick: "anna" });
  joinAt(anna, `127.0.0.1:${port}` as Endpoint);
  await until("anna is told", () =>
    expect(anna.events).toContainEqual({
      type: "notice",
      notice: expect.objectContaining({ code: "no-answer", endpoint: `127.0.0.1:${port}` }),
    }),
  );
  await new Promise<void>((resolve) => late.close(() => resolve()));
  const bob = await open({ nick: "bob", port });
  expect(endpointOf(bob)).toBe(`127.0.0.1:${port}`);
  await until("they meet", () => expect([alive(anna).length, alive(bob).length]).toEqual([1, 1]));
});

describe("what a hub takes hold of", () => {
  it("is the next port when another program has the first", async () => {
    const anna = await open({ nick: "anna" });
    const port = portOf(anna);
    const bob = await open({ nick: "bob", port });
    expect(portOf(bob)).toBeGreaterThan(port);
  });

  it("is the identity of its data directory, from one start to the next, and never that of a running hub", async () => {
    const first = await open({ nick: "anna", dataDir: directory });
    const second = await open({ nick: "anna", dataDir: directory });
    const { id } = first.hub;
    expect(second.hub.id).not.toBe(id);
    await first.hub.close();
    const third = await open({ nick: "anna", dataDir: directory });
    expect(third.hub.id).toBe(id);
  });

  it("is nothing when it cannot open: no identity is held when the ports are taken", async () => {
    const holder = createSocket("udp4");
    // If this very port is held by some other program, the hub finds it taken just as well.
    await new Promise<void>((resolve) => {
      holder.once("error", () => resolve());
      holder.bind({ port: 65535, address: "127.0.0.1", exclusive: true }, resolve);
    });
    await expect(open({ nick: "anna", port: 65535, dataDir: directory })).rejects.toMatchObject({
      code: "ports-taken",
    });
    expect(readdirSync(directory)).toEqual(["history", "identity"]);
    await new Promise<void>((resolve) => holder.close(() => resolve()));
  });

  it("is nothing when the identity is damaged", async () => {
    const path = join(directory, "identity");
    writeFileSync(path, "no identity");
    await expect(open({ nick: "anna", dataDir: directory })).rejects.toMatchObject({ code: "identity-damaged", path });
    expect(existsSync(path)).toBe(true);
  });
});

describe("what a room remembers", () => {
  it("brings it back to its room at the next start, with no address given", async () => {
    const anna = await open({ nick: "anna" });
    const bob = await open({ nick: "bob", dataDir: directory });
    joinAt(bob, endpointOf(anna));
    await until("they meet", () => expect([alive(anna).length, alive(bob).length]).toEqual([1, 1]));
    // A statement alone proves no address: what is written down is where anna acknowledged something from.
    await until("bob has proof of her address", () => expect(bob.room.peers()[0]?.rttMs).toBeDefined());
    await bob.hub.close();
    const again = await open({ nick: "bob", dataDir: directory });
    expect(again.room.isSeeking()).toBe(true);
    await until("they meet again", () => expect([alive(anna).length, alive(again).length]).toEqual([1, 1]));
    expect(again.room.isSeeking()).toBe(false);
  });

  it("is an empty list where the file is damaged, and whoever listens first is told", async () => {
    const anna = await open({ nick: "anna", dataDir: directory });
    const bob = await open({ nick: "bob" });
    joinAt(anna, endpointOf(bob));
    await until("they meet", () => expect(alive(anna)).toHaveLength(1));
    await anna.hub.close();
    const [room] = readdirSync(join(directory, "rooms"));
    const path = join(directory, "rooms", room ?? "", "addresses");
    writeFileSync(path, "no addresses");
    const again = await open({ nick: "anna", dataDir: directory });
    expect(again.room.isSeeking()).toBe(false);
    const notice = { code: "addresses-damaged", path, reason: undefined };
    await until("it is told", () => expect(again.events).toEqual([{ type: "notice", notice }]));
  });
});

describe("the LAN of a hub", () => {
  it("lets two meet with no address given, each room in its own beacons", async () => {
    const [one, other] = createFakeLans(2);
    const anna = await open({ nick: "anna", lan: one as FakeLan });
    const annaToo = await enter(anna.hub, roomNamed("other room"));
    const bob = await open({ nick: "bob", lan: other as FakeLan });
    await until("they meet", () => expect([alive(anna).length, alive(bob).length]).toEqual([1, 1]));
    expect(alive(annaToo)).toEqual([]);
    const bobToo = await enter(bob.hub, roomNamed("other room"));
    await until("they meet there, too", () => expect([alive(annaToo).length, alive(bobToo).length]).toEqual([1, 1]));
  });

  it("is told of to all rooms when it is blocked, counted in each, and closed with the hub", async () => {
    const [lan] = createFakeLans(1) as [FakeLan];
    const first = await open({ nick: "anna", lan });
    const second = await enter(first.hub, roomNamed("other room"));
    lan.hear(randomBytes(400), "127.0.0.1:62732" as Endpoint);
    lan.block({ reason: "sending", port: 62732, detail: "EPERM" });
    const notice = { code: "discovery-blocked", reason: "sending", port: 62732, detail: "EPERM" };
    for (const { room, events } of [first, second]) {
      expect(events).toContainEqual({ type: "notice", notice });
      expect(room.stats().dropped).toMatchObject({ "lan-send-EPERM": 3, "foreign-beacon": 1 });
    }
    await first.hub.close();
    expect(lan.isClosed()).toBe(true);
  });
});

describe("the rooms of a hub", () => {
  it("are entered once, whoever asks for one at the same time, and entered anew when they were closed", async () => {
    const disk = createFaultyDisk();
    const { hub, room } = await open({ nick: "anna", openStore: disk.open });
    const both = await Promise.all([hub.enter(roomNamed("tea")), hub.enter(roomNamed("tea"))]);
    expect(both[0]).toBe(both[1]);
    expect(await hub.enter(room.choice)).toBe(room);
    expect(hub.rooms()).toEqual([room, both[0]]);

    const closing = both[0].close();
    const again = await hub.enter(roomNamed("tea"));
    expect(again).not.toBe(both[0]);
    expect(disk.isOpen(), "never two stores for one room").toBe(2);
    await closing;
    expect(hub.rooms()).toEqual([room, again]);
    expect(await again.run({ type: "say", text: "hi", kind: "text" })).toMatchObject({ isDone: true });
  });

  it("go on when one of them is left or closed", async () => {
    const [anna, bob] = await meet("anna", "bob");
    const [annaToo, bobToo] = [await enter(anna.hub, roomNamed("tea")), await enter(bob.hub, roomNamed("tea"))];
    joinAt(bobToo, endpointOf(anna));
    await until("they meet there, too", () => expect([alive(annaToo).length, alive(bobToo).length]).toEqual([1, 1]));
    await bobToo.room.close();
    await until("bob has left one", () => expect(alive(annaToo)).toEqual([]));
    say(bob, "still here");
    await until("anna hears it in the other", () => expect(heard(anna)).toEqual(["still here"]));
    expect(heard(annaToo)).toEqual([]);
    expect(await bobToo.room.run({ type: "say", text: "x", kind: "text" })).toEqual({
      isDone: false,
      error: { code: "not-in-room" },
    });
  });

  it("follow what is configured, those to come too", async () => {
    const { hub, room } = await open({ nick: "anna" });
    const unlimited = { maxAgeMs: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY };
    hub.configure({ fanout: undefined, seenLimit: 10, maxMessages: 3, ...unlimited });
    const next = await hub.enter(roomNamed("tea"));
    for (const one of [room, next]) {
      for (let n = 0; n < 5; n += 1) await one.run({ type: "say", text: `line ${n}`, kind: "text" });
      expect((await one.history(10)).map(({ text }) => text)).toEqual(["line 2", "line 3", "line 4"]);
    }
  });

  it("answer every command, and what is refused changes nothing", async () => {
    const { room, events } = await open({ nick: "anna" });
    const codeOf = async (command: Command): Promise<string> => {
      const outcome = await room.run(command);
      return outcome.isDone ? "done" : outcome.error.code;
    };
    const sayOf = (text: string): Command => ({ type: "say", text, kind: "text" });
    expect(await codeOf(sayOf(" \n"))).toBe("text-empty");
    expect(await codeOf(sayOf("é".repeat(32_769)))).toBe("text-too-long");
    expect(await codeOf({ type: "rename", nick: "" })).toBe("bad-nick");
    expect(await codeOf({ type: "rename", nick: "x".repeat(65) })).toBe("bad-nick");
    expect(await codeOf({ type: "publish", kind: 99, body: new Uint8Array(70_000) })).toBe("text-too-long");
    expect(events.filter(({ type }) => type !== "notice")).toEqual([]);
    for (const command of [
      { type: "rename", nick: "zoe" },
      { type: "configure", seenLimit: 5 },
      { type: "network", endpoints: [] },
      { type: "leave" },
    ] as const)
      expect(await codeOf(command), command.type).toBe("done");
    expect(await codeOf({ type: "leave" })).toBe("not-in-room");
    expect(await codeOf(sayOf("hi"))).toBe("not-in-room");
    expect(await codeOf({ type: "join", endpoints: [] })).toBe("done");
    const outcome = await room.run(sayOf("hi"));
    expect(outcome).toEqual({ isDone: true, id: (await room.history(1))[0]?.id });
  });
});

describe("closing a hub", () => {
  it("lets what it said leave the machine, and the identity go last", async () => {
    const udp = await openUdp({ port: 0 });
    let letGo = (): void => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const transport: Transport = { ...udp, close: () => held.then(udp.close) };
    const { hub } = await open({ nick: "anna", dataDir: directory, transport });
    const closing = hub.close();
    const second = await open({ nick: "anna", dataDir: directory });
    expect(second.hub.id).not.toBe(hub.id);
    letGo();
    await Promise.all([closing, hub.close()]);
    expect((await open({ nick: "anna", dataDir: directory })).hub.id).toBe(hub.id);
  });

  it("takes no longer than 1 s though a room is being opened whose disk does not answer, and no room is entered after it", async () => {
    const disk = createFaultyDisk();
    const { hub } = await open({ nick: "anna", openStore: disk.open });
    disk.set("silent");
    void hub.enter(roomNamed("tea")).catch(() => undefined);
    const late = hub.enter(roomNamed("coffee"));
    late.catch(() => undefined);
    const startedAt = performance.now();
    await hub.close();
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expect(hub.rooms()).toEqual([]);
    await expect(hub.enter(roomNamed("milk"))).rejects.toThrow("closed");
  });

  it("closes a room that was being opened meanwhile", async () => {
    const disk = createFaultyDisk();
    const { hub } = await open({ nick: "anna", openStore: disk.open });
    disk.set("slow");
    const entering = hub.enter(roomNamed("tea"));
    const refused = expect(entering).rejects.toThrow("the hub is closed");
    await until("it is being opened", () => expect(disk.opened()).toBe(2));
    const closing = hub.close();
    disk.finish();
    await Promise.all([closing, refused]);
    expect([disk.isOpen(), hub.rooms()]).toEqual([0, []]);
  });
});

async function idsOf({ room }: Live): Promise<string[]> {
  return (await room.history(1_000)).map(({ id }) => id);
}

async function open({ choice = roomNamed("hub test"), ...options }: Opening): Promise<Live> {
  const hub = await openHub({ ...DEFAULTS, ...options });
  return enter(hub, choice);
}

type Opening = Partial<HubOptions> & { readonly choice?: RoomChoice };

async function enter(hub: HubHandle, choice: RoomChoice): Promise<Live> {
  const room = await hub.enter(choice);
  const events: ChatEvent[] = [];
  room.subscribe(causalEvents((event) => events.push(event)));
  const one = { hub, room, events };
  live.push(one);
  return one;
}

/** The second has joined through the first, and both know it. */
async function meet(first: string, second: string, options: Opening = {}): Promise<[Live, Live]> {
  const [a, b] = [await open({ ...options, nick: first }), await open({ ...options, nick: second })];
  joinAt(b, endpointOf(a));
  await until("they meet", () => {
    expect(alive(a).map(({ nick }) => nick)).toEqual([second]);
    expect(alive(b).map(({ nick }) => nick)).toEqual([first]);
  });
  return [a, b];
}

const DEFAULTS: HubOptions = { nick: "nobody", discovery: false, port: 0 };

function roomNamed(name: string): RoomChoice {
  return { name: name.replaceAll(" ", "-"), secret: openRoom(name), private: false };
}

function joinAt({ room }: Live, endpoint: Endpoint): void {
  void room.run({ type: "join", endpoints: [endpoint] });
}

function say({ room }: Live, text: string): void {
  void room.run({ type: "say", text, kind: "text" });
}

/** Texts in the order in which they were told, own ones too. */
function heard({ events }: Live): string[] {
  return events
    .flatMap((event): Message[] => (event.type === "message" ? [event.message] : []))
    .map(({ text }) => text);
}

function alive({ room }: Live) {
  return room.peers().filter(({ status }) => status === "alive");
}

function portOf({ room }: Live): number {
  return parseEndpoint(room.address())?.port ?? 0;
}

function endpointOf(one: Live): Endpoint {
  return `127.0.0.1:${portOf(one)}` as Endpoint;
}

async function until(what: string, check: () => void): Promise<void> {
  await vi.waitFor(check, { timeout: 12_000, interval: 10 }).catch((error) => {
    throw new Error(`waited in vain until ${what}`, { cause: error });
  });
}
