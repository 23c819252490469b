/**
 * A machine of the virtual world: an address, a socket, clocks, and what can happen to them. Each of its nodes is in
 * another room. What comes in goes to the node of its room, as on a real host.
 */
import { addTenant, createDemux, removeTenant, type Tenant, tenantOf, tenantOfBeacon } from "../../node/demux.ts";
import type { Input } from "../../protocol/api.ts";
import { below, type Rng } from "../../protocol/rng.ts";
import type { Millis, Now } from "../../protocol/time.ts";
import type { Endpoint } from "../../wire/endpoint.ts";
import type { Agenda } from "./agenda.ts";
import { endpointOf } from "./endpoints.ts";
import type { VirtualNetwork } from "./network.ts";

export type Received = Extract<Input, { type: "datagram" | "beacon" }>;

/** A node on the host, from its start to its end. */
export type Guest = Tenant & {
  readonly take: (received: Received) => void;
  /** The host is elsewhere on the network now. */
  readonly moved: () => void;
};

export type VirtualHost = {
  /** Where it is now. */
  readonly endpoint: Endpoint;
  /** At least one node runs on it. */
  readonly isUp: () => boolean;
  /** Up, and not standing still. */
  readonly isAwake: () => boolean;
  readonly enter: (guest: Guest) => void;
  /** With the last one the host is down. */
  readonly exit: (guest: Guest) => void;
  readonly send: (bytes: Uint8Array, to: Endpoint) => void;
  readonly clock: () => Now;
  /** Now, or when it does not stand still any more. */
  readonly whenAwake: (action: () => void) => void;
  /** At that time of its monotonic clock, or when it does not stand still any more. */
  readonly at: (mono: Millis, action: () => void) => void;
  /** Stands still: datagrams wait, nothing is done. */
  readonly stall: (forMs: Millis) => void;
  /** Sleeps: what is sent to it is lost, its timers stand still, its wall clock runs on. */
  readonly sleep: (forMs: Millis) => void;
  /** Gets another address, and notices it a little later. */
  readonly move: () => void;
  /** What its wall clock is off by, ms. */
  skewMs: Millis;
  /** How long it takes for each datagram, one after another. */
  slowMs: Millis;
};

export type HostWorld = {
  readonly agenda: Agenda;
  readonly network: VirtualNetwork;
  readonly rng: Rng;
  /** All hosts are on one LAN, and discovery is on; left out: none is. */
  readonly onLan?: boolean;
};

/** 2026-01-01T00:00:00Z: the wall clock of the virtual world starts here. */
export const WALL_START = 1_767_225_600_000;
/** BOUNDED: what a socket buffer of 4 MiB holds of small datagrams; more is lost. */
const SOCKET_DATAGRAMS_MAX = 4_096;
/** An alarm that rounding rings before its time would be set again at once, without end. */
const ROUNDING_MS: Millis = 0.001;
/** How often a host looks after its addresses. */
const NOTICE_MS: Millis = 2_000;

export function createVirtualHost(index: number, { agenda, network, rng, onLan }: HostWorld): VirtualHost {
  let endpoint = endpointOf(index);
  let moves = 0;
  let busyUntil = 0;
  let stalledUntil = 0;
  let asleepUntil = 0;
  /** What its monotonic clock is behind the world's. */
  let sleptMs = 0;
  let socket: Received[] = [];
  /** BOUNDED: by the rooms of a scenario. */
  const guests = new Set<Guest>();
  const demux = createDemux<Guest>();

  const isStalled = (): boolean => agenda.now() < stalledUntil;
  const isAsleep = (): boolean => agenda.now() < asleepUntil;
  const take = (received: Received): void => {
    if (isAsleep()) return;
    const find = received.type === "datagram" ? tenantOf : tenantOfBeacon;
    find(demux, received.bytes)?.take(received);
  };
  const receive = (received: Received): void => {
    if (isAsleep()) return;
    if (isStalled()) {
      if (socket.length < SOCKET_DATAGRAMS_MAX) socket.push(received);
    } else if (host.slowMs > 0) {
      busyUntil = Math.max(busyUntil, agenda.now()) + host.slowMs;
      if (busyUntil - agenda.now() < SOCKET_DATAGRAMS_MAX * host.slowMs) agenda.at(busyUntil, () => take(received));
    } else take(received);
  };
  const listen = (): void => {
    network.listen(endpoint, (bytes, from) => receive({ type: "datagram", bytes, from }));
    if (onLan === true) network.listenOnLan(endpoint, (bytes, from) => receive({ type: "beacon", bytes, from }));
  };
  const whenAwake = (action: () => void): void => {
    if (isAsleep()) agenda.at(asleepUntil, () => whenAwake(action));
    else if (isStalled()) agenda.at(stalledUntil, () => whenAwake(action));
    else action();
  };

  const host: VirtualHost = {
    get endpoint() {
      return endpoint;
    },
    skewMs: 0,
    slowMs: 0,
    isUp: () => guests.size > 0,
    isAwake: () => guests.size > 0 && !isStalled() && !isAsleep(),
    enter: (guest) => {
      if (guests.size === 0) listen();
      guests.add(guest);
      addTenant(demux, guest);
    },
    exit: (guest) => {
      guests.delete(guest);
      removeTenant(demux, guest);
      if (guests.size > 0) return;
      socket = [];
      busyUntil = 0;
      stalledUntil = 0;
      asleepUntil = 0;
      network.silence(endpoint);
    },
    send: (bytes, to) => network.send(bytes, endpoint, to),
    clock: () => ({
      mono: agenda.now() - sleptMs,
      wall: Math.floor(WALL_START + agenda.now() + host.skewMs),
    }),
    whenAwake,
    at: (mono, action) => agenda.at(mono + sleptMs + (sleptMs > 0 ? ROUNDING_MS : 0), () => whenAwake(action)),
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
      // Who has started since knows already.
      const there = [...guests];
      const notice = (): void => {
        if (isAsleep()) agenda.at(asleepUntil, notice);
        else for (const guest of there) if (guests.has(guest)) guest.moved();
      };
      agenda.at(agenda.now() + below(rng, NOTICE_MS), notice);
    },
  };
  return host;
}
