/** Builds the world of a scenario: hosts, and on each host a node for every room that it is in. */
import { blake2b } from "../../crypto/hash.ts";
import { createRoomKeys, type RoomKeys, type RoomSecret } from "../../crypto/roomKeys.ts";
import type { Mark, StoredMessage } from "../../protocol/api.ts";
import { type Config, defaultConfig } from "../../protocol/config.ts";
import type { ChatEvent } from "../../protocol/events.ts";
import { below, type Rng, sample, seededRng, uniform } from "../../protocol/rng.ts";
import type { Endpoint } from "../../wire/endpoint.ts";
import type { MessageId } from "../../wire/ids.ts";
import { createDisk } from "../world/disk.ts";
import { indexOfEndpoint, isVictim, LAN, OUTSIDER } from "../world/endpoints.ts";
import type { Station } from "../world/faults.ts";
import type { HostWorld } from "../world/host.ts";
import { createMachine, createVirtualNode, type NodeWorld, type VirtualNode } from "../world/node.ts";
import { createOpener, type Opener } from "../world/opened.ts";
import type { Scenario } from "./scenario.ts";

export type Room = {
  readonly number: number;
  readonly keys: RoomKeys;
  /** By their numbers. */
  readonly nodes: ReadonlyMap<number, VirtualNode>;
  readonly opener: Opener;
};

export type Stage = {
  readonly stations: readonly Station[];
  /** A node's number is its place here. Where there is one room, it is that of its host. */
  readonly nodes: readonly VirtualNode[];
  readonly rooms: readonly Room[];
  /** The number of the node of that room on the host at this address. */
  readonly numberAt: (endpoint: Endpoint, room: number) => number | undefined;
  /** Nodes of a later version. */
  readonly newer: ReadonlySet<number>;
};

/** What the run is told of its nodes. */
export type Hooks = {
  readonly onStart: (node: number, kept: readonly StoredMessage[], marks: readonly Mark[]) => void;
  readonly onStop: (node: number) => void;
  readonly onEvent: (node: number, event: ChatEvent, from: Endpoint | undefined) => void;
  readonly onThrow: (node: number, error: unknown) => void;
  readonly onRefused: (node: number, ids: readonly MessageId[]) => void;
};

export function createStage(scenario: Scenario, seed: number, world: HostWorld, hooks: Hooks): Stage {
  const { agenda, rng } = world;
  const config: Config = { ...defaultConfig, ...scenario.config };
  const secrets = [newRoom(rng)];
  const moreRooms = seededRng(seed ^ 0x400);
  while (secrets.length < scenario.rooms) secrets.push(newRoom(moreRooms));
  const nodes: VirtualNode[] = [];
  const numbers = new Map<string, number>();
  const numberAt: Stage["numberAt"] = (endpoint, room) =>
    endpoint === LAN || endpoint === OUTSIDER || isVictim(endpoint)
      ? undefined
      : numbers.get(`${indexOfEndpoint(endpoint)} ${room}`);
  const openers = secrets.map((secret, room) =>
    createOpener(secret, (endpoint) => nodes[numberAt(endpoint, room) ?? -1]?.boot()),
  );
  const newer = new Set<number>();
  const later = seededRng(seed ^ 0xe4e);

  const worldOf = (roomNumber: number): NodeWorld => ({
    ...world,
    ...hooks,
    config,
    room: secrets[roomNumber] as RoomSecret,
    roomNumber,
    recentBytes: scenario.recentBytes,
    diskOf: (node) => {
      const { disk: settings } = scenario;
      // Each disk has chance of its own: what one of them draws changes nothing else.
      const chance = seededRng((seed ^ 0xd15c) + 7_919 * node);
      // A process that stands still hears of it when it goes on.
      const onRefused = (ids: readonly MessageId[]): void =>
        (nodes[node] as VirtualNode).host.whenAwake(() => hooks.onRefused(node, ids));
      return createDisk(settings === undefined ? undefined : { agenda, rng: chance, settings, onRefused });
    },
    ...(scenario.newer === 0
      ? {}
      : {
          beside: (node, bytes, to) => {
            if (!newer.has(node) || uniform(later) >= UNKNOWN_FRAMES_SHARE) return undefined;
            const frame = { type: "unknown", number: 32 + below(later, 224), bytes: chanceBytes(later, 40) } as const;
            return (openers[roomNumber] as Opener).beside(bytes, to, frame);
          },
        }),
  });
  const worlds = secrets.map((_, number) => worldOf(number));
  const stations = Array.from({ length: scenario.nodes }, (_, index): Station => {
    const machine = createMachine(index, world);
    const own = roomsOf(scenario, moreRooms).map((room) => {
      const number = nodes.length;
      numbers.set(`${index} ${room}`, number);
      const node = createVirtualNode(number, worlds[room] as NodeWorld, machine);
      nodes.push(node);
      return node;
    });
    return { host: machine.host, nodes: own };
  });
  for (const number of sample(later, [...nodes.keys()], scenario.newer)) newer.add(number);
  const rooms = secrets.map((secret, number): Room => {
    const inRoom = [...nodes.entries()].filter(([, node]) => node.room === number);
    return { number, keys: createRoomKeys(secret), nodes: new Map(inRoom), opener: openers[number] as Opener };
  });
  return { stations, nodes, rooms, numberAt, newer };
}

/** At least one, at most so many. */
export function chanceBytes(rng: Rng, most: number): Uint8Array {
  return Uint8Array.from({ length: 1 + below(rng, most) }, () => below(rng, 256));
}

// --- internal ---

/** Of what a later version sends, datagrams with a frame that this version does not know. */
const UNKNOWN_FRAMES_SHARE = 0.1;

function newRoom(rng: Rng): RoomSecret {
  const key = Uint8Array.from({ length: 32 }, () => below(rng, 256));
  return { id: blake2b(key, 32), epoch: 0, key };
}

/** The rooms of one host. */
function roomsOf({ rooms, roomsPerHost }: Scenario, rng: Rng): number[] {
  if (rooms === 1) return [0];
  const [least, most] = roomsPerHost;
  const all = Array.from({ length: rooms }, (_, room) => room);
  return sample(rng, all, least + below(rng, most - least + 1));
}
