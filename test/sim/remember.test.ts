/** Nobody types an address twice: nodes that start again find their room by what they remember, and a split heals. */

import { describe, expect, it } from "vitest";
import { defaultConfig } from "../../src/protocol/config.ts";
import { seededRng } from "../../src/protocol/rng.ts";
import type { Millis } from "../../src/protocol/time.ts";
import { calmNetwork } from "../../src/sim/run/scenario.ts";
import { type Agenda, createAgenda } from "../../src/sim/world/agenda.ts";
import { createNetwork, type VirtualNetwork } from "../../src/sim/world/network.ts";
import { createVirtualNode, type NodeWorld, type VirtualNode } from "../../src/sim/world/node.ts";
import { privateRoom } from "../suites/said.ts";

type Room = { readonly agenda: Agenda; readonly network: VirtualNetwork; readonly nodes: readonly VirtualNode[] };

/** So many nodes that all know each other. */
function openRoom(count: number, seed: number, loss = 0): Room {
  const agenda = createAgenda();
  const rng = seededRng(seed);
  const network = createNetwork({ ...calmNetwork, loss }, agenda, rng);
  const fail = (error: unknown): never => {
    throw error;
  };
  const world: NodeWorld = {
    agenda,
    network,
    rng,
    config: defaultConfig,
    room: privateRoom(1),
    onEvent: () => {},
    onThrow: (_, error) => fail(error),
  };
  const nodes = Array.from({ length: count }, (_, index) => createVirtualNode(index, world));
  nodes.forEach((node, index) => {
    node.start(index === 0 ? [] : [(nodes[0] as VirtualNode).endpoint]);
  });
  const room = { agenda, network, nodes };
  expect(untilOneRoster(room, 30_000), "the room to gather").toBeDefined();
  agenda.runUntil(agenda.now() + 30_000);
  return room;
}

/** How long it took until every node counts all others as live peers; undefined: longer. */
function untilOneRoster({ agenda, nodes }: Room, limitMs: Millis): Millis | undefined {
  const from = agenda.now();
  const isWhole = (): boolean => nodes.every((node) => node.core().stats().peers === nodes.length - 1);
  while (!isWhole()) {
    if (agenda.now() - from >= limitMs) return undefined;
    agenda.runUntil(agenda.now() + 250);
  }
  return agenda.now() - from;
}

/** Cuts the room in two; everyone of the first side, of `side` nodes, starts again in the middle of `forMs`. */
function splitAndRestart({ agenda, network, nodes }: Room, side: number, forMs: Millis): void {
  const first = nodes.slice(0, side);
  const inFirst = new Set(first.map((node) => node.endpoint));
  network.partition((endpoint) => (inFirst.has(endpoint) ? 0 : 1));
  agenda.runUntil(agenda.now() + forMs / 2);
  for (const node of first) node.crash();
  agenda.runUntil(agenda.now() + 2_000);
  for (const node of first) node.start([]);
  agenda.runUntil(agenda.now() + forMs / 2 - 2_000);
  network.partition(undefined);
}

const seeds = [1, 2, 3, 4, 5, 6];

describe("after a split in which everyone on one side was restarted, there is one roster within 60 s of the heal", () => {
  it.each(seeds)("1 and 1, 2 and 2, 3 and 17 nodes, a minute, seed %i", (seed) => {
    for (const [side, count] of [
      [1, 2],
      [2, 4],
      [3, 20],
    ] as const) {
      const room = openRoom(count, seed);
      splitAndRestart(room, side, 60_000);
      expect(untilOneRoster(room, 60_000), `${side} of ${count}`).toBeDefined();
    }
  });

  it.each(seeds)(
    "2 and 2, 4 and 8 nodes, half an hour, seed %i",
    (seed) => {
      for (const [side, count] of [
        [2, 4],
        [4, 12],
      ] as const) {
        const room = openRoom(count, seed);
        splitAndRestart(room, side, 1_800_000);
        expect(untilOneRoster(room, 60_000), `${side} of ${count}`).toBeDefined();
      }
    },
    60_000,
  );
});

describe("a node that starts again with no address given", () => {
  it.each(seeds)("is back in its room within 2 s where nothing is lost, seed %i", (seed) => {
    const room = openRoom(8, seed);
    const [first] = room.nodes as [VirtualNode];
    first.crash();
    room.agenda.runUntil(room.agenda.now() + 60_000);
    first.start([]);
    expect(untilOneRoster(room, 2_000)).toBeDefined();
  });

  it.each(seeds)("and within 15 s where 30 % is lost, seed %i", (seed) => {
    const room = openRoom(8, seed, 0.3);
    const [first] = room.nodes as [VirtualNode];
    first.crash();
    room.agenda.runUntil(room.agenda.now() + 60_000);
    first.start([]);
    expect(untilOneRoster(room, 15_000)).toBeDefined();
  });

  it("finds a room that has moved on to others, through one of those it met last", () => {
    const room = openRoom(6, 1);
    const [sleeper, ...others] = room.nodes as [VirtualNode, ...VirtualNode[]];
    sleeper.crash();
    // All but the last are gone by the time it starts.
    for (const node of others.slice(0, -1)) node.crash();
    room.agenda.runUntil(room.agenda.now() + 600_000);
    sleeper.start([]);
    const pair = { ...room, nodes: [sleeper, others.at(-1) as VirtualNode] };
    expect(untilOneRoster(pair, 2_000)).toBeDefined();
  });
});

it("all nodes of a room that start again at once are together again within 5 s", () => {
  for (const seed of seeds) {
    const room = openRoom(20, seed);
    for (const node of room.nodes) node.crash();
    room.agenda.runUntil(room.agenda.now() + 60_000);
    for (const node of room.nodes) node.start([]);
    expect(untilOneRoster(room, 5_000), `seed ${seed}`).toBeDefined();
  }
});
