/** The models that `npm run sim:table` prints beside this protocol. */
import { below, sample, uniform } from "../../protocol/rng.ts";
import { type Model, type ModelWorld, type Packet, randomOverlay } from "./model.ts";
import { plumtree } from "./plumtree.ts";

const body = (message: number): Packet => ({ kind: "body", message, body: true });

/** To everyone, at first sight. */
const flood: Model = {
  name: "flood",
  about: "at first sight to everyone but the sender",
  create: (world) => {
    const forward = (node: number, message: number, from: number): void => {
      for (let to = 0; to < world.nodes; to += 1) if (to !== node && to !== from) world.send(node, to, body(message));
    };
    return {
      say: (author, message) => forward(author, message, author),
      receive: (node, from, { message }) => {
        if (world.sees(node, message)) forward(node, message, from);
      },
    };
  },
};

/** The program that this one grew out of: plain push gossip, no acknowledgement, no repair. */
const original: Model = {
  name: "original smplchat",
  about: "to 2 random peers on each of the first 2 sightings",
  create: (world) => {
    const FANOUT = 2;
    const SEEN_LIMIT = 2;
    const sightings = new Map<string, number>();
    const relay = (node: number, message: number): void => {
      const key = `${node} ${message}`;
      const count = sightings.get(key) ?? 0;
      if (count >= SEEN_LIMIT) return;
      sightings.set(key, count + 1);
      for (const to of others(world, node, FANOUT)) world.send(node, to, body(message));
    };
    return {
      say: relay,
      receive: (node, _from, { message }) => {
        world.sees(node, message);
        relay(node, message);
      },
    };
  },
};

/** HashiCorp memberlist (DefaultLANConfig): a queue of broadcasts, each sent a limited number of times. */
const memberlist: Model = {
  name: "memberlist",
  about: "every 200 ms to 3 random nodes, each message 4·⌈log10(N+1)⌉ times (DefaultLANConfig)",
  create: (world) => {
    const INTERVAL_MS = 200;
    const NODES = 3;
    const limit = 4 * Math.ceil(Math.log10(world.nodes + 1));
    const queues = Array.from({ length: world.nodes }, () => new Map<number, number>());
    const gossip = (node: number): void => {
      for (const to of others(world, node, NODES))
        for (const [message, left] of queues[node] ?? []) {
          world.send(node, to, body(message));
          if (left > 1) queues[node]?.set(message, left - 1);
          else queues[node]?.delete(message);
        }
      world.after(INTERVAL_MS, () => gossip(node));
    };
    for (let node = 0; node < world.nodes; node += 1) world.after(INTERVAL_MS * uniform(world.rng), () => gossip(node));
    return {
      say: (author, message) => queues[author]?.set(message, limit),
      receive: (node, _from, { message }) => {
        if (world.sees(node, message)) queues[node]?.set(message, limit);
      },
    };
  },
};

/** gossipsub 1.1 (libp2p), its mesh and its lazy gossip: D = 6, D_lazy = 6, a heartbeat each second, a history of 3 of 5. */
const gossipsub: Model = {
  name: "gossipsub-like mesh",
  about: "mesh of D = 6, each heartbeat (1 s) the ids of the last 3 to 6 others",
  create: (world) => {
    const D = 6;
    const LAZY = 6;
    const HEARTBEAT_MS = 1_000;
    const HISTORY = 3;
    const mesh = randomOverlay(world, D);
    const recent = Array.from({ length: world.nodes }, () => [[]] as number[][]);
    const forward = (node: number, message: number, from: number): void => {
      recent[node]?.[0]?.push(message);
      for (const to of mesh[node] ?? []) if (to !== from) world.send(node, to, body(message));
    };
    const heartbeat = (node: number): void => {
      const windows = recent[node] as number[][];
      const strangers = others(world, node, LAZY + D).filter((peer) => mesh[node]?.has(peer) !== true);
      for (const to of strangers.slice(0, LAZY))
        for (const message of windows.flat()) world.send(node, to, { kind: "ihave", message, body: false });
      windows.unshift([]);
      windows.length = Math.min(windows.length, HISTORY);
      world.after(HEARTBEAT_MS, () => heartbeat(node));
    };
    for (let node = 0; node < world.nodes; node += 1)
      world.after(HEARTBEAT_MS * uniform(world.rng), () => heartbeat(node));
    return {
      say: (author, message) => forward(author, message, author),
      receive: (node, from, { kind, message }) => {
        if (kind === "body" && world.sees(node, message)) forward(node, message, from);
        if (kind === "ihave" && !world.has(node, message))
          world.send(node, from, { kind: "iwant", message, body: false });
        if (kind === "iwant") world.send(node, from, body(message));
      },
    };
  },
};

export const models: readonly Model[] = [flood, original, memberlist, gossipsub, plumtree];

// --- internal ---

/** Up to `count` random others. */
function others({ nodes, rng }: ModelWorld, node: number, count: number): number[] {
  if (nodes <= 3 * count)
    return sample(
      rng,
      Array.from({ length: nodes }, (_, other) => other).filter((other) => other !== node),
      count,
    );
  const picked = new Set<number>();
  while (picked.size < count) {
    const other = below(rng, nodes);
    if (other !== node) picked.add(other);
  }
  return [...picked];
}
