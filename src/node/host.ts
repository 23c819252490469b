/** Gives a core what it lives on: a clock, an alarm, a transport, a journal, listeners. The real ones. */
import { encodeInvite } from "../crypto/invite.ts";
import { ownAddress } from "../net/interfaces.ts";
import type { Lan } from "../net/lan.ts";
import type { Transport } from "../net/transport.ts";
import type { Core } from "../protocol/api.ts";
import type { ChatEvent } from "../protocol/events.ts";
import type { Millis } from "../protocol/time.ts";
import type { AddressTrouble } from "../store/addressFile.ts";
import type { Journal } from "../store/journal.ts";
import { type Endpoint, formatEndpoint, isLinkLocal, isLoopback, parseEndpoint } from "../wire/endpoint.ts";
import { watchAddresses } from "./addressWatch.ts";
import { systemClock } from "./clock.ts";
import { type DebugLog, debugLog } from "./debug.ts";
import { BACKLOG_MAX, createDriver } from "./driver.ts";
import type { ChatNode, NodeOptions, NodeStats } from "./types.ts";
import { undeliveredMessages } from "./undelivered.ts";

export type HostOptions = {
  readonly core: Core;
  readonly transport: Transport;
  /** Undefined: discovery is off. */
  readonly lan?: Lan | undefined;
  readonly journal: Journal & { onTrouble?(listener: (trouble: AddressTrouble) => void): void };
  readonly room: NodeOptions["room"];
  readonly debug: NodeOptions["debug"];
  /** This host's own addresses, the likeliest first; undefined: nobody looks after them. */
  readonly addresses?: () => readonly string[];
  /** Called once, when everything else is closed. */
  readonly release: () => void;
};

/** Owns all its parts from now on: `close` closes them. */
export function hostCore(options: HostOptions): ChatNode {
  const { core, transport, lan, journal } = options;
  const listeners = new Set<(event: ChatEvent) => void>();
  const undelivered = undeliveredMessages();
  /** BOUNDED: by those who call `whenReady`, each of whom waits for it. */
  let waiters: (() => void)[] = [];
  /** Callers of `whenReady` that did not wait, in this turn of the event loop. */
  let letIn = 0;
  let journalFailures = 0;
  let coreFailures = 0;
  let timer: NodeJS.Timeout | undefined;
  let closing: Promise<void> | undefined;

  const emit = (event: ChatEvent): void => {
    undelivered.observe(event);
    log.event(event);
    for (const listener of [...listeners]) {
      try {
        listener(event);
      } catch (error) {
        // A listener's bug is not the node's: the effects go on, and the error surfaces as uncaught.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  };

  const setAlarm = (at: Millis | undefined): void => {
    clearTimeout(timer);
    timer = undefined;
    if (at === undefined) return;
    const delayMs = Math.min(Math.max(Math.ceil(at - systemClock().mono), 0), TIMEOUT_MS_MAX);
    // After a stall, what waits in the socket goes first: an acknowledgement that is here already is not late.
    timer = setTimeout(() => setImmediate(() => driver.step({ type: "timer" })), delayMs);
  };

  const stats = (): NodeStats => {
    const { dropped, ...counts } = core.stats();
    const lost: Record<string, number> = { ...dropped, ...transport.counters() };
    for (const [reason, count] of Object.entries(lan?.counters() ?? {})) lost[`lan-${reason}`] = count;
    if (driver.backlogDrops() > 0) lost.backlog = driver.backlogDrops();
    if (journalFailures > 0) lost["journal-failed"] = journalFailures;
    if (coreFailures > 0) lost["core-failed"] = coreFailures;
    const { heapUsed: heapBytes } = process.memoryUsage();
    return { ...counts, dropped: lost, heapBytes, receiveBufferBytes: transport.receiveBufferBytes };
  };

  const address = (): Endpoint => {
    const seen = core.self().address;
    if (seen !== undefined) return seen;
    return onInterface() ?? formatEndpoint("127.0.0.1", port()) ?? transport.address();
  };
  const port = (): number => parseEndpoint(transport.address())?.port ?? 0;
  const onInterface = (): Endpoint | undefined => {
    const own = ownAddress();
    return own === undefined ? undefined : formatEndpoint(own, port());
  };

  /** This node, then peers that are alive. Loopback addresses only where there are no others: they lead guests to themselves. */
  const inviteEndpoints = (): Endpoint[] => {
    const alive = core.peers(systemClock()).filter((peer) => peer.status === "alive");
    const known = [address(), onInterface(), ...alive.map((peer) => peer.address)];
    const endpoints = [...new Set(known.filter((endpoint) => endpoint !== undefined))];
    const far = endpoints.filter((endpoint) => !isLoopback(endpoint) && !isLinkLocal(endpoint));
    return far.length > 0 ? far : endpoints;
  };

  const driver = createDriver({
    core,
    journal,
    emit,
    setAlarm,
    clock: systemClock,
    atEndOfTurn: setImmediate,
    transmit: (bytes, to, hops) => transport.send(bytes, to, hops),
    broadcast: (bytes) => lan?.broadcast(bytes),
    stepped: () => {
      if (waiters.length > 0 && !isBusy()) letGo();
    },
    journalFailed: (error) => {
      journalFailures += 1;
      log.record("journal-failed", { reason: String(error) });
    },
  });
  const isBusy = (): boolean => core.isBusy() || driver.isFull();
  /** After a few in one turn of the event loop the socket is read first: acknowledgements wait there, and time runs out for them. */
  const inTurn = (): Promise<void> => {
    if (letIn === 0) setImmediate(() => (letIn = 0));
    letIn += 1;
    return letIn <= TURN_MAX ? Promise.resolve() : new Promise((resolve) => setImmediate(resolve));
  };
  const letGo = (): void => {
    const waiting = waiters;
    waiters = [];
    for (const resolve of waiting) resolve();
  };
  const log: DebugLog = debugLog(options.debug, () => stats().dropped);
  const take = (type: "datagram" | "beacon", bytes: Uint8Array, from: Endpoint): void => {
    try {
      driver.step({ type, bytes, from });
    } catch (error) {
      // A core never throws on bytes from the network. Should it ever, that bug must not let one peer end all others.
      coreFailures += 1;
      log.record("core-failed", { reason: error instanceof Error ? error.stack : String(error) });
    }
  };
  transport.onDatagram((bytes, from) => take("datagram", bytes, from));
  lan?.onBroadcast((bytes, from) => take("beacon", bytes, from));
  lan?.onBlocked((blocked) => emit({ type: "notice", notice: { code: "discovery-blocked", ...blocked } }));
  log.record("listening", { address: transport.address(), receiveBufferBytes: transport.receiveBufferBytes });

  const moved = (addresses: readonly string[]): void => {
    const endpoints = addresses.map((one) => formatEndpoint(one, port())).filter((one) => one !== undefined);
    driver.step({ type: "command", command: { type: "network", endpoints } });
    log.record("network", { endpoints });
  };
  const unwatch = options.addresses === undefined ? undefined : watchAddresses(options.addresses, moved);

  const close = async (): Promise<void> => {
    unwatch?.();
    try {
      driver.step({ type: "command", command: { type: "leave" } });
    } catch (error) {
      // Closing goes on: the others will notice by themselves.
      log.record("leave-failed", { reason: String(error) });
    }
    await within(LEAVE_MS_MAX, driver.idle());
    driver.stop();
    letGo();
    log.stop();
    await Promise.all([transport.close(), lan?.close()]);
    await within(JOURNAL_CLOSE_MS_MAX, journal.close());
    listeners.clear();
    options.release();
  };

  return {
    get room() {
      const { name, secret, private: isPrivate } = options.room;
      return {
        name,
        private: isPrivate,
        get invite() {
          return encodeInvite({ name, secret, private: isPrivate, endpoints: inviteEndpoints() });
        },
      };
    },
    address,
    self: () => core.self(),
    peers: () => core.peers(systemClock()),
    log: (limit) => core.log(limit),
    stats,
    command: (command) => {
      if (command.type === "say" && driver.isFull())
        emit({ type: "error", error: { code: "busy", waiting: BACKLOG_MAX } });
      else driver.step({ type: "command", command });
    },
    isBusy,
    whenReady: () => (isBusy() ? new Promise<void>((resolve) => waiters.push(resolve)) : inTurn()),
    isSeeking: () => core.isSeeking(),
    subscribe: (listener) => {
      listeners.add(listener);
      // What went wrong before anyone listened is told to the first who does.
      if (listeners.size === 1) journal.onTrouble?.((trouble) => queueMicrotask(() => emit(troubleEvent(trouble))));
      return () => listeners.delete(listener);
    },
    undelivered: undelivered.count,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

// --- internal ---

/** Commands in one turn of the event loop: some milliseconds of work. */
const TURN_MAX = 8;

/** setTimeout knows no longer delay; an alarm that rings early is simply set again. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;
/** With the transport's 500 ms they make the 1 s that closing may take. */
const LEAVE_MS_MAX = 300;
const JOURNAL_CLOSE_MS_MAX = 150;

function troubleEvent({ code, path, reason }: AddressTrouble): ChatEvent {
  return code === "damaged"
    ? { type: "notice", notice: { code: "addresses-damaged", path, reason } }
    : { type: "error", error: { code: "addresses-unwritable", path, reason } };
}

/** Settles with `work`, or after `ms`, whatever becomes of it. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work.catch(() => {}), limit]);
  clearTimeout(timer);
}
