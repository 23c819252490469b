/** A node of the virtual world: the real core, driver and journal; only clock, alarm and socket are virtual. */

import { identityFromSeed } from "../../crypto/identity.ts";
import { createRoomKeys, type RoomSecret } from "../../crypto/roomKeys.ts";
import { type SignedStatement, signStatement } from "../../crypto/signed.ts";
import { createDriver, type Driver } from "../../node/driver.ts";
import type { Command, Core, Input } from "../../protocol/api.ts";
import type { Config } from "../../protocol/config.ts";
import { createCore } from "../../protocol/core.ts";
import type { ChatEvent } from "../../protocol/events.ts";
import type { Roster } from "../../protocol/membership/roster.ts";
import { below, type Rng } from "../../protocol/rng.ts";
import type { Millis } from "../../protocol/time.ts";
import type { Endpoint } from "../../wire/endpoint.ts";
import { noExtensions } from "../../wire/extensions.ts";
import { type BootId, type PeerId, toHex } from "../../wire/ids.ts";
import type { Agenda } from "./agenda.ts";
import { createDisk, type Disk } from "./disk.ts";
import { endpointOf, LAN, PORT } from "./endpoints.ts";
import type { VirtualNetwork } from "./network.ts";

export type VirtualNode = {
  /** Where it is now. */
  readonly endpoint: Endpoint;
  readonly id: PeerId;
  readonly disk: Disk;
  /** Of the present start; undefined while it is down. */
  readonly boot: () => BootId | undefined;
  readonly isUp: () => boolean;
  /** Up, and not standing still: a person can say something. */
  readonly isAwake: () => boolean;
  /** `known`: who it knows already, and by which boot id they know it. */
  readonly start: (join: readonly Endpoint[], known?: Acquaintance) => void;
  /** What it says of itself when it starts with this boot id. */
  readonly introduction: (boot: BootId) => SignedStatement;
  /** Gone without a word; the journal is what stays. */
  readonly crash: () => void;
  /** Stands still: datagrams wait, nothing is done. */
  readonly stall: (forMs: Millis) => void;
  /** Sleeps: what is sent to it is lost, its timers stand still, its wall clock runs on. */
  readonly sleep: (forMs: Millis) => void;
  /** Gets another address, and notices it a little later. */
  readonly move: () => void;
  readonly command: (command: Command) => void;
  readonly core: () => Core;
  /** Message bodies sent, over all starts. */
  readonly payloadsOut: () => number;
  /** What the clock of this node is off by, ms. */
  skewMs: Millis;
  /** How long it takes for each datagram, one after another. */
  slowMs: Millis;
};

export type NodeWorld = {
  readonly agenda: Agenda;
  readonly network: VirtualNetwork;
  readonly rng: Rng;
  readonly config: Config;
  readonly room: RoomSecret;
  /** All nodes are on one LAN, and discovery is on; left out: none is. */
  readonly onLan?: boolean;
  /** `from`: whose datagram the node is handling; undefined: none. */
  readonly onEvent: (node: number, event: ChatEvent, from: Endpoint | undefined) => void;
  /** The core threw: invariant I9 is broken. */
  readonly onThrow: (node: number, error: unknown) => void;
  /** The node could not write, and says so to its user. */
  readonly onDiskError: (node: number) => void;
};

type Received = Extract<Input, { type: "datagram" | "beacon" }>;

/** 2026-01-01T00:00:00Z: the wall clock of the virtual world starts here. */
export const WALL_START = 1_767_225_600_000;
/** BOUNDED: what a socket buffer of 4 MiB holds of small datagrams; more is lost. */
const SOCKET_DATAGRAMS_MAX = 4_096;
/** An alarm that rounding rings before its time would be set again at once, without end. */
const ROUNDING_MS: Millis = 0.001;
/** How often a host looks after its addresses. */
const NOTICE_MS: Millis = 2_000;

/** What a node begins with: its own boot id, as the others know it, and all of them. */
export type Acquaintance = { readonly boot: BootId; readonly roster: Roster };

export function createVirtualNode(index: number, world: NodeWorld): VirtualNode {
  const { agenda, network, rng } = world;
  let endpoint = endpointOf(index);
  let moves = 0;
  const seed = Uint8Array.from({ length: 32 }, () => below(rng, 256));
  const identity = identityFromSeed(seed);
  const roomKeys = createRoomKeys(world.room);
  const disk = createDisk();
  let running: { readonly core: Core; readonly driver: Driver; readonly boot: BootId } | undefined;
  let handling: Endpoint | undefined;
  let payloadsBefore = 0;
  let busyUntil = 0;
  let stalledUntil = 0;
  let asleepUntil = 0;
  /** What its monotonic clock is behind the world's. */
  let sleptMs = 0;
  let socket: Received[] = [];
  /** Tells the alarms of one start from those of the next. */
  let start = 0;

  const guarded = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      world.onThrow(index, error);
    }
  };
  const isStalled = (): boolean => agenda.now() < stalledUntil;
  const isAsleep = (): boolean => agenda.now() < asleepUntil;
  const clock = (): { mono: Millis; wall: Millis } => ({
    mono: agenda.now() - sleptMs,
    wall: Math.floor(WALL_START + agenda.now() + self.skewMs),
  });
  const take = (received: Received): void => {
    if (isAsleep()) return;
    handling = received.from;
    guarded(() => running?.driver.step(received));
    handling = undefined;
  };
  const receive = (received: Received): void => {
    if (isAsleep()) return;
    if (isStalled()) {
      if (socket.length < SOCKET_DATAGRAMS_MAX) socket.push(received);
    } else if (self.slowMs > 0) {
      busyUntil = Math.max(busyUntil, agenda.now()) + self.slowMs;
      if (busyUntil - agenda.now() < SOCKET_DATAGRAMS_MAX * self.slowMs) agenda.at(busyUntil, () => take(received));
    } else take(received);
  };
  const ring = (of: number, armed: number): void => {
    if (of !== start || armed !== alarm || running === undefined) return;
    if (isAsleep()) agenda.at(asleepUntil, () => ring(of, armed));
    else if (isStalled()) agenda.at(stalledUntil, () => ring(of, armed));
    else guarded(() => running?.driver.step({ type: "timer" }));
  };
  let alarm = 0;

  const listen = (): void => {
    network.listen(endpoint, (bytes, from) => receive({ type: "datagram", bytes, from }));
    if (world.onLan === true) network.listenOnLan(endpoint, (bytes, from) => receive({ type: "beacon", bytes, from }));
  };
  const tellAddress = (): void => self.command({ type: "network", endpoints: [endpoint] });

  const self: VirtualNode = {
    get endpoint() {
      return endpoint;
    },
    id: identity.id,
    disk,
    boot: () => running?.boot,
    skewMs: 0,
    slowMs: 0,
    payloadsOut: () => payloadsBefore + (running?.core.stats().payloadsOut ?? 0),
    isUp: () => running !== undefined,
    isAwake: () => running !== undefined && !isStalled() && !isAsleep(),
    introduction: (boot) =>
      signStatement(roomKeys, identity, {
        boot,
        incarnation: clock().wall,
        status: "alive",
        nick: `n${index}`,
        endpoints: [endpoint],
        extensions: noExtensions,
      }),
    start: (join, known) => {
      start += 1;
      const of = start;
      const boot = known?.boot ?? randomBoot(rng);
      const core = createCore({
        identity,
        room: world.room,
        nick: `n${index}`,
        boot,
        config: world.config,
        rng,
        now: clock(),
        kept: [...disk.messages()].map((message) => message.bytes),
        remembered: disk.addresses(),
        discovery: world.onLan === true ? { port: PORT } : undefined,
        ...(known === undefined ? {} : { acquainted: known.roster }),
      });
      const driver = createDriver({
        core,
        journal: disk,
        clock,
        transmit: (bytes, to) => network.send(bytes, endpoint, to),
        broadcast: (bytes) => network.send(bytes, endpoint, LAN),
        emit: (event) => world.onEvent(index, event, handling),
        setAlarm: (at) => {
          alarm += 1;
          const armed = alarm;
          if (at !== undefined) agenda.at(at + sleptMs + (sleptMs > 0 ? ROUNDING_MS : 0), () => ring(of, armed));
        },
        journalFailed: () => world.onDiskError(index),
      });
      running = { core, driver, boot };
      listen();
      tellAddress();
      if (join.length > 0) self.command({ type: "join", endpoints: join });
    },
    crash: () => {
      payloadsBefore = self.payloadsOut();
      running?.driver.stop();
      running = undefined;
      socket = [];
      busyUntil = 0;
      stalledUntil = 0;
      asleepUntil = 0;
      network.silence(endpoint);
    },
    stall: (forMs) => {
      stalledUntil = agenda.now() + forMs;
      agenda.at(stalledUntil, () => {
        const waiting = socket;
        socket = [];
        for (const received of waiting) receive(received);
      });
    },
    sleep: (forMs) => {
      const until = agenda.now() + forMs;
      asleepUntil = until;
      agenda.at(until, () => {
        if (asleepUntil === until) sleptMs += forMs;
      });
    },
    move: () => {
      network.silence(endpoint);
      moves += 1;
      endpoint = endpointOf(index, moves);
      listen();
      const of = start;
      const notice = (): void => {
        if (of !== start || running === undefined) return;
        if (isAsleep()) agenda.at(asleepUntil, notice);
        else tellAddress();
      };
      agenda.at(agenda.now() + below(rng, NOTICE_MS), notice);
    },
    command: (command) => guarded(() => running?.driver.step({ type: "command", command })),
    core: () => (running as { core: Core }).core,
  };
  return self;
}

export function randomBoot(rng: NodeWorld["rng"]): BootId {
  return toHex(Uint8Array.from({ length: 8 }, () => below(rng, 256))) as BootId;
}
