/**
 * Other ways to spread a message, as small pure models on the same virtual network. They have no membership, no sealing
 * and no repair of history, and everyone knows everyone from the start. Their cost and speed are counted.
 */
import { below, type Rng, seededRng } from "../../protocol/rng.ts";
import type { Millis } from "../../protocol/time.ts";
import type { Endpoint } from "../../wire/endpoint.ts";
import { quantile } from "../run/quantile.ts";
import type { Scenario } from "../run/scenario.ts";
import { createAgenda } from "../world/agenda.ts";
import { endpointOf, indexOfEndpoint } from "../world/endpoints.ts";
import { createNetwork } from "../world/network.ts";

/** `message`: the number of a message; `body`: the message itself travels along; the rest is the model's own. */
export type Packet = { readonly kind: string; readonly message: number; readonly body: boolean };

export type ModelWorld = {
  readonly nodes: number;
  readonly rng: Rng;
  readonly send: (from: number, to: number, packet: Packet) => void;
  readonly after: (ms: Millis, action: () => void) => void;
  /** True the first time this node gets this message. */
  readonly sees: (node: number, message: number) => boolean;
  readonly has: (node: number, message: number) => boolean;
};

export type Model = {
  readonly name: string;
  /** Its parameters, and whose defaults they are. */
  readonly about: string;
  readonly create: (world: ModelWorld) => {
    readonly say: (author: number, message: number) => void;
    readonly receive: (node: number, from: number, packet: Packet) => void;
  };
};

export type Spread = {
  readonly coverage: number;
  readonly sendsPerDelivery: number;
  readonly p99Ms: Millis;
  /** Of all first sights, ascending. */
  readonly delays: ArrayLike<Millis>;
};

/** The talk of the scenario, spread by the model; faults are left out. */
export function spread(model: Model, scenario: Scenario, seed: number): Spread {
  const { nodes, speech } = scenario;
  const rng = seededRng(seed);
  const agenda = createAgenda();
  const network = createNetwork(scenario.network, agenda, rng);
  /** The network carries bytes; what they stand for is looked up at the other end. */
  const packets = new WeakMap<Uint8Array, Packet>();
  const saidAt: Millis[] = [];
  const seen = Array.from({ length: nodes }, () => new Set<number>());
  const delays: Millis[] = [];
  let sends = 0;
  const world: ModelWorld = {
    nodes,
    rng,
    send: (from, to, packet) => {
      const bytes = new Uint8Array(packet.body ? speech.bytes : 1);
      packets.set(bytes, packet);
      if (packet.body) sends += 1;
      network.send(bytes, endpointOf(from), endpointOf(to));
    },
    after: (ms, action) => agenda.at(agenda.now() + ms, action),
    has: (node, message) => seen[node]?.has(message) === true,
    sees: (node, message) => {
      if (seen[node]?.has(message) !== false) return false;
      seen[node].add(message);
      delays.push(agenda.now() - (saidAt[message] ?? 0));
      return true;
    },
  };
  const played = model.create(world);
  for (let node = 0; node < nodes; node += 1) {
    network.listen(endpointOf(node), (bytes: Uint8Array, from: Endpoint) => {
      const packet = packets.get(bytes);
      if (packet !== undefined) played.receive(node, indexOfEndpoint(from), packet);
    });
  }
  for (let message = 0; message < speech.messages; message += 1) {
    agenda.at(message * speech.everyMs, () => {
      const author = below(rng, nodes);
      saidAt[message] = agenda.now();
      seen[author]?.add(message);
      played.say(author, message);
    });
  }
  agenda.runUntil(speech.messages * speech.everyMs + scenario.settleMs);
  const ascending = Float64Array.from(delays).sort();
  return {
    coverage: delays.length / Math.max(speech.messages * (nodes - 1), 1),
    sendsPerDelivery: sends / Math.max(delays.length, 1),
    p99Ms: quantile(ascending, 0.99),
    delays: ascending,
  };
}

/** A random overlay in which everyone has at least `degree` neighbours, and is one of its neighbours' in turn. */
export function randomOverlay({ nodes, rng }: ModelWorld, degree: number): Set<number>[] {
  const neighbours = Array.from({ length: nodes }, () => new Set<number>());
  const wanted = Math.min(degree, nodes - 1);
  neighbours.forEach((own, node) => {
    for (let tries = 0; own.size < wanted; tries += 1) {
      const other = below(rng, nodes);
      const isFull = (neighbours[other]?.size ?? 0) >= wanted && tries < 10 * nodes;
      if (other === node || isFull) continue;
      own.add(other);
      neighbours[other]?.add(node);
    }
  });
  return neighbours;
}
