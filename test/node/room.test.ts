// One room on a real clock and a real socket, around a core that does what the test says.

import { afterEach, describe, expect, it, vi } from "vitest";
import { generateSeed, identityFromSeed } from "../../src/crypto/identity.ts";
import { decodeInvite, type Invite } from "../../src/crypto/invite.ts";
import { ownAddress } from "../../src/net/interfaces.ts";
import type { Lan } from "../../src/net/lan.ts";
import type { Transport } from "../../src/net/transport.ts";
import { openUdp } from "../../src/net/udp.ts";
import { createAlarms } from "../../src/node/alarm.ts";
import { systemClock } from "../../src/node/clock.ts";
import { debugLog } from "../../src/node/debug.ts";
import { systemRng } from "../../src/node/entropy.ts";
import type { Ground } from "../../src/node/ground.ts";
import { type HostedRoom, openRoom } from "../../src/node/room.ts";
import type { DebugRecord, RoomHandle } from "../../src/node/types.ts";
import type { Command, Effect, Input } from "../../src/protocol/api.ts";
import { defaultConfig } from "../../src/protocol/config.ts";
import type { ChatEvent } from "../../src/protocol/events.ts";
import type { PeerView } from "../../src/protocol/views.ts";
import { memoryStore } from "../../src/store/memory.ts";
import type { Store } from "../../src/store/store.ts";
import { type Endpoint, parseEndpoint } from "../../src/wire/endpoint.ts";
import type { MessageId } from "../../src/wire/ids.ts";
import { privateRoom } from "../suites/said.ts";
import { emit, event, type FakeCore, fakeCore } from "./fakeCore.ts";

const choice = { name: "test", secret: privateRoom(7), private: true };
const anything: Command = { type: "rename", nick: "x" };

const opened: Hosted[] = [];
afterEach(async () => {
  for (const { handle, transport } of opened.splice(0)) {
    await handle.close();
    await transport.close();
  }
});

it("hands datagrams and beacons to the core, and the core's to the network and the LAN", async () => {
  const broadcast: Uint8Array[] = [];
  const lan = { broadcast: (bytes: Uint8Array) => broadcast.push(bytes) } as unknown as Lan;
  const client = await openUdp({ port: 0 });
  const answers: Uint8Array[] = [];
  client.onDatagram((bytes) => answers.push(Uint8Array.from(bytes)));
  const { core, room } = await host(
    (input) => {
      if (input.type === "datagram") return [{ type: "transmit", bytes: input.bytes, to: input.from }];
      return input.type === "beacon" ? [{ type: "broadcast", bytes: input.bytes }] : [];
    },
    { lan },
  );
  const from = `127.0.0.1:${parseEndpoint(client.address())?.port}` as Endpoint;
  room.take("datagram", Uint8Array.of(1, 2), from);
  room.take("beacon", Uint8Array.of(3), "10.0.0.9:62732" as Endpoint);
  expect(core.inputs.map(({ input }) => input)).toEqual([
    { type: "datagram", bytes: Uint8Array.of(1, 2), from },
    { type: "beacon", bytes: Uint8Array.of(3), from: "10.0.0.9:62732" },
  ]);
  await until(() => expect(broadcast).toEqual([Uint8Array.of(3)]));
  await until(() => expect(answers).toEqual([Uint8Array.of(1, 2)]));
  await client.close();
});

describe("a command", () => {
  it("is answered with what it came to, each with its own", async () => {
    const { handle } = await host((input) => {
      if (input.type !== "command") return [];
      const isSay = input.command.type === "say";
      const outcome = isSay
        ? ({ isDone: true, id: "1".repeat(48) as MessageId } as const)
        : ({ isDone: false, error: { code: "bad-nick", nick: "x", limit: 64 } } as const);
      return [emit(1), { type: "answer", ref: input.ref, outcome }];
    });
    const heard: ChatEvent[] = [];
    handle.subscribe((told) => heard.push(told));
    const both = Promise.all([handle.run({ type: "say", text: "hi", kind: "text" }), handle.run(anything)]);
    expect(await both).toEqual([
      { isDone: true, id: "1".repeat(48) },
      { isDone: false, error: { code: "bad-nick", nick: "x", limit: 64 } },
    ]);
    expect(heard).toEqual([event(1), event(1)]);
  });

  it("is refused once the room is being closed, and nobody waits for one that was not answered", async () => {
    const { core, handle } = await host((input) => (input.type === "command" ? [emit(1)] : []));
    const outcomes = [handle.run(anything)];
    handle.subscribe(() => outcomes.push(handle.run({ type: "join", endpoints: [] })));
    const closing = handle.close();
    outcomes.push(handle.run(anything));
    await closing;
    outcomes.push(handle.run({ type: "say", text: "hi", kind: "text" }));
    const refused = { isDone: false, error: { code: "not-in-room" } };
    expect(await Promise.all(outcomes)).toEqual([refused, refused, refused, refused]);
    expect(core.inputs.map(({ input }) => input.type === "command" && input.command.type)).toEqual(["rename", "leave"]);
  });
});

it("says when a core that was busy takes messages again, and to all who wait when it is closed", async () => {
  const { core, handle } = await host(() => []);
  expect(handle.isBusy()).toBe(false);
  await handle.whenReady();
  core.busy = true;
  const told: string[] = [];
  for (const who of ["one", "other"]) void handle.whenReady().then(() => told.push(who));
  void handle.run(anything);
  await Promise.resolve();
  expect(told).toEqual([]);
  core.busy = false;
  void handle.run(anything);
  await Promise.resolve();
  expect(told).toEqual(["one", "other"]);
  core.busy = true;
  const last = handle.whenReady();
  await handle.close();
  await last;
});

it("lets eight be said in one turn of the event loop, then reads what has come in", async () => {
  const { handle } = await host(() => []);
  const order: string[] = [];
  setImmediate(() => order.push("next turn"));
  for (let said = 1; said <= 10; said += 1) {
    await handle.whenReady();
    order.push(`${said}`);
  }
  expect(order).toEqual(["1", "2", "3", "4", "5", "6", "7", "8", "next turn", "9", "10"]);
});

it("rings the alarm when the core asks, never early by more than a rounding, and once per deadline", async () => {
  const { core, handle } = await host((input, at) => {
    if (input.type === "command") core.deadline = at + 40;
    if (input.type === "timer") core.deadline = undefined;
    return [];
  });
  const startedAt = systemClock().mono;
  void handle.run(anything);
  await until(() => expect(core.inputs.at(-1)?.input.type).toBe("timer"));
  expect((core.inputs.at(-1)?.now.mono ?? 0) - startedAt).toBeGreaterThan(38);
  expect(core.inputs.filter(({ input }) => input.type === "timer").length).toBe(1);
});

it("rings a deadline that has passed at once, and one that is years away not at all", async () => {
  const { core, handle } = await host((input, at) => {
    if (input.type === "command") core.deadline = at - 1000;
    if (input.type === "timer") core.deadline = at + 1e12;
    return [];
  });
  void handle.run(anything);
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
  const { room, handle } = await host(respond, { debug: (record) => records.push(record) });
  const heard: ChatEvent[] = [];
  handle.subscribe((told) => heard.push(told));
  for (const byte of [1, 2]) room.take("datagram", Uint8Array.of(byte), "127.0.0.1:9" as Endpoint);
  expect(heard).toEqual([event(1)]);
  expect(handle.stats().dropped).toEqual({ "core-failed": 1 });
  expect(records.find(({ what }) => what === "core-failed")?.reason).toMatch(/bug in the core.*room\.test/s);
});

describe("listeners", () => {
  it("hear events in order, until they unsubscribe", async () => {
    const { handle } = await host(() => [emit(1), emit(2)]);
    const heard: ChatEvent[] = [];
    const unsubscribe = handle.subscribe((told) => heard.push(told));
    void handle.run({ type: "leave" });
    unsubscribe();
    void handle.run({ type: "leave" });
    expect(heard).toEqual([event(1), event(2)]);
  });

  it("that throw keep neither the others from hearing nor the node from going on", async () => {
    const { handle } = await host(() => [emit(1), emit(2)]);
    const surfaced: unknown[] = [];
    const queue = vi.spyOn(globalThis, "queueMicrotask").mockImplementation((task) => {
      try {
        task();
      } catch (error) {
        surfaced.push(error);
      }
    });
    const bug = new Error("bug in a face");
    const unsubscribe = handle.subscribe(() => {
      throw bug;
    });
    const heard: ChatEvent[] = [];
    handle.subscribe((told) => heard.push(told));
    void handle.run({ type: "leave" });
    unsubscribe();
    queue.mockRestore();
    expect(heard).toEqual([event(1), event(2)]);
    expect(surfaced).toEqual([bug, bug]);
  });
});

it("counts what the socket and the core lost in one table, and records its errors", async () => {
  const records: DebugRecord[] = [];
  const trouble = { code: "not-stored", reason: "full", detail: "ENOSPC", messages: 1, own: [] } as const;
  const respond = (): Effect[] => [
    { type: "transmit", bytes: Uint8Array.of(1), to: "nowhere" as Endpoint },
    { type: "emit", event: { type: "error", error: trouble } },
  ];
  const { core, handle } = await host(respond, { debug: (record) => records.push(record) });
  const stats = core.stats();
  core.stats = () => ({ ...stats, messages: 3, dropped: { replayed: 4 } });
  void handle.run(anything);
  expect(handle.stats().dropped).toEqual({ replayed: 4, "send-bad-endpoint": 1 });
  expect(handle.stats().messages).toBe(3);
  expect(handle.stats().heapBytes).toBeGreaterThan(1e6);
  expect(handle.stats().receiveBufferBytes).toBeGreaterThan(0);
  expect(records.map(({ what, room, code }) => [what, room, code])).toEqual([
    ["listening", "test", undefined],
    ["error", "test", "not-stored"],
  ]);
});

describe("the address", () => {
  it("is what peers see, and the invite carries it", async () => {
    const { core, handle } = await host(() => []);
    const seen = "10.9.8.7:4444" as Endpoint;
    core.self = () => ({ address: seen }) as PeerView;
    expect(handle.address()).toBe(seen);
    const { endpoints } = decodeInvite(handle.invite()) as Invite;
    expect(endpoints[0]).toBe(seen);
  });

  it("is that of an interface, or the loopback, with the port that is really open, before any peer said so", async () => {
    const { handle, transport } = await host(() => []);
    const parts = parseEndpoint(handle.address());
    expect(parts?.port).toBe(parseEndpoint(transport.address())?.port);
    expect(parts?.address).toBe(ownAddress() ?? "127.0.0.1");
  });

  it("seen by peers on this host stays out of the invite, where it would lead guests to their own, if there is another", async () => {
    const { core, handle } = await host(() => []);
    const seen = "127.0.0.1:4444" as Endpoint;
    const far = "10.0.0.2:62733" as Endpoint;
    const peerAt = (address: Endpoint, status: string) => ({ address, status }) as PeerView;
    core.self = () => peerAt(seen, "alive");
    const endpoints = () => (decodeInvite(handle.invite()) as Invite).endpoints;
    if (ownAddress() === undefined) expect(endpoints()).toEqual([seen]);
    else expect(endpoints()).toEqual([expect.not.stringContaining("127.0.0.1")]);
    core.peers = () => [peerAt("127.0.0.1:5555" as Endpoint, "alive"), peerAt(far, "alive"), peerAt(seen, "dead")];
    expect(endpoints()).toContain(far);
    expect(endpoints().join()).not.toContain("127.0.0.1");
  });
});

describe("the history", () => {
  it("that cannot be read is refused with why", async () => {
    const trouble = { code: "failed", detail: "EIO" } as const;
    const broken: Store = { ...memoryStore(), page: (_before, _limit, done) => done([], trouble) };
    const { handle } = await host(() => [], { store: broken });
    await expect(handle.history(10)).rejects.toMatchObject({ name: "StoreError", code: "failed", detail: "EIO" });
  });

  it("that cannot be read at the start keeps the room from being opened, and nothing is left open", async () => {
    const trouble = { code: "failed", detail: "EIO" } as const;
    let closed = 0;
    const broken: Store = {
      ...memoryStore(),
      index: (take) => take(new Uint8Array(), true, trouble),
      close: (done) => {
        closed += 1;
        done();
      },
    };
    await expect(host(() => [], { store: broken })).rejects.toMatchObject({ code: "failed" });
    expect(closed).toBe(1);
  });
});

describe("closing", () => {
  it("says goodbye, closes the store, and is told once", async () => {
    const done: string[] = [];
    const store: Store = {
      ...memoryStore(),
      close: (ended) => {
        done.push("store closed");
        ended();
      },
    };
    const { core, handle, closed } = await host(() => [], { store });
    await Promise.all([handle.close(), handle.close()]);
    expect(core.inputs.map(({ input }) => input)).toEqual([{ type: "command", command: { type: "leave" } }]);
    expect([done, closed()]).toEqual([["store closed"], 1]);
  });

  it("takes no longer than 1 s though the store never answers", async () => {
    const stuck: Store = { ...memoryStore(), append: () => {}, close: () => {} };
    const message = { id: "1".repeat(48) as MessageId, bytes: Uint8Array.of(1) };
    const append: Effect = { type: "append", ticket: 1, messages: [message], isOwn: true };
    const { handle, closed } = await host(() => [append], { store: stuck });
    const startedAt = performance.now();
    await handle.close();
    expect(performance.now() - startedAt).toBeLessThan(1000);
    expect(closed()).toBe(1);
  });

  it("ends the timers and hears nothing more", async () => {
    const { core, room, handle } = await host(() => []);
    core.deadline = systemClock().mono + 30;
    void handle.run(anything);
    await handle.close();
    const handled = core.inputs.length;
    void handle.run(anything);
    room.take("datagram", Uint8Array.of(1), "127.0.0.1:9" as Endpoint);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(core.inputs.length).toBe(handled);
  });
});

type Extras = { readonly lan?: Lan; readonly store?: Store; readonly debug?: (record: DebugRecord) => void };

type Hosted = {
  readonly core: FakeCore;
  readonly room: HostedRoom;
  readonly handle: RoomHandle;
  readonly transport: Transport;
  readonly closed: () => number;
};

async function host(respond: (input: Input, mono: number) => Effect[], extras: Extras = {}): Promise<Hosted> {
  const transport = await openUdp({ port: 0 });
  const core = fakeCore((input, now) => respond(input, now.mono));
  const ground: Ground = {
    options: { nick: "anna", port: 0, discovery: false },
    identity: identityFromSeed(generateSeed()),
    transport,
    lan: extras.lan,
    port: parseEndpoint(transport.address())?.port ?? 0,
    clock: systemClock,
    rng: systemRng(),
    config: defaultConfig,
    alarms: createAlarms(() => systemClock().mono),
    createCore: () => core,
    openStore: () => extras.store ?? memoryStore(),
    setHistoryAside: async () => false,
    untold: [],
    lost: transport.counters,
    debugLog: (room, dropped) => debugLog(extras.debug, room, dropped),
  };
  let closed = 0;
  const room = await openRoom(ground, choice, "anna", () => {
    closed += 1;
  }).catch(async (error) => {
    await transport.close();
    throw error;
  });
  const hosted = { core, room, handle: room.handle, transport, closed: () => closed };
  opened.push(hosted);
  return hosted;
}

async function until(check: () => void): Promise<void> {
  await vi.waitFor(check, { timeout: 5000, interval: 5 });
}
