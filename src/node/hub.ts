/**
 * What a process has one of, whatever the number of its rooms: the identity and its lock, the sockets, the alarm, the watch over the
 * host's addresses. Datagrams go to rooms by their tag, beacons by their key.
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
import type { ChatEvent } from "../protocol/events.ts";
import { uniform } from "../protocol/rng.ts";
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
import { type HostedRoom, openRoom } from "./room.ts";
import type { HubHandle, HubOptions, RoomHandle } from "./types.ts";

/** Rejects with an IdentityError or a TransportError; then nothing is left open. */
export async function openHub(options: HubOptions): Promise<HubHandle> {
  const { identity, release } = await openIdentity(options.dataDir);
  let transport: Transport | undefined;
  let lan: Lan | undefined;
  try {
    transport = options.transport ?? (await openUdp({ port: options.port }));
    lan = options.lan ?? (options.discovery ? await openMulticast() : undefined);
    return hubOn(groundFor(options, identity, transport, lan), release);
  } catch (error) {
    await transport?.close();
    await lan?.close();
    release();
    throw error;
  }
}

// --- internal ---

function groundFor(options: HubOptions, identity: Identity, transport: Transport, lan: Lan | undefined): Ground {
  const { clock = systemClock, rng = systemRng(), dropPercent = 0 } = options;
  const chance = (): number => uniform(rng);
  return {
    options,
    identity,
    transport: dropPercent > 0 ? lossyTransport(transport, dropPercent, chance) : transport,
    lan: lan !== undefined && dropPercent > 0 ? lossyLan(lan, dropPercent, chance) : lan,
    port: parseEndpoint(transport.address())?.port ?? 0,
    clock,
    rng,
    config: { ...defaultConfig, ...options.config },
    alarms: createAlarms(() => clock().mono),
    openStore: options.openStore ?? memoryStore,
    debugLog: (room, dropped) => debugLog(options.debug, room, dropped),
  };
}

function hubOn(ground: Ground, release: () => void): HubHandle {
  const { transport, lan, identity } = ground;
  const demux: Demux<HostedRoom> = createDemux();
  /** BOUNDED: by what a person enters. */
  const rooms = new Map<HostedRoom, RoomHandle>();
  /** Enterings and leavings follow one another, so that a room is never open twice. */
  let turn: Promise<unknown> = Promise.resolve();
  let endpoints: readonly Endpoint[] = [];
  let closing: Promise<void> | undefined;

  const broadcastEvent = (event: ChatEvent): void => {
    for (const room of rooms.keys()) room.emit(event);
  };
  transport.onDatagram((bytes, from) => {
    tenantOf(demux, bytes)?.take("datagram", bytes, from);
  });
  lan?.onBroadcast((bytes, from) => {
    tenantOfBeacon(demux, bytes)?.take("beacon", bytes, from);
  });
  lan?.onBlocked((blocked) => broadcastEvent({ type: "notice", notice: { code: "discovery-blocked", ...blocked } }));
  const unwatch = watchAddresses(ownAddresses, (addresses) => {
    endpoints = addresses.map((one) => formatEndpoint(one, ground.port)).filter((one) => one !== undefined);
    for (const room of rooms.keys()) void room.run({ type: "network", endpoints });
  });

  const find = (room: Parameters<HubHandle["enter"]>[0]): RoomHandle | undefined =>
    [...rooms.values()].find(({ choice }) => isSameRoom(choice.secret, room.secret));
  const enter = async (choice: Parameters<HubHandle["enter"]>[0], nick: string): Promise<RoomHandle> => {
    const known = find(choice);
    if (known !== undefined) return known;
    if (closing !== undefined) throw new Error("the hub is closed");
    const room = await openRoom(ground, choice, nick, (left) => {
      removeTenant(demux, left);
      rooms.delete(left);
    });
    rooms.set(room, room.handle);
    addTenant(demux, room);
    void room.run({ type: "network", endpoints });
    return room.handle;
  };
  const close = async (): Promise<void> => {
    unwatch();
    await turn.catch(() => undefined);
    await Promise.all([...rooms.values()].map((room) => room.close()));
    ground.alarms.stop();
    await Promise.all([transport.close(), lan?.close()]);
    release();
  };

  return {
    id: identity.id,
    enter: (choice, nick = ground.options.nick) => {
      const entered = turn.then(() => enter(choice, nick));
      turn = entered.catch(() => undefined);
      return entered;
    },
    rooms: () => [...rooms.values()],
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}
