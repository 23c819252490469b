/** A log that may hold so many bytes: it keeps fewer messages, by the same rule, and its peers know how many. */
import { describe, expect, it } from "vitest";
import { signMessage } from "../../../src/crypto/signed.ts";
import { rowsOf } from "../../../src/protocol/log/indexRows.ts";
import { createLog, insertMessage, isKnown, type Log, loosen, setBudget } from "../../../src/protocol/log/log.ts";
import { createRestored, restoreRows } from "../../../src/protocol/log/restored.ts";
import { below, seededRng } from "../../../src/protocol/rng.ts";
import { retained } from "../../../src/sim/run/retained.ts";
import type { MessageId } from "../../../src/wire/ids.ts";
import { unsigned } from "../../suites/said.ts";
import { createWorld, identityOf, roomKeys, type TestNode, WALL, type World } from "../fixtures.ts";

const MAX_BYTES = 200_000;
const authors = ["alice", "bob", "carol"].map(identityOf);
const budget = (maxBytes: number, maxMessages = 1_000) => ({ maxBytes, maxMessages });
const kept = ({ index }: Log): MessageId[] => index.ids.slice("", "~", index.ids.size());

function fill(log: Log, count: number, bytes: (at: number) => number, from = 0): void {
  for (let at = from; at < from + count; at += 1) {
    const author = authors[at % 7 === 0 ? 1 : at % 11 === 0 ? 2 : 0] ?? authors[0];
    const content = unsigned({ seq: at, hlc: WALL + at, parents: [], text: "x".repeat(bytes(at)) });
    const message = signMessage(roomKeys, author as (typeof authors)[0], content);
    if (isKnown(log, message.id)) continue;
    insertMessage(log, message, { mono: 0, wall: WALL }, { missing: 30_000, held: 30_000 });
  }
}

function logOf(maxBytes: number): Log {
  const log = createLog(identityOf("alice").id, 1_000);
  setBudget(log, budget(maxBytes));
  return log;
}

describe("a log with a limit in bytes", () => {
  it("never holds more than that, whatever is said, and keeps what a smaller number would keep", () => {
    for (let seed = 1; seed <= 10; seed += 1) {
      const rng = seededRng(seed);
      const log = logOf(MAX_BYTES);
      const all = createLog(log.self, 1_000);
      const sizes = Array.from({ length: 600 }, () => (below(rng, 40) === 0 ? 5_000 : below(rng, 900)));
      for (let at = 0; at < sizes.length; at += 1) {
        fill(log, 1, () => sizes[at] as number, at);
        fill(all, 1, () => sizes[at] as number, at);
        expect(log.bytes).toBeLessThanOrEqual(MAX_BYTES);
      }
      const sized = kept(all).map((id) => {
        const slot = all.index.ids.valueOf(id) as number;
        const { author, size } = all.index.columns;
        return { id, author: author[slot] as number, size: size[slot] as number };
      });
      expect(log.max).toBeLessThan(1_000);
      expect(new Set(kept(log)), `seed ${seed}`).toEqual(retained(sized, log.max));
    }
  });

  it("counts what it lets go of as room, and takes it all again when the limit is off", () => {
    const log = logOf(Number.POSITIVE_INFINITY);
    fill(log, 300, () => 800);
    const whole = log.bytes;
    expect(setBudget(log, budget(MAX_BYTES)).length).toBe(300 - kept(log).length);
    expect(log.bytes).toBeLessThanOrEqual(MAX_BYTES);
    setBudget(log, budget(Number.POSITIVE_INFINITY));
    fill(log, 300, () => 800);
    expect([kept(log).length, log.bytes, log.max]).toEqual([300, whole, 1_000]);
  });

  it("holds more messages again, little by little, when they have become smaller", () => {
    const log = logOf(MAX_BYTES);
    fill(log, 300, () => 900);
    const before = log.max;
    loosen(log);
    expect(log.max).toBe(before);
    fill(log, 300, () => 10, 300);
    for (let times = 0; times < 100; times += 1) {
      const { max } = log;
      loosen(log);
      expect(log.max).toBeLessThanOrEqual(Math.ceil(max * 1.1));
    }
    expect(log.max).toBe(1_000);
  });

  it("is after a start what it was before, and asks nobody for what it has let go", () => {
    const log = logOf(MAX_BYTES);
    fill(log, 400, (at) => (at * 37) % 900);
    const restored = createRestored(log.self, 1_000, WALL);
    const bodies = kept(log).map((id) => ({ id, bytes: log.recent.bodies.get(id) as Uint8Array }));
    restoreRows(restored, rowsOf(bodies));
    expect(setBudget(restored.log, budget(MAX_BYTES))).toEqual([]);
    expect(kept(restored.log)).toEqual(kept(log));
    expect(restored.log.max).toBe(kept(log).length);
    expect(restored.log.bytes).toBe(log.bytes);
  });
});

describe("nodes with different limits in bytes", () => {
  const sentWithin = (world: World, ms: number): number => {
    let sent = 0;
    world.onSend = () => (sent += 1);
    world.run(ms);
    return sent;
  };
  const bytesOf = ({ store }: TestNode): number =>
    [...store.kept.values()].reduce((sum, bytes) => sum + bytes.length + 220, 0);

  it.each([1, 2, 3, 4])("agree on what each keeps, and then send no more than equal ones (seed %d)", (seed) => {
    const world = createWorld({ seed });
    const rng = seededRng(seed);
    const limits = [40_000 + below(rng, 20_000), 80_000, Number.POSITIVE_INFINITY];
    const nodes = limits.map((maxBytes, at) => world.node(`n${at}`, { maxBytes, maxMessages: 800 }));
    for (const node of nodes.slice(1)) node.join(nodes[0] as TestNode);
    world.run(5_000);
    for (let at = 0; at < 200; at += 1) {
      (nodes[below(rng, 3)] as TestNode).say(`${at} ${"x".repeat(below(rng, 12) === 0 ? 1_500 : below(rng, 500))}`);
      world.run(200);
    }
    world.run(60_000);
    const all = (nodes[2] as TestNode).texts();
    expect(all).toHaveLength(200);
    for (const [at, node] of nodes.entries()) {
      expect(bytesOf(node)).toBeLessThanOrEqual(limits[at] as number);
      expect(all).toEqual(expect.arrayContaining(node.texts()));
    }
    expect(nodes.slice(0, 2).every((node) => node.texts().length < 200)).toBe(true);
    // Three equal nodes send about as much.
    const quiet = createWorld({ seed });
    const equal = ["a", "b", "c"].map((name) => quiet.node(name));
    for (const node of equal.slice(1)) node.join(equal[0] as TestNode);
    quiet.run(90_000);
    const idle = sentWithin(quiet, 60_000);
    expect(sentWithin(world, 60_000)).toBeLessThan(1.2 * idle + 10);
    const before = nodes.map((node) => node.texts());
    world.run(180_000);
    expect(nodes.map((node) => node.texts())).toEqual(before);
  });
});
