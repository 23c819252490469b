/**
 * Insiders: whoever has the room's key can seal anything. 20,000 frames, valid and mutated, of a proven session: the core
 * never throws, what one datagram sets off is bounded, tables stay within their bounds, and it still talks afterwards.
 */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { signStatement } from "../../src/crypto/signed.ts";
import type { Effect } from "../../src/protocol/api.ts";
import { below } from "../../src/protocol/rng.ts";
import { FRAMES_BYTES_MAX } from "../../src/wire/datagram.ts";
import { noExtensions } from "../../src/wire/extensions.ts";
import { encodeFrame, type Frame } from "../../src/wire/frames.ts";
import type { ShortId } from "../../src/wire/ids.ts";
import { framesArbitrary, mutate } from "../wire/arbitraries.ts";
import { createWorld, gather, roomKeys, shown, type TestNode, transmits, WALL } from "./fixtures.ts";
import { createPuppet, type Puppet } from "./puppet.ts";

const DATAGRAMS = 20_000;
const CORPUS = 1_500;
/** Many times what it takes on a slow machine with other work to do. */
const LIMIT_MS = 120_000;
const seed = Number(process.env.SMPLCHAT_FUZZ_SEED ?? 1);

/** Frames that mean something here: real ids, real peers, real messages and statements. */
function meaningful(puppet: Puppet, nodes: readonly TestNode[]): Frame[] {
  const [alice, bob] = nodes as [TestNode, TestNode];
  const ids = alice.log().map((message) => message.id);
  const known = puppet.message({ parents: ids.slice(0, 1), hlc: WALL + 100_000 });
  const { content } = { content: { boot: puppet.boot, nick: "m", endpoints: [], extensions: noExtensions } };
  const [fp, salt] = ["00".repeat(6), "00".repeat(4)];
  const slice = { order: 0, lo: 0, last: 0xffffffff };
  return [
    { type: "push", slice, message: known.bytes },
    { type: "message", bytes: known.bytes },
    { type: "advertise", slice, id: known.id },
    {
      type: "statement",
      bytes: signStatement(roomKeys, puppet.identity, { ...content, incarnation: 9, status: "left" }).bytes,
    },
    { type: "suspect", peer: bob.identity.id, incarnation: 2 ** 48 - 1, accuser: "ab".repeat(8) },
    { type: "suspect", peer: alice.identity.id, incarnation: WALL, accuser: "ab".repeat(8) },
    { type: "probeRequest", target: bob.identity.id, introduce: true },
    { type: "introduce", peer: bob.identity.id, endpoint: bob.endpoint },
    { type: "probeReply", target: bob.identity.id, answered: false },
    {
      type: "receipt",
      id: ids[0] as never,
      slice: { order: 0, lo: 0, last: 0xffffffff },
      reached: 2 ** 53 - 1,
      of: 0,
      lacking: ["ab".repeat(8)],
    },
    { type: "fetch", set: "log", number: 1, credit: 64, stretches: [{ lo: "", hi: "~" }] },
    { type: "fetch", set: "roster", number: 2, credit: 64, stretches: [{ lo: "", hi: "~" }] },
    { type: "page", set: "log", number: 1, index: 0, isLast: true, lo: "", hi: "~", items: [known.bytes] },
    { type: "page", set: "roster", number: 1, index: 63, isLast: false, lo: "", hi: "~", items: [known.bytes] },
    { type: "ranges", set: "log", salt, lo: "", parts: [{ hi: "~", count: 2 ** 53 - 1, fingerprint: fp }] },
    { type: "same", set: "log", lo: "", hi: "~", salt, count: 7, fingerprint: fp },
    {
      type: "list",
      set: "log",
      lo: "",
      hi: "~",
      salt,
      ids: Array.from({ length: 64 }, (_, index) => `${10 + index}`.repeat(12) as ShortId),
    },
    { type: "want", ids: ids.slice(0, 40) },
    { type: "wantListed", set: "log", lo: "", hi: "~", salt, hashes: ["ff".repeat(6), "00".repeat(6)] },
    { type: "wantListed", set: "roster", lo: "", hi: "~", salt, hashes: ["ff".repeat(6)] },
    {
      type: "digest",
      log: { count: 5, fingerprint: "11".repeat(8) },
      horizon: 2 ** 48 - 1,
      roster: { count: 0, fingerprint: "00".repeat(8) },
    },
  ];
}

describe("a member that sends anything at all", () => {
  it(
    `does not make the core throw, flood or grow in ${DATAGRAMS} datagrams, and the room talks on`,
    () => {
      const world = createWorld({ seed });
      const nodes = gather(world, ["alice", "bob", "carol"]) as [TestNode, TestNode, TestNode];
      const [alice, bob] = nodes;
      for (let index = 0; index < 60; index += 1) bob.say(`message ${index}`);
      world.run(2_000);
      const puppet = createPuppet(world, "mallory");
      puppet.prove(alice);
      const corpus = fc
        .sample(framesArbitrary, { numRuns: CORPUS, seed })
        .concat(Array.from({ length: 20 }, () => meaningful(puppet, nodes).map((frame) => [frame])).flat())
        .map((frames) => Buffer.concat(frames.map(encodeFrame)))
        .filter((bytes) => bytes.length <= FRAMES_BYTES_MAX);
      const before = alice.core.stats();
      let most = 0;
      for (let index = 0; index < DATAGRAMS; index += 1) {
        let inner: Uint8Array = corpus[below(world.rng, corpus.length)] as Uint8Array;
        const changes = below(world.rng, 3);
        for (let change = 0; change < changes; change += 1) {
          inner = mutate(inner, below(world.rng, 5), world.rng.u32(), below(world.rng, 256));
        }
        if (inner.length > FRAMES_BYTES_MAX) continue;
        const bytes = puppet.sealedBytes(inner, alice.boot);
        let effects: readonly Effect[];
        try {
          effects = alice.step({ type: "datagram", bytes, from: puppet.endpoint });
        } catch (cause) {
          throw new Error(`seed ${seed}, datagram ${index}: ${Buffer.from(inner).toString("hex")}`, { cause });
        }
        most = Math.max(most, effects.length);
        const [challenge] = transmits(effects).flatMap((sent) => puppet.opened(sent.bytes) ?? []);
        if (challenge !== undefined && index % 3 === 0) {
          puppet.tell(alice, [{ type: "ack", counters: [challenge.header.counter], delayMs: 0 }]);
        }
        if (index % 20 === 0) world.run(20);
      }
      const { dropped, datagramsIn } = alice.core.stats();
      expect(datagramsIn - before.datagramsIn).toBeGreaterThan(DATAGRAMS);
      // Both really happen: what is refused whole, and what is understood.
      expect(dropped["bad-frame"]).toBeGreaterThan(1_000);
      expect(datagramsIn - (dropped["bad-frame"] ?? 0)).toBeGreaterThan(5_000);
      expect(most).toBeLessThan(200);

      world.run(30_000);
      bob.say("still talking?");
      alice.say("still talking");
      world.run(3_000);
      expect(shown(bob).map(({ text }) => text)).toContain("still talking");
      expect(shown(alice).map(({ text }) => text)).toContain("still talking?");
    },
    LIMIT_MS,
  );
});
