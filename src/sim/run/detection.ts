/** Measures how long it takes until everyone knows of a crash, and how often a living node was called dead. */
import type { ChatEvent } from "../../protocol/events.ts";
import type { Millis } from "../../protocol/time.ts";
import type { PeerId } from "../../wire/ids.ts";
import type { VirtualNode } from "../world/node.ts";
import { entry } from "./words.ts";

export type Detected = {
  /** Of each crash that all survivors noticed before the node came back: until the last one called it dead, ascending. */
  readonly detectionMs: readonly Millis[];
  /** Crashes that somebody had not noticed when the node came back or the run ended. */
  readonly undetected: number;
  /** Nodes called dead while they were up and within reach. */
  readonly falseDeaths: number;
};

export type Detection = {
  readonly crashed: (node: number, at: Millis) => void;
  readonly started: (node: number) => void;
  readonly onEvent: (node: number, event: ChatEvent, at: Millis) => void;
  /** Whoever is called dead before `at` may have been out of reach. */
  readonly excuseUntil: (at: Millis) => void;
  readonly result: () => Detected;
};

export function createDetection(nodes: readonly VirtualNode[]): Detection {
  const rooms = new Map<number, Map<PeerId, number>>();
  for (const [index, { room, id }] of nodes.entries()) entry(rooms, room, () => new Map()).set(id, index);
  const isOther = (one: number, other: number): boolean => one !== other && nodes[one]?.room === nodes[other]?.room;
  /** Those who are down, and who has yet to notice. */
  const open = new Map<number, { readonly at: Millis; readonly unaware: Set<number> }>();
  const detectionMs: Millis[] = [];
  let undetected = 0;
  let falseDeaths = 0;
  let excused = 0;

  const noticed = (victim: number, by: number, at: Millis): void => {
    const crash = open.get(victim);
    if (crash === undefined || !crash.unaware.delete(by) || crash.unaware.size > 0) return;
    detectionMs.push(at - crash.at);
    open.delete(victim);
  };

  return {
    crashed: (victim, at) => {
      // The dead notice nothing any more.
      for (const other of open.keys()) noticed(other, victim, at);
      const unaware = nodes.flatMap((node, index) => (node.isUp() && isOther(index, victim) ? [index] : []));
      open.set(victim, { at, unaware: new Set(unaware) });
    },
    started: (node) => {
      if (open.delete(node)) undetected += 1;
    },
    onEvent: (node, event, at) => {
      if (event.type !== "peer" || event.status !== "dead") return;
      const victim = rooms.get(nodes[node]?.room ?? 0)?.get(event.peer.id);
      if (victim === undefined) return;
      if (nodes[victim]?.isUp() === true && at > excused) falseDeaths += 1;
      noticed(victim, node, at);
    },
    excuseUntil: (at) => {
      excused = Math.max(excused, at);
    },
    result: () => ({
      detectionMs: [...detectionMs].sort((a, b) => a - b),
      undetected: undetected + open.size,
      falseDeaths,
    }),
  };
}
