/**
 * A small world of real cores: one fixed clock, one seeded source of chance, a network that carries every datagram after
 * the same delay, in order, unless a test drops it. What every step must keep is checked in every step.
 */
import { expect, vi } from "vitest";
import { type Identity, identityFromSeed } from "../../src/crypto/identity.ts";
import { type PairKeys, pairKeys } from "../../src/crypto/linkKeys.ts";
import { bootKey, createRoomKeys, open, openRoom, type RoomKeys, type RoomSecret } from "../../src/crypto/roomKeys.ts";
import { readMessage } from "../../src/crypto/signed.ts";
import { COPY_MS_MIN } from "../../src/node/suspension.ts";
import type { Command, Core, Effect, Input, Outcome } from "../../src/protocol/api.ts";
import { type Config, defaultConfig } from "../../src/protocol/config.ts";
import type { Context, TimerRow } from "../../src/protocol/context.ts";
import { createCore } from "../../src/protocol/core.ts";
import { createCounters } from "../../src/protocol/counters.ts";
import type { ChatError, ChatEvent, Notice } from "../../src/protocol/events.ts";
import { limits } from "../../src/protocol/limits.ts";
import { createLink } from "../../src/protocol/link/link.ts";
import type { Fate, Ticket } from "../../src/protocol/link/session.ts";
import type { LinkOptions } from "../../src/protocol/link/types.ts";
import { viewMessage } from "../../src/protocol/log/intake.ts";
import { createRestored, type Restored, restoreMarks, restoreMessages } from "../../src/protocol/log/restored.ts";
import { below, type Rng, seededRng } from "../../src/protocol/rng.ts";
import type { Millis } from "../../src/protocol/time.ts";
import { createTimers, type Timers } from "../../src/protocol/timers.ts";
import type { Message } from "../../src/protocol/views.ts";
import { linkKeysOf, startOf } from "../../src/sim/world/linkKeys.ts";
import { newestMarks } from "../../src/store/memory.ts";
import { decodeHeader, type Header } from "../../src/wire/datagram.ts";
import type { Endpoint } from "../../src/wire/endpoint.ts";
import { noExtensions } from "../../src/wire/extensions.ts";
import { decodeFrames, type Frame } from "../../src/wire/frames.ts";
import type { BootId, MessageId } from "../../src/wire/ids.ts";
import { ask, createTestStore, doNext, keptIn, type TestStore } from "./testStore.ts";

/** Time is virtual here, and each wait has a limit of that time: real time only catches what hangs, on a machine with much else to do. */
vi.setConfig({ testTimeout: 120_000 });

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
  /** Its store confirms nothing: left out, it does. */
  readonly isVolatile?: boolean;
  /** Bytes of bodies that it keeps in memory. */
  readonly recentBytes?: number;
};

export type TestNode = {
  readonly name: string;
  endpoint: Endpoint;
  readonly identity: Identity;
  /** Of its present process start. */
  readonly boot: BootId;
  core: Core;
  /** What its own clock is off by. */
  skewMs: Millis;
  readonly events: ChatEvent[];
  /** What it told of, over all its starts. */
  readonly messages: ReadonlyMap<MessageId, Message>;
  readonly store: TestStore;
  /** One step, and those with which its store answers, unless it is held; transmits are carried by the network. */
  readonly step: (input: Input) => Effect[];
  readonly command: (command: Command) => Effect[];
  readonly say: (text: string) => Effect[];
  readonly join: (...others: TestNode[]) => Effect[];
  /** Gone without a word. */
  readonly crash: () => void;
  /** While its store is held: does the first thing that it was asked for, or so many. */
  readonly answerStore: (count?: number) => Effect[];
  /** A new process with the same key and store. */
  readonly restart: () => void;
  /** Stands still from now on, as a laptop that sleeps: what is sent to it meanwhile is lost. */
  readonly suspend: () => void;
  /** Goes on, and notices how long it was gone. */
  readonly resume: () => Effect[];
  /** Its host has another address from now on, and the node is told. */
  readonly moveTo: (endpoint: Endpoint) => Effect[];
  /** What it holds, ascending, as its store has it. */
  readonly log: () => Message[];
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
      const store = createTestStore();
      const messages = new Map<MessageId, Message>();
      const views = new WeakMap<Uint8Array, Message>();
      const keys = setup.room === undefined ? roomKeys : createRoomKeys(setup.room);
      const create = (): { core: Core } => {
        return {
          core: createCore({
            identity,
            room: setup.room ?? ROOM,
            nick: name,
            start: startOf(bootFrom(rng)),
            config: { ...defaultConfig, ...config },
            rng,
            now: { mono: now, wall: WALL + Math.floor(now) },
            isDurable: setup.isVolatile !== true,
            recentBytes: setup.recentBytes,
            restored: restoredFrom(store, identity, config, now, setup.recentBytes),
            remembered: store.addresses,
            discovery: setup.onLan === true ? { port: 62733 } : undefined,
          }),
        };
      };
      const stepOnce = (input: Input): Effect[] => {
        const effects = node.core.handle(input, { mono: now, wall: WALL + Math.floor(now) + node.skewMs });
        checkStep(effects, node.core);
        for (const effect of effects) {
          ask(store, effect);
          if (effect.type === "transmit") world.send(effect.bytes, node.endpoint, effect.to, effect.hops);
          if (effect.type === "broadcast") world.send(effect.bytes, beaconsAt, LAN);
          if (effect.type !== "emit") continue;
          node.events.push(effect.event);
          if (effect.event.type === "message") messages.set(effect.event.message.id, effect.event.message);
        }
        return effects;
      };
      const answerStore = (count: number): Effect[] => {
        const effects: Effect[] = [];
        for (let left = count; left > 0 && store.asked.length > 0; left -= 1) {
          const answer = doNext(store);
          if (answer !== undefined) effects.push(...stepOnce(answer));
        }
        return effects;
      };
      const node: TestNode = {
        name,
        endpoint,
        identity,
        get boot() {
          return node.core.boot();
        },
        ...create(),
        skewMs: 0,
        events: [],
        messages,
        store,
        step: (input) => {
          const effects = stepOnce(input);
          return store.isHeld ? effects : [...effects, ...answerStore(Number.POSITIVE_INFINITY)];
        },
        answerStore: (count = 1) => answerStore(count),
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
          const goneMs = Math.round(now - suspendedAt);
          const start = goneMs >= COPY_MS_MIN ? { start: startOf(bootFrom(rng)) } : {};
          return node.command({ type: "resumed", goneMs, ...start });
        },
        moveTo: (next) => {
          listeners.delete(node.endpoint);
          node.endpoint = next;
          listen();
          return node.command({ type: "network", endpoints: [next] });
        },
        restart: () => {
          store.asked.length = 0;
          Object.assign(node, create());
          running.up = true;
          listen();
        },
        log: () => node.core.ids().map((id) => keptView(node, keys, views, id)),
        texts: () => node.log().map((message) => message.text),
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
export const shown = ({ events, messages }: Pick<TestNode, "events" | "messages">): Message[] =>
  events.flatMap((event) => {
    if (event.type === "message") return event.isInOrder ? [event.message] : [];
    return event.type === "ordered" ? event.ids.map((id) => messages.get(id) as Message) : [];
  });

/** What was told as soon as it was here, in whatever order it came. */
export const told = ({ events }: Pick<TestNode, "events">): Message[] =>
  events.flatMap((event) => (event.type === "message" ? [event.message] : []));

/** Own messages that were told to be in the store. */
export const storedIds = ({ events }: Pick<TestNode, "events">): MessageId[] =>
  events.flatMap((event) => (event.type === "stored" ? event.ids : []));

/** What the command of this step came to. */
export function outcomeOf(effects: readonly Effect[]): Outcome {
  const outcomes = effects.flatMap((effect) => (effect.type === "answer" ? [effect.outcome] : []));
  if (outcomes.length !== 1) throw new Error(`${outcomes.length} outcomes`);
  return outcomes[0] as Outcome;
}

/** Why the command of this step was refused. */
export function errorOf(effects: readonly Effect[]): ChatError | undefined {
  const outcome = outcomeOf(effects);
  return outcome.isDone ? undefined : outcome.error;
}

export const transmits = (effects: readonly Effect[]): { bytes: Uint8Array; to: Endpoint }[] =>
  effects.flatMap((effect) => (effect.type === "transmit" ? [effect] : []));

/** As its store has it. `views`: those that were made before. */
function keptView(node: TestNode, keys: RoomKeys, views: WeakMap<Uint8Array, Message>, id: MessageId): Message {
  const bytes = node.store.kept.get(id);
  const before = bytes === undefined ? undefined : views.get(bytes);
  if (before !== undefined) return before;
  const message = bytes === undefined ? undefined : readMessage(keys, bytes);
  if (bytes === undefined || message?.id !== id) throw new Error(`${node.name} holds ${id}, its store does not`);
  const view = viewMessage(message, node.identity.id, node.messages.get(id)?.history ?? true);
  views.set(bytes, view);
  return view;
}

/** Under which a datagram with this header is sealed for the receiver. */
export function keyOf({ type, boot }: Header, receiver: BootId): Uint8Array {
  if (type !== "linked") return bootKey(roomKeys, boot);
  const own = { boot, key: linkKeysOf(boot) };
  return (pairKeys(roomKeys, own, { boot: receiver, key: linkKeysOf(receiver).publicKey }) as PairKeys).send;
}

/** For a link alone, whose sessions are made by hand. */
export function linkOptions(boot: BootId): Omit<LinkOptions, "timers" | "counters" | "settled"> {
  return {
    roomKeys,
    start: startOf(boot),
    rng: seededRng(1),
    statement: () => new Uint8Array(0),
    isOutdated: () => false,
    linkKeyOf: (peer) => linkKeysOf(peer).publicKey,
  };
}

/** What a datagram brings to the process start that it is addressed to. */
export function framesFor(bytes: Uint8Array, boot: BootId): readonly Frame[] {
  const header = decodeHeader(bytes);
  const inner = typeof header === "string" ? undefined : open(keyOf(header, boot), header, boot, bytes);
  const frames = inner === undefined ? "bad-frame" : decodeFrames(inner);
  return frames === "bad-frame" ? [] : frames;
}

export const fingerprint = (node: TestNode): string => node.core.logState().fingerprint;

/** What the parts of a core share, for tests of one part alone. */
export type Bench = Context & {
  readonly events: ChatEvent[];
  readonly timers: Timers<TimerRow>;
  /** What became of frames that were sent with a ticket. */
  readonly fates: [Ticket, Fate][];
};

export function createBench(name = "bench", config: Partial<Config> = {}): Bench {
  const timers = createTimers<TimerRow>();
  const counters = createCounters();
  const rng = seededRng(1);
  const events: ChatEvent[] = [];
  const fates: Bench["fates"] = [];
  const settled = (ticket: Ticket, fate: Fate): void => void fates.push([ticket, fate]);
  return {
    identity: identityOf(name),
    roomKeys,
    extensions: noExtensions,
    rng,
    timers,
    counters,
    link: createLink({ ...linkOptions(bootFrom(rng)), timers, counters, settled }),
    config: { ...defaultConfig, ...config },
    now: { mono: 0, wall: WALL },
    emit: (event) => {
      events.push(event);
    },
    trim: () => {},
    erase: () => {},
    remember: () => {},
    events,
    fates,
  };
}

// --- internal ---

/** The order in which a host performs them: what is to be kept first, what is told last. */
const EFFECTS: readonly Effect["type"][] = [
  "mark",
  "append",
  "erase",
  "trim",
  "remember",
  "read",
  "transmit",
  "broadcast",
  "emit",
  "answer",
];

/** What holds for every step: the order of effects, the size of datagrams, the bounds of tables. */
function checkStep(effects: readonly Effect[], core: Core): void {
  const places = effects.map((effect) => EFFECTS.indexOf(effect.type));
  if (places.some((place, index) => index > 0 && place < (places[index - 1] as number))) {
    throw new Error(`out of order: ${effects.map(({ type }) => type)}`);
  }
  for (const { bytes } of transmits(effects)) expect(bytes.length).toBeLessThanOrEqual(1_200);
  for (const [table, { size, bound }] of Object.entries(core.tables())) {
    if (size > bound) throw new Error(`${table} has ${size} rows of ${bound}`);
  }
}

function restoredFrom(
  store: TestStore,
  { id }: Identity,
  { maxMessages = defaultConfig.maxMessages }: Partial<Config>,
  now: Millis,
  recentBytes: number | undefined,
): Restored {
  const restored = createRestored(id, maxMessages, WALL + Math.floor(now), recentBytes);
  restoreMessages(restored, keptIn(store));
  restoreMarks(restored, newestMarks(store.marks, limits.outbox));
  return restored;
}
