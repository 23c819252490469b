/** Plays a scenario with a seed. The same two give the same run to the byte, which the hash of the trace shows. */
import { wrapVerify } from "../../crypto/identity.ts";
import { readMessage, verifyMessage } from "../../crypto/signed.ts";
import { defaultConfig } from "../../protocol/config.ts";
import type { Notice } from "../../protocol/events.ts";
import { type Rng, seededRng } from "../../protocol/rng.ts";
import type { Millis } from "../../protocol/time.ts";
import type { HostileResult } from "../hostile/hostiles.ts";
import { acquaint } from "../world/acquaintance.ts";
import { createAgenda } from "../world/agenda.ts";
import { type DiskCounts, noDiskCounts } from "../world/disk.ts";
import { createFaults, type Knowledge } from "../world/faults.ts";
import { createNetwork, type NetworkCounts } from "../world/network.ts";
import { type VirtualNode, WALL_START } from "../world/node.ts";
import type { Sniffed } from "../world/sniffer.ts";
import { createAttacked } from "./attacked.ts";
import { type Checkers, createCheckers } from "./checkers.ts";
import { createDetection, type Detected } from "./detection.ts";
import { createMeasures, type Measured } from "./measures.ts";
import type { Scenario } from "./scenario.ts";
import { isOneLog, isOneRoster, isWritten, runUntil, watchUntil } from "./settling.ts";
import { createSpeech, flooderOf } from "./speech.ts";
import { createStage, type Room } from "./stage.ts";
import { createTrace } from "./trace.ts";
import { rememberVerified } from "./verified.ts";
import { complaintsOfQuiet, complaintsOfWaiting, watchRooms } from "./watching.ts";

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
  /** Undefined: all were honest. */
  readonly hostile: HostileResult | undefined;
  /** What the disks of all nodes did, and refused to do. */
  readonly disks: DiskCounts;
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
/** Within this time each node hears by a digest of one other at least that it holds the same. */
const DIGESTS_MS: Millis = 10_000;
/** What answers something that nobody has said waits so long for it. */
const ATTACKED_SETTLE_MS: Millis = 330_000;

function play(scenario: Scenario, seed: number, options: RunOptions): Run {
  const rng = seededRng(seed);
  const agenda = createAgenda();
  const network = createNetwork(scenario.network, agenda, rng);
  const trace = createTrace();
  network.watch((bytes, from, to) => trace.add(agenda.now(), from, to, bytes));
  const measures = createMeasures();
  /** BOUNDED: by what happens in one run. */
  const told: Told[] = [];
  const world = { agenda, network, rng, onLan: scenario.through === "lan" };
  const stage = createStage(scenario, seed, world, {
    onStart: (node, kept, marks) => checkersOf(node).started(node, kept, marks),
    onStop: (node) => checkersOf(node).stopping(node),
    onEvent: (node, event, from) => {
      checkersOf(node).onEvent(node, event);
      detection.onEvent(node, event, agenda.now());
      if (event.type === "notice") told.push({ node, at: agenda.now(), notice: event.notice });
      const by = from === undefined ? undefined : stage.numberAt(from, (nodes[node] as VirtualNode).room);
      measures.onEvent(node, event, by, agenda.now());
    },
    onThrow: (node, error) => checkersOf(node).onThrow(node, error),
    onRefused: (node, ids) => checkersOf(node).refused(node, ids),
  });
  const { nodes, stations, rooms } = stage;
  const { flood } = scenario.speech;
  const flooder = flooderOf(scenario);
  const checkers = rooms.map(({ keys, number }) =>
    createCheckers({
      diskOf: (node) => (nodes[node] as VirtualNode).disk,
      idOf: (node) => (nodes[node] as VirtualNode).id,
      isGenuine: ({ id, bytes }) => {
        const message = readMessage(keys, bytes);
        return message?.id === id && verifyMessage(keys, message);
      },
      now: agenda.now,
      hostileMembers: number === 0 ? (scenario.hostile?.count ?? 0) : 0,
      maxMessages: scenario.config.maxMessages ?? defaultConfig.maxMessages,
      flooder,
    }),
  );
  const checkersOf = (node: number): Checkers => checkers[(nodes[node] as VirtualNode).room] as Checkers;
  const numberOf = new Map<VirtualNode, number>(nodes.map((node, number) => [node, number]));
  const detection = createDetection(nodes);
  const faults = createFaults(scenario, stations, world, {
    started: (node) => detection.started(numberOf.get(node) as number),
    crashed: (node) => detection.crashed(numberOf.get(node) as number, agenda.now()),
    outOfReachUntil: detection.excuseUntil,
  });
  const attacked = createAttacked(scenario, seed, stage, world, checkers[0] as Checkers);
  const watched = watchRooms(scenario, stage, world, options.sniff === true, checkersOf, attacked.isSending);
  const harmMs = Math.max(faults.lastMs, attacked.lastMs);
  const floodMs = flood === undefined ? 0 : flood.messages * flood.everyMs;
  const talkMs = Math.max(scenario.speech.messages * scenario.speech.everyMs, floodMs, harmMs);
  const settleMs = attacked.lastMs > 0 ? Math.max(scenario.settleMs, ATTACKED_SETTLE_MS) : scenario.settleMs;
  const wholeMs = scenario.startMs + scenario.idleMs + talkMs;
  const tellProgress = (): void => {
    options.onProgress?.(agenda.now(), wholeMs);
    if (agenda.now() < wholeMs) agenda.at(agenda.now() + PROGRESS_MS, tellProgress);
  };

  faults.beforeStart();
  const early = stations.filter((_, index) => !faults.isLate(index));
  const earlyNodes = early.flatMap((station) => station.nodes);
  const known = scenario.acquainted ? acquaintRooms(rooms, earlyNodes, rng) : undefined;
  early.forEach((station, index) => {
    const at = known === undefined ? (index * scenario.startMs) / early.length : 0;
    agenda.at(at, () => faults.start(station, known));
  });
  if (options.onProgress !== undefined) tellProgress();
  agenda.runUntil(scenario.startMs);
  const gatheredMs = runUntil(agenda, GATHER_MS, () => everyRoom(rooms, earlyNodes, isGathered));
  measureIdle(scenario.idleMs);

  const talkFrom = agenda.now();
  measures.talkFrom(talkFrom, network.counts);
  faults.schedule();
  attacked.schedule();
  const speech = createSpeech(scenario, seed, stage, rng, (node, id, kindNumber) => {
    // What counts is what a flood costs the others.
    if (node !== flooder) measures.said(id, node, agenda.now());
    // A disk that claims nothing has it at once.
    checkersOf(node).said(node, id, kindNumber, !(nodes[node] as VirtualNode).disk.isDurable);
  });
  for (let index = 0; index < scenario.speech.messages; index += 1) {
    agenda.at(talkFrom + index * scenario.speech.everyMs, () => speech.say(index));
  }
  for (let index = 0; flood !== undefined && index < flood.messages; index += 1) {
    agenda.at(talkFrom + index * flood.everyMs, () => speech.flood(index, flood.bytes));
  }
  let rosterTook: () => Millis | undefined = () => undefined;
  agenda.at(talkFrom + harmMs, () => {
    const limitMs = talkMs - harmMs + settleMs;
    rosterTook = watchUntil(agenda, limitMs, () => everyRoom(rooms, nodes, isOneRoster));
  });
  agenda.runUntil(talkFrom + talkMs);
  const settledMs = runUntil(agenda, settleMs, () => everyRoom(rooms, nodes, isOneLog) && isWritten(nodes));
  runUntil(agenda, settleMs - (settledMs ?? settleMs), () => rosterTook() !== undefined);
  measures.talkUntil(agenda.now(), network.counts);
  agenda.runUntil(agenda.now() + scenario.quietMs / 2);
  watched.startQuiet();
  agenda.runUntil(agenda.now() + scenario.quietMs / 2);
  const aftermath = attacked.aftermath(detection.result().falseDeaths);

  return {
    scenario: scenario.name,
    seed,
    nodes: scenario.nodes,
    loss: scenario.network.loss,
    measured: measures.result(nodes),
    detected: detection.result(),
    told,
    broken: [
      ...rooms.flatMap(({ number, nodes: inRoom }) =>
        (checkers[number] as Checkers).verdict(inRoom, network.counts, WALL_START + agenda.now()),
      ),
      ...endless(),
      ...unheard(),
      ...aftermath,
    ],
    faults: faults.counts,
    hostile: attacked.result(),
    disks: sumOf(nodes),
    network: network.counts,
    sniffed: watched.sniffed(),
    trace: trace.hash(),
    virtualMs: agenda.now(),
    gatheredMs,
    settledMs,
    rosterSettledMs: rosterTook(),
    delays: measures.delaysOf(),
  };

  /** When all hold the same for a while, and nobody talks, nobody goes on comparing logs. */
  function endless(): string[] {
    // What a clock that was ahead has stamped counts later, and a slow node reads old news: there is something to compare then.
    const isLate = scenario.faults.some(({ type }) => type === "skew" || type === "slow");
    return settledMs === undefined || isLate ? [] : complaintsOfQuiet(watched.comparedInQuiet(), nodes.length);
  }

  /** When all hold the same for a while, nobody calls a message waiting that others have. */
  function unheard(): string[] {
    if (settledMs === undefined || scenario.quietMs < DIGESTS_MS) return [];
    return complaintsOfWaiting(nodes, WALL_START + agenda.now());
  }

  /** Nobody talks: the first half is for rumours to die down, the second is measured. */
  function measureIdle(forMs: Millis): void {
    if (forMs === 0) return;
    agenda.runUntil(agenda.now() + forMs / 2);
    measures.idleFrom(agenda.now(), network.counts);
    agenda.runUntil(agenda.now() + forMs / 2);
    measures.idleUntil(agenda.now(), network.counts);
  }
}

/** In each room. */
function everyRoom(
  rooms: readonly Room[],
  nodes: readonly VirtualNode[],
  holds: (nodes: readonly VirtualNode[]) => boolean,
): boolean {
  return rooms.every(({ number }) => holds(nodes.filter(({ room }) => room === number)));
}

function acquaintRooms(rooms: readonly Room[], nodes: readonly VirtualNode[], rng: Rng): Knowledge {
  return new Map(
    rooms.flatMap(({ number }) => [
      ...acquaint(
        nodes.filter(({ room }) => room === number),
        rng,
      ),
    ]),
  );
}

function isGathered(nodes: readonly VirtualNode[]): boolean {
  return nodes.every((node) => node.core().stats().peers === nodes.length - 1);
}

function sumOf(nodes: readonly VirtualNode[]): DiskCounts {
  const sum = noDiskCounts();
  for (const { disk } of nodes)
    for (const kind of Object.keys(sum) as (keyof DiskCounts)[]) sum[kind] += disk.counts[kind];
  return sum;
}
