/** Large messages fetched in chunks: whole or not at all, from whoever still answers, at the receiver's pace, within bounds. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  CHUNKS_FIRST,
  type ChunkSupplier,
  chunksFree,
  createChunkSupplier,
  expireChunks,
  noteAsked,
  noteChunk,
} from "../../../src/protocol/blobs/chunkRequests.ts";
import { ACTIVE_MAX, type BlobFetch, createBlobFetch } from "../../../src/protocol/blobs/fetch.ts";
import { limits } from "../../../src/protocol/limits.ts";
import type { Session } from "../../../src/protocol/link/session.ts";
import { below, type Rng, seededRng } from "../../../src/protocol/rng.ts";
import { CHUNK_BYTES, chunkBytes } from "../../../src/wire/blob.ts";
import { MESSAGE_BYTES_MAX } from "../../../src/wire/envelope.ts";
import { CREDIT_MAX, type Frame } from "../../../src/wire/frames.ts";
import type { MessageId, PeerId } from "../../../src/wire/ids.ts";
import { type Bench, bootFrom, createBench } from "../fixtures.ts";

type Chunk = Frame & { readonly type: "chunk" };
type Wanted = Frame & { readonly type: "wantChunks" };
type Fetching = {
  readonly bench: Bench;
  readonly blobFetch: BlobFetch;
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
  const blobFetch = createBlobFetch(
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
  return { bench, blobFetch, sources, asked, whole };
}

/** Lets time pass, and what is late be late. */
function pass({ bench, blobFetch }: Fetching, ms: number): void {
  const until = bench.now.mono + ms;
  for (let at = bench.timers.nextDeadline(); at !== undefined && at <= until; at = bench.timers.nextDeadline()) {
    Object.assign(bench, { now: { mono: at, wall: at } });
    const row = bench.timers.takeDue(at);
    if (row?.type === "fetch-blob") blobFetch.onTimer(row.key);
  }
  Object.assign(bench, { now: { mono: until, wall: until } });
}

const dropped = ({ bench }: Fetching): Record<string, number> => bench.counters.totals().dropped;

describe("a large message", () => {
  it("is asked for with sixteen chunks of credit, one more for each chunk that comes", () => {
    const world = create(MESSAGE_BYTES_MAX);
    const [source] = world.sources as [Session];
    world.blobFetch.offered(source, id, MESSAGE_BYTES_MAX, true);
    expect(world.asked).toEqual([
      { to: source, frame: { type: "wantChunks", id, chunks: Array.from({ length: CHUNKS_FIRST }, (_, at) => at) } },
    ]);
    const inRound: number[] = [];
    while (world.whole.length === 0) {
      const requests = world.asked.splice(0);
      const chunks = requests.flatMap(({ frame }) => frame.chunks);
      inRound.push(chunks.length);
      for (const index of chunks) world.blobFetch.onChunk(source, chunkOf(original, index));
    }
    expect(inRound).toEqual([16, 16, 24, 9]);
    expect(world.blobFetch.size()).toBe(0);
    expect(world.bench.timers.nextDeadline()).toBeUndefined();
  });

  it("is asked of three of its holders at once, other chunks of each, and of the fourth when one is silent", () => {
    const world = create(MESSAGE_BYTES_MAX, 4);
    for (const source of world.sources) world.blobFetch.offered(source, id, MESSAGE_BYTES_MAX, true);
    const asked = world.asked.splice(0);
    expect(asked.map(({ to }) => world.sources.indexOf(to))).toEqual([0, 1, 2]);
    const chunks = asked.flatMap(({ frame }) => frame.chunks);
    expect(new Set(chunks).size).toBe(3 * CHUNKS_FIRST);
    for (const { to, frame } of asked.slice(1))
      for (const index of frame.chunks) world.blobFetch.onChunk(to, chunkOf(original, index));
    pass(world, 300);
    const later = world.asked.splice(0);
    const [late] = asked as [(typeof asked)[number]];
    expect(later.map(({ to }) => to)).toContain(world.sources[3]);
    expect(new Set(later.flatMap(({ frame }) => frame.chunks))).toEqual(
      new Set([...late.frame.chunks, ...Array.from({ length: 65 - chunks.length }, (_, at) => chunks.length + at)]),
    );
  });

  it("of a holder that dies in the middle is fetched from another, and nothing that came is asked for again", () => {
    const total = 40_000;
    const world = create(total, 2);
    const [first, second] = world.sources as [Session, Session];
    world.blobFetch.offered(first, id, total, true);
    for (const index of (world.asked[0]?.frame.chunks ?? []).slice(0, 9))
      world.blobFetch.onChunk(first, chunkOf(messageOf(total), index));
    world.blobFetch.offered(second, id, total, true);
    const came = new Set(Array.from({ length: 9 }, (_, index) => index));
    for (let round = 0; world.whole.length === 0 && round < 40; round += 1) {
      for (const { to, frame } of world.asked.splice(0)) {
        if (to !== second) continue;
        for (const index of frame.chunks) {
          expect(came.has(index)).toBe(false);
          came.add(index);
          world.blobFetch.onChunk(second, chunkOf(messageOf(total), index));
        }
      }
      pass(world, 50);
    }
    expect(world.whole).toHaveLength(1);
  });

  it("is asked of eight of those who hold it, however many they are", () => {
    const world = create(MESSAGE_BYTES_MAX, 20);
    for (const source of world.sources) world.blobFetch.offered(source, id, MESSAGE_BYTES_MAX, true);
    pass(world, 50_000);
    expect(new Set(world.asked.map(({ to }) => to))).toEqual(new Set(world.sources.slice(0, 8)));
  });

  it("whose sources have all gone silent waits a minute for another one, and keeps what came", () => {
    const total = 20_000;
    const world = create(total, 2);
    const [first, second] = world.sources as [Session, Session];
    world.blobFetch.offered(first, id, total, true);
    world.blobFetch.onChunk(first, chunkOf(messageOf(total), 0));
    pass(world, 30_000);
    expect(world.blobFetch.isActive()).toBe(false);
    world.asked.length = 0;
    world.blobFetch.offered(second, id, total, false);
    expect(world.asked[0]?.frame.chunks).not.toContain(0);
    pass(world, 120_000);
    expect(world.blobFetch.size()).toBe(0);
    expect(world.bench.timers.nextDeadline()).toBeUndefined();
  });

  it("whose chunks are late at a time that no fraction of a millisecond hits exactly is waited for once, not for ever", () => {
    const world = create(3_000);
    const [source] = world.sources as [Session];
    for (let at = 0.1; at < 200; at += 1.7) {
      Object.assign(world.bench, { now: { mono: world.bench.now.mono + at / 3, wall: 0 } });
      source.rtt.smoothedMs = 10.1 + at / 7;
      world.blobFetch.offered(source, id, 3_000, true);
      const due = world.bench.timers.nextDeadline() as number;
      Object.assign(world.bench, { now: { mono: due, wall: 0 } });
      const row = world.bench.timers.takeDue(due);
      if (row?.type === "fetch-blob") world.blobFetch.onTimer(row.key);
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
          expect(world.blobFetch.size()).toBe(0);
          expect(world.bench.timers.nextDeadline()).toBeUndefined();
          completed += world.whole.length;
        },
      ),
      { numRuns: runs, seed: 1 },
    );
    expect(completed).toBeGreaterThan(0.85 * runs);
  });
});

describe("a hostile source", () => {
  it("whose bytes do not verify is counted and not asked for them again", () => {
    const total = 3_000;
    const world = create(total, 2);
    const [liar, honest] = world.sources as [Session, Session];
    world.blobFetch.offered(liar, id, total, true);
    for (const index of [0, 1, 2]) world.blobFetch.onChunk(liar, chunkOf(Buffer.alloc(total, 7), index));
    expect(dropped(world)).toEqual({ "large-unverified": 1 });
    world.asked.length = 0;
    world.blobFetch.offered(liar, id, total, true);
    expect(world.asked).toEqual([]);
    world.blobFetch.offered(honest, id, total, true);
    for (const index of [0, 1, 2]) world.blobFetch.onChunk(honest, chunkOf(messageOf(total), index));
    expect(world.whole).toHaveLength(1);
  });

  it("that mixes forged chunks into an honest fetch is found out by fetching from one at a time", () => {
    const world = create(MESSAGE_BYTES_MAX, 2);
    const [honest, liar] = world.sources as [Session, Session];
    const forged = Buffer.alloc(MESSAGE_BYTES_MAX, 7);
    world.blobFetch.offered(honest, id, MESSAGE_BYTES_MAX, true);
    world.blobFetch.offered(liar, id, MESSAGE_BYTES_MAX, true);
    const askedOf: Session[] = [];
    for (let round = 0; world.whole.length === 0 && round < 20; round += 1) {
      for (const { to, frame } of world.asked.splice(0)) {
        askedOf.push(to);
        for (const index of frame.chunks)
          world.blobFetch.onChunk(to, chunkOf(to === honest ? original : forged, index));
      }
    }
    expect(world.whole).toHaveLength(1);
    expect(askedOf).toContain(liar);
    const { "large-unverified": failures = 0 } = dropped(world);
    expect(failures).toBeGreaterThan(0);
    expect(failures).toBeLessThanOrEqual(2);
  });

  it("that names a wrong size harms no one who names the right one", () => {
    const total = 3_000;
    const world = create(total, 2);
    const [liar, honest] = world.sources as [Session, Session];
    world.blobFetch.offered(liar, id, 2_000, true);
    world.blobFetch.offered(honest, id, total, true);
    world.blobFetch.onChunk(liar, chunkOf(Buffer.alloc(2_000), 0));
    for (const index of [0, 1, 2]) world.blobFetch.onChunk(honest, chunkOf(messageOf(total), index));
    expect(world.whole).toHaveLength(1);
    expect(world.blobFetch.size()).toBe(0);
  });

  it("that sends what was not asked of it is counted, and nothing is kept", () => {
    const total = 65_000;
    const world = create(total, 2);
    const [source, stranger] = world.sources as [Session, Session];
    world.blobFetch.onChunk(source, chunkOf(messageOf(total), 0));
    world.blobFetch.offered(source, id, total, true);
    world.blobFetch.onChunk(stranger, chunkOf(messageOf(total), 0));
    world.blobFetch.onChunk(source, chunkOf(messageOf(total), 60));
    world.blobFetch.onChunk(source, chunkOf(messageOf(64_000), 0));
    expect(dropped(world)).toEqual({ "chunk-unasked": 4 });
  });

  it("that offers a thousand messages it does not have keeps no one else from being fetched from", () => {
    const total = 3_000;
    const world = create(total, 2);
    const [liar, honest] = world.sources as [Session, Session];
    liar.peer = "aa".repeat(32) as PeerId;
    honest.peer = "bb".repeat(32) as PeerId;
    for (let number = 0; number < 1_000; number += 1)
      world.blobFetch.offered(liar, idOf(number), MESSAGE_BYTES_MAX, true);
    expect(world.asked.length).toBeLessThan(ACTIVE_MAX);
    expect(world.blobFetch.size()).toBeLessThanOrEqual(limits.transfers / 4);
    expect(dropped(world)["large-full"]).toBeGreaterThan(700);
    world.asked.length = 0;
    world.blobFetch.offered(honest, id, total, true);
    expect(world.asked.map(({ to }) => to)).toEqual([honest]);
    pass(world, 600_000);
    expect(world.blobFetch.size()).toBe(0);
  });
});

describe("a holder", () => {
  const supplierOf = (): ChunkSupplier => createChunkSupplier(createBench().link.sessions.open(bootFrom(seededRng(1))));

  it("is asked for no more than its credit, and for more only when half of it is free", () => {
    const supplier = supplierOf();
    const chunks = Array.from({ length: 200 }, (_, index) => index);
    let now = 0;
    for (let round = 0; round < 60; round += 1) {
      const free = chunksFree(supplier);
      expect(free + supplier.awaited.size).toBeLessThanOrEqual(CREDIT_MAX);
      if (free > 0) noteAsked(supplier, chunks.splice(0, free), now);
      expect(free === 0 || free >= supplier.awaited.size / 2).toBe(true);
      now += 1;
      for (const index of [...supplier.awaited.keys()].slice(0, 3)) noteChunk(supplier, index, now);
      if (chunks.length < CREDIT_MAX) break;
    }
    expect(supplier.silent).toBe(0);
  });

  it("loses credit by chunks that are late, and by silence from the third time on", () => {
    const supplier = supplierOf();
    let now = 0;
    const freeAfter = (silences: number): number => {
      for (let silence = 0; silence < silences; silence += 1) {
        noteAsked(supplier, [silence], now);
        expireChunks(supplier, now + 99, 100);
        expect(supplier.awaited.size).toBe(1);
        now += 100;
        expireChunks(supplier, now, 100);
        expect(supplier.awaited.size).toBe(0);
      }
      expect(supplier.silent).toBe(silences);
      return chunksFree(supplier);
    };
    expect(freeAfter(2)).toBe(CHUNKS_FIRST);
    noteChunk(supplier, 0, now);
    now += 100;
    expect(freeAfter(3)).toBeLessThan(CHUNKS_FIRST);
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
  for (const source of world.sources) world.blobFetch.offered(source, id, total, true);
  while (world.blobFetch.size() > 0) {
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
    if (arrived !== undefined) world.blobFetch.onChunk(arrived.from, arrived.chunk);
    // Most arrive in time, some when they count as lost already.
    pass(world, inFlight.length === 0 ? 50 : below(rng, 3));
  }
}
