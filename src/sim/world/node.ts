/**
 * A node of the virtual world, in one room. Core, driver and store interface are the real ones. Only clock, alarm, socket
 * and disk are virtual.
 */
import { type Identity, identityFromSeed } from "../../crypto/identity.ts";
import { createRoomKeys, type RoomKeys, type RoomSecret } from "../../crypto/roomKeys.ts";
import { type SignedStatement, signStatement } from "../../crypto/signed.ts";
import { createDriver, type Driver } from "../../node/driver.ts";
import type { Command, Core, Mark, Outcome, StoredMessage } from "../../protocol/api.ts";
import type { Config } from "../../protocol/config.ts";
import { createCore } from "../../protocol/core.ts";
import type { ChatEvent } from "../../protocol/events.ts";
import { limits } from "../../protocol/limits.ts";
import { createRestored, type Restored, restoreMarks, restoreRows } from "../../protocol/log/restored.ts";
import type { Roster } from "../../protocol/membership/roster.ts";
import { below } from "../../protocol/rng.ts";
import type { Store } from "../../store/store.ts";
import type { Endpoint } from "../../wire/endpoint.ts";
import { noExtensions } from "../../wire/extensions.ts";
import { type BootId, type MessageId, type PeerId, toHex } from "../../wire/ids.ts";
import { createDisk, type Disk } from "./disk.ts";
import { LAN, PORT } from "./endpoints.ts";
import { createVirtualHost, type Guest, type HostWorld, type VirtualHost } from "./host.ts";
import { linkKeysOf, startOf } from "./linkKeys.ts";

export { WALL_START } from "./host.ts";

export type VirtualNode = {
  readonly host: VirtualHost;
  /** The number of its room. */
  readonly room: number;
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
  /** Gone without a word; the disk is what stays. */
  readonly crash: () => void;
  /** What it came to; undefined: the node is down. */
  readonly command: (command: Command) => Outcome | undefined;
  /** What it says; undefined: it was refused, or the node is down. */
  readonly say: (text: string) => MessageId | undefined;
  readonly core: () => Core;
  /** Message bodies sent, over all starts. */
  readonly payloadsOut: () => number;
};

export type NodeWorld = HostWorld & {
  readonly config: Config;
  readonly room: RoomSecret;
  /** Where there are several, which. */
  readonly roomNumber?: number;
  /** Left out: it answers at once, and claims nothing. */
  readonly diskOf?: (node: number) => Disk;
  /** Bytes of bodies that a core keeps in memory; left out: as many as in life. */
  readonly recentBytes?: number | undefined;
  /** What goes out beside what this node sends. */
  readonly beside?: (node: number, bytes: Uint8Array, to: Endpoint) => Uint8Array | undefined;
  /** A new process of this node begins with these messages. */
  readonly onStart?: (node: number, kept: readonly StoredMessage[], marks: readonly Mark[]) => void;
  /** The process is about to end. */
  readonly onStop?: (node: number) => void;
  /** `from`: whose datagram the node is handling; undefined: none. */
  readonly onEvent: (node: number, event: ChatEvent, from: Endpoint | undefined) => void;
  /** The core threw: invariant I9 is broken. */
  readonly onThrow: (node: number, error: unknown) => void;
};

/** What a node begins with: its own boot id, as the others know it, and all of them. */
export type Acquaintance = { readonly boot: BootId; readonly rosterOf: () => Roster };

/** `host`: where others of its rooms run, too; left out: it has one of its own. */
export function createVirtualNode(
  index: number,
  world: NodeWorld,
  { host, identity }: Machine = createMachine(index, world),
): VirtualNode {
  const { rng } = world;
  const keys = createRoomKeys(world.room);
  const disk = world.diskOf?.(index) ?? createDisk();
  let running: (Guest & { readonly core: Core; readonly driver: Driver }) | undefined;
  let handling: Endpoint | undefined;
  let payloadsBefore = 0;
  let outcome: Outcome | undefined;
  /** Tells the alarms of one start from those of the next. */
  let start = 0;
  let alarm = 0;

  const guarded = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      world.onThrow(index, error);
    }
  };
  const ring = (of: number, armed: number): void => {
    if (of === start && armed === alarm) guarded(() => running?.driver.step({ type: "timer" }));
  };
  const createDriverOf = (core: Core, store: Store): Driver => {
    const of = start;
    return createDriver({
      core,
      store,
      clock: host.clock,
      remember: disk.addresses.remember,
      newStart: () => startOf(randomBoot(rng)),
      transmit: (bytes, to) => {
        host.send(bytes, to);
        const more = world.beside?.(index, bytes, to);
        if (more !== undefined) host.send(more, to);
      },
      broadcast: (bytes) => host.send(bytes, LAN),
      emit: (event) => world.onEvent(index, event, handling),
      answer: (_, to) => {
        outcome = to;
      },
      setAlarm: (at) => {
        alarm += 1;
        const armed = alarm;
        if (at !== undefined) host.at(at, () => ring(of, armed));
      },
    });
  };
  const tellAddress = (): void => {
    node.command({ type: "network", endpoints: [host.endpoint] });
  };

  const node: VirtualNode = {
    host,
    room: world.roomNumber ?? 0,
    get endpoint() {
      return host.endpoint;
    },
    id: identity.id,
    disk,
    boot: () => running?.boot(),
    payloadsOut: () => payloadsBefore + (running?.core.stats().payloadsOut ?? 0),
    isUp: () => running !== undefined,
    isAwake: () => running !== undefined && host.isAwake(),
    introduction: (boot) => introductionOf(index, keys, identity, boot, host),
    start: (join, known) => {
      start += 1;
      const boot = known?.boot ?? randomBoot(rng);
      const store = answeringWhenAwake(disk.open(), host);
      world.onStart?.(index, keptIn(store), marksIn(store));
      const now = host.clock();
      const core = createCore({
        identity,
        room: world.room,
        nick: `n${index}`,
        start: startOf(boot),
        config: world.config,
        rng,
        now,
        isDurable: store.isDurable,
        restored: restoredFrom(
          store,
          createRestored(identity.id, world.config.maxMessages, now.wall, world.recentBytes),
        ),
        remembered: disk.addresses.newestFirst(),
        discovery: world.onLan === true ? { port: PORT } : undefined,
        ...(known === undefined ? {} : { roster: known.rosterOf() }),
      });
      const driver = createDriverOf(core, store);
      running = {
        keys,
        boot: core.boot,
        core,
        knowsBoot: core.knowsBoot,
        driver,
        take: (received) => {
          handling = received.from;
          guarded(() => driver.step(received));
          handling = undefined;
        },
        moved: tellAddress,
      };
      host.enter(running);
      tellAddress();
      if (join.length > 0) node.command({ type: "join", endpoints: join });
    },
    crash: () => {
      if (running === undefined) return;
      world.onStop?.(index);
      payloadsBefore = node.payloadsOut();
      const gone = running;
      running = undefined;
      gone.driver.stop();
      disk.crash();
      host.exit(gone);
    },
    command: (command) => {
      outcome = undefined;
      guarded(() => running?.driver.step({ type: "command", command, ref: 0 }));
      return outcome;
    },
    say: (text) => {
      const said = node.command({ type: "say", text, kind: "text" });
      return said?.isDone === true ? said.id : undefined;
    },
    core: () => (running as { core: Core }).core,
  };
  return node;
}

/** A host, and whose it is. */
export type Machine = { readonly host: VirtualHost; readonly identity: Identity };

export function createMachine(index: number, world: HostWorld): Machine {
  const seed = Uint8Array.from({ length: 32 }, () => below(world.rng, 256));
  return { host: createVirtualHost(index, world), identity: identityFromSeed(seed) };
}

export function randomBoot(rng: NodeWorld["rng"]): BootId {
  return toHex(Uint8Array.from({ length: 8 }, () => below(rng, 256))) as BootId;
}

// --- internal ---

function introductionOf(
  index: number,
  keys: RoomKeys,
  identity: Identity,
  boot: BootId,
  { clock, endpoint }: VirtualHost,
): SignedStatement {
  return signStatement(keys, identity, {
    boot,
    linkKey: linkKeysOf(boot).publicKey,
    incarnation: clock().wall,
    status: "alive",
    nick: `n${index}`,
    endpoints: [endpoint],
    extensions: noExtensions,
  });
}

/** A process that stands still hears of nothing that its disk has done. */
function answeringWhenAwake(store: Store, { whenAwake }: VirtualHost): Store {
  return {
    ...store,
    append: (messages, isOwn, done) => store.append(messages, isOwn, (trouble) => whenAwake(() => done(trouble))),
    read: (ids, done) => store.read(ids, (bodies, trouble) => whenAwake(() => done(bodies, trouble))),
  };
}

function restoredFrom(store: Store, restored: Restored): Restored {
  store.index((rows) => restoreRows(restored, rows));
  restoreMarks(restored, marksIn(store));
  return restored;
}

function marksIn(store: Store): readonly Mark[] {
  let kept: readonly Mark[] = [];
  store.marks(limits.outbox, (marks) => {
    kept = marks;
  });
  return kept;
}

function keptIn(store: Store): readonly StoredMessage[] {
  const kept: StoredMessage[] = [];
  store.all((messages) => {
    kept.push(...messages);
  });
  return kept;
}
