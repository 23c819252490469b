/** A random scenario: as many nodes, as bad a network and as much trouble as the seed says. The same seed, the same mix. */
import { below, type Rng, sample, seededRng, uniform } from "../protocol/rng.ts";
import { type Fault, type FaultType, faultTypes, type Scenario } from "./scenario.ts";

export function mixOf(seed: number): Scenario {
  // Not the numbers that the run itself draws.
  const rng = seededRng(seed ^ 0x5eed);
  const nodes = 3 + below(rng, NODES_MAX - 2);
  const messages = 10 + below(rng, 31);
  const everyMs = 200 + below(rng, 800);
  const kinds = sample(rng, Object.keys(faultTypes) as FaultType[], below(rng, FAULTS_MAX + 1));
  const talkMs = messages * everyMs;
  return {
    name: `mix-${seed}`,
    about: `${nodes} nodes and ${kinds.length === 0 ? "no faults" : kinds.join(", ")}`,
    nodes,
    network: {
      delayMs: [1 + below(rng, 20), 20 + below(rng, 100)],
      regions: {},
      loss: often(rng, LOSS_MAX),
      duplicate: often(rng, 0.2),
      reorder: often(rng, 0.2),
      junk: often(rng, 0.05),
    },
    speech: { messages, everyMs, bytes: 1 + below(rng, 800) },
    faults: kinds.map((type) => faultOf(type, rng, nodes, talkMs)),
    startMs: 500 + below(rng, 5_000),
    through: "any",
    idleMs: 0,
    settleMs: SETTLE_MS,
    config: uniform(rng) < 0.3 ? { fanout: 1 + below(rng, 12), seenLimit: 1 + below(rng, 4) } : {},
  };
}

// --- internal ---

const NODES_MAX = 40;
const FAULTS_MAX = 4;
const LOSS_MAX = 0.5;
const SETTLE_MS = 120_000;

/** Nothing in half of the mixes, else up to `most`, in whole percent. */
function often(rng: Rng, most: number): number {
  const share = uniform(rng) < 0.5 ? 0 : uniform(rng) * most;
  return Math.round(100 * share) / 100;
}

function faultOf(type: FaultType, rng: Rng, nodes: number, talkMs: number): Fault {
  const few = 1 + below(rng, Math.max(Math.floor(nodes / 3), 1));
  const isPlural = type === "crash" || type === "leave" || type === "stall";
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
