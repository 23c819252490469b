/**
 * A random scenario: the seed decides the number of nodes, the quality of the network and the faults. The same seed gives
 * the same scenario.
 */
import { below, type Rng, sample, seededRng, uniform } from "../../protocol/rng.ts";
import { openWeaknesses, type StrategyName, strategyNames } from "../hostile/names.ts";
import type { DiskSettings } from "../world/disk.ts";
import { readScenario } from "./library.ts";
import type { Fault, FaultType, Network, Scenario, Speech } from "./scenario.ts";

/** @param hostileShare the share of seeds that some of the members attack; 1 gives nearly every mix its attackers */
export function mixOf(seed: number, hostileShare = HOSTILE_SHARE): Scenario {
  // Not the numbers that the run itself draws.
  const rng = seededRng(seed ^ 0x5eed);
  const nodes = 3 + below(rng, NODES_MAX - 2);
  const speech = speechOf(rng);
  const kinds = sample(rng, networkFaults, below(rng, FAULTS_MAX + 1));
  const talkMs = speech.messages * speech.everyMs;
  const mix: Scenario = {
    ...basics,
    name: `mix-${seed}`,
    about: "",
    nodes,
    network: {
      delayMs: [1 + below(rng, 20), 20 + below(rng, 100)],
      regions: uniform(rng) < REGIONS_SHARE ? cities() : {},
      loss: often(rng, LOSS_MAX),
      duplicate: often(rng, 0.2),
      reorder: often(rng, 0.2),
      junk: often(rng, 0.05),
    },
    speech,
    faults: kinds.map((type) => faultOf(type, rng, nodes, talkMs)),
    startMs: 500 + below(rng, 5_000),
    // By chance of its own: what the others are does not depend on it.
    through: uniform(seededRng(seed ^ 0x1a4)) < LAN_SHARE ? "lan" : "any",
    config: uniform(rng) < 0.3 ? { fanout: 1 + below(rng, 12), seenLimit: 1 + below(rng, 4) } : {},
  };
  const honest = withDeletes(withRooms(withRetention(withNewer(withDisks(mix, seed, talkMs), seed), seed), seed), seed);
  return described(withHostile(honest, seed, talkMs, hostileShare));
}

/** What a mix has in it that is no fault, and is worth counting with them. */
export function ingredientsOf(mix: Scenario): Readonly<Record<string, number>> {
  const { network, speech, through, newer, deletes, config, rooms, recentBytes } = mix;
  return {
    "mixed rooms": newer > 0 ? 1 : 0,
    "deleted messages": deletes > 0 ? 1 : 0,
    "small logs": config.maxMessages === undefined ? 0 : 1,
    "several rooms": rooms > 1 ? 1 : 0,
    "few bodies in memory": recentBytes === undefined ? 0 : 1,
    "rooms in 19 regions": Object.keys(network.regions).length === 0 ? 0 : 1,
    "rooms on one LAN": through === "lan" ? 1 : 0,
    "long texts": speech.bytes < LARGE_BYTES_MIN ? 0 : speech.messages,
  };
}

// --- internal ---

const basics = {
  acquainted: false,
  idleMs: 0,
  settleMs: 120_000,
  quietMs: 15_000,
  rooms: 1,
  roomsPerHost: [1, 1],
  newer: 0,
  deletes: 0,
} as const;

/** What each of these is drawn from stays as it was when others came: a seed is the same mix for ever. */
const networkFaults: readonly FaultType[] = [
  "partition",
  "crash",
  "blackout",
  "leave",
  "late",
  "stall",
  "sleep",
  "move",
  "slow",
  "skew",
  "deaf",
  "full",
  "replay",
];

const NODES_MAX = 40;
const FAULTS_MAX = 4;
const LOSS_MAX = 0.5;

/** Mixes whose nodes are spread over the cities of the world, and in which long texts are said. */
const REGIONS_SHARE = 0.15;
const LARGE_SHARE = 0.1;
/** And those in which nobody has an address to join: all are on one LAN. */
const LAN_SHARE = 0.15;
/** More than fits a datagram. */
const LARGE_BYTES_MIN = 2_000;

function speechOf(rng: Rng): Speech {
  if (uniform(rng) < LARGE_SHARE)
    return {
      messages: 1 + below(rng, 5),
      everyMs: 1_000 + below(rng, 4_000),
      bytes: LARGE_BYTES_MIN + below(rng, 60_000),
    };
  return { messages: 10 + below(rng, 31), everyMs: 200 + below(rng, 800), bytes: 1 + below(rng, 800) };
}

function cities(): Network["regions"] {
  const scenario = readScenario("regions");
  return typeof scenario === "string" ? {} : scenario.network.regions;
}

/** Nothing in half of the mixes, else up to `most`, in whole percent. */
function often(rng: Rng, most: number): number {
  const share = uniform(rng) < 0.5 ? 0 : uniform(rng) * most;
  return Math.round(100 * share) / 100;
}

function faultOf(type: FaultType, rng: Rng, nodes: number, talkMs: number): Fault {
  const few = 1 + below(rng, Math.max(Math.floor(nodes / 3), 1));
  const isPlural = ["crash", "leave", "stall", "sleep", "move"].includes(type);
  return {
    type,
    atMs: below(rng, Math.max(Math.floor(talkMs / 2), 1)),
    forMs: 500 + below(rng, 15_000),
    count: type === "replay" ? 1 + below(rng, 50) : few,
    groups: 2 + below(rng, 3),
    byMs: type === "slow" ? 1 + below(rng, 40) : (below(rng, 2) === 0 ? 1 : -1) * below(rng, 600_000),
    share: 0.5,
    times: isPlural ? 1 + below(rng, 4) : 1,
    everyMs: 1_000 + below(rng, 5_000),
  };
}

/** Of these each mix has disks; the first number is the least, the second the most that a write takes, and a read. */
const DISKS: readonly DiskSettings[] = [
  { writeMs: [0.05, 0.5], readMs: [0.05, 0.3] },
  { writeMs: [1, 10], readMs: [0.1, 2] },
  { writeMs: [5, 40], readMs: [2, 20] },
];
/** Mixes whose nodes keep so little in memory that what others ask for is mostly read. */
const FORGETFUL_SHARE = 0.4;
const SLOW_DISK_MS_MAX = 5_000;

function withDisks(mix: Scenario, seed: number, talkMs: number): Scenario {
  const rng = seededRng(seed ^ 0xd15c);
  const kinds = sample(rng, ["failing", "slowDisk", "badReads"] as const, Math.max(below(rng, 6) - 2, 0));
  const faults = kinds.map((type): Fault => {
    const fault = faultOf(type, rng, mix.nodes, talkMs);
    const byMs = type === "slowDisk" ? 100 + below(rng, SLOW_DISK_MS_MAX) : 0;
    return { ...fault, byMs, share: Math.round(100 * uniform(rng)) / 101 };
  });
  const disk = DISKS[below(rng, DISKS.length)] as DiskSettings;
  const recent = uniform(rng) < FORGETFUL_SHARE ? { recentBytes: 500 + below(rng, 20_000) } : {};
  return { ...mix, ...recent, disk, faults: [...mix.faults, ...faults] };
}

/** Mixes in which some run a later version. */
const NEWER_SHARE = 0.25;

function withNewer(mix: Scenario, seed: number): Scenario {
  const rng = seededRng(seed ^ 0xe4e);
  return uniform(rng) < NEWER_SHARE ? { ...mix, newer: 1 + below(rng, Math.ceil(mix.nodes / 2)) } : mix;
}

/** Mixes in which more is said than is kept, by a few in turn. */
const RETENTION_SHARE = 0.15;

function withRetention(mix: Scenario, seed: number): Scenario {
  const rng = seededRng(seed ^ 0x8e7);
  if (uniform(rng) >= RETENTION_SHARE || mix.speech.bytes >= LARGE_BYTES_MIN) return mix;
  const authors = 1 + below(rng, Math.min(mix.nodes, 4));
  const maxMessages = 2 * authors + below(rng, 24);
  return { ...mix, speech: { ...mix.speech, authors }, config: { ...mix.config, maxMessages } };
}

/** Mixes in which hosts are in several rooms. */
const ROOMS_SHARE = 0.06;

function withRooms(mix: Scenario, seed: number): Scenario {
  const rng = seededRng(seed ^ 0x400);
  if (uniform(rng) >= ROOMS_SHARE) return mix;
  const rooms = 2 + below(rng, 3);
  const leaving: Fault = {
    ...faultOf("leaveRoom", rng, mix.nodes, mix.speech.messages * mix.speech.everyMs),
    forMs: 0,
  };
  return { ...mix, rooms, roomsPerHost: [1, rooms], faults: [...mix.faults, leaving] };
}

/** Mixes in which people delete what they have said, some of it or nearly all. */
const DELETES_SHARE = 0.3;

function withDeletes(mix: Scenario, seed: number): Scenario {
  const rng = seededRng(seed ^ 0xde1);
  return uniform(rng) < DELETES_SHARE ? { ...mix, deletes: (1 + below(rng, 9)) / 10 } : mix;
}

/** Mixes that some of the members attack. */
const HOSTILE_SHARE = 0.15;
const ATTACKS_MAX = 3;
/** Attacks that came later have a chance of their own: what else a seed draws stays as it was. */
const STRATEGIES_LATER: readonly StrategyName[] = ["cutBodies"];
const STRATEGIES_FIRST = strategyNames.filter((name) => !STRATEGIES_LATER.includes(name));
const LATER_SHARE = 0.25;

function withHostile(mix: Scenario, seed: number, talkMs: number, share: number): Scenario {
  const rng = seededRng(seed ^ 0x4057);
  if (uniform(rng) >= share) return mix;
  const count = 1 + below(rng, Math.max(Math.floor(mix.nodes / 3), 1));
  const drawn = sample(rng, STRATEGIES_FIRST, 1 + below(rng, ATTACKS_MAX));
  const later = seededRng(seed ^ 0xc07);
  drawn.push(...STRATEGIES_LATER.filter(() => uniform(later) < LATER_SHARE));
  const strategies = drawn.filter((name) => openWeaknesses[name] === undefined);
  if (strategies.length === 0) return mix;
  const atMs = below(rng, Math.max(Math.floor(talkMs / 2), 1));
  return { ...mix, hostile: { count, strategies, atMs, forMs: 5_000 + below(rng, 15_000) } };
}

function described(mix: Scenario): Scenario {
  const kinds = [...new Set(mix.faults.map(({ type }) => type))];
  const { hostile } = mix;
  const attack = hostile === undefined ? "" : `, ${hostile.count} hostile: ${hostile.strategies.join(", ")}`;
  return { ...mix, about: `${mix.nodes} nodes and ${kinds.length === 0 ? "no faults" : kinds.join(", ")}${attack}` };
}
