/** Relay orders: every peer in exactly one part, parts of one size, ranks even, every order another. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cut, rankedWithin, rankOf, WHOLE } from "../../../src/protocol/relay/rankOrder.ts";
import { seededRng } from "../../../src/protocol/rng.ts";
import type { Slice } from "../../../src/wire/frames.ts";
import type { MessageId } from "../../../src/wire/ids.ts";

type Peer = { readonly id: string; readonly hash: number };

const peersFrom = (seed: number, count: number): Peer[] => {
  const rng = seededRng(seed);
  return Array.from({ length: count }, (_, index) => ({ id: `peer ${index}`, hash: rng.u32() }));
};
const messageFrom = (seed: number): MessageId => {
  const rng = seededRng(seed);
  return Array.from({ length: 6 }, () => rng.u32().toString(16).padStart(8, "0")).join("") as MessageId;
};
const whole = (order = 0): Slice => ({ order, ...WHOLE });
const orderOf = (id: MessageId, order: number, peers: readonly Peer[]): string[] =>
  rankedWithin(id, whole(order), peers).map((peer) => peer.id);

/** Whom a push reaches when each delegate cuts what it was given by the roster it has; how often each. */
function spread(
  id: MessageId,
  rosterOf: (peer: Peer | undefined) => readonly Peer[],
  fanout: number,
): Map<string, number> {
  const reached = new Map<string, number>();
  const give = (holder: Peer | undefined, slice: Slice): void => {
    const others = rosterOf(holder).filter((peer) => peer !== holder);
    for (const branch of cut(id, slice, rankedWithin(id, slice, others), fanout, holder?.hash)) {
      const delegate = branch.peers[0] as Peer;
      reached.set(delegate.id, (reached.get(delegate.id) ?? 0) + 1);
      give(delegate, branch.slice);
    }
  };
  give(undefined, whole());
  return reached;
}

describe("a cut", () => {
  it("covers every rank of the slice exactly once, whatever it knows in it", () => {
    const args = fc.tuple(fc.nat(), fc.nat({ max: 60 }), fc.integer({ min: 1, max: 12 }), fc.nat({ max: 7 }));
    const edges = fc.tuple(fc.nat({ max: 0xffffffff }), fc.nat({ max: 0xffffffff }));
    fc.assert(
      fc.property(args, edges, ([seed, count, fanout, order], [one, other]) => {
        const slice = { order, lo: Math.min(one, other), last: Math.max(one, other) };
        const id = messageFrom(seed);
        const known = rankedWithin(id, slice, peersFrom(seed, count));
        const branches = cut(id, slice, known, fanout);
        expect(branches).toHaveLength(Math.min(fanout, known.length));
        expect(branches.flatMap((branch) => branch.peers)).toEqual(known);
        if (branches.length === 0) return;
        expect(branches[0]?.slice.lo).toBe(slice.lo);
        expect(branches.at(-1)?.slice.last).toBe(slice.last);
        for (let index = 1; index < branches.length; index += 1) {
          expect(branches[index]?.slice.lo).toBe((branches[index - 1]?.slice.last as number) + 1);
        }
        for (const branch of branches) {
          expect(branch.slice.order).toBe(order);
          for (const peer of branch.peers) {
            const rank = rankOf(id, order, peer.hash);
            expect(rank >= branch.slice.lo && rank <= branch.slice.last).toBe(true);
          }
        }
        const sizes = branches.map((branch) => branch.peers.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 500 },
    );
  });

  it("leaves out the rank of who cuts, and that alone, wherever it is in the slice", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 60 }), fc.integer({ min: 2, max: 12 }), (seed, count, fanout) => {
        const id = messageFrom(seed);
        const [self, ...others] = peersFrom(seed, count + 1) as [Peer, ...Peer[]];
        const known = rankedWithin(id, whole(), others);
        const own = rankOf(id, 0, self.hash);
        const branches = cut(id, whole(), known, fanout, self.hash);
        expect(branches.length).toBeLessThanOrEqual(Math.min(fanout, known.length));
        expect(branches.flatMap((branch) => branch.peers)).toEqual(known);
        for (const { slice } of branches) expect(slice.lo <= own && own <= slice.last).toBe(false);
        for (const { slice, peers } of branches)
          for (const { hash } of peers) {
            const rank = rankOf(id, 0, hash);
            expect(slice.lo <= rank && rank <= slice.last).toBe(true);
          }
      }),
      { numRuns: 500 },
    );
  });

  it("begins its parts at those who may lead, and each holds all that are in its slice", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 8 }), (seed, count, fanout) => {
        const id = messageFrom(seed);
        const [own, ...peers] = peersFrom(seed, count + 1) as [Peer, ...Peer[]];
        const leads = new Set(peers.filter(({ hash }) => hash % 3 === 0));
        const known = rankedWithin(id, whole(), peers);
        const branches = cut(id, whole(), known, fanout, own.hash, (peer) => leads.has(peer));
        expect(branches.flatMap((branch) => branch.peers)).toEqual(known);
        expect(branches).toHaveLength(Math.min(fanout, leads.size > 0 ? leads.size : count));
        if (leads.size > 0)
          for (const branch of branches) expect(branch.peers.some((peer) => leads.has(peer))).toBe(true);
        for (const { slice, peers: within } of branches) {
          expect(within).toEqual(rankedWithin(id, slice, peers));
        }
      }),
      { numRuns: 500 },
    );
  });

  it("keeps all parts valid when peers collide in one rank", () => {
    const peers = Array.from({ length: 9 }, (_, index) => ({ id: `twin ${index}`, hash: index < 6 ? 5 : index }));
    const id = messageFrom(1);
    for (let fanout = 1; fanout <= 9; fanout += 1) {
      const branches = cut(id, whole(), rankedWithin(id, whole(), peers), fanout);
      expect(new Set(branches.flatMap((branch) => branch.peers)).size).toBe(9);
      for (const branch of branches) expect(branch.slice.lo).toBeLessThanOrEqual(branch.slice.last);
    }
  });

  it("delegated hop by hop reaches each of 300 peers exactly once", () => {
    const peers = peersFrom(2, 300);
    for (const fanout of [1, 2, 5, 10]) {
      const reached = spread(messageFrom(3), () => peers, fanout);
      expect(reached.size).toBe(300);
      expect([...reached.values()].every((times) => times === 1)).toBe(true);
    }
  });

  it("reaches nearly all, and hardly anyone twice, when every roster lacks another twentieth", () => {
    const peers = peersFrom(4, 300);
    const rosterOf = (holder: Peer | undefined): Peer[] =>
      peers.filter((peer) => ((peer.hash ^ (holder?.hash ?? 0)) >>> 3) % 20 !== 0);
    const reached = spread(messageFrom(5), rosterOf, 5);
    const sends = [...reached.values()].reduce((sum, times) => sum + times, 0);
    expect(sends - reached.size).toBeLessThan(10);
    expect(reached.size).toBeGreaterThan(270);
  });
});

describe("ranks", () => {
  it("spread evenly over the order, for near-by ids and hashes too (chi-square, 0.9999 quantile)", () => {
    const counts = new Array<number>(64).fill(0);
    const id = messageFrom(6);
    for (let hash = 0; hash < 64_000; hash += 1) {
      const cell = Math.floor(rankOf(id, 0, hash) / 2 ** 26);
      counts[cell] = (counts[cell] as number) + 1;
    }
    const chiSquare = counts.reduce((sum, count) => sum + (count - 1_000) ** 2 / 1_000, 0);
    expect(chiSquare).toBeLessThan(112.7);
  });

  it("put each of 20 peers first as often (chi-square, 0.9999 quantile)", () => {
    const peers = peersFrom(7, 20);
    const first = new Map(peers.map((peer) => [peer.id, 0]));
    for (let seed = 0; seed < 4_000; seed += 1) {
      const winner = orderOf(messageFrom(seed), seed % 8, peers)[0] as string;
      first.set(winner, (first.get(winner) as number) + 1);
    }
    const chiSquare = [...first.values()].reduce((sum, count) => sum + (count - 200) ** 2 / 200, 0);
    expect(chiSquare).toBeLessThan(50.8);
  });

  it("differ in every order of every message", () => {
    const peers = peersFrom(8, 30);
    const orders = [1, 2, 3, 4, 5].flatMap((seed) =>
      Array.from({ length: 8 }, (_, order) => orderOf(messageFrom(seed), order, peers).join()),
    );
    expect(new Set(orders).size).toBe(40);
  });

  it("are the same on every node, whatever else it knows", () => {
    const peers = peersFrom(9, 50);
    const some = peers.filter((_, index) => index % 3 === 0);
    const names = new Set(some.map((peer) => peer.id));
    expect(orderOf(messageFrom(1), 2, some)).toEqual(orderOf(messageFrom(1), 2, peers).filter((id) => names.has(id)));
  });
});
