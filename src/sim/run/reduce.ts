/**
 * Makes a failing scenario small: fewer nodes, fewer faults, a better network, fewer messages, as long as it still fails
 * (delta debugging, Zeller and Hildebrandt 2002, in its greedy form).
 */
import { calmNetwork, type Fault, type Scenario } from "./scenario.ts";

/** BOUNDED: at most `attempts` calls of `fails`, which is known to hold for `scenario`. */
export function reduce(scenario: Scenario, fails: (smaller: Scenario) => boolean, attempts: number): Scenario {
  let best = scenario;
  let left = attempts;
  for (let improved = true; improved; ) {
    improved = false;
    for (const smaller of smallerThan(best)) {
      if (left === 0) return best;
      left -= 1;
      if (!fails(smaller)) continue;
      best = smaller;
      improved = true;
      break;
    }
  }
  return best;
}

// --- internal ---

const NODES_MIN = 2;

/** Steps down, the largest first. */
function* smallerThan(scenario: Scenario): Generator<Scenario> {
  const { nodes, faults, network, speech, hostile } = scenario;
  if (hostile !== undefined) {
    const { hostile: _, ...honest } = scenario;
    yield honest;
    for (const strategy of hostile.strategies.length > 1 ? hostile.strategies : [])
      yield { ...scenario, hostile: { ...hostile, strategies: hostile.strategies.filter((one) => one !== strategy) } };
    if (hostile.count > 1) yield { ...scenario, hostile: { ...hostile, count: Math.floor(hostile.count / 2) } };
  }
  for (const count of [NODES_MIN, Math.floor(nodes / 2), Math.floor((3 * nodes) / 4), nodes - 1])
    if (count >= NODES_MIN && count < nodes) yield { ...scenario, nodes: count };
  for (const fault of faults) yield { ...scenario, faults: faults.filter((other) => other !== fault) };
  for (const harm of ["junk", "duplicate", "reorder", "loss"] as const)
    if (network[harm] > 0) yield { ...scenario, network: { ...network, [harm]: calmNetwork[harm] } };
  const messages = Math.floor(speech.messages / 2);
  if (messages < speech.messages) yield { ...scenario, speech: { ...speech, messages } };
  for (const fault of faults) {
    for (const smaller of milder(fault))
      yield { ...scenario, faults: faults.map((other) => (other === fault ? smaller : other)) };
  }
  if (scenario.through !== "any") yield { ...scenario, through: "any" };
  if (Object.keys(scenario.config).length > 0) yield { ...scenario, config: {} };
}

function* milder(fault: Fault): Generator<Fault> {
  if (fault.times > 1) yield { ...fault, times: Math.floor(fault.times / 2) };
  if (fault.count > 1) yield { ...fault, count: Math.floor(fault.count / 2) };
  if (fault.groups > 2) yield { ...fault, groups: 2 };
  if (fault.forMs > 1_000) yield { ...fault, forMs: Math.floor(fault.forMs / 2) };
}
