/** The hostile members of a run: who plays which attack, from when until when, and what came of it. */
import type { RoomKeys } from "../../crypto/roomKeys.ts";
import { seededRng } from "../../protocol/rng.ts";
import type { Millis } from "../../protocol/time.ts";
import type { MessageId, PeerId } from "../../wire/ids.ts";
import { endpointOf } from "../world/endpoints.ts";
import { type HostWorld, WALL_START } from "../world/host.ts";
import { linkKeysOf } from "../world/linkKeys.ts";
import type { VirtualNode } from "../world/node.ts";
import { everyone } from "./attack.ts";
import type { Hostile, StrategyName } from "./names.ts";
import { createPuppet, greet, type Puppet } from "./puppet.ts";
import { strategies } from "./strategies.ts";

export type Hostiles = {
  /** The talk begins now. */
  readonly schedule: () => void;
  /** When they fall silent, from the start of the talk. */
  readonly lastMs: Millis;
  /** A datagram that leaves now is theirs, whoever it says it is from. */
  readonly isSending: () => boolean;
  readonly result: () => Omit<HostileResult, "atVictims">;
};

export type HostileResult = {
  /** How many members played each attack. */
  readonly members: Readonly<Partial<Record<StrategyName, number>>>;
  /** Datagrams. */
  readonly sent: number;
  readonly received: number;
  /** The fewest nodes that one of them was known to at a time. */
  readonly knownTo: number;
  /** Bytes that nodes sent where nobody is. */
  readonly atVictims: number;
};

/** How often they greet those who do not know them yet. */
const GREET_MS: Millis = 500;

export type HostileSetting = {
  readonly hostile: Hostile;
  readonly seed: number;
  readonly roomKeys: RoomKeys;
  /** Of their room. */
  readonly nodes: readonly VirtualNode[];
  /** Their addresses come after those of so many hosts. */
  readonly hosts: number;
  readonly world: HostWorld;
  readonly said: (id: MessageId, author: PeerId, bytes: number) => void;
};

export function createHostiles(setting: HostileSetting): Hostiles {
  const { hostile, nodes, world } = setting;
  const { agenda } = world;
  /** BOUNDED: by the scenario. */
  const puppets: Puppet[] = [];
  const known = new Map<Puppet, number>();
  const members: Partial<Record<StrategyName, number>> = {};
  let isSending = false;
  const attackers = Math.max(hostile.count, 1);
  const playersOf = (strategy: StrategyName): number =>
    Array.from({ length: attackers }, (_, index) => index).filter((index) =>
      strategiesOf(hostile, index).includes(strategy),
    ).length;

  const begin = (index: number): void => {
    const until = agenda.now() + hostile.forMs;
    const puppet = createPuppet(
      {
        roomKeys: setting.roomKeys,
        rng: seededRng((setting.seed ^ 0x4057) + 7_919 * index),
        now: agenda.now,
        wall: () => Math.floor(WALL_START + agenda.now()),
        transmit: (bytes, from, to) => {
          isSending = true;
          world.network.send(bytes, from, to);
          isSending = false;
        },
        listen: world.network.listen,
        overhear: (listener) => {
          world.network.watch((bytes, from, to) => {
            if (!isSending) listener(bytes, from, to);
          });
        },
        targets: nodes,
        linkKeyOf: (boot) => linkKeysOf(boot).publicKey,
        said: ({ id, content, bytes }) => setting.said(id, content.author, bytes.length),
      },
      `h${index}`,
      endpointOf(setting.hosts + index),
    );
    puppets.push(puppet);
    const meet = (): void => {
      if (agenda.now() >= until) return;
      for (const target of nodes) greet(puppet, target);
      known.set(puppet, Math.max(known.get(puppet) ?? 0, everyone({ puppet, players: 1, agenda, until }).length));
      agenda.at(agenda.now() + GREET_MS, meet);
    };
    meet();
    for (const strategy of strategiesOf(hostile, index)) {
      members[strategy] = (members[strategy] ?? 0) + 1;
      strategies[strategy]({ puppet, players: playersOf(strategy), agenda, until });
    }
    agenda.at(until, () => {
      puppet.isSilent = true;
      world.network.silence(puppet.endpoint);
    });
  };

  return {
    schedule: () => {
      for (let index = 0; index < hostile.count; index += 1) agenda.at(agenda.now() + hostile.atMs, () => begin(index));
    },
    lastMs: hostile.atMs + hostile.forMs,
    isSending: () => isSending,
    result: () => ({
      members,
      sent: puppets.reduce((sum, puppet) => sum + puppet.sent, 0),
      received: puppets.reduce((sum, puppet) => sum + puppet.received, 0),
      knownTo: Math.min(...puppets.map((puppet) => known.get(puppet) ?? 0)),
    }),
  };
}

// --- internal ---

/** Where there are more attacks than members, each plays several. */
function strategiesOf({ strategies: named, count }: Hostile, index: number): readonly StrategyName[] {
  if (named.length <= count) return [named[index % named.length] as StrategyName];
  return named.filter((_, at) => at % count === index);
}
