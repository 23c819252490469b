/** One room of a hub: a core with its driver, its store and its addresses, and the handle that faces hold. */
import { encodeInvite } from "../crypto/invite.ts";
import { randomStart } from "../crypto/linkKeys.ts";
import { createRoomKeys, type RoomKeys } from "../crypto/roomKeys.ts";
import { ownAddress } from "../net/interfaces.ts";
import type { Command, Core, Imported, Outcome } from "../protocol/api.ts";
import type { ChatError, ChatEvent } from "../protocol/events.ts";
import { createRestored, type Restored } from "../protocol/log/restored.ts";
import { type Addresses, type AddressTrouble, addressesInMemory, addressesOnDisk } from "../store/addressFile.ts";
import { DAMAGED } from "../store/levelErrors.ts";
import { showingRefused } from "../store/refused.ts";
import { type Store, StoreError } from "../store/store.ts";
import { version } from "../version.ts";
import { type Endpoint, formatEndpoint, isLinkLocal, isLoopback } from "../wire/endpoint.ts";
import { systemClock, systemUptime } from "./clock.ts";
import type { DebugLog } from "./debug.ts";
import { createDeliveries, type Deliveries, noteDelivery } from "./deliveries.ts";
import type { Tenant } from "./demux.ts";
import { createDriver, type Driver, type DriverOptions } from "./driver.ts";
import type { Ground } from "./ground.ts";
import { type Reader, readFitting, readMessages, readPage, replayAll, restore, signedAll } from "./keptMessages.ts";
import { within } from "./limit.ts";
import { createReadiness, letGo, type Readiness, readyInTurn, waitUntilReady } from "./readiness.ts";
import { searchHistory } from "./search.ts";
import type { RoomChoice, RoomHandle, RoomStats } from "./types.ts";

/** A room as its hub sees it. */
export type HostedRoom = Tenant & {
  readonly handle: RoomHandle;
  /** What came for it on the sockets. */
  readonly take: (type: "datagram" | "beacon", bytes: Uint8Array, from: Endpoint) => void;
  /** Something that concerns the whole host. */
  readonly emit: (event: ChatEvent) => void;
  /** It is being closed, or is. */
  readonly isClosing: () => boolean;
};

/** With the transport's 500 ms they make the 1 s that closing may take. */
const LEAVE_MS_MAX = 300;
const STORE_CLOSE_MS_MAX = 150;

/** `closed` is told once, when the room has been left. Rejects with a StoreError; then nothing is left open. */
export async function openRoom(
  ground: Ground,
  choice: RoomChoice,
  nick: string,
  closed: (room: HostedRoom) => void,
): Promise<HostedRoom> {
  const keys = createRoomKeys(choice.secret);
  const { store, restored } = await openStore(ground, keys);
  const dataDir = ground.options.dataDir;
  const addresses = dataDir === undefined ? addressesInMemory() : addressesOnDisk(dataDir, keys.id);
  const core = openCore(ground, { choice, nick, store, restored, addresses });
  const room: OpenRoom = {
    ground,
    choice,
    core,
    driver: createDriver(driverOptions(() => room, core, store, addresses, ground)),
    store,
    reader: { roomKeys: keys, self: ground.identity.id, lost: (ids) => room.driver.step({ type: "lost", ids }) },
    addresses,
    log: ground.debugLog(choice.name, () => statsOf(room).dropped),
    listeners: new Set(),
    deliveries: createDeliveries(restored.marks),
    readiness: createReadiness(),
    answers: new Map(),
    refs: 0,
    coreFailures: 0,
    refusal: undefined,
    isClosing: false,
    closing: undefined,
  };
  const { transport } = ground;
  room.log.record("listening", { address: transport.address(), receiveBufferBytes: transport.receiveBufferBytes });
  const hosted: HostedRoom = {
    keys,
    boot: core.boot,
    knowsBoot: core.knowsBoot,
    handle: handleOf(room, () => closed(hosted)),
    take: (type, bytes, from) => take(room, type, bytes, from),
    emit: (event) => emit(room, event),
    isClosing: () => room.isClosing,
  };
  return hosted;
}

// --- internal ---

type OpenRoom = {
  readonly ground: Ground;
  readonly choice: RoomChoice;
  readonly core: Core;
  readonly driver: Driver;
  readonly store: Store;
  readonly reader: Reader;
  readonly addresses: Addresses;
  readonly log: DebugLog;
  readonly listeners: Set<(event: ChatEvent) => void>;
  readonly deliveries: Deliveries;
  readonly readiness: Readiness;
  /** BOUNDED: commands that are being run, each of which its caller waits for. */
  readonly answers: Map<number, (outcome: Outcome) => void>;
  refs: number;
  coreFailures: number;
  /** Why the store last refused something. */
  refusal: Extract<ChatError, { readonly code: "not-stored" }> | undefined;
  /** Nothing that is asked of it is done any more. */
  isClosing: boolean;
  closing: Promise<void> | undefined;
};

type Opening = {
  readonly choice: RoomChoice;
  readonly nick: string;
  readonly store: Store;
  readonly restored: Restored;
  readonly addresses: Addresses;
};

type OpenStore = { readonly store: Store; readonly restored: Restored };

/** With what it kept of earlier starts. If that is damaged, it begins anew once. Rejects with a StoreError. */
async function openStore(ground: Ground, keys: RoomKeys): Promise<OpenStore> {
  const open = async (): Promise<OpenStore> => {
    const store = showingRefused(ground.openStore(keys.id));
    try {
      const { identity, config, clock, rng } = ground;
      const nothing = createRestored(identity.id, config.maxMessages, clock().wall, undefined, rng.u32());
      return { store, restored: await restore(store, nothing) };
    } catch (error) {
      await within(STORE_CLOSE_MS_MAX, new Promise<void>((done) => store.close(done)));
      throw error;
    }
  };
  try {
    return await open();
  } catch (error) {
    const isDamaged = error instanceof StoreError && error.detail === DAMAGED;
    if (!isDamaged || !(await ground.setHistoryAside())) throw error;
    return open();
  }
}

function openCore(ground: Ground, { choice, nick, store, restored, addresses }: Opening): Core {
  const { identity, config, rng, clock, lan, port } = ground;
  return ground.createCore({
    identity,
    room: choice.secret,
    nick,
    start: randomStart(),
    program: version,
    config,
    rng,
    now: clock(),
    isDurable: store.isDurable,
    restored,
    remembered: addresses.newestFirst(),
    discovery: lan === undefined ? undefined : { port },
  });
}

function driverOptions(
  room: () => OpenRoom,
  core: Core,
  store: Store,
  { remember }: Addresses,
  { clock, alarms, transport, lan }: Ground,
): DriverOptions {
  return {
    core,
    store,
    clock,
    // Another clock than the system's runs on its own.
    uptime: clock === systemClock ? systemUptime : () => undefined,
    remember,
    newStart: randomStart,
    emit: (event) => emit(room(), event),
    answer: (ref, outcome) => answer(room(), ref, outcome),
    transmit: transport.send,
    broadcast: (bytes) => lan?.broadcast(bytes),
    setAlarm: (at) => alarms.set(core, at, () => room().driver.step({ type: "timer" })),
    atEndOfTurn: setImmediate,
    stepped: () => {
      const { readiness } = room();
      if (readiness.waiting.length > 0 && !core.isBusy()) letGo(readiness);
    },
  };
}

function handleOf(room: OpenRoom, closed: () => void): RoomHandle {
  const { ground, choice, core, listeners, deliveries, readiness } = room;
  return {
    choice,
    invite: () => inviteOf(choice, ownEndpoint(core, ground), core, ground),
    address: () => ownEndpoint(core, ground),
    self: () => core.self(),
    peers: () => core.peers(ground.clock()),
    stats: () => statsOf(room),
    run: (command) => run(room, command),
    history: (limit, before) => readPage(room.store, room.reader, limit, before),
    replay: async (take, limit, ready) => {
      if (limit === undefined) return replayAll(room.store, room.reader, take, ready);
      await take(await readPage(room.store, room.reader, limit));
    },
    search: (query, isGiven) =>
      searchHistory((...asked) => readFitting(room.store, room.reader, ...asked), query, isGiven),
    read: (ids) => readMessages(room.store, room.reader, ids),
    ofKinds: core.ofKinds,
    ids: core.ids,
    span: core.span,
    signed: (take) => signedAll(room.store, room.reader, take),
    import: (messages) => importMessages(room, messages),
    delivery: (id) => deliveries.get(id),
    undelivered: () => core.undelivered(),
    isBusy: () => core.isBusy(),
    whenReady: () => (core.isBusy() && room.closing === undefined ? waitUntilReady(readiness) : readyInTurn(readiness)),
    isIn: () => core.isInRoom(),
    isSeeking: () => core.isSeeking(),
    subscribe: (listener) => {
      listeners.add(listener);
      // What went wrong before anyone listened is told to the first who does.
      if (listeners.size === 1) {
        for (const event of ground.untold.splice(0)) queueMicrotask(() => emit(room, event));
        room.addresses.onTrouble((trouble) => queueMicrotask(() => emit(room, troubleEvent(trouble))));
      }
      return () => listeners.delete(listener);
    },
    close: () => {
      room.closing ??= close(room).then(closed);
      return room.closing;
    },
  };
}

function emit(room: OpenRoom, event: ChatEvent): void {
  noteDelivery(room.deliveries, event);
  if (event.type === "error" && event.error.code === "not-stored") room.refusal = event.error;
  room.log.event(event);
  for (const listener of [...room.listeners]) callListener(listener, event);
}

function take(room: OpenRoom, type: "datagram" | "beacon", bytes: Uint8Array, from: Endpoint): void {
  try {
    room.driver.step({ type, bytes, from });
  } catch (error) {
    // A core never throws on bytes from the network. Should it ever, that bug must not let one peer end all others.
    room.coreFailures += 1;
    room.log.record("core-failed", { reason: error instanceof Error ? error.stack : String(error) });
  }
}

function run(room: OpenRoom, command: Command): Promise<Outcome> {
  if (room.isClosing) return Promise.resolve(NOT_IN_ROOM);
  const ref = room.refs;
  room.refs += 1;
  if (command.type === "network") room.log.record("network", { endpoints: command.endpoints });
  return new Promise((resolve) => {
    room.answers.set(ref, resolve);
    room.driver.step({ type: "command", command, ref });
  });
}

const NOT_IN_ROOM: Outcome = { isDone: false, error: { code: "not-in-room" } };

async function importMessages(room: OpenRoom, messages: readonly Uint8Array[]): Promise<Imported | undefined> {
  const outcome = await run(room, { type: "import", messages });
  if (!outcome.isDone || outcome.imported === undefined) return undefined;
  await room.driver.idle();
  if (room.core.unstored() === 0) return outcome.imported;
  throw new StoreError({ code: room.refusal?.reason ?? "failed", detail: room.refusal?.detail ?? "EIO" });
}

function answer({ answers }: OpenRoom, ref: number, outcome: Outcome): void {
  answers.get(ref)?.(outcome);
  answers.delete(ref);
}

function statsOf({ core, ground, coreFailures }: OpenRoom): RoomStats {
  const { dropped, ...counts } = core.stats();
  const lost: Record<string, number> = { ...dropped, ...ground.lost() };
  if (coreFailures > 0) lost["core-failed"] = coreFailures;
  const { heapUsed: heapBytes } = process.memoryUsage();
  return { ...counts, dropped: lost, heapBytes, receiveBufferBytes: ground.transport.receiveBufferBytes };
}

async function close(room: OpenRoom): Promise<void> {
  const { driver, log } = room;
  room.isClosing = true;
  try {
    driver.step({ type: "command", command: { type: "leave" } });
  } catch (error) {
    // Closing goes on: the others will notice by themselves.
    log.record("leave-failed", { reason: String(error) });
  }
  await within(LEAVE_MS_MAX, driver.idle());
  driver.stop();
  for (const ref of [...room.answers.keys()]) answer(room, ref, NOT_IN_ROOM);
  letGo(room.readiness);
  log.stop();
  await within(STORE_CLOSE_MS_MAX, closeDisk(room.store, room.addresses));
  room.listeners.clear();
}

function closeDisk(store: Store, addresses: Addresses): Promise<unknown> {
  return Promise.all([new Promise<void>((done) => store.close(done)), addresses.close()]);
}

/** A listener's bug is not the node's: the effects go on, and the error surfaces as uncaught. */
function callListener(listener: (event: ChatEvent) => void, event: ChatEvent): void {
  try {
    listener(event);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

function ownEndpoint(core: Core, ground: Ground): Endpoint {
  const seen = core.self().address;
  if (seen !== undefined) return seen;
  return onInterface(ground) ?? formatEndpoint("127.0.0.1", ground.port) ?? ground.transport.address();
}

function onInterface({ port }: Ground): Endpoint | undefined {
  const own = ownAddress();
  return own === undefined ? undefined : formatEndpoint(own, port);
}

/** This node, then peers that are alive. Loopback addresses only where there are no others: they lead guests to themselves. */
function inviteOf({ name, secret, private: isPrivate }: RoomChoice, own: Endpoint, core: Core, ground: Ground): string {
  const alive = core.peers(ground.clock()).filter((peer) => peer.status === "alive");
  const known = [own, onInterface(ground), ...alive.map((peer) => peer.address)];
  const all = [...new Set(known.filter((endpoint) => endpoint !== undefined))];
  const far = all.filter((endpoint) => !isLoopback(endpoint) && !isLinkLocal(endpoint));
  return encodeInvite({ name, secret, private: isPrivate, endpoints: far.length > 0 ? far : all });
}

function troubleEvent({ code, path, reason }: AddressTrouble): ChatEvent {
  return code === "damaged"
    ? { type: "notice", notice: { code: "addresses-damaged", path, reason } }
    : { type: "error", error: { code: "addresses-unwritable", path, reason } };
}
