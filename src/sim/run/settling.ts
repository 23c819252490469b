/** Waits until a room has become one: one log and one roster on all nodes that are up. */
import type { Millis } from "../../protocol/time.ts";
import type { Agenda } from "../world/agenda.ts";
import type { VirtualNode } from "../world/node.ts";

/** How often it is looked whether what is waited for has come. */
const LOOK_MS: Millis = 250;

/** Runs until `isDone`, for at most `limitMs`: how long it took, or undefined. */
export function runUntil(agenda: Agenda, limitMs: Millis, isDone: () => boolean): Millis | undefined {
  const from = agenda.now();
  while (!isDone()) {
    if (agenda.now() - from >= limitMs) return undefined;
    agenda.runUntil(agenda.now() + LOOK_MS);
  }
  return agenda.now() - from;
}

/** Looks from now on, for at most `limitMs`; returns what tells how long it took until `isDone`, undefined: not yet, or never. */
export function watchUntil(agenda: Agenda, limitMs: Millis, isDone: () => boolean): () => Millis | undefined {
  const from = agenda.now();
  let took: Millis | undefined;
  const look = (): void => {
    if (isDone()) took = agenda.now() - from;
    else if (agenda.now() - from < limitMs) agenda.at(agenda.now() + LOOK_MS, look);
  };
  look();
  return () => took;
}

/** All nodes that are up hold and have shown the same. */
export function isOneLog(nodes: readonly VirtualNode[]): boolean {
  const states = nodes.filter((node) => node.isUp()).map((node) => node.core().logState());
  return states.every((state) => state.held === 0 && state.fingerprint === states[0]?.fingerprint);
}

/** What the nodes hold is on their disks, where these keep anything for them. */
export function isWritten(nodes: readonly VirtualNode[]): boolean {
  return nodes.every((node) => {
    if (!node.isUp() || !node.disk.isDurable) return true;
    const { unwritten, refused } = node.core().tables();
    return unwritten?.size === 0 && refused?.size === 0 && node.disk.isIdle();
  });
}

/** The roster of each node that is up is all that are up in its room, and nobody else. */
export function isOneRoster(nodes: readonly VirtualNode[]): boolean {
  const live = nodes.filter((node) => node.isUp());
  return (
    live.every((node) => node.core().stats().peers === live.length - 1) &&
    live.every((node) => live.every((other) => other === node || node.core().isHere(other.id)))
  );
}
