/** The faults of a run: each fault of the scenario, when it strikes and whom. */
import { sample, shuffle } from "../../protocol/rng.ts";
import type { Millis } from "../../protocol/time.ts";
import type { Endpoint } from "../../wire/endpoint.ts";
import { endOf, type Fault, type Scenario } from "../run/scenario.ts";
import type { DiskTrouble } from "./disk.ts";
import { indexOfEndpoint } from "./endpoints.ts";
import type { VirtualHost } from "./host.ts";
import { islandsOf } from "./islands.ts";
import type { Acquaintance, NodeWorld, VirtualNode } from "./node.ts";
import { startReplayer } from "./replayer.ts";

/** A host with its nodes, one for each room that it is in. */
export type Station = { readonly host: VirtualHost; readonly nodes: readonly VirtualNode[] };

export type Faults = {
  /** Before anyone starts: clocks that are off. */
  readonly beforeStart: () => void;
  /**
   * Starts the nodes of a host: with those they know already, through what they remember, or, the first time, through another
   * of their room that is up.
   */
  readonly start: (station: Station, known?: Knowledge) => void;
  /** Those who come later than the others. */
  readonly isLate: (index: number) => boolean;
  /** All that strikes during the talk, which begins now. */
  readonly schedule: () => void;
  /** When the last of them is over, from the start of the talk. */
  readonly lastMs: Millis;
  /** How often each kind struck. */
  readonly counts: Readonly<Record<string, number>>;
};

/** Whom each node knows from the start. */
export type Knowledge = ReadonlyMap<VirtualNode, Acquaintance>;

/** What the rest of the run is told. */
export type Witness = {
  readonly started: (node: VirtualNode) => void;
  /** Called while the node still runs. */
  readonly crashed: (node: VirtualNode) => void;
  /** Until then some cannot reach others through no fault of theirs. */
  readonly outOfReachUntil: (at: Millis) => void;
};

export function createFaults(
  scenario: Scenario,
  stations: readonly Station[],
  world: Pick<NodeWorld, "agenda" | "network" | "rng">,
  witness: Witness,
): Faults {
  const { agenda, rng, network } = world;
  const counts: Record<string, number> = {};
  const indexOf = new Map<VirtualHost, number>(stations.map(({ host }, index) => [host, index]));
  const latecomers = scenario.faults.reduce((sum, fault) => sum + (fault.type === "late" ? fault.count : 0), 0);
  const firstLate = Math.max(stations.length - latecomers, 1);
  let nextLate = firstLate;
  const lastMs = Math.max(0, ...scenario.faults.map(endOf));
  /** Whose address each was told when it came. */
  const told = new Map<VirtualNode, readonly Endpoint[]>();
  /** The side that a host is on while the network is split. */
  let sideOf = (_: VirtualHost): number => 0;

  const later = (ms: Millis, action: () => void): void => agenda.at(agenda.now() + ms, action);
  const some = (count: number): Station[] =>
    sample(
      rng,
      stations.filter(({ host }) => host.isUp()),
      count,
    );
  const startThrough = (node: VirtualNode, contacts: readonly Station[]): void => {
    witness.started(node);
    const inRoom = contacts.flatMap(({ nodes }) => nodes.filter(({ room }) => room === node.room));
    const known = inRoom.filter((other) => other !== node && told.has(other));
    const up = known.filter((other) => other.isUp());
    // If nobody is there now, someone who was: the address is tried until they are back.
    const others = (up.length > 0 ? up : known).map((other) => other.endpoint);
    // Who was here before finds the room by what it remembers; an address that answered is not typed again.
    const answered = new Set(node.disk.addresses.newestFirst().map(({ endpoint }) => endpoint));
    if (answered.size === 0 && scenario.through !== "lan") told.set(node, sample(rng, others, 1));
    node.start((told.get(node) ?? []).filter((endpoint) => !answered.has(endpoint)));
  };
  const startAllThrough = ({ nodes }: Station, contacts: readonly Station[]): void => {
    for (const node of nodes) if (!left.has(node)) startThrough(node, contacts);
  };
  /** Who was told an address where nobody is any more, and never had an answer from there, asks for the new one. */
  const askAgain = (before: Endpoint, now: Endpoint): void => {
    for (const [node, endpoints] of told) {
      const hadAnswer = node.disk.addresses.newestFirst().some(({ endpoint }) => endpoint === before);
      if (!endpoints.includes(before) || hadAnswer) continue;
      told.set(node, [now]);
      if (node.isUp()) node.command({ type: "join", endpoints: [now] });
    }
  };
  /** When all is over: who can find nobody any more asks somebody for an address, as people do. */
  const reunite = (): void => {
    const nodes = stations.flatMap((station) => station.nodes);
    for (const room of new Set(nodes.map((node) => node.room))) {
      const inRoom = nodes.filter((node) => node.room === room);
      const [most, ...others] = islandsOf(inRoom, (node) => told.get(node) ?? []);
      const contact = most?.[0]?.endpoint;
      for (const [node] of contact === undefined ? [] : others) {
        counts.islands = (counts.islands ?? 0) + 1;
        node?.command({ type: "join", endpoints: [contact as Endpoint] });
      }
    }
  };
  const start = (station: Station, known?: Knowledge): void => {
    if (known === undefined)
      return startAllThrough(station, scenario.through === "first" ? stations.slice(0, 1) : stations);
    for (const node of station.nodes) {
      witness.started(node);
      told.set(node, []);
      node.start([], known.get(node));
    }
  };
  const crash = ({ nodes }: Station): void => {
    for (const node of nodes) {
      if (!node.isUp()) continue;
      witness.crashed(node);
      node.crash();
    }
  };
  const restartLater = (station: Station, forMs: Millis): void => {
    later(forMs, () => {
      if (!station.host.isUp()) start(station);
    });
  };
  /** Nodes that left their room for good. */
  const left = new Set<VirtualNode>();
  const leaveRoom = (node: VirtualNode): void => {
    node.command({ type: "leave" });
    node.crash();
    left.add(node);
  };
  /** Something is wrong with the disks of some, for a while. */
  const harmDisks = ({ count, forMs }: Fault, trouble: Partial<DiskTrouble>, sound: Partial<DiskTrouble>): void => {
    for (const { nodes } of some(count)) {
      for (const { disk } of nodes) {
        Object.assign(disk.trouble, trouble);
        later(forMs, () => Object.assign(disk.trouble, sound));
      }
    }
  };

  const strike: Readonly<Record<Fault["type"], (fault: Fault) => void>> = {
    partition: ({ groups, forMs }) => {
      const order = shuffle(
        rng,
        stations.map((_, index) => index),
      );
      const groupOf = new Map<number, number>(order.map((station, index) => [station, index % groups]));
      network.partition((endpoint) => groupOf.get(indexOfEndpoint(endpoint)) ?? 0);
      sideOf = (host) => groupOf.get(indexOf.get(host) as number) ?? 0;
      witness.outOfReachUntil(agenda.now() + forMs + SUSPICION_MS);
      later(forMs, () => {
        network.partition(undefined);
        sideOf = () => 0;
      });
    },
    crash: ({ count, forMs }) => {
      for (const station of some(count)) {
        crash(station);
        restartLater(station, forMs);
      }
    },
    blackout: ({ forMs }) => {
      const side = stations.filter(({ host }) => sideOf(host) === 0);
      const dark = side.filter(({ host }) => host.isUp());
      dark.forEach(crash);
      later(forMs, () => {
        // Whoever remembers nothing is told an address of their own side.
        for (const station of dark) if (!station.host.isUp()) startAllThrough(station, side);
      });
    },
    leave: ({ count, forMs }) => {
      for (const station of some(count)) {
        for (const node of station.nodes) {
          node.command({ type: "leave" });
          node.crash();
        }
        restartLater(station, forMs);
      }
    },
    leaveRoom: ({ count }) => {
      const several = stations.filter(({ nodes }) => nodes.filter((node) => node.isUp()).length > 1);
      for (const { nodes } of sample(rng, several, count)) sample(rng, nodes, 1).forEach(leaveRoom);
    },
    late: ({ count, forMs }) => {
      const joiners = stations.slice(nextLate, nextLate + count);
      nextLate += count;
      joiners.forEach((station, index) => {
        later((index * forMs) / joiners.length, () => start(station));
      });
    },
    stall: ({ count, forMs }) => {
      for (const { host } of some(count)) host.stall(forMs);
    },
    sleep: ({ count, forMs }) => {
      for (const { host } of some(count)) if (host.isAwake()) host.sleep(forMs);
      witness.outOfReachUntil(agenda.now() + forMs + SUSPICION_MS);
    },
    move: ({ count }) => {
      for (const { host } of some(count)) {
        const before = host.endpoint;
        host.move();
        askAgain(before, host.endpoint);
      }
    },
    slow: ({ count, forMs, byMs }) => {
      for (const { host } of some(count)) {
        host.slowMs = byMs;
        later(forMs, () => {
          host.slowMs = 0;
        });
      }
    },
    skew: ({ count, byMs }) => {
      for (const { host } of sample(rng, stations, count)) host.skewMs = byMs;
    },
    deaf: ({ count, forMs }) => {
      for (let pair = 0; pair < count; pair += 1) {
        const [from, to] = sample(rng, stations, 2);
        if (from === undefined || to === undefined) return;
        later(forMs, network.deafen(from.host.endpoint, to.host.endpoint));
      }
    },
    full: (fault) => harmDisks(fault, { isFull: true }, { isFull: false }),
    failing: (fault) => harmDisks(fault, { failing: fault.share }, { failing: 0 }),
    slowDisk: (fault) => harmDisks(fault, { slowMs: Math.abs(fault.byMs) }, { slowMs: 0 }),
    badReads: (fault) => harmDisks(fault, { badReads: fault.share }, { badReads: 0 }),
    replay: ({ count, forMs }) => {
      const endpoints = stations.map(({ host }) => host.endpoint);
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
      // On a LAN beacons find whoever is there.
      const isMoving = scenario.through !== "lan" && scenario.faults.some(({ type }) => type === "move");
      if (isMoving) later(lastMs + REUNITE_MS, reunite);
    },
    lastMs,
  };
}

// --- internal ---

/** Until then whoever can find others by itself has tried. */
const REUNITE_MS: Millis = 10_000;
/** What suspicions from before may take to run out. */
const SUSPICION_MS: Millis = 30_000;
