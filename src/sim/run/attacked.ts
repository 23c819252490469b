/**
 * Plays the hostile members of a scenario, and checks what a room owes its honest members meanwhile and afterwards: bounded
 * tables, no traffic to those who never asked for it, nobody called dead who is alive, and peace within a minute.
 */
import type { Millis } from "../../protocol/time.ts";
import type { Endpoint } from "../../wire/endpoint.ts";
import type { MessageId, PeerId } from "../../wire/ids.ts";
import { createHostiles, type HostileResult } from "../hostile/hostiles.ts";
import { indexOfEndpoint, isVictim } from "../world/endpoints.ts";
import type { HostWorld } from "../world/host.ts";
import type { VirtualNode } from "../world/node.ts";
import type { Checkers } from "./checkers.ts";
import type { Scenario } from "./scenario.ts";
import type { Stage } from "./stage.ts";
import type { Complain } from "./words.ts";

export type Attacked = {
  /** The talk begins now. */
  readonly schedule: () => void;
  /** When the attack is over, from the start of the talk; 0: there is none. */
  readonly lastMs: Millis;
  /** A datagram that leaves now is a hostile member's, whoever it says it is from. */
  readonly isSending: () => boolean;
  /** At the end of the run, when nobody talks: waits until the minute has passed, and says what was broken. */
  readonly aftermath: (falseDeaths: number) => string[];
  /** Undefined: there is no attack. */
  readonly result: () => HostileResult | undefined;
};

export function createAttacked(
  scenario: Scenario,
  seed: number,
  stage: Stage,
  world: HostWorld,
  checkers: Checkers,
): Attacked {
  const { hostile } = scenario;
  const room = stage.rooms[0];
  if (hostile === undefined || room === undefined) return peaceful;
  const { agenda, network } = world;
  const nodes = [...room.nodes.values()];
  const complaints: string[] = [];
  const reflection = createReflection(agenda.now);
  const said = (id: MessageId, author: PeerId, bytes: number): void => checkers.saidByHostile(id, author, bytes);
  const hosts = scenario.nodes;
  const hostiles = createHostiles({ hostile, seed, roomKeys: room.keys, nodes, hosts, world, said });
  network.watch(reflection.see);
  let overAt = 0;
  const look = (): void => {
    checkers.look(room.nodes);
    if (agenda.now() < overAt) agenda.at(agenda.now() + LOOK_MS, look);
  };
  return {
    lastMs: hostiles.lastMs,
    isSending: hostiles.isSending,
    schedule: () => {
      overAt = agenda.now() + hostiles.lastMs;
      hostiles.schedule();
      agenda.at(agenda.now() + hostile.atMs, look);
    },
    aftermath: (falseDeaths) => {
      reflection.verdict((text) => complaints.push(text));
      if (falseDeaths > 0 && isSound(scenario))
        complaints.push(`I11: ${falseDeaths} times the living were called dead`);
      agenda.runUntil(Math.max(agenda.now(), overAt + PEACE_MS));
      const spans = Array.from({ length: SPANS }, () => {
        const before = network.counts.bytes;
        agenda.runUntil(agenda.now() + MEASURED_MS);
        return network.counts.bytes - before;
      });
      // All rooms share the network.
      complaints.push(...complaintsOfPeace(spans, stage.nodes, scenario.network.loss));
      return complaints;
    },
    result: () => ({ ...hostiles.result(), atVictims: reflection.bytes() }),
  };
}

/** Bytes to addresses where nobody is, for each node. */
export type Reflection = {
  /** Every datagram on the network. */
  readonly see: (bytes: Uint8Array, from: Endpoint, to: Endpoint) => void;
  readonly verdict: (complain: Complain) => void;
  /** To all of them. */
  readonly bytes: () => number;
};

/** `now`: virtual time. */
export function createReflection(now: () => Millis): Reflection {
  /** BOUNDED: by nodes and victims. */
  const pairs = new Map<string, { received: number; sent: number; since: Millis; until: Millis }>();
  const pairOf = (node: Endpoint, victim: Endpoint) => {
    const key = `n${indexOfEndpoint(node)} ${victim}`;
    const pair = pairs.get(key) ?? { received: 0, sent: 0, since: now(), until: now() };
    pairs.set(key, pair);
    pair.until = now();
    return pair;
  };
  return {
    see: (bytes, from, to) => {
      if (isVictim(to) && !isVictim(from)) pairOf(from, to).sent += bytes.length;
      if (isVictim(from) && !isVictim(to)) pairOf(to, from).received += bytes.length;
    },
    bytes: () => [...pairs.values()].reduce((sum, { sent }) => sum + sent, 0),
    verdict: (complain) => {
      for (const [pair, { received, sent, since, until }] of pairs) {
        const tries = TRIES_IN_A_ROW + (until - since) / TRY_AGAIN_MS;
        const most = AMPLIFICATION_MOST * received + tries * DATAGRAM_BYTES;
        if (sent > most) complain(`I7: ${sent} bytes went from ${pair}, of which ${received} had come`);
      }
    },
  };
}

/**
 * After an attack, with nobody talking, a node sends little again: in each of these spans, or, where so much is lost that the living
 * are suspected without an attack, in most of them. `spans`: bytes of all nodes.
 */
export function complaintsOfPeace(
  spans: readonly number[],
  nodes: readonly Pick<VirtualNode, "isUp">[],
  loss: number,
): string[] {
  const live = nodes.filter((node) => node.isUp()).length;
  const ascending = spans.map((bytes) => bytes / Math.max(live, 1) / (MEASURED_MS / 1_000)).sort((a, b) => a - b);
  const isSteady = loss <= STEADY_LOSS_MAX;
  const perSecond = ascending[isSteady ? ascending.length - 1 : Math.floor(ascending.length / 2)] ?? 0;
  if (perSecond <= (isSteady ? PEACE_BYTES_PER_SECOND : PEACE_LOSSY_BYTES_PER_SECOND)) return [];
  return [`I11: a minute after the attack each node still sends ${perSecond.toFixed(0)} bytes/s`];
}

// --- internal ---

const LOOK_MS: Millis = 1_000;
const PEACE_MS: Millis = 60_000;
export const MEASURED_MS: Millis = 10_000;
const SPANS = 3;
/** Where more is lost traffic at rest comes in waves: somebody who lives is suspected, and says so to all. */
const STEADY_LOSS_MAX = 0.25;
/** About twice what a node of 40 sends at rest where little is lost. */
const PEACE_BYTES_PER_SECOND = 600;
/** One of 36 sends 600 to 700 at rest where 48 % are lost; every 30 s comes a wave of 840 to 1,000. */
const PEACE_LOSSY_BYTES_PER_SECOND = 1_000;
/** RFC 9000 §8: a number of its own, so that a wrong limit of the core is noticed. */
const AMPLIFICATION_MOST = 3;
/** What a node may try by itself where a member's statement says that it is: so many datagrams, and then one after each pause. */
const TRIES_IN_A_ROW = 24;
const TRY_AGAIN_MS: Millis = 2_000;
const DATAGRAM_BYTES = 1_200;
/** Where more is lost somebody is called dead without an attack. */
const SOUND_LOSS_MAX = 0.05;

const peaceful: Attacked = {
  schedule: () => {},
  lastMs: 0,
  isSending: () => false,
  aftermath: () => [],
  result: () => undefined,
};

function isSound({ network, faults }: Scenario): boolean {
  return faults.length === 0 && network.loss <= SOUND_LOSS_MAX;
}
