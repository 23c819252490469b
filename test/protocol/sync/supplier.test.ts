/** A supplier, of pages or of chunks: how long it is waited for, what counts as silence, and what that costs. */
import { describe, expect, it } from "vitest";
import {
  chunksFree,
  createChunkSupplier,
  expireChunks,
  noteAsked,
  noteChunk,
} from "../../../src/protocol/blobs/chunkRequests.ts";
import { limits } from "../../../src/protocol/limits.ts";
import type { Session } from "../../../src/protocol/link/session.ts";
import { createPageSupplier, type Grant, noteEnd } from "../../../src/protocol/sync/grants.ts";
import {
  createSupplier,
  noteAnswer,
  noteSilence,
  patienceMs,
  queuedMs,
  settle,
} from "../../../src/protocol/sync/supplier.ts";
import { bootFrom, createBench } from "../fixtures.ts";

const newSession = (): Session => {
  const bench = createBench();
  return bench.link.sessions.open(bootFrom(bench.rng));
};
const RTO = 2 * limits.initialRttMs + limits.rtoSlackMs;
const lostAll = { came: 0, lost: 16, queuedMs: 0 } as const;

describe("a supplier", () => {
  it("is waited for as long as a datagram, twice as long with each silence but the first, two seconds at most", () => {
    const supplier = createSupplier(newSession(), 16);
    const waits = [0, 1, 2, 3, 4, 5, 20].map((silent) => patienceMs({ ...supplier, silent }));
    expect(waits).toEqual([RTO, RTO, 2 * RTO, 4 * RTO, 8 * RTO, 2_000, 2_000]);
  });

  it("was silent once, however many requests of one moment were in vain", () => {
    const supplier = createSupplier(newSession(), 16);
    for (const now of [100, 100, 100, 400]) noteSilence(supplier, now);
    expect(supplier.silent).toBe(2);
  });

  it("loses no credit by two silences, for a request may be lost, and half of it by each after that", () => {
    const supplier = createSupplier(newSession(), 16);
    for (const [now, credit] of [16, 16, 8, 4].entries()) {
      noteSilence(supplier, now);
      settle(supplier, lostAll);
      expect(supplier.credit.size()).toBe(credit);
    }
  });

  it("has a queue where an answer takes longer than the quickest, by more than the way itself varies", () => {
    const session = newSession();
    Object.assign(session.rtt, { smoothedMs: 20, variationMs: 5 });
    const supplier = createSupplier(session, 16);
    noteAnswer(supplier, 100, 130);
    noteAnswer(supplier, 200, 400);
    expect(supplier.quickestMs).toBe(30);
    expect(queuedMs(supplier, 500, 700)).toBe(200 - 30 - 20);
  });
});

describe("pages and chunks", () => {
  it("cost the same when nothing comes: the third silence in a row takes half of the credit", () => {
    const pages = createPageSupplier(newSession(), { count: 1 }, 16);
    const chunks = createChunkSupplier(newSession());
    const grant: Grant = {
      number: 1,
      key: "",
      pages: 16,
      at: 0,
      heardAt: undefined,
      came: 0,
      of: 0,
      isEnded: false,
      again: undefined,
    };
    for (let time = 1; time <= 3; time += 1) {
      const before = [pages, chunks].map(({ credit }) => credit.size());
      expect(before).toEqual([16, 16]);
      noteEnd(pages, grant, 1_000 * time);
      noteAsked(chunks, [0, 1, 2], 1_000 * time - 500);
      expireChunks(chunks, 1_000 * time, 500);
    }
    expect([pages, chunks].map(({ silent }) => silent)).toEqual([3, 3]);
    expect([pages, chunks].map(({ credit }) => credit.size())).toEqual([8, 8]);
  });

  it("that come make up for silence, and for more credit", () => {
    const chunks = createChunkSupplier(newSession());
    chunks.silent = 3;
    const asked = Array.from({ length: chunksFree(chunks) }, (_, index) => index);
    noteAsked(chunks, asked, 0);
    expect(chunksFree(chunks)).toBe(0);
    for (const index of asked) noteChunk(chunks, index, 20);
    expect(chunks.silent).toBe(0);
    expect(chunksFree(chunks)).toBe(32);
  });
});
