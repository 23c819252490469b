// The index of a database: it is written with the messages, a start reads it alone, and damage to it is mended from them.
import { afterEach, describe, expect, it } from "vitest";
import { rowsOf } from "../../src/protocol/log/indexRows.ts";
import { createRestored, restoreRows } from "../../src/protocol/log/restored.ts";
import { LEAF_ROWS_MAX } from "../../src/store/leaves.ts";
import { LEAF_TYPE, type Level, prefixOf, rangeOf } from "../../src/store/levelFormat.ts";
import { buildIndex } from "../../src/store/levelIndex.ts";
import { envelopeOf, idOf } from "../suites/envelopes.ts";
import { rowsIn } from "../suites/store.ts";
import { closeRigs, type LevelRig, openRig, ROOM } from "./levelRig.ts";

afterEach(closeRigs);

describe("the index of a database", () => {
  it("is there again when it is opened anew, each room its own", async () => {
    const rig = await openRig();
    await say(rig, numbers(1, 100));
    rig.other.append([envelopeOf(7)], false, () => undefined);
    const again = await rig.reopen();
    expect(await rowsIn(again)).toEqual(rowsOf(numbers(1, 100).map(envelopeOf)));
    expect(await rowsIn({ store: again.other, settle: again.settle })).toEqual(rowsOf([envelopeOf(7)]));
    // It goes on where it was.
    await say(
      again,
      [0, 50, 101].map((n) => n + 1),
    );
    expect(await rowsIn(again)).toEqual(rowsOf([...numbers(1, 100), 102].map(envelopeOf)));
  });

  it.each([
    ["upwards", (count: number) => numbers(1, count)],
    ["downwards", (count: number) => numbers(1, count).toReversed()],
  ] as const)("stands in few leaves whether messages come %s, one by one or many at once", async (_, order) => {
    const rig = await openRig();
    const count = 20 * LEAF_ROWS_MAX;
    for (const n of order(count)) await say(rig, [n]);
    expect((await leavesOf(rig)).length).toBeLessThanOrEqual(22);
    rig.store.trim(numbers(1, count).map(idOf));
    await rig.settle();
    expect(await leavesOf(rig)).toEqual([]);
    await say(rig, order(count));
    expect((await leavesOf(rig)).length).toBeLessThanOrEqual(22);
  });

  it("writes one leaf for what is said now, however long the history is", async () => {
    const rig = await openRig();
    await say(rig, numbers(1, 5_000));
    const before = rig.batches.length;
    for (let n = 5_001; n < 5_101; n += 1) await say(rig, [n]);
    const sizes = rig.batches.slice(before).map(({ size }) => size);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(3);
  });

  it("has what the messages say after a write that failed", async () => {
    const rig = await openRig();
    await say(rig, numbers(1, 40));
    rig.refuse(true);
    rig.store.append([envelopeOf(41)], false, () => undefined);
    rig.store.trim([idOf(3)]);
    await rig.settle();
    rig.refuse(false);
    await say(rig, [42]);
    const kept = numbers(1, 42).filter((n) => n !== 3 && n !== 41);
    expect(await rowsIn(rig)).toEqual(rowsOf(kept.map(envelopeOf)));
  });

  it("is made from the messages where there is none, as an earlier version left it", async () => {
    const rig = await openRig();
    await say(rig, numbers(1, 100));
    rig.other.append([envelopeOf(7), { id: idOf(8), bytes: Uint8Array.of(1) }], false, () => undefined);
    await rig.settle();
    const level = rig.database.level as Level;
    await level.clear({ gte: Uint8Array.of(LEAF_TYPE), lt: Uint8Array.of(LEAF_TYPE + 1) });
    for (const _ of ["once", "twice does no harm"]) await buildIndex(level);
    const again = await rig.reopen();
    expect(await rowsIn(again)).toEqual(rowsOf(numbers(1, 100).map(envelopeOf)));
    expect(await rowsIn({ store: again.other, settle: again.settle })).toEqual(rowsOf([envelopeOf(7)]));
  });
});

describe("a damaged index", () => {
  const kinds: [string, (leaf: Uint8Array) => Uint8Array][] = [
    ["with a flipped bit", (leaf) => leaf.map((byte, at) => (at === 40 ? byte ^ 4 : byte))],
    ["cut short", (leaf) => leaf.slice(0, leaf.length - 9)],
    ["empty", () => new Uint8Array()],
  ];

  it.each(kinds)("is mended from the messages when it is read: a leaf is %s", async (_, damage) => {
    const rig = await openRig();
    await say(rig, numbers(1, 5_000));
    await harm(rig, 100, damage);
    const again = await rig.reopen();
    const restored = createRestored("" as never, 10_000, 0);
    again.store.index((rows) => restoreRows(restored, rows));
    await again.settle();
    expect(restored.log.index.ids.slice("", "~", 10_000)).toEqual(numbers(1, 5_000).map(idOf));
    expect(await rowsIn(again)).toEqual(rowsOf(numbers(1, 5_000).map(envelopeOf)));
  });

  it.each(kinds)("is mended when it is written: a leaf is %s", async (_, damage) => {
    const rig = await openRig();
    await say(rig, numbers(1, 200));
    await harm(rig, 2, damage);
    const again = await rig.reopen();
    again.store.trim([idOf(70)]);
    await again.settle();
    expect(await rowsIn(again)).toEqual(
      rowsOf(
        numbers(1, 200)
          .filter((n) => n !== 70)
          .map(envelopeOf),
      ),
    );
  });
});

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at);

async function say(rig: LevelRig, which: readonly number[]): Promise<void> {
  await new Promise((done) => rig.store.append(which.map(envelopeOf), false, done));
}

async function leavesOf({ database }: LevelRig): Promise<Uint8Array[]> {
  return (await (database.level as Level).keys(rangeOf(prefixOf(LEAF_TYPE, ROOM))).all()) as Uint8Array[];
}

async function harm(rig: LevelRig, which: number, damage: (leaf: Uint8Array) => Uint8Array): Promise<void> {
  const level = rig.database.level as Level;
  const key = (await leavesOf(rig))[which] as Uint8Array;
  await level.put(key, damage((await level.get(key)) as Uint8Array));
}
