/** What goes wrong in a run, when and to whom: each fault of the scenario, as often as it strikes. */
import { sample, shuffle } from "../../protocol/rng.ts";
import type { Millis } from "../../protocol/time.ts";
import type { Endpoint } from "../../wire/endpoint.ts";
import { endOf, type Fault, type Scenario } from "../run/scenario.ts";
import { indexOfEndpoint } from "./endpoints.ts";
import type { Acquaintance, NodeWorld, VirtualNode } from "./node.ts";
import { startReplayer } from "./replayer.ts";

export type Faults = {
  /** Before anyone starts: clocks that are off. */
  readonly beforeStart: () => void;
  /** Starts a node: with those it knows already, through what it remembers, or, the first time, through another that is up. */
  readonly start: (node: VirtualNode, known?: Acquaintance) => void;
  /** Those who come later than the others. */
  readonly isLate: (index: number) => boolean;
  /** All that strikes during the talk, which begins now. */
  readonly schedule: () => void;
  /** When the last of them is over, from the start of the talk. */
  readonly lastMs: Millis;
  /** How often each kind struck. */
  readonly counts: Readonly<Record<string, number>>;
};

/** What the rest of the run is told. */
export type Witness = {
  readonly started: (index: number) => void;
  /** Called while the node still runs. */
  readonly crashed: (index: number) => void;
  /** Until then some cannot reach others through no fault of theirs. */
  readonly outOfReachUntil: (at: Millis) => void;
};

export function createFaults(
  scenario: Scenario,
  nodes: readonly VirtualNode[],
  world: NodeWorld,
  witness: Witness,
): Faults {
  const { agenda, rng, network } = world;
  const counts: Record<string, number> = {};
  const indexOf = new Map<VirtualNode, number>(nodes.map((node, index) => [node, index]));
  const latecomers = scenario.faults.reduce((sum, fault) => sum + (fault.type === "late" ? fault.count : 0), 0);
  const firstLate = Math.max(nodes.length - latecomers, 1);
  let nextLate = firstLate;
  /** Whose address each was told when it came. */
  const told = new Map<VirtualNode, readonly Endpoint[]>();
  /** The side that a node is on while the room is split. */
  let sideOf = (_: VirtualNode): number => 0;

  const later = (ms: Millis, action: () => void): void => agenda.at(agenda.now() + ms, action);
  const some = (count: number): VirtualNode[] =>
    sample(
      rng,
      nodes.filter((node) => node.isUp()),
      count,
    );
  const startThrough = (node: VirtualNode, contacts: readonly VirtualNode[]): void => {
    witness.started(indexOf.get(node) as number);
    const known = contacts.filter((other) => other !== node && told.has(other));
    const up = known.filter((other) => other.isUp());
    // If nobody is there now, someone who was: the address is tried until they are back.
    const others = (up.length > 0 ? up : known).map((other) => other.endpoint);
    // Who was here before finds the room by what it remembers; an address that answered is not typed again.
    const answered = new Set(node.disk.addresses().map(({ endpoint }) => endpoint));
    if (answered.size === 0 && scenario.through !== "lan") told.set(node, sample(rng, others, 1));
    node.start((told.get(node) ?? []).filter((endpoint) => !answered.has(endpoint)));
  };
  /** Who was told an address where nobody is any more, and never had an answer from there, asks for the new one. */
  const askAgain = (before: Endpoint, now: Endpoint): void => {
    for (const [node, endpoints] of told) {
      if (!endpoints.includes(before) || node.disk.addresses().length > 0) continue;
      told.set(node, [now]);
      if (node.isUp()) node.command({ type: "join", endpoints: [now] });
    }
  };
  const start = (node: VirtualNode, known?: Acquaintance): void => {
    if (known === undefined) return startThrough(node, scenario.through === "first" ? nodes.slice(0, 1) : nodes);
    witness.started(indexOf.get(node) as number);
    told.set(node, []);
    node.start([], known);
  };
  const crash = (node: VirtualNode): void => {
    witness.crashed(indexOf.get(node) as number);
    node.crash();
  };
  const restartLater = (node: VirtualNode, forMs: Millis): void => {
    later(forMs, () => {
      if (!node.isUp()) start(node);
    });
  };

  const strike: Readonly<Record<Fault["type"], (fault: Fault) => void>> = {
    partition: ({ groups, forMs }) => {
      const order = shuffle(
        rng,
        nodes.map((_, index) => index),
      );
      const groupOf = new Map<number, number>(order.map((node, index) => [node, index % groups]));
      network.partition((endpoint) => groupOf.get(indexOfEndpoint(endpoint)) ?? 0);
      sideOf = (node) => groupOf.get(indexOf.get(node) as number) ?? 0;
      witness.outOfReachUntil(agenda.now() + forMs + SUSPICION_MS);
      later(forMs, () => {
        network.partition(undefined);
        sideOf = () => 0;
      });
    },
    crash: ({ count, forMs }) => {
      for (const node of some(count)) {
        crash(node);
        restartLater(node, forMs);
      }
    },
    blackout: ({ forMs }) => {
      const side = nodes.filter((node) => sideOf(node) === 0);
      const dark = side.filter((node) => node.isUp());
      dark.forEach(crash);
      later(forMs, () => {
        // Whoever remembers nothing is told an address of their own side.
        for (const node of dark) if (!node.isUp()) startThrough(node, side);
      });
    },
    leave: ({ count, forMs }) => {
      for (const node of some(count)) {
        node.command({ type: "leave" });
        node.crash();
        restartLater(node, forMs);
      }
    },
    late: ({ count, forMs }) => {
      const joiners = nodes.slice(nextLate, nextLate + count);
      nextLate += count;
      joiners.forEach((node, index) => {
        later((index * forMs) / joiners.length, () => start(node));
      });
    },
    stall: ({ count, forMs }) => {
      for (const node of some(count)) node.stall(forMs);
    },
    sleep: ({ count, forMs }) => {
      for (const node of some(count)) if (node.isAwake()) node.sleep(forMs);
      witness.outOfReachUntil(agenda.now() + forMs + SUSPICION_MS);
    },
    move: ({ count }) => {
      for (const node of some(count)) {
        const before = node.endpoint;
        node.move();
        askAgain(before, node.endpoint);
      }
    },
    slow: ({ count, forMs, byMs }) => {
      for (const node of some(count)) {
        node.slowMs = byMs;
        later(forMs, () => {
          node.slowMs = 0;
        });
      }
    },
    skew: ({ count, byMs }) => {
      for (const node of sample(rng, nodes, count)) node.skewMs = byMs;
    },
    deaf: ({ count, forMs }) => {
      for (let pair = 0; pair < count; pair += 1) {
        const [from, to] = sample(rng, nodes, 2);
        if (from === undefined || to === undefined) return;
        later(forMs, network.deafen(from.endpoint, to.endpoint));
      }
    },
    full: ({ count, forMs }) => {
      for (const node of some(count)) {
        node.disk.setFull(true);
        later(forMs, () => node.disk.setFull(false));
      }
    },
    replay: ({ count, forMs }) => {
      const endpoints = nodes.map((node) => node.endpoint);
      startReplayer(world, endpoints, forMs, count);
    },
  };
  const perform = (fault: Fault): void => {
    const isOne = fault.type === "partition" || fault.type === "replay" || fault.type === "blackout";
    counts[fault.type] = (counts[fault.type] ?? 0) + (isOne ? 1 : fault.count);
    strike[fault.type](fault);
  };

  return {
    counts,
    start,
    isLate: (index) => index >= firstLate,
    beforeStart: () => {
      for (const fault of scenario.faults) if (fault.type === "skew") perform(fault);
    },
    schedule: () => {
      for (const fault of scenario.faults) {
        if (fault.type === "skew") continue;
        for (let time = 0; time < fault.times; time += 1)
          later(fault.atMs + time * fault.everyMs, () => perform(fault));
      }
    },
    lastMs: Math.max(0, ...scenario.faults.map(endOf)),
  };
}

// --- internal ---

/** What suspicions from before may take to run out. */
const SUSPICION_MS: Millis = 30_000;
