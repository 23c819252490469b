/** Chunks given out: those that were asked for, of what is here, and no more in a second than is bearable. */
import { describe, expect, it } from "vitest";
import { createBlobServer } from "../../../src/protocol/blobs/serve.ts";
import { limits } from "../../../src/protocol/limits.ts";
import type { Session } from "../../../src/protocol/link/session.ts";
import { createLog } from "../../../src/protocol/log/log.ts";
import { insertEntry } from "../../../src/protocol/log/messageIndex.ts";
import { createReads, settleRead, takeRead } from "../../../src/protocol/log/reads.ts";
import { putBody } from "../../../src/protocol/log/recentBodies.ts";
import { createWrites } from "../../../src/protocol/log/writes.ts";
import { CHUNK_BYTES, chunkBytes, chunkCount } from "../../../src/wire/blob.ts";
import { MESSAGE_BYTES_MAX } from "../../../src/wire/envelope.ts";
import type { Frame } from "../../../src/wire/frames.ts";
import type { MessageId, PeerId } from "../../../src/wire/ids.ts";
import { bootFrom, createBench } from "../fixtures.ts";

type Wanted = Frame & { readonly type: "wantChunks" };

const id = "0123456789ab".repeat(4) as MessageId;
const PEER = "ab".repeat(32) as PeerId;
const messageOf = (total: number): Uint8Array => Buffer.from(Array.from({ length: total }, (_, at) => (at * 31) & 63));
const chunkOf = (bytes: Uint8Array, index: number): Frame => {
  const at = index * CHUNK_BYTES;
  const part = bytes.subarray(at, at + chunkBytes(bytes.length, index));
  return { type: "chunk", id, total: bytes.length, index, bytes: part };
};

describe("giving out chunks", () => {
  const wanted = (chunks: readonly number[]): Wanted => ({ type: "wantChunks", id, chunks });
  /** `isAtHand`: its body is in memory. */
  const serve = (total: number | undefined, isAtHand = true) => {
    const bench = createBench();
    const sent: { readonly to: Session; readonly frame: Frame }[] = [];
    const link = { ...bench.link, send: (to: Session, frame: Frame) => void sent.push({ to, frame }) };
    const log = createLog(bench.identity.id, 1_000);
    if (total !== undefined) {
      const entry = { author: PEER, seq: 1, kind: 1, size: total, parents: [], target: undefined };
      insertEntry(log.index, id, entry);
      if (isAtHand) putBody(log.recent, id, messageOf(total));
    }
    const reads = createReads();
    const context = {
      ...bench,
      link,
      get now() {
        return bench.now;
      },
    };
    const blobServer = createBlobServer(context, log, createWrites(true), reads);
    return { bench, sent, reads, blobServer, session: bench.link.sessions.open(bootFrom(bench.rng)) };
  };

  it("sends those that were asked for, as they lie in the message", () => {
    const { sent, blobServer, session } = serve(2_500);
    blobServer.onWantChunks(session, wanted([0, 2]));
    expect(sent.map(({ frame }) => frame)).toEqual([chunkOf(messageOf(2_500), 0), chunkOf(messageOf(2_500), 2)]);
  });

  it("of what is not here, not large or beyond the end is counted and not answered", () => {
    for (const [total, chunks] of [
      [undefined, [0]],
      [1_000, [0]],
      [2_500, [3]],
    ] as const) {
      const { bench, sent, blobServer, session } = serve(total);
      blobServer.onWantChunks(session, wanted(chunks));
      expect([sent, bench.counters.totals().dropped]).toEqual([[], { "chunk-unknown": 1 }]);
    }
  });

  it("reads what is not in memory, and no more at a time than may be", () => {
    const { bench, sent, reads, blobServer, session } = serve(2_500, false);
    blobServer.onWantChunks(session, wanted([0, 2]));
    expect(sent).toEqual([]);
    const asked = takeRead(reads);
    expect(asked?.ids).toEqual([id]);
    const errand = { type: "chunks", to: session.boot, id, chunks: [0, 2] };
    expect(settleRead(reads, asked?.ticket as number)).toEqual({ ids: [id], errands: [errand] });
    blobServer.serve(session, id, messageOf(2_500), [0, 2]);
    expect(sent.map(({ frame }) => frame)).toEqual([chunkOf(messageOf(2_500), 0), chunkOf(messageOf(2_500), 2)]);
    for (let times = 0; times < limits.reads + 3; times += 1) blobServer.onWantChunks(session, wanted([0]));
    const full = takeRead(reads);
    expect(full?.ids, "one request for all of them").toEqual([id]);
    expect(settleRead(reads, full?.ticket as number)?.errands).toHaveLength(limits.reads);
    expect(bench.counters.totals().dropped).toEqual({ "reads-full": 3 });
  });

  it("is bounded for each session and for all, and goes on in the next second", () => {
    const { bench, sent, blobServer, session } = serve(MESSAGE_BYTES_MAX);
    const all = Array.from({ length: chunkCount(MESSAGE_BYTES_MAX) }, (_, at) => at);
    for (let times = 0; times < 20; times += 1) blobServer.onWantChunks(session, wanted(all));
    expect(sent).toHaveLength(limits.chunksPerSecond);
    for (let other = 0; other < 20; other += 1) {
      const session = bench.link.sessions.open(bootFrom(bench.rng));
      for (let times = 0; times < 8; times += 1) blobServer.onWantChunks(session, wanted(all));
    }
    expect(sent).toHaveLength(limits.chunksPerSecondInAll);
    expect(bench.counters.totals().dropped["chunk-budget"]).toBeGreaterThan(0);
    Object.assign(bench, { now: { mono: 1_000, wall: 1_000 } });
    blobServer.onWantChunks(session, wanted([0]));
    expect(sent).toHaveLength(limits.chunksPerSecondInAll + 1);
  });
});
