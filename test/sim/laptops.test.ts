/** Nodes that sleep and nodes that move, over seeds and losses: nothing is missed, and what is told of it is true. */

import { describe, expect, it } from "vitest";
import { defaultConfig } from "../../src/protocol/config.ts";
import type { ChatEvent, Notice } from "../../src/protocol/events.ts";
import { below, seededRng } from "../../src/protocol/rng.ts";
import type { Millis } from "../../src/protocol/time.ts";
import { calmNetwork } from "../../src/sim/run/scenario.ts";
import { type Agenda, createAgenda } from "../../src/sim/world/agenda.ts";
import { createNetwork } from "../../src/sim/world/network.ts";
import { createVirtualNode, type NodeWorld, type VirtualNode, WALL_START } from "../../src/sim/world/node.ts";
import { timeOfId } from "../../src/wire/ids.ts";
import { privateRoom } from "../suites/said.ts";

type Room = {
  readonly agenda: Agenda;
  readonly nodes: readonly [VirtualNode, ...VirtualNode[]];
  readonly events: readonly ChatEvent[][];
};

function openRoom(count: number, seed: number, loss: number): Room {
  const agenda = createAgenda();
  const rng = seededRng(seed);
  const fail = (error: unknown): never => {
    throw error;
  };
  const events = Array.from({ length: count }, (): ChatEvent[] => []);
  const world: NodeWorld = {
    agenda,
    network: createNetwork({ ...calmNetwork, loss }, agenda, rng),
    rng,
    config: defaultConfig,
    room: privateRoom(1),
    onEvent: (node, event) => events[node]?.push(event),
    onThrow: (_, error) => fail(error),
  };
  const nodes = Array.from({ length: count }, (_, index) => createVirtualNode(index, world));
  nodes.forEach((node, index) => {
    node.start(index === 0 ? [] : [(nodes[0] as VirtualNode).endpoint]);
  });
  agenda.runUntil(60_000);
  for (const node of nodes) expect(node.core().stats().peers).toBe(count - 1);
  return { agenda, nodes: nodes as [VirtualNode, ...VirtualNode[]], events };
}

/** Someone says something now and then, for so long. */
function talk({ agenda, nodes }: Room, forMs: Millis, everyMs: Millis, seed: number): void {
  const rng = seededRng(seed);
  for (const until = agenda.now() + forMs; agenda.now() < until; ) {
    const awake = nodes.filter((node) => node.isAwake());
    awake[below(rng, awake.length)]?.say(`at ${agenda.now()}`);
    agenda.runUntil(Math.min(agenda.now() + everyMs, until));
  }
}

const backOf = (events: readonly ChatEvent[]): Extract<Notice, { code: "back" }>[] =>
  events.flatMap((event) => (event.type === "notice" && event.notice.code === "back" ? [event.notice] : []));

describe.each([0, 0.1, 0.3])("where %d of all datagrams are lost", (loss) => {
  it.each([1, 2, 3, 4, 5])(
    "a node that slept two minutes has all of it, and tells how much that was, seed %i",
    (seed) => {
      const room = openRoom(12, seed, loss);
      const { agenda, events } = room;
      const [sleeper, ...others] = room.nodes;
      sleeper.host.sleep(120_000);
      talk(room, 120_000, 2_000, seed);
      const wokeAt = agenda.now();
      const had = new Set(sleeper.core().ids());
      agenda.runUntil(wokeAt + 12_000);
      const missed = (others[0] as VirtualNode).core().ids();
      const [told, ...more] = backOf(events[0] ?? []);
      expect(more).toEqual([]);
      expect(told).toMatchObject({ missing: 0, complete: true });
      expect(told?.messages).toBe(
        missed.filter((id) => !had.has(id) && timeOfId(id) <= WALL_START + wokeAt + 1_500).length,
      );
      expect(Math.abs((told?.goneMs ?? 0) - 120_000)).toBeLessThan(1_000);
      expect(sleeper.core().logState()).toEqual(others[0]?.core().logState());
      for (const node of room.nodes) expect(node.core().stats().peers).toBe(11);
    },
  );

  it.each([1, 2, 3, 4, 5])("a node that moves is reached where it is by all within 10 s, seed %i", (seed) => {
    const room = openRoom(12, seed, loss);
    const { agenda, events } = room;
    const [mover, ...others] = room.nodes;
    mover.host.move();
    talk(room, 10_000, 500, seed);
    for (const node of others) {
      const { address } =
        node
          .core()
          .peers({ mono: agenda.now(), wall: 0 })
          .find(({ id }) => id === mover.id) ?? {};
      expect(address).toBe(mover.endpoint);
    }
    agenda.runUntil(agenda.now() + 5_000);
    expect(backOf(events[0] ?? [])).toMatchObject([{ missing: 0, complete: true, movedTo: mover.endpoint }]);
    for (const node of room.nodes) expect(node.core().logState()).toEqual(mover.core().logState());
  });
});
