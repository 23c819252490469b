/** Large messages fetched in chunks: whole or not at all, from whoever still answers, at the receiver's pace, within bounds. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CREDIT_FIRST, CREDIT_MOST, createAssembly } from "../../src/protocol/assembly.ts";
import { bounds } from "../../src/protocol/config.ts";
import { below, type Rng, seededRng } from "../../src/protocol/rng.ts";
import type { Session } from "../../src/protocol/sessions.ts";
import { ACTIVE_MAX, createTransfer, type Transfer } from "../../src/protocol/transfer.ts";
import type { MessageId } from "../../src/protocol/types.ts";
import type { Frame } from "../../src/wire/frame.ts";
import { CHUNK_BYTES, chunkBytes } from "../../src/wire/large.ts";
import { MESSAGE_BYTES_MAX } from "../../src/wire/message.ts";
import { type Bench, bootFrom, createBench } from "./fixtures.ts";

type Chunk = Frame & { readonly type: "chunk" };
type Wanted = Frame & { readonly type: "wantChunks" };
type Fetching = {
  readonly bench: Bench;
  readonly transfer: Transfer;
  readonly sources: readonly Session[];
  readonly asked: { readonly to: Session; readonly frame: Wanted }[];
  /** What was put together and was genuine. */
  readonly whole: Uint8Array[];
};

const id = "0123456789ab".repeat(4) as MessageId;
const idOf = (number: number): MessageId => number.toString(16).padStart(48, "0") as MessageId;
const original = Buffer.from(Array.from({ length: MESSAGE_BYTES_MAX }, (_, at) => (at * 31 + (at >> 8)) & 255));
const messageOf = (total: number): Uint8Array => original.subarray(0, total);
const chunkOf = (bytes: Uint8Array, index: number, of = id): Chunk => {
  const at = index * CHUNK_BYTES;
  const part = bytes.subarray(at, at + chunkBytes(bytes.length, index));
  return { type: "chunk", id: of, total: bytes.length, index, bytes: part };
};

/** A receiver; `total`: bytes of the genuine message. */
function create(total: number, sourceCount = 1): Fetching {
  const bench = createBench();
  const asked: Fetching["asked"] = [];
  const whole: Uint8Array[] = [];
  const link = { ...bench.link, send: (to: Session, frame: Frame) => void asked.push({ to, frame: frame as Wanted }) };
  const transfer = createTransfer(
    {
      ...bench,
      link,
      get now() {
        return bench.now;
      },
    },
    {
      isKnown: () => whole.length > 0,
      whole: (bytes) => {
        if (!Buffer.from(bytes).equals(messageOf(total))) return undefined;
        whole.push(bytes);
        return id;
      },
    },
  );
  const sources = Array.from({ length: sourceCount }, () => bench.link.sessions.open(bootFrom(bench.rng)));
  return { bench, transfer, sources, asked, whole };
}

/** Lets time pass, and what is late be late. */
function pass({ bench, transfer }: Fetching, ms: number): void {
  const until = bench.now.mono + ms;
  for (let at = bench.timers.nextDeadline(); at !== undefined && at <= until; at = bench.timers.nextDeadline()) {
    Object.assign(bench, { now: { mono: at, wall: at } });
    const row = bench.timers.takeDue(at);
    if (row?.type === "transfer") transfer.onTimer(row.key);
  }
  Object.assign(bench, { now: { mono: until, wall: until } });
}

const dropped = ({ bench }: Fetching): Record<string, number> => bench.counters.totals().dropped;

describe("a large message", () => {
  it("is asked for with eight chunks of credit, one more for each chunk that comes", () => {
    const world = create(MESSAGE_BYTES_MAX);
    const [source] = world.sources as [Session];
    world.transfer.offered(source, id, MESSAGE_BYTES_MAX, true);
    expect(world.asked).toEqual([
      { to: source, frame: { type: "wantChunks", id, chunks: Array.from({ length: CREDIT_FIRST }, (_, at) => at) } },
    ]);
    const inRound: number[] = [];
    while (world.whole.length === 0) {
      const requests = world.asked.splice(0);
      const chunks = requests.flatMap(({ frame }) => frame.chunks);
      inRound.push(chunks.length);
      for (const index of chunks) world.transfer.onChunk(source, chunkOf(original, index));
    }
    expect(inRound).toEqual([8, 14, 24, 19]);
    expect(world.transfer.size()).toBe(0);
    expect(world.bench.timers.nextDeadline()).toBeUndefined();
  });

  it("of a source that dies in the middle is fetched from the next, and nothing that came is asked for again", () => {
    const total = 20_000;
    const world = create(total, 2);
    const [first, second] = world.sources as [Session, Session];
    world.transfer.offered(first, id, total, true);
    world.transfer.offered(second, id, total, true);
    for (const index of world.asked[0]?.frame.chunks ?? [])
      world.transfer.onChunk(first, chunkOf(messageOf(total), index));
    const before = world.asked.length;
    pass(world, 300);
    const late = world.asked.slice(before);
    expect(late[0]?.to).toBe(second);
    expect(Math.min(...late.flatMap(({ frame }) => frame.chunks))).toBe(CREDIT_FIRST);
    for (let round = 0; world.whole.length === 0 && round < 20; round += 1) {
      for (const { to, frame } of world.asked.splice(0))
        for (const index of frame.chunks)
          if (to === second) world.transfer.onChunk(second, chunkOf(messageOf(total), index));
    }
    expect(world.whole).toHaveLength(1);
  });

  it("whose sources have all gone silent waits a minute for another one, and keeps what came", () => {
    const total = 20_000;
    const world = create(total, 2);
    const [first, second] = world.sources as [Session, Session];
    world.transfer.offered(first, id, total, true);
    world.transfer.onChunk(first, chunkOf(messageOf(total), 0));
    pass(world, 30_000);
    expect(world.transfer.isActive()).toBe(false);
    world.asked.length = 0;
    world.transfer.offered(second, id, total, false);
    expect(world.asked[0]?.frame.chunks).not.toContain(0);
    pass(world, 120_000);
    expect(world.transfer.size()).toBe(0);
    expect(world.bench.timers.nextDeadline()).toBeUndefined();
  });

  it("whose chunks are late at a time that no fraction of a millisecond hits exactly is waited for once, not for ever", () => {
    const world = create(3_000);
    const [source] = world.sources as [Session];
    for (let at = 0.1; at < 200; at += 1.7) {
      Object.assign(world.bench, { now: { mono: world.bench.now.mono + at / 3, wall: 0 } });
      source.rtt.smoothedMs = 10.1 + at / 7;
      world.transfer.offered(source, id, 3_000, true);
      const due = world.bench.timers.nextDeadline() as number;
      Object.assign(world.bench, { now: { mono: due, wall: 0 } });
      const row = world.bench.timers.takeDue(due);
      if (row?.type === "transfer") world.transfer.onTimer(row.key);
      expect(world.bench.timers.nextDeadline()).toBeGreaterThan(due);
    }
  });

  it("ends whole or is given up, never wrong, however its chunks are lost, repeated, reordered or forged", () => {
    let completed = 0;
    const runs = 150;
    fc.assert(
      fc.property(
        fc.record({
          total: fc.integer({ min: 1_154, max: MESSAGE_BYTES_MAX }),
          seed: fc.nat(),
          loss: fc.double({ min: 0, max: 0.7, noNaN: true }),
          sources: fc.integer({ min: 1, max: 4 }),
          forgers: fc.nat({ max: 3 }),
        }),
        ({ total, seed, loss, sources, forgers }) => {
          const world = create(total, sources + forgers);
          play(world, total, { rng: seededRng(seed), loss, forgers });
          for (const bytes of world.whole) expect(Buffer.from(bytes).equals(messageOf(total))).toBe(true);
          expect(world.whole.length).toBeLessThanOrEqual(1);
          expect(world.transfer.size()).toBe(0);
          expect(world.bench.timers.nextDeadline()).toBeUndefined();
          completed += world.whole.length;
        },
      ),
      { numRuns: runs, seed: 1 },
    );
    expect(completed).toBeGreaterThan(0.9 * runs);
  });
});

describe("a hostile source", () => {
  it("whose bytes do not verify is counted and not asked for them again", () => {
    const total = 3_000;
    const world = create(total, 2);
    const [liar, honest] = world.sources as [Session, Session];
    world.transfer.offered(liar, id, total, true);
    for (const index of [0, 1, 2]) world.transfer.onChunk(liar, chunkOf(Buffer.alloc(total, 7), index));
    expect(dropped(world)).toEqual({ "large-unverified": 1 });
    world.asked.length = 0;
    world.transfer.offered(liar, id, total, true);
    expect(world.asked).toEqual([]);
    world.transfer.offered(honest, id, total, true);
    for (const index of [0, 1, 2]) world.transfer.onChunk(honest, chunkOf(messageOf(total), index));
    expect(world.whole).toHaveLength(1);
  });

  it("that mixes a forged chunk into an honest fetch is found out by fetching from one at a time", () => {
    const total = 3_000;
    const world = create(total, 2);
    const [honest, liar] = world.sources as [Session, Session];
    world.transfer.offered(honest, id, total, true);
    world.transfer.offered(liar, id, total, true);
    world.transfer.onChunk(liar, chunkOf(Buffer.alloc(total, 7), 1));
    for (const index of [0, 1, 2]) world.transfer.onChunk(honest, chunkOf(messageOf(total), index));
    expect(dropped(world)).toEqual({ "large-unverified": 1 });
    expect(world.whole).toEqual([]);
    for (const index of [0, 1, 2]) {
      world.transfer.onChunk(liar, chunkOf(Buffer.alloc(total, 7), index));
      world.transfer.onChunk(honest, chunkOf(messageOf(total), index));
    }
    expect(world.whole).toHaveLength(1);
    expect(dropped(world)).toEqual({ "large-unverified": 1, "chunk-unasked": 3 });
  });

  it("that names a wrong size harms no one who names the right one", () => {
    const total = 3_000;
    const world = create(total, 2);
    const [liar, honest] = world.sources as [Session, Session];
    world.transfer.offered(liar, id, 2_000, true);
    world.transfer.offered(honest, id, total, true);
    world.transfer.onChunk(liar, chunkOf(Buffer.alloc(2_000), 0));
    for (const index of [0, 1, 2]) world.transfer.onChunk(honest, chunkOf(messageOf(total), index));
    expect(world.whole).toHaveLength(1);
    expect(world.transfer.size()).toBe(0);
  });

  it("that sends what was not asked of it is counted, and nothing is kept", () => {
    const total = 65_000;
    const world = create(total, 2);
    const [source, stranger] = world.sources as [Session, Session];
    world.transfer.onChunk(source, chunkOf(messageOf(total), 0));
    world.transfer.offered(source, id, total, true);
    world.transfer.onChunk(stranger, chunkOf(messageOf(total), 0));
    world.transfer.onChunk(source, chunkOf(messageOf(total), 60));
    world.transfer.onChunk(source, chunkOf(messageOf(64_000), 0));
    expect(dropped(world)).toEqual({ "chunk-unasked": 4 });
  });

  it("that offers a thousand messages it does not have keeps no one else from being fetched from", () => {
    const total = 3_000;
    const world = create(total, 2);
    const [liar, honest] = world.sources as [Session, Session];
    for (let number = 0; number < 1_000; number += 1)
      world.transfer.offered(liar, idOf(number), MESSAGE_BYTES_MAX, true);
    expect(world.asked.length).toBeLessThan(ACTIVE_MAX);
    expect(world.transfer.size()).toBeLessThanOrEqual(bounds.transfers / 4);
    expect(dropped(world)["large-full"]).toBeGreaterThan(700);
    world.asked.length = 0;
    world.transfer.offered(honest, id, total, true);
    expect(world.asked.map(({ to }) => to)).toEqual([honest]);
    pass(world, 600_000);
    expect(world.transfer.size()).toBe(0);
  });
});

describe("an assembly", () => {
  it("never asks for more than its credit, and halves it when chunks are late", () => {
    const total = MESSAGE_BYTES_MAX;
    const assembly = createAssembly(total);
    let awaited = assembly.request(0);
    let most = awaited.length;
    for (let now = 1; !assembly.isWhole(); now += 1) {
      const next: number[] = [];
      for (const index of awaited) {
        assembly.accept(index, chunkOf(original, index).bytes, bootFrom(seededRng(1)));
        next.push(...assembly.request(now));
      }
      awaited = next;
      most = Math.max(most, awaited.length);
    }
    expect(most).toBeLessThanOrEqual(CREDIT_MOST);
    expect(Buffer.from(assembly.join()).equals(original)).toBe(true);
    const late = createAssembly(total);
    const rounds = [late.request(0).length];
    for (const index of [0, 1, 2, 3, 4, 5, 6, 7])
      late.accept(index, chunkOf(original, index).bytes, bootFrom(seededRng(1)));
    rounds.push(late.request(1).length);
    expect(late.expire(100, 100)).toBe(false);
    expect(late.expire(101, 100)).toBe(true);
    rounds.push(late.request(2).length);
    expect(rounds).toEqual([8, 16, 8]);
  });
});

// --- internal ---

/** A network between the receiver and its sources: the last `forgers` of these send wrong bytes. Until nothing is left to do. */
function play(
  world: Fetching,
  total: number,
  how: { readonly rng: Rng; readonly loss: number; readonly forgers: number },
): void {
  const { rng, loss, forgers } = how;
  const isLost = (): boolean => below(rng, 1_000) < 1_000 * loss;
  const inFlight: { readonly from: Session; readonly chunk: Chunk }[] = [];
  const forged = Buffer.alloc(total, 7);
  for (const source of world.sources) world.transfer.offered(source, id, total, true);
  while (world.transfer.size() > 0) {
    for (const { to, frame } of world.asked.splice(0)) {
      if (isLost()) continue;
      const isForger = world.sources.indexOf(to) >= world.sources.length - forgers;
      for (const index of frame.chunks) {
        const chunk = chunkOf(isForger ? forged : messageOf(total), index);
        for (let copies = below(rng, 10) === 0 ? 2 : 1; copies > 0; copies -= 1)
          if (!isLost()) inFlight.push({ from: to, chunk });
      }
    }
    const [arrived] = inFlight.splice(below(rng, Math.max(inFlight.length, 1)), 1);
    if (arrived !== undefined) world.transfer.onChunk(arrived.from, arrived.chunk);
    // Most arrive in time, some when they count as lost already.
    pass(world, inFlight.length === 0 ? 50 : below(rng, 3));
  }
}
