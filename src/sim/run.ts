/** Plays a scenario with a seed: the same two give the same run to the byte, which the trace's hash shows. */
import { wrapVerify } from "../crypto/identity.ts";
import { type Config, defaultConfig } from "../protocol/config.ts";
import { below, sample, seededRng, shuffle } from "../protocol/rng.ts";
import type { Endpoint, MessageId, Millis } from "../protocol/types.ts";
import { type Agenda, createAgenda } from "./agenda.ts";
import { createCheckers } from "./checkers.ts";
import { createMeasures, type Measured } from "./measures.ts";
import { createNetwork, type NetworkCounts } from "./network.ts";
import { createVirtualNode, type NodeWorld, type VirtualNode } from "./node.ts";
import type { Fault, Scenario } from "./scenario.ts";
import { createTrace } from "./trace.ts";
import { rememberVerified } from "./verified.ts";

export type Run = {
  readonly scenario: string;
  readonly seed: number;
  readonly nodes: number;
  readonly loss: number;
  readonly measured: Measured;
  /** Each broken invariant in words; empty: all held. */
  readonly broken: readonly string[];
  readonly faults: Readonly<Record<string, number>>;
  readonly network: NetworkCounts;
  /** BLAKE2b over every datagram sent, with its time: equal runs, equal hash. */
  readonly trace: string;
  readonly virtualMs: Millis;
  /** From the last start until every roster was complete; undefined: not within the limit. */
  readonly gatheredMs: Millis | undefined;
  /** From the last message and fault until all logs were one. */
  readonly settledMs: Millis | undefined;
};

/** The longest that a room may take to get to know itself before the talk begins anyway. */
const GATHER_MS: Millis = 60_000;
/** How often it is looked whether what is waited for has come. */
const LOOK_MS: Millis = 250;

type Up = { readonly node: VirtualNode; readonly index: number };

export function run(scenario: Scenario, seed: number): Run {
  const unwrap = wrapVerify(rememberVerified);
  try {
    return play(scenario, seed);
  } finally {
    unwrap();
  }
}

// --- internal ---

function play(scenario: Scenario, seed: number): Run {
  const rng = seededRng(seed);
  const agenda = createAgenda();
  const trace = createTrace();
  const network = createNetwork(scenario.network, agenda, rng, trace);
  const checkers = createCheckers();
  const measures = createMeasures();
  const config: Config = { ...defaultConfig, ...scenario.config };
  const world: NodeWorld = {
    agenda,
    network,
    rng,
    config,
    roomKey: Uint8Array.from({ length: 32 }, () => below(rng, 256)),
    onEvent: (node, event) => {
      checkers.onEvent(node, event);
      measures.onEvent(event, agenda.now());
    },
    onThrow: checkers.onThrow,
  };
  const nodes = Array.from({ length: scenario.nodes }, (_, index) => createVirtualNode(index, world));
  const faults = createFaults(scenario, nodes, world, checkers.started);

  nodes.forEach((node, index) => {
    agenda.at((index * scenario.startMs) / nodes.length, () => faults.start(node, index));
  });
  faults.beforeStart();
  agenda.runUntil(scenario.startMs);
  const gathered = runUntil(agenda, GATHER_MS, () =>
    nodes.every((node) => node.core().stats().peers === nodes.length - 1),
  );
  measureIdle(scenario.idleMs);

  measures.talkFrom(agenda.now(), network.counts);
  faults.schedule(agenda.now());
  const mustExist = new Set<MessageId>();
  const talkFrom = agenda.now();
  for (let index = 0; index < scenario.speech.messages; index += 1) {
    agenda.at(talkFrom + index * scenario.speech.everyMs, () => speak(index));
  }
  const talkMs = scenario.speech.messages * scenario.speech.everyMs;
  agenda.runUntil(talkFrom + Math.max(talkMs, faults.lastMs));
  const settled = runUntil(agenda, scenario.settleMs, () => isSettled(nodes));
  measures.talkUntil(agenda.now(), network.counts);

  return {
    scenario: scenario.name,
    seed,
    nodes: scenario.nodes,
    loss: scenario.network.loss,
    measured: measures.result(nodes),
    broken: checkers.verdict(nodes, mustExist, network.counts),
    faults: faults.counts,
    network: network.counts,
    trace: trace.hash(),
    virtualMs: agenda.now(),
    gatheredMs: gathered,
    settledMs: settled,
  };

  /** Nobody talks: the first half is for rumours to die down, the second is measured. */
  function measureIdle(forMs: Millis): void {
    if (forMs === 0) return;
    agenda.runUntil(agenda.now() + forMs / 2);
    measures.idleFrom(agenda.now(), network.counts);
    agenda.runUntil(agenda.now() + forMs / 2);
    measures.idleUntil(agenda.now(), network.counts);
  }

  function speak(number: number): void {
    const up: Up[] = nodes.flatMap((node, index) => (node.isUp() ? [{ node, index }] : []));
    const author = up[below(rng, up.length)];
    if (author === undefined) return;
    const text = `${number} `.padEnd(scenario.speech.bytes, "abcdefghij");
    author.node.command({ type: "say", text, kind: "text" });
    const own = author.node
      .core()
      .log()
      .findLast((message) => message.own && message.text === text);
    if (own === undefined) return;
    measures.said(own.id, agenda.now());
    mustExist.add(own.id);
  }
}

/** Runs until `isDone`, for at most `limitMs`: how long it took, or undefined. */
function runUntil(agenda: Agenda, limitMs: Millis, isDone: () => boolean): Millis | undefined {
  const from = agenda.now();
  while (!isDone()) {
    if (agenda.now() - from >= limitMs) return undefined;
    agenda.runUntil(agenda.now() + LOOK_MS);
  }
  return agenda.now() - from;
}

/** All nodes that are up hold and have shown the same. */
function isSettled(nodes: readonly VirtualNode[]): boolean {
  const states = nodes.filter((node) => node.isUp()).map((node) => node.core().logState());
  return states.every((state) => state.held === 0 && state.fingerprint === states[0]?.fingerprint);
}

type Faults = {
  /** What holds from the start: clocks that are off. */
  readonly beforeStart: () => void;
  readonly start: (node: VirtualNode, index: number) => void;
  readonly schedule: (from: Millis) => void;
  /** When the last of them is over, from the start of the talk. */
  readonly lastMs: Millis;
  readonly counts: Record<string, number>;
};

function createFaults(
  scenario: Scenario,
  nodes: readonly VirtualNode[],
  world: NodeWorld,
  started: (node: number) => void,
): Faults {
  const { agenda, rng, network } = world;
  const counts: Record<string, number> = {};

  /** Through an earlier node, or any other one when it comes back. */
  const start = (node: VirtualNode, index: number): void => {
    started(index);
    const others = nodes.filter((other) => other !== node && other.isUp()).map((other) => other.endpoint);
    node.start(sample(rng, others, 1));
  };
  const partition = (groups: number, forMs: Millis): void => {
    const order = shuffle(
      rng,
      nodes.map((node) => node.endpoint),
    );
    const groupOf = new Map<Endpoint, number>(order.map((endpoint, index) => [endpoint, index % groups]));
    network.partition((endpoint) => groupOf.get(endpoint) ?? 0);
    agenda.at(agenda.now() + forMs, () => network.partition(undefined));
  };
  const crash = (count: number, forMs: Millis): void => {
    const victims = sample(
      rng,
      nodes.filter((node) => node.isUp()),
      count,
    );
    for (const node of victims) {
      node.crash();
      agenda.at(agenda.now() + forMs, () => start(node, nodes.indexOf(node)));
    }
  };
  const strike = (fault: Fault): void => {
    counts[fault.type] = (counts[fault.type] ?? 0) + (fault.type === "partition" ? 1 : fault.count);
    if (fault.type === "partition") partition(fault.groups, fault.forMs);
    if (fault.type === "crash") crash(fault.count, fault.forMs);
    if (fault.type === "stall") for (const node of sample(rng, nodes, fault.count)) node.stall(fault.forMs);
  };

  return {
    counts,
    start,
    beforeStart: () => {
      for (const fault of scenario.faults) {
        if (fault.type !== "skew") continue;
        counts.skew = (counts.skew ?? 0) + fault.count;
        for (const node of sample(rng, nodes, fault.count)) node.skewMs = fault.forMs;
      }
    },
    schedule: (from) => {
      for (const fault of scenario.faults) if (fault.type !== "skew") agenda.at(from + fault.atMs, () => strike(fault));
    },
    lastMs: Math.max(
      0,
      ...scenario.faults.filter((fault) => fault.type !== "skew").map((fault) => fault.atMs + fault.forMs),
    ),
  };
}
