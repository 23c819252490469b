/**
 * A small world of real cores: one fixed clock, one seeded source of chance, a network that carries every datagram after
 * the same delay, in order, unless a test drops it. What every step must keep is checked in every step.
 */
import { expect } from "vitest";
import { type Identity, identityFromSeed } from "../../src/crypto/identity.ts";
import { createRoomKeys, openRoom, type RoomSecret } from "../../src/crypto/roomKeys.ts";
import type { Command, Core, Effect, Input, JournalEntry } from "../../src/protocol/api.ts";
import { type Config, defaultConfig } from "../../src/protocol/config.ts";
import type { Context, TimerRow } from "../../src/protocol/context.ts";
import { createCore } from "../../src/protocol/core.ts";
import { createCounters } from "../../src/protocol/counters.ts";
import type { ChatEvent, Notice } from "../../src/protocol/events.ts";
import { createLink } from "../../src/protocol/link/link.ts";
import { below, type Rng, seededRng } from "../../src/protocol/rng.ts";
import type { Millis } from "../../src/protocol/time.ts";
import { createTimers, type Timers } from "../../src/protocol/timers.ts";
import type { Message } from "../../src/protocol/views.ts";
import type { Endpoint } from "../../src/wire/endpoint.ts";
import { noExtensions } from "../../src/wire/extensions.ts";
import type { BootId } from "../../src/wire/ids.ts";

/** 2026-01-01T00:00:00Z. */
export const WALL = 1_767_225_600_000;
export const ROOM = openRoom("test");
export const roomKeys = createRoomKeys(ROOM);

export type Carried = {
  readonly at: Millis;
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly bytes: Uint8Array;
  /** How many routers it passes, less one; undefined: all. */
  readonly hops?: number | undefined;
};

/** Who sends here reaches all nodes that are on the LAN, itself included. */
export const LAN = "239.255.115.109:62732" as Endpoint;

export type NodeSetup = {
  /** It is on the one LAN, and discovery is on. */
  readonly onLan?: boolean;
  readonly room?: RoomSecret;
};

export type TestNode = {
  readonly name: string;
  endpoint: Endpoint;
  readonly identity: Identity;
  boot: BootId;
  core: Core;
  /** What its own clock is off by. */
  skewMs: Millis;
  readonly events: ChatEvent[];
  readonly entries: JournalEntry[];
  /** One step, its transmits carried by the network. */
  readonly step: (input: Input) => Effect[];
  readonly command: (command: Command) => Effect[];
  readonly say: (text: string) => Effect[];
  readonly join: (...others: TestNode[]) => Effect[];
  /** Gone without a word. */
  readonly crash: () => void;
  /** A new process with the same key and journal. */
  readonly restart: () => void;
  /** Stands still from now on, as a laptop that sleeps: what is sent to it meanwhile is lost. */
  readonly suspend: () => void;
  /** Goes on, and notices how long it was gone. */
  readonly resume: () => Effect[];
  /** Its host has another address from now on, and the node is told. */
  readonly moveTo: (endpoint: Endpoint) => Effect[];
  readonly texts: () => string[];
};

export type World = {
  readonly rng: Rng;
  readonly now: () => Millis;
  readonly node: (name: string, config?: Partial<Config>, setup?: NodeSetup) => TestNode;
  /** The network loses what this is true for. */
  lose: (carried: Carried) => boolean;
  /** Called for every datagram sent, lost or not. */
  onSend: (carried: Carried) => void;
  readonly listen: (at: Endpoint, receive: (bytes: Uint8Array, from: Endpoint) => void) => void;
  /** What is sent to a LAN can be lost on the way to each of its nodes. */
  readonly send: (bytes: Uint8Array, from: Endpoint, to: Endpoint, hops?: number) => void;
  readonly run: (forMs: Millis) => void;
  /** Runs until the condition holds; fails, saying what was waited for, after `limitMs`. */
  readonly until: (what: string, condition: () => boolean, limitMs: Millis) => void;
};

export function createWorld(options: { readonly seed?: number; readonly delayMs?: Millis } = {}): World {
  const { seed = 1, delayMs = 10 } = options;
  const rng = seededRng(seed);
  const listeners = new Map<Endpoint, (bytes: Uint8Array, from: Endpoint) => void>();
  /** Where beacons for each node of the LAN arrive. */
  const onLan = new Set<Endpoint>();
  const nodes: { readonly node: TestNode; up: boolean }[] = [];
  /** In order of arrival: the delay is the same for all. */
  const inFlight: Carried[] = [];
  let now: Millis = 0;

  const advance = (until: Millis): boolean => {
    let next = inFlight[0]?.at ?? Number.POSITIVE_INFINITY;
    let due: TestNode | undefined;
    for (const { node, up } of nodes) {
      const deadline = up ? node.core.nextDeadline() : undefined;
      if (deadline === undefined || deadline >= next) continue;
      next = deadline;
      due = node;
    }
    if (next > until) return false;
    now = Math.max(now, next);
    if (due !== undefined) due.step({ type: "timer" });
    else {
      const carried = inFlight.shift() as Carried;
      listeners.get(carried.to)?.(carried.bytes, carried.from);
    }
    return true;
  };

  const world: World = {
    rng,
    now: () => now,
    lose: () => false,
    onSend: () => {},
    listen: (at, receive) => {
      listeners.set(at, receive);
    },
    send: (bytes, from, to, hops) => {
      const carried = { at: now + delayMs, from, to, bytes, hops };
      world.onSend(carried);
      const copies = to === LAN ? [...onLan].map((each) => ({ ...carried, to: each })) : [carried];
      for (const copy of copies) if (!world.lose(copy)) inFlight.push(copy);
    },
    node: (name, config = {}, setup = {}) => {
      const endpoint = `10.0.0.${nodes.length + 1}:62733` as Endpoint;
      let suspendedAt: Millis = 0;
      const beaconsAt = `10.0.0.${nodes.length + 1}:62732` as Endpoint;
      const identity = identityOf(name);
      const entries: JournalEntry[] = [];
      const create = (): { core: Core; boot: BootId } => {
        const boot = bootFrom(rng);
        const core = createCore({
          identity,
          room: setup.room ?? ROOM,
          nick: name,
          boot,
          config: { ...defaultConfig, ...config },
          rng,
          now: { mono: now, wall: WALL + Math.floor(now) },
          kept: keptIn(entries),
          remembered: entries.flatMap((entry) => (entry.type === "address" ? [entry] : [])),
          discovery: setup.onLan === true ? { port: 62733 } : undefined,
        });
        return { core, boot };
      };
      const node: TestNode = {
        name,
        endpoint,
        identity,
        ...create(),
        skewMs: 0,
        events: [],
        entries,
        step: (input) => {
          const effects = node.core.handle(input, { mono: now, wall: WALL + Math.floor(now) + node.skewMs });
          checkStep(effects, node.core);
          for (const effect of effects) {
            if (effect.type === "persist") node.entries.push(effect.entry);
            if (effect.type === "transmit") world.send(effect.bytes, node.endpoint, effect.to, effect.hops);
            if (effect.type === "broadcast") world.send(effect.bytes, beaconsAt, LAN);
            if (effect.type === "emit") node.events.push(effect.event);
          }
          return effects;
        },
        command: (command) => node.step({ type: "command", command }),
        say: (text) => node.command({ type: "say", text, kind: "text" }),
        join: (...others) => node.command({ type: "join", endpoints: others.map((other) => other.endpoint) }),
        crash: () => {
          running.up = false;
          listeners.delete(node.endpoint);
          listeners.delete(beaconsAt);
          onLan.delete(beaconsAt);
        },
        suspend: () => {
          suspendedAt = now;
          node.crash();
        },
        resume: () => {
          running.up = true;
          listen();
          return node.command({ type: "resumed", goneMs: Math.round(now - suspendedAt) });
        },
        moveTo: (next) => {
          listeners.delete(node.endpoint);
          node.endpoint = next;
          listen();
          return node.command({ type: "network", endpoints: [next] });
        },
        restart: () => {
          Object.assign(node, create());
          running.up = true;
          listen();
        },
        texts: () => node.core.log().map((message) => message.text),
      };
      const running = { node, up: true };
      const listen = (): void => {
        world.listen(node.endpoint, (bytes, from) => {
          node.step({ type: "datagram", bytes, from });
        });
        if (setup.onLan !== true) return;
        onLan.add(beaconsAt);
        world.listen(beaconsAt, (bytes, from) => {
          node.step({ type: "beacon", bytes, from });
        });
      };
      listen();
      nodes.push(running);
      return node;
    },
    run: (forMs) => {
      const until = now + forMs;
      while (advance(until));
      now = until;
    },
    until: (what, condition, limitMs) => {
      const limit = now + limitMs;
      while (!condition()) {
        if (!advance(limit)) throw new Error(`waited ${limitMs} ms for: ${what}`);
      }
    },
  };
  return world;
}

/** Nodes that all know each other; `names.length` real cores, joined through the first. */
export function gather(world: World, names: readonly string[], config: Partial<Config> = {}): TestNode[] {
  const nodes = names.map((name) => world.node(name, config));
  for (const node of nodes.slice(1)) node.join(nodes[0] as TestNode);
  const everyone = (): boolean => nodes.every((node) => node.core.stats().peers === names.length - 1);
  world.until(`${names.length} nodes to know each other`, everyone, 60_000);
  // Until everyone has told everyone where it is seen, and rumours have died down.
  world.run(10_000);
  for (const node of nodes) node.events.length = 0;
  return nodes;
}

/** Names for `count` nodes. */
export const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `n${index}`);

export const identityOf = (name: string): Identity => identityFromSeed(Buffer.alloc(32, `seed of ${name} `));

export const bootFrom = (rng: Rng): BootId =>
  Buffer.from(Array.from({ length: 8 }, () => below(rng, 256))).toString("hex") as BootId;

export function notices<Code extends Notice["code"]>(
  node: { readonly events: readonly ChatEvent[] },
  code: Code,
): Extract<Notice, { code: Code }>[] {
  return node.events.flatMap((event) =>
    event.type === "notice" && event.notice.code === code ? [event.notice as Extract<Notice, { code: Code }>] : [],
  );
}

/** What was handed on in causal order. */
export const shown = (node: { readonly events: readonly ChatEvent[] }): Message[] =>
  node.events.flatMap((event) => (event.type === "message" ? [event.message] : []));

export const transmits = (effects: readonly Effect[]): { bytes: Uint8Array; to: Endpoint }[] =>
  effects.flatMap((effect) => (effect.type === "transmit" ? [effect] : []));

export const fingerprint = (node: TestNode): string => node.core.logState().fingerprint;

/** What the parts of a core share, for tests of one part alone. */
export type Bench = Context & { readonly events: ChatEvent[]; readonly timers: Timers<TimerRow> };

export function createBench(name = "bench", config: Partial<Config> = {}): Bench {
  const timers = createTimers<TimerRow>();
  const counters = createCounters();
  const rng = seededRng(1);
  const events: ChatEvent[] = [];
  return {
    identity: identityOf(name),
    roomKeys,
    extensions: noExtensions,
    rng,
    timers,
    counters,
    link: createLink({ roomKeys, boot: bootFrom(rng), timers, counters }),
    config: { ...defaultConfig, ...config },
    now: { mono: 0, wall: WALL },
    emit: (event) => {
      events.push(event);
    },
    persist: () => {},
    events,
  };
}

// --- internal ---

/** What holds for every step: the order of effects, the size of datagrams, the bounds of tables. */
function checkStep(effects: readonly Effect[], core: Core): void {
  const places = effects.map((effect) => ["persist", "transmit", "broadcast", "emit"].indexOf(effect.type));
  if (places.some((place, index) => index > 0 && place < (places[index - 1] as number))) {
    throw new Error("a datagram leaves before what it tells is on disk");
  }
  for (const { bytes } of transmits(effects)) expect(bytes.length).toBeLessThanOrEqual(1_200);
  for (const [table, { size, bound }] of Object.entries(core.tables())) {
    if (size > bound) throw new Error(`${table} has ${size} rows of ${bound}`);
  }
}

function keptIn(entries: readonly JournalEntry[]): Uint8Array[] {
  const kept = new Map<string, Uint8Array>();
  for (const entry of entries) {
    if (entry.type === "message") kept.set(entry.id, entry.bytes);
    if (entry.type === "trim") for (const id of kept.keys()) if (id < entry.below) kept.delete(id);
  }
  return [...kept].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, bytes]) => bytes);
}
