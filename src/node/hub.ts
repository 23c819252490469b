/**
 * The hub: what a process has once, whatever the number of its rooms. That is the identity and its lock, the history, the
 * sockets, the alarm, and the watch over the host's addresses. Datagrams go to their room by the tag, beacons by the key.
 */
import type { Identity } from "../crypto/identity.ts";
import { isSameRoom } from "../crypto/roomKeys.ts";
import { ownAddresses } from "../net/interfaces.ts";
import type { Lan } from "../net/lan.ts";
import { lossyLan, lossyTransport } from "../net/lossy.ts";
import { openMulticast } from "../net/multicast.ts";
import type { Transport } from "../net/transport.ts";
import { openUdp } from "../net/udp.ts";
import { defaultConfig } from "../protocol/config.ts";
import { createCore } from "../protocol/core.ts";
import type { ChatEvent } from "../protocol/events.ts";
import { uniform } from "../protocol/rng.ts";
import type { History, HistoryTrouble } from "../store/history.ts";
import { openIdentity } from "../store/identity.ts";
import { memoryStore } from "../store/memory.ts";
import { type Endpoint, formatEndpoint, parseEndpoint } from "../wire/endpoint.ts";
import { watchAddresses } from "./addressWatch.ts";
import { createAlarms } from "./alarm.ts";
import { systemClock } from "./clock.ts";
import { debugLog } from "./debug.ts";
import { addTenant, createDemux, type Demux, removeTenant, tenantOf, tenantOfBeacon } from "./demux.ts";
import { systemRng } from "./entropy.ts";
import type { Ground } from "./ground.ts";
import { within } from "./limit.ts";
import { type HostedRoom, openRoom } from "./room.ts";
import type { HubHandle, HubOptions, RoomChoice, RoomHandle } from "./types.ts";

/** Rejects with an IdentityError, a DatabaseError or a TransportError; then nothing is left open. */
export async function openHub(options: HubOptions): Promise<HubHandle> {
  const { identity, slot, release } = await openIdentity(options.dataDir, options.identitySlots);
  let history: History | undefined;
  let transport: Transport | undefined;
  let lan: Lan | undefined;
  try {
    history = await openHistory(options, slot);
    transport = options.transport ?? (await openUdp({ port: options.port }));
    lan = options.lan ?? (options.discovery ? await openMulticast() : undefined);
    const ground = groundFor(options, identity, history, transport, lan);
    return hubOn(ground, slot, async () => history?.close(), release);
  } catch (error) {
    await transport?.close();
    await lan?.close();
    await history?.close();
    release();
    throw error;
  }
}

// --- internal ---

/** The database is loaded only where something is kept. Undefined: nothing is, or elsewhere. */
async function openHistory({ dataDir, openStore }: HubOptions, slot: number): Promise<History | undefined> {
  if (dataDir === undefined || openStore !== undefined) return undefined;
  const database = await import("../store/history.ts");
  return database.openHistory(dataDir, slot);
}

function groundFor(
  options: HubOptions,
  identity: Identity,
  history: History | undefined,
  transport: Transport,
  lan: Lan | undefined,
): HubGround {
  const { clock = systemClock, rng = systemRng(), dropPercent = 0 } = options;
  const chance = (): number => uniform(rng);
  const lossy = dropPercent > 0 ? lossyTransport(transport, dropPercent, chance) : transport;
  const lossyOrNoLan = lan !== undefined && dropPercent > 0 ? lossyLan(lan, dropPercent, chance) : lan;
  const foreign: Foreign = { "foreign-room": 0, "foreign-beacon": 0 };
  const untold: ChatEvent[] = [];
  const tellTroubles = (): void => {
    for (const trouble of history?.troubles.splice(0) ?? []) untold.push(historyEvent(trouble));
  };
  tellTroubles();
  return {
    options,
    identity,
    transport: lossy,
    lan: lossyOrNoLan,
    port: parseEndpoint(transport.address())?.port ?? 0,
    clock,
    rng,
    config: { ...defaultConfig, ...options.config },
    alarms: createAlarms(() => clock().mono),
    createCore,
    openStore: options.openStore ?? history?.openStore ?? memoryStore,
    setHistoryAside: async () => {
      const isDone = (await history?.setAside()) ?? false;
      tellTroubles();
      return isDone;
    },
    untold,
    foreign,
    lost: () => lostOf(lossy, lossyOrNoLan, foreign),
    debugLog: (room, dropped) => debugLog(options.debug, room, dropped),
  };
}

/** `foreign`: how many datagrams and beacons came that were for none of the rooms. */
type HubGround = Ground & { readonly foreign: Foreign };
type Foreign = Record<"foreign-room" | "foreign-beacon", number>;

function lostOf(transport: Transport, lan: Lan | undefined, foreign: Foreign): Record<string, number> {
  const lost: Record<string, number> = transport.counters();
  for (const [reason, count] of Object.entries(lan?.counters() ?? {})) lost[`lan-${reason}`] = count;
  for (const [reason, count] of Object.entries(foreign)) if (count > 0) lost[reason] = count;
  return lost;
}

function historyEvent(trouble: HistoryTrouble): ChatEvent {
  if (trouble.code === "outdated") return { type: "notice", notice: { code: "history-outdated", path: trouble.path } };
  if (trouble.code === "damaged") return { type: "notice", notice: { code: "history-damaged", path: trouble.path } };
  const { path, reason } = trouble;
  return { type: "error", error: { code: "history-unusable", path, reason } };
}

function hubOn(ground: HubGround, slot: number, closeHistory: () => Promise<void>, release: () => void): HubHandle {
  const { transport, lan, identity } = ground;
  const demux: Demux<HostedRoom> = createDemux();
  /** BOUNDED: by what a person enters. In the order in which they were entered. */
  const rooms = new Set<HostedRoom>();
  let { config } = ground;
  /** Enterings follow one another, so that a room is never open twice. */
  let turn: Promise<unknown> = Promise.resolve();
  let endpoints: readonly Endpoint[] = [];
  let closing: Promise<void> | undefined;

  listen(ground, demux, (event) => {
    for (const room of rooms) room.emit(event);
  });
  const unwatch = watchAddresses(ownAddresses, (addresses) => {
    endpoints = addresses.map((one) => formatEndpoint(one, ground.port)).filter((one) => one !== undefined);
    for (const { handle } of rooms) void handle.run({ type: "network", endpoints });
  });

  const enter = async (choice: RoomChoice, nick: string): Promise<RoomHandle> => {
    if (closing !== undefined) throw new Error(CLOSED);
    const known = [...rooms].find(({ handle }) => isSameRoom(handle.choice.secret, choice.secret));
    if (known !== undefined && !known.isClosing()) return known.handle;
    // Its store is let go before it is opened again.
    await known?.handle.close();
    const room = await openRoom({ ...ground, config }, choice, nick, (left) => {
      removeTenant(demux, left);
      rooms.delete(left);
    });
    rooms.add(room);
    addTenant(demux, room);
    if (closing !== undefined) {
      await room.handle.close();
      throw new Error(CLOSED);
    }
    void room.handle.run({ type: "network", endpoints });
    return room.handle;
  };
  const close = async (): Promise<void> => {
    unwatch();
    const leaving = [...rooms].map(({ handle }) => handle.close());
    await Promise.all([...leaving, within(OPENING_MS_MAX, turn)]);
    ground.alarms.stop();
    await Promise.all([transport.close(), lan?.close(), within(HISTORY_CLOSE_MS_MAX, closeHistory())]);
    release();
  };

  return {
    id: identity.id,
    slot,
    enter: (choice, nick = ground.options.nick) => {
      const entered = turn.then(() => enter(choice, nick));
      turn = entered.catch(() => undefined);
      return entered;
    },
    rooms: () => [...rooms].map(({ handle }) => handle),
    configure: (changes) => {
      config = { ...config, ...changes };
      for (const { handle } of rooms) void handle.run({ type: "configure", ...changes });
    },
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

/** A room that is being opened while the hub is closed has this long to be closed again; it takes no longer to leave one. */
const OPENING_MS_MAX = 450;
/** As long as a transport takes: what is not written by then is on its way, and is found again as after a crash. */
const HISTORY_CLOSE_MS_MAX = 500;
const CLOSED = "the hub is closed";

/** Hands what comes in to the rooms that it is for. */
function listen(ground: HubGround, demux: Demux<HostedRoom>, tellAll: (event: ChatEvent) => void): void {
  const { transport, lan, foreign } = ground;
  transport.onDatagram((bytes, from) => {
    const room = tenantOf(demux, bytes);
    if (room === undefined) foreign["foreign-room"] += 1;
    else room.take("datagram", bytes, from);
  });
  lan?.onBroadcast((bytes, from) => {
    const room = tenantOfBeacon(demux, bytes);
    if (room === undefined) foreign["foreign-beacon"] += 1;
    else room.take("beacon", bytes, from);
  });
  lan?.onBlocked((blocked) => tellAll({ type: "notice", notice: { code: "discovery-blocked", ...blocked } }));
}
