/**
 * A room in which everyone knows everyone from the start, so that a simulation need not introduce a thousand nodes to each
 * other.
 */
import { hashOf } from "../../protocol/membership/rank.ts";
import { createRoster } from "../../protocol/membership/roster.ts";
import type { BootId } from "../../wire/ids.ts";
import { type Acquaintance, type NodeWorld, randomBoot, type VirtualNode } from "./node.ts";

/** For each of these nodes. */
export function acquaint(nodes: readonly VirtualNode[], rng: NodeWorld["rng"]): Map<VirtualNode, Acquaintance> {
  const roster = createRoster();
  const boots = new Map<VirtualNode, BootId>();
  for (const node of nodes) {
    const boot = randomBoot(rng);
    const statement = node.introduction(boot);
    const unaccused = { since: 0, accusers: [], cleared: [] };
    roster.set({ id: node.id, hash: hashOf(node.id), statement, status: "alive", ...unaccused });
    roster.list(statement);
    boots.set(node, boot);
  }
  // What a fork holds of its own is copied when it is forked again; this one holds nothing of its own.
  const shared = roster.fork();
  return new Map([...boots].map(([node, boot]) => [node, { boot, roster: shared }]));
}
