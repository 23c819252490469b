/** A newcomer to a long history, on the virtual network: several sources, loss, one that dies; and what is said meanwhile. */

import { describe, expect, it } from "vitest";
import { identityFromSeed } from "../../src/crypto/identity.ts";
import { createRoomKeys } from "../../src/crypto/roomKeys.ts";
import { signMessage } from "../../src/crypto/signed.ts";
import { defaultConfig } from "../../src/protocol/config.ts";
import { seededRng } from "../../src/protocol/rng.ts";
import type { Millis } from "../../src/protocol/time.ts";
import { quantile } from "../../src/sim/run/quantile.ts";
import { createAgenda } from "../../src/sim/world/agenda.ts";
import { indexOfEndpoint } from "../../src/sim/world/endpoints.ts";
import { createNetwork } from "../../src/sim/world/network.ts";
import { createVirtualNode, type NodeWorld, type VirtualNode, WALL_START } from "../../src/sim/world/node.ts";
import type { MessageId } from "../../src/wire/ids.ts";
import { privateRoom, unsigned } from "../suites/said.ts";

type Play = {
  readonly joiner: VirtualNode;
  readonly holders: readonly VirtualNode[];
  readonly now: () => Millis;
  readonly run: (forMs: Millis) => void;
  /** When each message was kept by the joiner, from the join. */
  readonly keptAt: ReadonlyMap<MessageId, Millis>;
  readonly join: () => void;
};

const room = privateRoom(1);
const author = identityFromSeed(new Uint8Array(32).fill(9));
const history = write(4_000);

/** `holders` hold all of the history and know each other; one more node is there to join. */
function play(options: { holders: number; loss?: number; seed: number }): Play {
  const agenda = createAgenda();
  const rng = seededRng(options.seed);
  const network = {
    delayMs: [50, 50],
    loss: options.loss ?? 0,
    duplicate: 0,
    reorder: 0,
    junk: 0,
    regions: {},
  } as const;
  const keptAt = new Map<MessageId, Millis>();
  const fail = (error: unknown): never => {
    throw error;
  };
  let beganAt = 0;
  const world: NodeWorld = {
    agenda,
    rng,
    network: createNetwork(network, agenda, rng),
    config: { ...defaultConfig, maxMessages: 20_000 },
    room,
    onEvent: (node, event) => {
      if (node === options.holders && event.type === "message") keptAt.set(event.message.id, agenda.now() - beganAt);
    },
    onThrow: (_, error) => fail(error),
  };
  const nodes = Array.from({ length: options.holders + 1 }, (_, index) => createVirtualNode(index, world));
  const [joiner, ...rest] = nodes.toReversed() as [VirtualNode, ...VirtualNode[]];
  const holders = rest.toReversed();
  for (const holder of holders) {
    holder.disk.fill(history);
    holder.start(indexOfEndpoint(holder.endpoint) === 0 ? [] : [(holders[0] as VirtualNode).endpoint]);
  }
  agenda.runUntil(10_000);
  return {
    joiner,
    holders,
    keptAt,
    now: agenda.now,
    run: (forMs) => agenda.runUntil(agenda.now() + forMs),
    join: () => {
      beganAt = agenda.now();
      joiner.start([(holders[0] as VirtualNode).endpoint]);
    },
  };
}

function write(messages: number): { id: MessageId; bytes: Uint8Array }[] {
  const roomKeys = createRoomKeys(room);
  let parents: MessageId[] = [];
  return Array.from({ length: messages }, (_, seq) => {
    const hlc = WALL_START - (messages - seq) * 1_000 - 60_000;
    const text = `${seq} `.padEnd(100, "x");
    const { id, bytes } = signMessage(roomKeys, author, unsigned({ seq, hlc, parents, nick: "a", text }));
    parents = [id];
    return { id, bytes };
  });
}

const seeds = [1, 2, 3];
/** Bodies that came, over those that were missing. */
const came = ({ joiner }: Play): number => joiner.core().stats().payloadsIn / history.length;

describe("a newcomer to 4,000 messages, 50 ms one way", () => {
  it.each(seeds)("has the last page after 200 ms and all in 2 s, each message once (seed %d)", (seed) => {
    const world = play({ holders: 4, seed });
    world.join();
    world.run(2_000);
    const lastPage = history.slice(-50).map(({ id }) => world.keptAt.get(id) ?? Number.POSITIVE_INFINITY);
    expect(Math.max(...lastPage)).toBeLessThanOrEqual(200);
    expect(world.joiner.core().ids()).toHaveLength(history.length);
    expect(came(world)).toBe(1);
  });

  it.each(seeds)("shares the work among all who hold it (seed %d)", (seed) => {
    const world = play({ holders: 4, seed });
    const before = world.holders.map((holder) => holder.payloadsOut());
    world.join();
    world.run(2_000);
    for (const [index, holder] of world.holders.entries()) {
      expect(holder.payloadsOut() - (before[index] as number)).toBeGreaterThan(history.length / 10);
    }
  });

  it.each(seeds)(
    "has all in 8 s where 3 of 10 datagrams are lost and the one it joined through dies (seed %d)",
    (seed) => {
      const world = play({ holders: 4, loss: 0.3, seed });
      world.join();
      while (world.keptAt.size < 800 && world.now() < 30_000) world.run(20);
      const [contact] = world.holders as [VirtualNode];
      contact.crash();
      world.run(8_000);
      expect(world.joiner.core().ids()).toHaveLength(history.length);
      expect(came(world)).toBeLessThan(1.05);
    },
  );
});

describe("what is said while a newcomer fetches the history", () => {
  // What fetches lets at most 100 ms of datagrams wait for each supplier that it asks at the same time.
  it.each([
    { slowMs: 0.3, p99Ms: 120, seed: 1 },
    { slowMs: 2, p99Ms: 350, seed: 1 },
    { slowMs: 2, p99Ms: 350, seed: 2 },
    { slowMs: 2, p99Ms: 350, seed: 3 },
  ])("does not wait behind it on a machine that takes $slowMs ms for each datagram (seed $seed)", (given) => {
    const { slowMs, p99Ms, seed } = given;
    const world = play({ holders: 4, seed });
    world.joiner.host.slowMs = slowMs;
    world.join();
    world.run(500);
    const [, speaker] = world.holders as [VirtualNode, VirtualNode];
    const from = world.now();
    const saidAt = new Map<MessageId, Millis>();
    let fetchedBefore = world.keptAt.size;
    const fetched: number[] = [];
    for (let said = 0; said < 60; said += 1) {
      const id = speaker.say(`live ${said}`);
      if (id !== undefined) saidAt.set(id, world.now() - from + 500);
      world.run(20);
      fetched.push(world.keptAt.size - fetchedBefore);
      fetchedBefore = world.keptAt.size;
    }
    world.run(30_000);
    const delays = [...saidAt].map(([id, at]) => (world.keptAt.get(id) ?? Number.POSITIVE_INFINITY) - at);
    expect(delays).toHaveLength(60);
    // The history came all the while, or there would be nothing to wait behind.
    expect(fetched.filter((count) => count > 5).length).toBeGreaterThan(20);
    expect(
      quantile(
        delays.toSorted((a, b) => a - b),
        0.99,
      ),
    ).toBeLessThan(p99Ms);
    expect(world.joiner.core().ids()).toHaveLength(history.length + 60);
  });
});
