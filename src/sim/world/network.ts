/**
 * The virtual network: delay, loss, duplication, reordering, partition and junk, all from one seeded source of chance.
 */
import { below, type Rng, uniform } from "../../protocol/rng.ts";
import type { Millis } from "../../protocol/time.ts";
import type { Endpoint } from "../../wire/endpoint.ts";
import type { Network } from "../run/scenario.ts";
import type { Agenda } from "./agenda.ts";
import { createDelays } from "./delays.ts";
import { LAN, OUTSIDER } from "./endpoints.ts";

export type Watcher = (bytes: Uint8Array, from: Endpoint, to: Endpoint) => void;

type Receive = (bytes: Uint8Array, from: Endpoint) => void;

export type VirtualNetwork = {
  /** What is sent to LAN goes to each of its listeners, the sender too, and can be lost on the way to each. */
  readonly send: (bytes: Uint8Array, from: Endpoint, to: Endpoint) => void;
  readonly listen: (at: Endpoint, receive: Receive) => void;
  /** `at` is where the listener takes its other datagrams. */
  readonly listenOnLan: (at: Endpoint, receive: Receive) => void;
  readonly silence: (at: Endpoint) => void;
  /** Endpoints of different groups do not reach each other; without a group all do. */
  readonly partition: (groupOf: ((endpoint: Endpoint) => number) | undefined) => void;
  /** What the first sends to the second is lost; returns what undoes it. */
  readonly deafen: (from: Endpoint, to: Endpoint) => () => void;
  /** Is called with every datagram sent, lost ones included; returns what ends it. */
  readonly watch: (watcher: Watcher) => () => void;
  readonly counts: NetworkCounts;
};

/** How often each kind of harm was done. */
export type NetworkCounts = {
  sent: number;
  bytes: number;
  lost: number;
  duplicated: number;
  reordered: number;
  cut: number;
  junk: number;
  oversize: number;
  /** Of the bytes: what was sent to the LAN as a whole. */
  lanBytes: number;
  /** Bytes to an address that is no node's, headers not counted, and from it. */
  outsiderIn: number;
  outsiderOut: number;
};

export function noCounts(): NetworkCounts {
  const harm = { lost: 0, duplicated: 0, reordered: 0, cut: 0, junk: 0 };
  return { sent: 0, bytes: 0, ...harm, oversize: 0, lanBytes: 0, outsiderIn: 0, outsiderOut: 0 };
}

const REORDER_MS_MAX: Millis = 1_000;
const DATAGRAM_BYTES_MAX = 1_200;
/** IPv4 and UDP headers, counted with every datagram. */
export const HEADERS_BYTES = 28;

export function createNetwork(settings: Network, agenda: Agenda, rng: Rng): VirtualNetwork {
  const listeners = new Map<Endpoint, Receive>();
  const onLan = new Map<Endpoint, Receive>();
  const counts = noCounts();
  const delays = createDelays(settings, rng);
  /** BOUNDED: by the pairs that a scenario deafens. */
  const deaf = new Set<string>();
  /** BOUNDED: by who plays a scenario. */
  const watchers = new Set<Watcher>();
  let groupOf: ((endpoint: Endpoint) => number) | undefined;
  const happens = (share: number): boolean => share > 0 && uniform(rng) < share;

  const carry = (bytes: Uint8Array, from: Endpoint, to: Endpoint, ears: ReadonlyMap<Endpoint, Receive>): void => {
    let delay = delays(from, to);
    if (happens(settings.reorder)) {
      counts.reordered += 1;
      delay += REORDER_MS_MAX * uniform(rng);
    }
    agenda.at(agenda.now() + delay, () => ears.get(to)?.(bytes, from));
  };
  const pass = (bytes: Uint8Array, from: Endpoint, to: Endpoint, ears: ReadonlyMap<Endpoint, Receive>): void => {
    const isSplit = groupOf !== undefined && groupOf(from) !== groupOf(to);
    if (isSplit || (deaf.size > 0 && deaf.has(`${from} ${to}`))) {
      counts.cut += 1;
      return;
    }
    if (happens(settings.loss)) counts.lost += 1;
    else carry(bytes, from, to, ears);
    if (happens(settings.duplicate)) {
      counts.duplicated += 1;
      carry(bytes, from, to, ears);
    }
    if (happens(settings.junk)) {
      counts.junk += 1;
      carry(damaged(bytes, rng), from, to, ears);
    }
  };

  return {
    counts,
    send: (bytes, from, to) => {
      for (const watcher of watchers) watcher(bytes, from, to);
      if (to === OUTSIDER) counts.outsiderIn += bytes.length;
      if (from === OUTSIDER) counts.outsiderOut += bytes.length;
      counts.sent += 1;
      counts.bytes += bytes.length + HEADERS_BYTES;
      if (bytes.length > DATAGRAM_BYTES_MAX) counts.oversize += 1;
      if (to !== LAN) return pass(bytes, from, to, listeners);
      counts.lanBytes += bytes.length + HEADERS_BYTES;
      for (const at of onLan.keys()) pass(bytes, from, at, onLan);
    },
    listen: (at, receive) => {
      listeners.set(at, receive);
    },
    listenOnLan: (at, receive) => {
      onLan.set(at, receive);
    },
    silence: (at) => {
      listeners.delete(at);
      onLan.delete(at);
    },
    partition: (groups) => {
      groupOf = groups;
    },
    deafen: (from, to) => {
      deaf.add(`${from} ${to}`);
      return () => deaf.delete(`${from} ${to}`);
    },
    watch: (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
  };
}

// --- internal ---

/** A copy with a flipped bit, cut short, or made of chance alone. */
function damaged(bytes: Uint8Array, rng: Rng): Uint8Array {
  const copy = Uint8Array.from(bytes);
  switch (below(rng, 3)) {
    case 0: {
      const at = below(rng, Math.max(copy.length, 1));
      copy[at] = (copy[at] ?? 0) ^ (1 << below(rng, 8));
      return copy;
    }
    case 1:
      return copy.subarray(0, below(rng, copy.length + 1));
    default:
      return copy.map(() => below(rng, 256));
  }
}
