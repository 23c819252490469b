/**
 * Whether the nodes of a room can find each other at all. A node that moved while all it knew moved too, or were hostile, is at an
 * address that nobody knows, and knows none. No program comes back from there: people ask each other for an address.
 */
import type { Endpoint } from "../../wire/endpoint.ts";
import type { VirtualNode } from "./node.ts";

type Islander = Pick<VirtualNode, "endpoint" | "disk" | "host" | "isUp" | "core">;

/** Nodes that are up, by whom addresses lead to whom, over others too, in either direction; the largest group is first. */
export function islandsOf<Node extends Islander>(
  nodes: readonly Node[],
  toldOf: (node: Node) => readonly Endpoint[],
): Node[][] {
  const up = nodes.filter((node) => node.isUp());
  const at = new Map<Endpoint, Node>(up.map((node) => [node.endpoint, node]));
  const islandOf = new Map<Node, Node[]>(up.map((node) => [node, [node]]));
  for (const node of up) {
    for (const endpoint of [...toldOf(node), ...addressesIn(node)]) {
      const other = at.get(endpoint);
      const [mine, theirs] = [islandOf.get(node), other && islandOf.get(other)];
      if (mine === undefined || theirs === undefined || mine === theirs) continue;
      for (const one of theirs) islandOf.set(one, mine);
      mine.push(...theirs);
    }
  }
  return [...new Set(islandOf.values())].sort((one, other) => other.length - one.length);
}

// --- internal ---

/** All that it may try: rather too many, so that no fault of the program passes for an island. */
function addressesIn({ core, disk, host }: Islander): Endpoint[] {
  const members = core()
    .peers(host.clock())
    .flatMap(({ address }) => (address === undefined ? [] : [address]));
  return [...members, ...disk.addresses.newestFirst().map(({ endpoint }) => endpoint)];
}
