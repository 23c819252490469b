/** The disk of a virtual node: as a store, and when the power fails, space runs out, or what is read is not what was written. */
import { describe, expect, test } from "vitest";
import type { StoredMessage } from "../../../src/protocol/api.ts";
import { seededRng } from "../../../src/protocol/rng.ts";
import { createAgenda } from "../../../src/sim/world/agenda.ts";
import { createDisk, type Disk } from "../../../src/sim/world/disk.ts";
import type { MessageId } from "../../../src/wire/ids.ts";
import { describeRefusing, describeStore } from "../../suites/store.ts";

const settings = { writeMs: [1, 10], readMs: [0.1, 2] } as const;
const id = (n: number): MessageId => n.toString(16).padStart(48, "0") as MessageId;
const message = (n: number): StoredMessage => ({ id: id(n), bytes: Uint8Array.of(n, n, n) });
const ids = (disk: Disk): MessageId[] => [...disk.kept().keys()].sort();

function durable(seed = 1) {
  const agenda = createAgenda();
  const refused: MessageId[] = [];
  const onRefused = (gone: readonly MessageId[]): number => refused.push(...gone);
  const disk = createDisk({ agenda, rng: seededRng(seed), settings, onRefused });
  return { agenda, disk, refused, settle: () => agenda.runUntil(agenda.now() + 60_000) };
}

describeStore("a disk that claims nothing", () => ({ store: createDisk().open(), settle: () => undefined }));

const open = () => {
  const { disk, settle } = durable();
  const refuse = (isFull: boolean): void => {
    disk.trouble.isFull = isFull;
  };
  return { store: disk.open(), settle, refuse };
};
describeStore("a disk that is durable", open);
describeRefusing("a disk that is durable", open);

describe("when the power fails", () => {
  test("there is no message without the mark that was given before it", () => {
    const marksSeen = new Set<number>();
    for (let seed = 1; seed <= 40; seed += 1) {
      const { disk } = durable(seed);
      const before = disk.open();
      before.append([message(9)], false, () => undefined);
      for (const n of [1, 2, 3]) {
        before.mark([{ id: id(n), reached: 0, of: 0 }]);
        before.append([message(n)], true, () => undefined);
      }
      disk.crash();
      disk.open().marks(10, (marks) => {
        const marked = new Set(marks.map((mark) => mark.id));
        for (const kept of ids(disk).filter((one) => one !== id(9))) expect(marked).toContain(kept);
        marksSeen.add(marks.length);
      });
    }
    expect(marksSeen.size).toBeGreaterThan(1);
  });

  test("what was confirmed is there, of the rest a front part, and nobody of the old process hears of it", () => {
    const survivors = new Set<number>();
    for (let seed = 1; seed <= 40; seed += 1) {
      const { disk, settle } = durable(seed);
      const before = disk.open();
      before.append([message(1)], true, () => undefined);
      settle();
      expect(disk.hasConfirmed(id(1))).toBe(true);
      const heard: string[] = [];
      before.append([message(2), message(3)], true, () => heard.push("written"));
      before.append([message(4)], true, () => heard.push("written"));
      before.read([id(1)], () => heard.push("read"));
      disk.crash();
      settle();
      expect(heard).toEqual([]);
      const kept = ids(disk);
      expect(kept, "an order without gaps").toEqual([1, 2, 3, 4].slice(0, kept.length).map(id));
      expect(kept[0]).toBe(id(1));
      expect([2, 3, 4].some((n) => disk.hasConfirmed(id(n)))).toBe(false);
      survivors.add(kept.length);
      const again: StoredMessage[] = [];
      disk.open().all((messages) => again.push(...messages));
      expect(again.map((one) => one.id)).toEqual(kept);
    }
    expect([...survivors].sort(), "any of them, over the seeds").toEqual([1, 2, 3, 4]);
  });
});

describe("a disk in trouble", () => {
  test("tells of every message that it refused, and confirms none of them", () => {
    const { disk, refused, settle } = durable();
    disk.trouble.isFull = true;
    const troubles: unknown[] = [];
    disk.open().append([message(1), message(2)], true, (trouble) => troubles.push(trouble));
    settle();
    expect(troubles).toEqual([{ code: "full", detail: "ENOSPC" }]);
    expect(refused).toEqual([id(1), id(2)]);
    expect([disk.hasConfirmed(id(1)), disk.hasConfirmed(id(2))]).toEqual([false, false]);
    expect(disk.counts.full).toBe(1);
  });

  test("fails as often as it is told to", () => {
    const { disk, settle } = durable();
    disk.trouble.failing = 0.3;
    const store = disk.open();
    let failed = 0;
    for (let n = 1; n <= 250; n += 1) {
      store.append([message(n)], false, (trouble) => {
        if (trouble?.code === "failed") failed += 1;
      });
      settle();
    }
    expect(failed).toBe(disk.counts.failed);
    expect(failed).toBeGreaterThan(45);
    expect(failed).toBeLessThan(110);
  });

  test("gives back what is damaged or nothing, and says so, while what it keeps stays whole", () => {
    const { disk, settle } = durable();
    const store = disk.open();
    store.append([message(1)], true, () => undefined);
    settle();
    disk.trouble.badReads = 1;
    let whole = 0;
    for (let n = 0; n < 100; n += 1) {
      store.read([id(1)], ([bytes], trouble) => {
        expect(trouble?.code).toBe("failed");
        if (bytes !== undefined && Buffer.compare(bytes, message(1).bytes) === 0) whole += 1;
      });
      settle();
    }
    expect(whole).toBeLessThan(100);
    expect(disk.counts.damaged).toBeGreaterThan(0);
    expect(disk.counts.unreadable).toBeGreaterThan(0);
    expect(disk.kept().get(id(1))).toEqual(message(1).bytes);
  });

  test("is slower than it was, never faster", () => {
    const { agenda, disk } = durable();
    disk.trouble.slowMs = 5_000;
    const took: number[] = [];
    for (let n = 1; n <= 20; n += 1) {
      const from = agenda.now();
      disk.open().append([message(n)], false, () => took.push(agenda.now() - from));
      agenda.runUntil(from + 6_000);
    }
    expect(took).toHaveLength(20);
    expect(Math.min(...took)).toBeGreaterThanOrEqual(settings.writeMs[0]);
    expect(Math.max(...took)).toBeGreaterThan(1_000);
  });
});

test("what was trimmed is known as let go, and the newest of it by its id", () => {
  for (const { disk, settle } of [durable(), { disk: createDisk(), settle: () => undefined }]) {
    const store = disk.open();
    store.append([message(1), message(2), message(3)], false, () => undefined);
    store.trim([id(2), id(1)]);
    settle();
    expect([1, 2, 3].map((n) => disk.hasTrimmed(id(n)))).toEqual([true, true, false]);
    expect(ids(disk)).toEqual([id(3)]);
  }
});
