// A core on a real clock and a real socket.

import { afterEach, describe, expect, it, vi } from "vitest";
import { decodeInvite, type Invite } from "../../src/crypto/invite.ts";
import { ownAddress } from "../../src/net/interfaces.ts";
import type { Lan, LanBlocked } from "../../src/net/lan.ts";
import type { Transport } from "../../src/net/transport.ts";
import { openUdp } from "../../src/net/udp.ts";
import { systemClock } from "../../src/node/clock.ts";
import { hostCore } from "../../src/node/host.ts";
import type { ChatNode, DebugRecord } from "../../src/node/types.ts";
import type { Effect, Input } from "../../src/protocol/api.ts";
import type { ChatEvent } from "../../src/protocol/events.ts";
import type { PeerView } from "../../src/protocol/views.ts";
import type { Journal } from "../../src/store/journal.ts";
import { memoryJournal } from "../../src/store/memory.ts";
import { type Endpoint, parseEndpoint } from "../../src/wire/endpoint.ts";
import { privateRoom } from "../suites/said.ts";
import { emit, event, type FakeCore, fakeCore } from "./fakeCore.ts";

const nodes: ChatNode[] = [];
const room = { name: "test", secret: privateRoom(7), private: true };

afterEach(async () => {
  for (const node of nodes.splice(0)) await node.close();
});

it("hands datagrams to the core and the core's datagrams to the network", async () => {
  const echo = await host((input) =>
    input.type === "datagram" ? [{ type: "transmit", bytes: input.bytes, to: input.from }] : [],
  );
  const client = await openUdp({ port: 0 });
  const answers: Uint8Array[] = [];
  client.onDatagram((bytes) => answers.push(Uint8Array.from(bytes)));
  client.send(Uint8Array.of(1, 2), echo.reach);
  await until(() => expect(answers).toEqual([Uint8Array.of(1, 2)]));
  await client.close();
});

it("hands beacons to the core and the core's to the LAN, and tells what the LAN has to say", async () => {
  const lan = fakeLan();
  const { core, node } = await host(
    (input) => (input.type === "beacon" ? [{ type: "broadcast", bytes: input.bytes }] : []),
    { lan },
  );
  const events: ChatEvent[] = [];
  node.subscribe((told) => events.push(told));
  lan.hear(Uint8Array.of(1, 2), "10.0.0.9:62732" as Endpoint);
  expect(core.inputs.map(({ input }) => input)).toEqual([
    { type: "beacon", bytes: Uint8Array.of(1, 2), from: "10.0.0.9:62732" },
  ]);
  expect(lan.said).toEqual([Uint8Array.of(1, 2)]);
  lan.block({ reason: "sending", port: 62732, detail: "EPERM" });
  const notice = { code: "discovery-blocked", reason: "sending", port: 62732, detail: "EPERM" };
  expect(events).toEqual([{ type: "notice", notice }]);
  expect(node.stats().dropped["lan-send-EPERM"]).toBe(3);
  await node.close();
  expect(lan.isClosed()).toBe(true);
});

it("says when a core that was busy takes messages again, and to all who wait when it is closed", async () => {
  const { core, node } = await host(() => []);
  expect(node.isBusy()).toBe(false);
  await node.whenReady();
  core.busy = true;
  const told: string[] = [];
  for (const who of ["one", "other"]) void node.whenReady().then(() => told.push(who));
  node.command({ type: "rename", nick: "x" });
  await Promise.resolve();
  expect(told).toEqual([]);
  core.busy = false;
  node.command({ type: "rename", nick: "y" });
  await Promise.resolve();
  expect(told).toEqual(["one", "other"]);
  core.busy = true;
  const last = node.whenReady();
  await node.close();
  await last;
});

it("lets eight be said in one turn of the event loop, then reads what has come in", async () => {
  const { node } = await host(() => []);
  const order: string[] = [];
  setImmediate(() => order.push("next turn"));
  for (let said = 1; said <= 10; said += 1) {
    await node.whenReady();
    order.push(`${said}`);
  }
  expect(order).toEqual(["1", "2", "3", "4", "5", "6", "7", "8", "next turn", "9", "10"]);
});

it("rings the alarm when the core asks, never early by more than a rounding, and once per deadline", async () => {
  const { core, node } = await host((input, at) => {
    if (input.type === "command") core.deadline = at + 40;
    if (input.type === "timer") core.deadline = undefined;
    return [];
  });
  const startedAt = systemClock().mono;
  node.command({ type: "rename", nick: "x" });
  await until(() => expect(core.inputs.at(-1)?.input.type).toBe("timer"));
  expect((core.inputs.at(-1)?.now.mono ?? 0) - startedAt).toBeGreaterThan(38);
  expect(core.inputs.filter(({ input }) => input.type === "timer").length).toBe(1);
});

it("rings a deadline that has passed at once, and one that is years away not at all", async () => {
  const { core, node } = await host((input, at) => {
    if (input.type === "command") core.deadline = at - 1000;
    if (input.type === "timer") core.deadline = at + 1e12;
    return [];
  });
  node.command({ type: "rename", nick: "x" });
  await until(() => expect(core.inputs.length).toBe(2));
  // A delay that setTimeout cannot hold would ring every millisecond.
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(core.inputs.length).toBe(2);
});

it("outlives a core that throws on a datagram, counts it and records where", async () => {
  const records: DebugRecord[] = [];
  const respond = (input: Input): Effect[] => {
    if (input.type === "datagram" && input.bytes[0] === 1) throw new Error("bug in the core");
    return [emit(1)];
  };
  const { node, reach } = await host(respond, { debug: (record) => records.push(record) });
  const heard: ChatEvent[] = [];
  node.subscribe((event) => heard.push(event));
  const client = await openUdp({ port: 0 });
  client.send(Uint8Array.of(1), reach);
  client.send(Uint8Array.of(2), reach);
  await until(() => expect(heard).toEqual([event(1)]));
  expect(node.stats().dropped).toEqual({ "core-failed": 1 });
  expect(records.find(({ what }) => what === "core-failed")?.reason).toMatch(/bug in the core.*host\.test/s);
  await client.close();
});

describe("listeners", () => {
  it("hear events in order, until they unsubscribe", async () => {
    const { node } = await host(() => [emit(1), emit(2)]);
    const heard: ChatEvent[] = [];
    const unsubscribe = node.subscribe((event) => heard.push(event));
    node.command({ type: "leave" });
    unsubscribe();
    node.command({ type: "leave" });
    expect(heard).toEqual([event(1), event(2)]);
  });

  it("that throw keep neither the others from hearing nor the node from going on", async () => {
    const { node } = await host(() => [emit(1), emit(2)]);
    const surfaced: unknown[] = [];
    const queue = vi.spyOn(globalThis, "queueMicrotask").mockImplementation((task) => {
      try {
        task();
      } catch (error) {
        surfaced.push(error);
      }
    });
    const bug = new Error("bug in a face");
    const unsubscribe = node.subscribe(() => {
      throw bug;
    });
    const heard: ChatEvent[] = [];
    node.subscribe((event) => heard.push(event));
    node.command({ type: "leave" });
    unsubscribe();
    queue.mockRestore();
    expect(heard).toEqual([event(1), event(2)]);
    expect(surfaced).toEqual([bug, bug]);
  });
});

it("counts what the socket, the journal and the core lost, in one table", async () => {
  const full: Journal = { ...memoryJournal(), append: () => Promise.reject(new Error("ENOSPC")) };
  const records: DebugRecord[] = [];
  const respond = (): Effect[] => [
    { type: "transmit", bytes: Uint8Array.of(1), to: "nowhere" as Endpoint },
    { type: "persist", entry: { type: "message", id: "" as never, bytes: Uint8Array.of(1) } },
  ];
  const { core, node } = await host(respond, { journal: full, debug: (record) => records.push(record) });
  const stats = core.stats();
  core.stats = () => ({ ...stats, messages: 3, dropped: { replayed: 4 } });
  node.command({ type: "rename", nick: "x" });
  await until(() => expect(node.stats().dropped).toEqual({ replayed: 4, "send-bad-endpoint": 1, "journal-failed": 1 }));
  expect(node.stats().messages).toBe(3);
  expect(node.stats().heapBytes).toBeGreaterThan(1e6);
  expect(node.stats().receiveBufferBytes).toBeGreaterThan(0);
  expect(records.map(({ what }) => what)).toEqual(["listening", "journal-failed"]);
});

describe("the address", () => {
  it("is what peers see, and the invite carries it", async () => {
    const { core, node } = await host(() => []);
    const seen = "10.9.8.7:4444" as Endpoint;
    core.self = () => ({ address: seen }) as PeerView;
    expect(node.address()).toBe(seen);
    const { endpoints } = decodeInvite(node.room.invite) as Invite;
    expect(endpoints[0]).toBe(seen);
  });

  it("is that of an interface, or the loopback, with the port that is really open, before any peer said so", async () => {
    const { node, transport } = await host(() => []);
    const parts = parseEndpoint(node.address());
    expect(parts?.port).toBe(parseEndpoint(transport.address())?.port);
    expect(parts?.address).toBe(ownAddress() ?? "127.0.0.1");
  });

  it("seen by peers on this host stays out of the invite, where it would lead guests to their own, if there is another", async () => {
    const { core, node } = await host(() => []);
    const seen = "127.0.0.1:4444" as Endpoint;
    const far = "10.0.0.2:62733" as Endpoint;
    const peerAt = (address: Endpoint, status: string) => ({ address, status }) as PeerView;
    core.self = () => peerAt(seen, "alive");
    const endpoints = () => (decodeInvite(node.room.invite) as Invite).endpoints;
    if (ownAddress() === undefined) expect(endpoints()).toEqual([seen]);
    else expect(endpoints()).toEqual([expect.not.stringContaining("127.0.0.1")]);
    core.peers = () => [peerAt("127.0.0.1:5555" as Endpoint, "alive"), peerAt(far, "alive"), peerAt(seen, "dead")];
    expect(endpoints()).toContain(far);
    expect(endpoints().join()).not.toContain("127.0.0.1");
  });
});

describe("closing", () => {
  it("says goodbye, lets it leave the machine, and releases the identity last", async () => {
    const guest = await openUdp({ port: 0 });
    const heard: Uint8Array[] = [];
    guest.onDatagram((bytes) => heard.push(Uint8Array.from(bytes)));
    const to = `127.0.0.1:${parseEndpoint(guest.address())?.port}` as Endpoint;
    const bye = Array.from({ length: 20 }, (_, n): Effect => ({ type: "transmit", bytes: Uint8Array.of(n), to }));
    const done: string[] = [];
    const { core, node } = await host(() => bye, {
      release: () => done.push("released"),
      closed: () => done.push("closed"),
    });
    await Promise.all([node.close(), node.close()]);
    expect(core.inputs.map(({ input }) => input)).toEqual([{ type: "command", command: { type: "leave" } }]);
    expect(done).toEqual(["closed", "released"]);
    await until(() => expect(heard.length).toBe(20));
    await guest.close();
  });

  it("takes no longer than 1 s though the journal never answers", async () => {
    const never = new Promise<void>(() => {});
    const stuck: Journal = { ...memoryJournal(), append: () => never, close: () => never };
    const entry = { type: "message", id: "" as never, bytes: Uint8Array.of(1) } as const;
    const { node } = await host(() => [{ type: "persist", entry }], { journal: stuck });
    const startedAt = performance.now();
    await node.close();
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });

  it("ends the timers and hears nothing more", async () => {
    const { core, node } = await host(() => []);
    core.deadline = systemClock().mono + 30;
    node.command({ type: "rename", nick: "x" });
    await node.close();
    const handled = core.inputs.length;
    node.command({ type: "rename", nick: "y" });
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(core.inputs.length).toBe(handled);
  });
});

type Extras = {
  lan?: Lan;
  journal?: Journal;
  debug?: (record: DebugRecord) => void;
  release?: () => void;
  closed?: () => void;
};

type Hosted = { core: FakeCore; node: ChatNode; transport: Transport; reach: Endpoint };

async function host(respond: (input: Input, mono: number) => Effect[], extras: Extras = {}): Promise<Hosted> {
  const udp = await openUdp({ port: 0 });
  const transport: Transport = { ...udp, close: () => udp.close().then(extras.closed) };
  const core = fakeCore((input, now) => respond(input, now.mono));
  const node = hostCore({
    core,
    transport,
    lan: extras.lan,
    journal: extras.journal ?? memoryJournal(),
    room,
    debug: extras.debug,
    release: extras.release ?? (() => {}),
  });
  nodes.push(node);
  return { core, node, transport, reach: `127.0.0.1:${parseEndpoint(udp.address())?.port}` as Endpoint };
}

type FakeLan = Lan & {
  readonly said: Uint8Array[];
  readonly hear: (bytes: Uint8Array, from: Endpoint) => void;
  readonly block: (blocked: LanBlocked) => void;
  readonly isClosed: () => boolean;
};

function fakeLan(): FakeLan {
  const said: Uint8Array[] = [];
  let hear: FakeLan["hear"] = () => {};
  let block: FakeLan["block"] = () => {};
  let closed = false;
  return {
    said,
    hear: (bytes, from) => hear(bytes, from),
    block: (blocked) => block(blocked),
    isClosed: () => closed,
    broadcast: (bytes) => said.push(bytes),
    onBroadcast: (listener) => {
      hear = listener;
    },
    onBlocked: (listener) => {
      block = listener;
    },
    counters: () => ({ "send-EPERM": 3 }),
    close: async () => {
      closed = true;
    },
  };
}

async function until(check: () => void): Promise<void> {
  await vi.waitFor(check, { timeout: 5000, interval: 5 });
}
