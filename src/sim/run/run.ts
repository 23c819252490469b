/** Plays a scenario with a seed: the same two give the same run to the byte, which the trace's hash shows. */
import { blake2b } from "../../crypto/hash.ts";
import { wrapVerify } from "../../crypto/identity.ts";
import type { RoomSecret } from "../../crypto/roomKeys.ts";
import { type Config, defaultConfig } from "../../protocol/config.ts";
import type { Notice } from "../../protocol/events.ts";
import { below, type Rng, seededRng } from "../../protocol/rng.ts";
import type { Millis } from "../../protocol/time.ts";
import type { Endpoint } from "../../wire/endpoint.ts";
import { acquaint } from "../world/acquaintance.ts";
import { createAgenda } from "../world/agenda.ts";
import { indexOfEndpoint, LAN, OUTSIDER } from "../world/endpoints.ts";
import { createFaults } from "../world/faults.ts";
import { createNetwork, type NetworkCounts } from "../world/network.ts";
import { createVirtualNode, type NodeWorld, type VirtualNode, WALL_START } from "../world/node.ts";
import { createSniffer, type Sniffed } from "../world/sniffer.ts";
import { createCheckers } from "./checkers.ts";
import { createDetection, type Detected } from "./detection.ts";
import { createMeasures, type Measured } from "./measures.ts";
import type { Scenario } from "./scenario.ts";
import { isOneLog, isOneRoster, runUntil, watchUntil } from "./settling.ts";
import { createTrace } from "./trace.ts";
import { rememberVerified } from "./verified.ts";

export type Run = {
  readonly scenario: string;
  readonly seed: number;
  readonly nodes: number;
  readonly loss: number;
  readonly measured: Measured;
  readonly detected: Detected;
  /** What nodes told the people in front of them, in order. */
  readonly told: readonly Told[];
  /** Each broken invariant in words; empty: all held. */
  readonly broken: readonly string[];
  readonly faults: Readonly<Record<string, number>>;
  readonly network: NetworkCounts;
  /** Undefined: not asked for. */
  readonly sniffed: Sniffed | undefined;
  /** BLAKE2b over every datagram sent, with its time: equal runs, equal hash. */
  readonly trace: string;
  readonly virtualMs: Millis;
  /** From the last start until every roster was complete; undefined: not within the limit. */
  readonly gatheredMs: Millis | undefined;
  /** From the last message and fault until all logs were one. */
  readonly settledMs: Millis | undefined;
  /** From the last fault's end until every live node's roster was the set of live nodes. */
  readonly rosterSettledMs: Millis | undefined;
  /** First sights of each message, as delays in the order they came. */
  readonly delays: readonly (readonly Millis[])[];
};

/** A notice of a node. */
export type Told = { readonly node: number; readonly at: Millis; readonly notice: Notice };

export type RunOptions = {
  /** Open every datagram and count the bytes of each kind of frame. */
  readonly sniff?: boolean;
  /** Virtual time passed, and at most to come. */
  readonly onProgress?: (passedMs: Millis, wholeMs: Millis) => void;
};

/** Not to be called while another run is being played. */
export function run(scenario: Scenario, seed: number, options: RunOptions = {}): Run {
  const unwrap = wrapVerify(rememberVerified);
  try {
    return play(scenario, seed, options);
  } finally {
    unwrap();
  }
}

// --- internal ---

/** The longest that a room may take to get to know itself before the talk begins anyway. */
const GATHER_MS: Millis = 60_000;
const PROGRESS_MS: Millis = 1_000;

function newRoom(rng: Rng): RoomSecret {
  const key = Uint8Array.from({ length: 32 }, () => below(rng, 256));
  return { id: blake2b(key, 32), epoch: 0, key };
}

type Awake = { readonly node: VirtualNode; readonly index: number };

function play(scenario: Scenario, seed: number, options: RunOptions): Run {
  const rng = seededRng(seed);
  const agenda = createAgenda();
  const network = createNetwork(scenario.network, agenda, rng);
  const trace = createTrace();
  network.watch((bytes, from, to) => trace.add(agenda.now(), from, to, bytes));
  const checkers = createCheckers();
  const measures = createMeasures();
  const config: Config = { ...defaultConfig, ...scenario.config };
  /** BOUNDED: by what happens in one run. */
  const told: Told[] = [];
  /** Nodes whose last write failed. */
  const failedWrites = new Set<number>();
  const world: NodeWorld = {
    agenda,
    network,
    rng,
    config,
    room: newRoom(rng),
    onLan: scenario.through === "lan",
    onEvent: (node, event, from) => {
      checkers.onEvent(node, event);
      detection.onEvent(node, event, agenda.now());
      if (event.type === "notice") told.push({ node, at: agenda.now(), notice: event.notice });
      measures.onEvent(node, event, from === undefined ? undefined : indexOfEndpoint(from), agenda.now());
    },
    onThrow: checkers.onThrow,
    onDiskError: (node) => {
      failedWrites.add(node);
      checkers.onDiskError(node);
    },
  };
  const nodes = Array.from({ length: scenario.nodes }, (_, index) => createVirtualNode(index, world));
  const detection = createDetection(nodes);
  const faults = createFaults(scenario, nodes, world, {
    started: (index) => {
      checkers.started(index);
      detection.started(index);
    },
    crashed: (index) => {
      checkers.crashed(index, (nodes[index] as VirtualNode).disk);
      detection.crashed(index, agenda.now());
    },
    outOfReachUntil: detection.excuseUntil,
  });
  const sniffer = options.sniff === true ? createSniffer(world.room) : undefined;
  if (sniffer !== undefined) {
    const bootAt = (at: Endpoint) => (at === OUTSIDER || at === LAN ? undefined : nodes[indexOfEndpoint(at)]?.boot());
    network.watch((bytes, from, to) => sniffer.see(bytes, from, to, bootAt(to), agenda.now()));
  }
  const talkMs = Math.max(scenario.speech.messages * scenario.speech.everyMs, faults.lastMs);
  const wholeMs = scenario.startMs + scenario.idleMs + talkMs;
  const tellProgress = (): void => {
    options.onProgress?.(agenda.now(), wholeMs);
    if (agenda.now() < wholeMs) agenda.at(agenda.now() + PROGRESS_MS, tellProgress);
  };

  faults.beforeStart();
  const early = nodes.filter((_, index) => !faults.isLate(index));
  const known = scenario.acquainted ? acquaint(early, rng) : undefined;
  early.forEach((node, index) => {
    const at = known === undefined ? (index * scenario.startMs) / early.length : 0;
    agenda.at(at, () => faults.start(node, known?.get(node)));
  });
  if (options.onProgress !== undefined) tellProgress();
  agenda.runUntil(scenario.startMs);
  const gatheredMs = runUntil(agenda, GATHER_MS, () =>
    early.every((node) => node.core().stats().peers === early.length - 1),
  );
  measureIdle(scenario.idleMs);

  const talkFrom = agenda.now();
  measures.talkFrom(talkFrom, network.counts);
  faults.schedule();
  for (let index = 0; index < scenario.speech.messages; index += 1) {
    agenda.at(talkFrom + index * scenario.speech.everyMs, () => speak(index));
  }
  let rosterTook: () => Millis | undefined = () => undefined;
  agenda.at(talkFrom + faults.lastMs, () => {
    const limitMs = talkMs - faults.lastMs + scenario.settleMs;
    rosterTook = watchUntil(agenda, limitMs, () => isOneRoster(nodes));
  });
  agenda.runUntil(talkFrom + talkMs);
  const settledMs = runUntil(agenda, scenario.settleMs, () => isOneLog(nodes));
  runUntil(agenda, scenario.settleMs - (settledMs ?? scenario.settleMs), () => rosterTook() !== undefined);
  measures.talkUntil(agenda.now(), network.counts);

  return {
    scenario: scenario.name,
    seed,
    nodes: scenario.nodes,
    loss: scenario.network.loss,
    measured: measures.result(nodes),
    detected: detection.result(),
    told,
    broken: checkers.verdict(nodes, network.counts, WALL_START + agenda.now()),
    faults: faults.counts,
    network: network.counts,
    sniffed: sniffer?.result(),
    trace: trace.hash(),
    virtualMs: agenda.now(),
    gatheredMs,
    settledMs,
    rosterSettledMs: rosterTook(),
    delays: measures.delaysOf(),
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
    const awake: Awake[] = nodes.flatMap((node, index) => (node.isAwake() ? [{ node, index }] : []));
    const author = awake[below(rng, awake.length)];
    if (author === undefined) return;
    const text = `${number} `.padEnd(scenario.speech.bytes, "abcdefghij");
    failedWrites.delete(author.index);
    author.node.command({ type: "say", text, kind: "text" });
    const own = author.node
      .core()
      .log()
      .findLast((message) => message.own && message.text === text);
    if (own === undefined) return;
    measures.said(own.id, author.index, agenda.now());
    checkers.said(own.id, !failedWrites.has(author.index));
  }
}
