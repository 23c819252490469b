/** One room of a hub: a core with its driver, its store and its addresses, and the handle that faces hold. */
import { encodeInvite } from "../crypto/invite.ts";
import { createRoomKeys, type RoomKeys } from "../crypto/roomKeys.ts";
import { ownAddress } from "../net/interfaces.ts";
import type { Command, Core, Outcome } from "../protocol/api.ts";
import { createCore } from "../protocol/core.ts";
import type { ChatEvent } from "../protocol/events.ts";
import { viewMessage } from "../protocol/log/intake.ts";
import type { Message } from "../protocol/views.ts";
import { type AddressTrouble, addressesInMemory, addressesOnDisk } from "../store/addressFile.ts";
import { StoreError } from "../store/store.ts";
import { version } from "../version.ts";
import { type Endpoint, formatEndpoint, isLinkLocal, isLoopback } from "../wire/endpoint.ts";
import { decodeEnvelope } from "../wire/envelope.ts";
import type { BootId } from "../wire/ids.ts";
import { createDeliveries, noteDelivery } from "./deliveries.ts";
import { createDriver, type Driver } from "./driver.ts";
import { randomBootId } from "./entropy.ts";
import type { Ground } from "./ground.ts";
import { readKept } from "./keptMessages.ts";
import { within } from "./limit.ts";
import type { RoomChoice, RoomHandle, RoomStats } from "./types.ts";

/** A room as its hub sees it. */
export type HostedRoom = {
  readonly keys: RoomKeys;
  readonly boot: BootId;
  readonly handle: RoomHandle;
  /** What came for it on the sockets. */
  readonly take: (type: "datagram" | "beacon", bytes: Uint8Array, from: Endpoint) => void;
  readonly run: (command: Command) => Promise<Outcome>;
  readonly emit: (event: ChatEvent) => void;
};

/** Commands in one turn of the event loop: some milliseconds of work. */
const TURN_MAX = 8;
/** With the transport's 500 ms they make the 1 s that closing may take. */
const LEAVE_MS_MAX = 300;
const STORE_CLOSE_MS_MAX = 150;

/** `closed` is told once, when the room has been left. */
export async function openRoom(
  ground: Ground,
  choice: RoomChoice,
  nick: string,
  closed: (room: HostedRoom) => void,
): Promise<HostedRoom> {
  const { identity, transport, lan, clock, alarms, config, rng, options } = ground;
  const keys = createRoomKeys(choice.secret);
  const boot = randomBootId();
  const store = ground.openStore(keys.id);
  const addresses = options.dataDir === undefined ? addressesInMemory() : addressesOnDisk(options.dataDir, keys.id);
  const kept = await readKept(store);
  const core = createCore({
    identity,
    room: choice.secret,
    nick,
    boot,
    program: version,
    config,
    rng,
    now: clock(),
    isDurable: store.isDurable,
    kept,
    remembered: addresses.newestFirst(),
    discovery: lan === undefined ? undefined : { port: ground.port },
  });
  const listeners = new Set<(event: ChatEvent) => void>();
  const deliveries = createDeliveries();
  const log = ground.debugLog(choice.name, () => stats().dropped);
  /** BOUNDED: commands that are being run, each of which its caller waits for. */
  const answers = new Map<number, (outcome: Outcome) => void>();
  let refs = 0;
  const waiters = createWaiters();
  let coreFailures = 0;
  let closing: Promise<void> | undefined;

  const emit = (event: ChatEvent): void => {
    noteDelivery(deliveries, event);
    log.event(event);
    for (const listener of [...listeners]) callListener(listener, event);
  };
  const driver: Driver = createDriver({
    core,
    store,
    clock,
    emit,
    remember: addresses.remember,
    answer: (ref, outcome) => {
      answers.get(ref)?.(outcome);
      answers.delete(ref);
    },
    transmit: transport.send,
    broadcast: (bytes) => lan?.broadcast(bytes),
    setAlarm: (at) => alarms.set(core, at, () => driver.step({ type: "timer" })),
    atEndOfTurn: setImmediate,
    stepped: () => {
      if (!core.isBusy()) waiters.letGo();
    },
  });
  const stats = (): RoomStats => {
    const { dropped, ...counts } = core.stats();
    const lost: Record<string, number> = { ...dropped, ...transport.counters() };
    for (const [reason, count] of Object.entries(lan?.counters() ?? {})) lost[`lan-${reason}`] = count;
    if (coreFailures > 0) lost["core-failed"] = coreFailures;
    const { heapUsed: heapBytes } = process.memoryUsage();
    return { ...counts, dropped: lost, heapBytes, receiveBufferBytes: transport.receiveBufferBytes };
  };
  const run = (command: Command): Promise<Outcome> => {
    if (closing !== undefined) return Promise.resolve({ isDone: false, error: { code: "not-in-room" } });
    const ref = refs;
    refs += 1;
    return new Promise((resolve) => {
      answers.set(ref, resolve);
      driver.step({ type: "command", command, ref });
    });
  };
  const close = async (): Promise<void> => {
    try {
      driver.step({ type: "command", command: { type: "leave" } });
    } catch (error) {
      // Closing goes on: the others will notice by themselves.
      log.record("leave-failed", { reason: String(error) });
    }
    await within(LEAVE_MS_MAX, driver.idle());
    driver.stop();
    waiters.letGo();
    log.stop();
    await within(STORE_CLOSE_MS_MAX, Promise.all([new Promise<void>((done) => store.close(done)), addresses.close()]));
    listeners.clear();
    closed(room);
  };

  const room: HostedRoom = {
    keys,
    boot,
    run,
    emit,
    take: (type, bytes, from) => {
      try {
        driver.step({ type, bytes, from });
      } catch (error) {
        // A core never throws on bytes from the network. Should it ever, that bug must not let one peer end all others.
        coreFailures += 1;
        log.record("core-failed", { reason: error instanceof Error ? error.stack : String(error) });
      }
    },
    handle: {
      choice,
      invite: () => inviteOf(choice, ownEndpoint(core, ground), core, ground),
      address: () => ownEndpoint(core, ground),
      self: () => core.self(),
      peers: () => core.peers(clock()),
      stats,
      run,
      history: (limit, before) =>
        new Promise((resolve, reject) => {
          store.page(before, limit, (messages, trouble) => {
            if (trouble !== undefined) reject(new StoreError(trouble));
            else resolve(messages.flatMap(({ id, bytes }) => pageView(id, bytes, identity.id)));
          });
        }),
      delivery: (id) => deliveries.heard.get(id),
      undelivered: () => deliveries.undelivered.size,
      isBusy: () => core.isBusy(),
      whenReady: () => (core.isBusy() && closing === undefined ? waiters.wait() : waiters.inTurn()),
      isIn: () => core.isInRoom(),
      isSeeking: () => core.isSeeking(),
      subscribe: (listener) => {
        listeners.add(listener);
        // What went wrong before anyone listened is told to the first who does.
        if (listeners.size === 1) addresses.onTrouble((trouble) => queueMicrotask(() => emit(troubleEvent(trouble))));
        return () => listeners.delete(listener);
      },
      close: () => {
        closing ??= close();
        return closing;
      },
    },
  };
  log.record("listening", { address: transport.address(), receiveBufferBytes: transport.receiveBufferBytes });
  return room;
}

// --- internal ---

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

type Waiters = {
  readonly wait: () => Promise<void>;
  /** After a few in one turn of the event loop the socket is read first: acknowledgements wait there, and time runs out for them. */
  readonly inTurn: () => Promise<void>;
  readonly letGo: () => void;
};

function createWaiters(): Waiters {
  /** BOUNDED: by those who wait, each of whom has one. */
  let waiting: (() => void)[] = [];
  /** Callers that did not wait, in this turn of the event loop. */
  let letIn = 0;
  return {
    wait: () => new Promise((resolve) => waiting.push(resolve)),
    inTurn: () => {
      if (letIn === 0) setImmediate(() => (letIn = 0));
      letIn += 1;
      return letIn <= TURN_MAX ? Promise.resolve() : new Promise((resolve) => setImmediate(resolve));
    },
    letGo: () => {
      const ready = waiting;
      waiting = [];
      for (const resolve of ready) resolve();
    },
  };
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

/** What of the store can be read as a message. */
function pageView(id: Message["id"], bytes: Uint8Array, self: Message["author"]["id"]): Message[] {
  const content = decodeEnvelope(bytes);
  return content === undefined ? [] : [viewMessage({ id, content, bytes }, self, true)];
}

function troubleEvent({ code, path, reason }: AddressTrouble): ChatEvent {
  return code === "damaged"
    ? { type: "notice", notice: { code: "addresses-damaged", path, reason } }
    : { type: "error", error: { code: "addresses-unwritable", path, reason } };
}
