/** A room in which everyone knows everyone from the start, so that a thousand nodes need not be introduced to each other. */
import { createRoster, type Roster } from "../protocol/membership/roster.ts";
import { hashOf } from "../protocol/relay/rankOrder.ts";
import { below } from "../protocol/rng.ts";
import type { BootId } from "../protocol/types.ts";
import { toHex } from "../wire/ids.ts";
import type { NodeWorld, VirtualNode } from "./node.ts";

/** What a node begins with: its own boot id, as the others know it, and all of them. */
export type Acquaintance = { readonly boot: BootId; readonly roster: Roster };

export function randomBoot(rng: NodeWorld["rng"]): BootId {
  return toHex(Uint8Array.from({ length: 8 }, () => below(rng, 256))) as BootId;
}

/** For each of these nodes. */
export function acquaint(nodes: readonly VirtualNode[], rng: NodeWorld["rng"]): Map<VirtualNode, Acquaintance> {
  const roster = createRoster();
  const boots = new Map<VirtualNode, BootId>();
  for (const node of nodes) {
    const boot = randomBoot(rng);
    const statement = node.introduction(boot);
    roster.set({ id: node.id, hash: hashOf(node.id), statement, status: "alive", since: 0, accusers: [] });
    roster.list(statement);
    boots.set(node, boot);
  }
  // What a fork holds of its own is copied when it is forked again; this one holds nothing of its own.
  const shared = roster.fork();
  return new Map([...boots].map(([node, boot]) => [node, { boot, roster: shared }]));
}
