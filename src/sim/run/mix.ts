/** A random scenario: as many nodes, as bad a network and as much trouble as the seed says. The same seed, the same mix. */
import { below, type Rng, sample, seededRng, uniform } from "../../protocol/rng.ts";
import { readScenario } from "./library.ts";
import { type Fault, type FaultType, faultTypes, type Network, type Scenario, type Speech } from "./scenario.ts";

export function mixOf(seed: number): Scenario {
  // Not the numbers that the run itself draws.
  const rng = seededRng(seed ^ 0x5eed);
  const nodes = 3 + below(rng, NODES_MAX - 2);
  const speech = speechOf(rng);
  const kinds = sample(rng, Object.keys(faultTypes) as FaultType[], below(rng, FAULTS_MAX + 1));
  const talkMs = speech.messages * speech.everyMs;
  return {
    name: `mix-${seed}`,
    about: `${nodes} nodes and ${kinds.length === 0 ? "no faults" : kinds.join(", ")}`,
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
    acquainted: false,
    idleMs: 0,
    settleMs: SETTLE_MS,
    config: uniform(rng) < 0.3 ? { fanout: 1 + below(rng, 12), seenLimit: 1 + below(rng, 4) } : {},
  };
}

/** What a mix has in it that is no fault, and is worth counting with them. */
export function ingredientsOf({ network, speech, through }: Scenario): Readonly<Record<string, number>> {
  return {
    "rooms in 19 regions": Object.keys(network.regions).length === 0 ? 0 : 1,
    "rooms on one LAN": through === "lan" ? 1 : 0,
    "long texts": speech.bytes < LARGE_BYTES_MIN ? 0 : speech.messages,
  };
}

// --- internal ---

const NODES_MAX = 40;
const FAULTS_MAX = 4;
const LOSS_MAX = 0.5;
const SETTLE_MS = 120_000;

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
    times: isPlural ? 1 + below(rng, 4) : 1,
    everyMs: 1_000 + below(rng, 5_000),
  };
}
