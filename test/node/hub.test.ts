// Whole nodes on the loopback: real keys, real sockets, the real core.

import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openRoom } from "../../src/crypto/roomKeys.ts";
import { openUdp } from "../../src/net/udp.ts";
import { openNode } from "../../src/node/node.ts";
import type { ChatNode, NodeOptions } from "../../src/node/types.ts";
import type { ChatEvent } from "../../src/protocol/events.ts";
import type { Message } from "../../src/protocol/views.ts";
import { type Endpoint, parseEndpoint } from "../../src/wire/endpoint.ts";

type Live = { readonly node: ChatNode; readonly events: ChatEvent[] };

const live: Live[] = [];
let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "smplchat-node-"));
});
afterEach(async () => {
  for (const { node } of live) expect(node.stats().dropped, "the core threw").not.toHaveProperty("core-failed");
  await Promise.all(live.splice(0).map(({ node }) => node.close()));
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
    await until("both know", () => expect([anna.node.undelivered(), bob.node.undelivered()]).toEqual([0, 0]));
    expect([heard(anna).length, heard(bob).length]).toEqual([2, 2]);
    expect(anna.node.log().map(({ id }) => id)).toEqual(bob.node.log().map(({ id }) => id));
    expect(anna.events.find(({ type }) => type === "delivery")).toMatchObject({ reached: 1, of: 1 });
  });

  it("three in a row: the third joins through the second, gets what was said before, and hears the first", async () => {
    const [anna, bob] = await meet("anna", "bob");
    for (let n = 1; n <= 5; n += 1) say(anna, `early ${n}`);
    const carl = await open({ nick: "carl" });
    carl.node.command({ type: "join", endpoints: [endpointOf(bob)] });
    const early = [1, 2, 3, 4, 5].map((n) => `early ${n}`);
    await until("carl has the history", () => expect(heard(carl)).toEqual(early));
    await until("all know all", () => expect([anna, bob, carl].map((one) => alive(one).length)).toEqual([2, 2, 2]));
    say(anna, "live");
    await until("carl hears anna", () => expect(heard(carl)).toEqual([...early, "live"]));
  });

  it("lose 30 % of what they send, and all is heard all the same", async () => {
    const [anna, bob] = await meet("anna", "bob", { dropPercent: 30 });
    for (let n = 0; n < 20; n += 1) say(n % 2 === 0 ? anna : bob, `line ${n}`);
    await until("all lines are heard", () => expect([heard(anna).length, heard(bob).length]).toEqual([20, 20]));
    expect(anna.node.stats().dropped["drop-percent"]).toBeGreaterThan(0);
  });

  it("see one leave that was closed, within the second that closing may take", async () => {
    const [anna, bob] = await meet("anna", "bob");
    const startedAt = performance.now();
    await bob.node.close();
    expect(performance.now() - startedAt).toBeLessThan(1000);
    await until("anna sees bob leave", () =>
      expect(anna.events).toContainEqual(expect.objectContaining({ type: "peer", status: "left" })),
    );
  });

  it("hear nothing of another room, though they are sent its datagrams", async () => {
    const [anna] = await meet("anna", "bob");
    const stranger = await open({ nick: "eve", room: roomNamed("elsewhere") });
    stranger.node.command({ type: "join", endpoints: [endpointOf(anna)] });
    await until("anna dropped something", () =>
      expect(Object.keys(anna.node.stats().dropped).length).toBeGreaterThan(0),
    );
    expect(alive(stranger)).toEqual([]);
    expect(alive(anna).map(({ nick }) => nick)).toEqual(["bob"]);
  });
});

it("sends the first line of a burst at once, and those of the same turn of the event loop in one datagram after it", async () => {
  const [anna, bob] = await meet("anna", "bob");
  const before = anna.node.stats().datagramsOut;
  const sent = (): number => anna.node.stats().datagramsOut - before;
  const lines = [1, 2, 3, 4, 5].map((n) => `line ${n}`);
  for (const line of lines) say(anna, line);
  expect(sent()).toBe(1);
  await new Promise((resolve) => setImmediate(resolve));
  expect(sent()).toBe(2);
  await until("bob hears", () => expect(heard(bob)).toEqual(lines));
});

it("chats on under 10,000 junk datagrams, and counts them", async () => {
  const [anna, bob] = await meet("anna", "bob");
  const attacker = await openUdp({ port: 0 });
  const before = anna.node.stats().datagramsIn;
  const sizes = [0, 1, 7, 18, 19, 35, 100, 1199, 1200, 1201, 1400];
  for (let n = 0; n < 10_000; n += 1) {
    attacker.send(randomBytes(sizes[n % sizes.length] ?? 0), endpointOf(anna));
    // In bursts that fit the receive buffer of any system: it is the node that is tried here.
    if (n % 25 === 24) await new Promise((resolve) => setImmediate(resolve));
  }
  say(bob, "still there?");
  say(anna, "yes");
  await until("both hear both", () => expect([heard(anna).length, heard(bob).length]).toEqual([2, 2]));
  await attacker.close();
  const { dropped, datagramsIn } = anna.node.stats();
  const counted = Object.values(dropped).reduce((sum, count) => sum + count, 0);
  expect(counted).toBeGreaterThan(5_000);
  expect(datagramsIn - before).toBeGreaterThanOrEqual(counted);
});

it("survives addresses that cannot be sent to, and counts them", async () => {
  const [anna, bob] = await meet("anna", "bob");
  anna.node.command({ type: "join", endpoints: ["127.255.255.255:9" as Endpoint] });
  await until("the refusal is counted", () => expect(anna.node.stats().dropped["send-EACCES"]).toBeGreaterThan(0));
  say(anna, "fine");
  await until("bob hears", () => expect(heard(bob)).toEqual(["fine"]));
});

it("says after 5 s that nobody answers, and joins when somebody does at last", async () => {
  const late = createSocket("udp4");
  await new Promise<void>((resolve) => late.bind({ port: 0, address: "127.0.0.1", exclusive: true }, resolve));
  const { port } = late.address();
  const anna = await open({ nick: "anna" });
  anna.node.command({ type: "join", endpoints: [`127.0.0.1:${port}` as Endpoint] });
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

describe("what a node takes hold of", () => {
  it("is the next port when another node has the first", async () => {
    const anna = await open({ nick: "anna" });
    const port = portOf(anna);
    const bob = await open({ nick: "bob", port });
    expect(portOf(bob)).toBeGreaterThan(port);
  });

  it("is the identity of its data directory, from one start to the next, and never that of a running node", async () => {
    const first = await open({ nick: "anna", dataDir: directory });
    const second = await open({ nick: "anna", dataDir: directory });
    const { id } = first.node.self();
    expect(second.node.self().id).not.toBe(id);
    await first.node.close();
    const third = await open({ nick: "anna", dataDir: directory });
    expect(third.node.self().id).toBe(id);
  });

  it("is nothing when it cannot open: no identity is held when the ports are taken", async () => {
    const holder = createSocket("udp4");
    // If this very port is held by some other program, the node finds it taken just as well.
    await new Promise<void>((resolve) => {
      holder.once("error", () => resolve());
      holder.bind({ port: 65535, address: "127.0.0.1", exclusive: true }, resolve);
    });
    await expect(open({ nick: "anna", port: 65535, dataDir: directory })).rejects.toMatchObject({
      code: "ports-taken",
    });
    expect(readdirSync(directory)).toEqual(["identity"]);
    await new Promise<void>((resolve) => holder.close(() => resolve()));
  });

  it("is nothing when the identity is damaged", async () => {
    const path = join(directory, "identity");
    writeFileSync(path, "no identity");
    await expect(open({ nick: "anna", dataDir: directory })).rejects.toMatchObject({ code: "identity-damaged", path });
    expect(existsSync(path)).toBe(true);
  });
});

describe("what a node remembers", () => {
  it("brings it back to its room at the next start, with no address given", async () => {
    const anna = await open({ nick: "anna" });
    const bob = await open({ nick: "bob", dataDir: directory });
    bob.node.command({ type: "join", endpoints: [endpointOf(anna)] });
    await until("they meet", () => expect([alive(anna).length, alive(bob).length]).toEqual([1, 1]));
    // A statement alone proves no address: what is written down is where anna acknowledged something from.
    await until("bob has proof of her address", () => expect(bob.node.peers()[0]?.rttMs).toBeDefined());
    await bob.node.close();
    const again = await open({ nick: "bob", dataDir: directory });
    expect(again.node.isSeeking()).toBe(true);
    await until("they meet again", () => expect([alive(anna).length, alive(again).length]).toEqual([1, 1]));
    expect(again.node.isSeeking()).toBe(false);
  });

  it("is an empty list where the file is damaged, and whoever listens first is told", async () => {
    const anna = await open({ nick: "anna", dataDir: directory });
    const bob = await open({ nick: "bob" });
    anna.node.command({ type: "join", endpoints: [endpointOf(bob)] });
    await until("they meet", () => expect(alive(anna)).toHaveLength(1));
    await anna.node.close();
    const [room] = readdirSync(join(directory, "rooms"));
    const path = join(directory, "rooms", room ?? "", "addresses");
    writeFileSync(path, "no addresses");
    const again = await open({ nick: "anna", dataDir: directory });
    expect(again.node.isSeeking()).toBe(false);
    const notice = { code: "addresses-damaged", path, reason: undefined };
    await until("it is told", () => expect(again.events).toEqual([{ type: "notice", notice }]));
  });
});

async function open(options: Partial<NodeOptions>): Promise<Live> {
  const node = await openNode({ ...DEFAULTS, room: roomNamed("node test"), ...options });
  const events: ChatEvent[] = [];
  node.subscribe((event) => events.push(event));
  const one = { node, events };
  live.push(one);
  return one;
}

/** The second has joined through the first, and both know it. */
async function meet(first: string, second: string, options: Partial<NodeOptions> = {}): Promise<[Live, Live]> {
  const [a, b] = [await open({ ...options, nick: first }), await open({ ...options, nick: second })];
  b.node.command({ type: "join", endpoints: [endpointOf(a)] });
  await until("they meet", () => {
    expect(alive(a).map(({ nick }) => nick)).toEqual([second]);
    expect(alive(b).map(({ nick }) => nick)).toEqual([first]);
  });
  return [a, b];
}

const DEFAULTS: Omit<NodeOptions, "room"> = {
  nick: "nobody",
  discovery: false,
  port: 0,
  dataDir: undefined,
  fanout: undefined,
  seenLimit: undefined,
  keepaliveIntervalMs: undefined,
  nodeTimeoutMs: undefined,
  cleanupIntervalMs: undefined,
  latestLimit: undefined,
  maxMessages: undefined,
  dropPercent: 0,
  debug: undefined,
};

function roomNamed(name: string): NodeOptions["room"] {
  return { name: name.replaceAll(" ", "-"), secret: openRoom(name), private: false };
}

function say({ node }: Live, text: string): void {
  node.command({ type: "say", text, kind: "text" });
}

/** Texts in the order in which they were told, own ones too. */
function heard({ events }: Live): string[] {
  return events
    .flatMap((event): Message[] => (event.type === "message" ? [event.message] : []))
    .map(({ text }) => text);
}

function alive({ node }: Live) {
  return node.peers().filter(({ status }) => status === "alive");
}

function portOf({ node }: Live): number {
  return parseEndpoint(node.address())?.port ?? 0;
}

function endpointOf(one: Live): Endpoint {
  return `127.0.0.1:${portOf(one)}` as Endpoint;
}

async function until(what: string, check: () => void): Promise<void> {
  await vi.waitFor(check, { timeout: 12_000, interval: 10 }).catch((error) => {
    throw new Error(`waited in vain until ${what}`, { cause: error });
  });
}
