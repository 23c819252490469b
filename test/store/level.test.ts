// The database on disk: a store like any other, that outlives its process, writes together what can be, and recovers.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { eraseMessage } from "../../src/crypto/signed.ts";
import type { Mark, StoredMessage, StoreTrouble } from "../../src/protocol/api.ts";
import type { Level } from "../../src/store/level.ts";
import type { Store } from "../../src/store/store.ts";
import { decodeEnvelope, type Envelope, encodeEnvelope, SIGNATURE_BYTES } from "../../src/wire/envelope.ts";
import type { MessageId } from "../../src/wire/ids.ts";
import { envelopeOf, idOf } from "../suites/envelopes.ts";
import { describeRefusing, describeStore } from "../suites/store.ts";
import { closeDatabases, closeRigs, type LevelRig, openRig, roomsOf } from "./levelRig.ts";

describe("with one database for all", () => {
  afterAll(closeRigs);
  describeStore("LevelDB", roomsOf(openRig));
});

describe("with a database for each", () => {
  afterEach(closeRigs);
  describeRefusing("LevelDB", () => openRig());
});

describe("a database on disk", () => {
  afterEach(closeRigs);

  it("has everything again when it is opened anew, each room its own, and nothing that was let go", async () => {
    const rig = await openRig();
    await append(rig, [message(1), message(2), message(3)]);
    rig.other.append([message(2), message(9)], false, () => undefined);
    rig.store.trim([id(2)]);
    const again = await rig.reopen();
    expect(await indexOf(again.store)).toEqual([message(1), message(3)]);
    expect(await indexOf(again.other)).toEqual([message(2), message(9)]);
  });

  it("writes what is asked for in one turn as one batch, and syncs it if an own message is among it", async () => {
    const rig = await openRig();
    rig.store.append([message(1)], false, () => undefined);
    rig.store.append([message(2)], false, () => undefined);
    rig.store.trim([id(1)]);
    await rig.settle();
    for (const n of [3, 4, 5]) rig.store.append([message(n)], n === 4, () => undefined);
    rig.other.append([message(3)], false, () => undefined);
    await rig.settle();
    expect(rig.batches).toEqual([
      // What goes takes its mark along.
      { size: 3, sync: false },
      { size: 4, sync: true },
    ]);
    expect(await indexOf(rig.store)).toEqual([2, 3, 4, 5].map(message));
  });

  it("writes a mark in one batch with the message that is appended after it, and has it when it is opened anew", async () => {
    const rig = await openRig();
    rig.store.mark([{ id: id(1), reached: 0, of: 0 }]);
    rig.store.append([message(1)], true, () => undefined);
    rig.other.mark([{ id: id(1), reached: 2, of: 3 }]);
    await rig.settle();
    expect(rig.batches).toEqual([{ size: 3, sync: true }]);
    const again = await rig.reopen();
    expect(await marksOf(again.store)).toEqual([{ id: id(1), reached: 0, of: 0 }]);
    expect(await marksOf(again.other)).toEqual([{ id: id(1), reached: 2, of: 3 }]);
  });

  it("takes nothing for a mark that is none", async () => {
    const rig = await openRig();
    rig.store.mark([1, 2, 3, 4].map((n) => ({ id: id(n), reached: 1, of: 2 })));
    await rig.settle();
    const level = rig.database.level as Level;
    const keys = await level.keys().all();
    await level.put(keys[0] as Uint8Array, new Uint8Array(7));
    await level.put(keys[1] as Uint8Array, Uint8Array.of(0, 0, 0, 3, 0, 0, 0, 2));
    expect((await marksOf(rig.store)).map((mark) => mark.id)).toEqual([id(3), id(4)]);
  });

  it("lets what comes while it writes share the next batch", async () => {
    const rig = await openRig();
    const answered: number[] = [];
    for (let n = 1; n <= 50; n += 1) {
      rig.store.append([message(n)], false, () => answered.push(n));
      if (n === 1) await new Promise((done) => setImmediate(done));
    }
    await rig.settle();
    expect(rig.batches.length).toBeLessThanOrEqual(3);
    expect(answered).toEqual(Array.from({ length: 50 }, (_, at) => at + 1));
  });

  it("keeps the first of two with one id, also within a batch, and takes it anew after it was let go there", async () => {
    const rig = await openRig();
    const changed = { id: id(1), bytes: Uint8Array.of(99) };
    rig.store.append([message(1), changed], false, () => undefined);
    rig.store.append([changed], false, () => undefined);
    await rig.settle();
    expect(await indexOf(rig.store)).toEqual([message(1)]);
    rig.store.trim([id(1)]);
    rig.store.append([changed], false, () => undefined);
    await rig.settle();
    expect(await indexOf(rig.store)).toEqual([changed]);
  });

  it("is opened anew after a failed write, once, and has all that was confirmed", async () => {
    const rig = await openRig();
    await append(rig, [message(1)]);
    rig.refuse(true);
    expect(await append(rig, [message(2)])).toEqual({ code: "full", detail: "ENOSPC" });
    expect(rig.opened(), "it can be read as it is").toBe(1);
    expect(await indexOf(rig.store)).toEqual([message(1)]);
    rig.refuse(false);
    expect(await append(rig, [message(3)])).toBeUndefined();
    expect(await append(rig, [message(4)])).toBeUndefined();
    expect(rig.opened()).toBe(2);
    expect(await indexOf(rig.store)).toEqual([1, 3, 4].map(message));
  });

  it("tries again with the next write what it could not let go", async () => {
    const rig = await openRig();
    await append(rig, [1, 2, 3].map(message));
    rig.refuse(true);
    rig.store.trim([id(1), id(2)]);
    await rig.settle();
    rig.refuse(false);
    expect(await indexOf(rig.store)).toHaveLength(3);
    await append(rig, [message(4), message(2)]);
    expect(await indexOf(rig.store)).toEqual([2, 3, 4].map(message));
  });

  it("hands the history on no faster than it is taken, as it was when it was asked for", async () => {
    const rig = await openRig();
    await append(
      rig,
      Array.from({ length: 2_500 }, (_, at) => message(at + 1)),
    );
    const seen: number[] = [];
    let go: () => void = () => undefined;
    const done = new Promise<void>((resolve) => {
      rig.store.all((messages, isLast) => {
        seen.push(messages.length);
        if (isLast) resolve();
        return seen.length === 1 ? new Promise<void>((next) => (go = next)) : undefined;
      });
    });
    await append(rig, [message(5_000)]);
    await vi.waitFor(() => expect(seen).toHaveLength(1), { timeout: 10_000 });
    go();
    await done;
    expect(seen.reduce((sum, count) => sum + count, 0)).toBe(2_500);
  });

  it("gives the space of what was let go back", async () => {
    const rig = await openRig();
    const bytesOnDisk = (): number =>
      readdirSync(rig.path).reduce(
        (sum, name) => sum + (statSync(join(rig.path, name), { throwIfNoEntry: false })?.size ?? 0),
        0,
      );
    const count = 12_000;
    const bytesOf = (n: number): Uint8Array => createHash("sha512").update(String(n)).digest();
    for (let from = 0; from < count; from += 1_000)
      await append(
        rig,
        Array.from({ length: 1_000 }, (_, at) => ({
          id: id(from + at),
          bytes: Buffer.concat([bytesOf(from + at), bytesOf(-from - at), bytesOf(2 * count + from + at)]),
        })),
      );
    const before = bytesOnDisk();
    expect(before).toBeGreaterThan(192 * count);
    for (let from = 0; from < count - 500; from += 500)
      rig.store.trim(Array.from({ length: 500 }, (_, at) => id(from + at)));
    await rig.settle();
    await vi.waitFor(() => expect(bytesOnDisk()).toBeLessThan(before / 1.8), { timeout: 15_000, interval: 50 });
    expect(await new Promise((done) => rig.store.read([id(count - 1)], done))).toHaveLength(1);
  });

  describe("leaves no text behind of what was erased", () => {
    const PROOF = Uint8Array.of(1, 2, 3);
    const secretOf = (n: number): string => createHash("sha512").update(`secret ${n}`).digest("base64");
    /** A message with a text that stands nowhere else. */
    const telling = (n: number): StoredMessage => {
      const plain = decodeEnvelope(envelopeOf(n).bytes) as Envelope;
      const content = encodeEnvelope({ ...plain, kind: 1, body: Buffer.from(secretOf(n)) });
      return { id: idOf(n), bytes: new Uint8Array(Buffer.concat([content, new Uint8Array(SIGNATURE_BYTES)])) };
    };
    const erase = (rig: LevelRig, ...numbers: number[]): Promise<unknown> =>
      new Promise((done) =>
        rig.store.erase(
          numbers.map((n) => ({ id: idOf(n), by: idOf(999), proof: PROOF })),
          done,
        ),
      );
    /** Any part of it: LevelDB compresses what it has written before. */
    const isIn = (text: string, n: number): boolean =>
      secretOf(n)
        .match(/.{12}/g)
        ?.some((part) => text.includes(part)) === true;
    const isOnDisk = ({ path }: LevelRig, n: number): boolean => isIn(textOnDisk(path), n);

    it("written a moment ago, or long ago and in other files, and after a start as well", async () => {
      let rig = await openRig();
      await append(rig, [1, 2, 3].map(telling));
      rig = await rig.reopen();
      await append(rig, [4, 5, 6].map(telling));
      expect([1, 2, 3, 4, 5, 6].filter((n) => isOnDisk(rig, n))).toEqual([1, 2, 3, 4, 5, 6]);
      expect(await erase(rig, 2, 5)).toBeUndefined();
      expect([1, 2, 3, 4, 5, 6].filter((n) => isOnDisk(rig, n))).toEqual([1, 3, 4, 6]);
      rig = await rig.reopen();
      expect([1, 2, 3, 4, 5, 6].filter((n) => isOnDisk(rig, n))).toEqual([1, 3, 4, 6]);
      expect((await indexOf(rig.store)).map((one) => one.bytes.length)).toEqual(
        [1, 2, 3, 4, 5, 6].map((n) => (n === 2 || n === 5 ? erasedOf(n) : telling(n).bytes).length),
      );
    });
    const erasedOf = (n: number): Uint8Array => eraseMessage(telling(n).bytes, PROOF) as Uint8Array;

    it("in a history of many files, many at once", async () => {
      const rig = await openRig();
      for (let from = 1; from < 12_000; from += 1_000)
        await append(
          rig,
          Array.from({ length: 1_000 }, (_, at) => telling(from + at)),
        );
      const many = Array.from({ length: 30 }, (_, at) => 17 + 397 * at);
      expect(await erase(rig, 5_000)).toBeUndefined();
      expect(await erase(rig, ...many)).toBeUndefined();
      const text = textOnDisk(rig.path);
      expect([5_000, ...many].filter((n) => isIn(text, n))).toEqual([]);
      expect(await new Promise((done) => rig.store.read([idOf(17)], done))).toEqual([erasedOf(17)]);
    });

    it("while somebody reads the whole history: what was seen then goes when that ends", async () => {
      const rig = await openRig();
      await append(
        rig,
        Array.from({ length: 1_500 }, (_, at) => telling(1 + at)),
      );
      let goOn = (): void => undefined;
      const paused = new Promise<void>((resolve) => {
        goOn = resolve;
      });
      const ended = new Promise<void>((resolve) => {
        rig.store.all((_, isLast) => {
          if (isLast) resolve();
          return paused;
        });
      });
      await append(rig, [telling(2_000)]);
      let isDone = false;
      const erased = erase(rig, 1_400).then(() => {
        isDone = true;
      });
      await append(rig, [telling(2_001)]);
      await append(rig, [telling(2_002)]);
      expect(isDone).toBe(false);
      goOn();
      await Promise.all([ended, erased]);
      expect(isOnDisk(rig, 1_400)).toBe(false);
    });

    it("if the process ended before LevelDB had merged anything: the next start does", async () => {
      const rig = await openRig();
      await append(rig, [1, 2, 3].map(telling));
      rig.database.erasing.isOver = true;
      const asked = vi.fn();
      rig.store.erase([{ id: idOf(2), by: idOf(999), proof: PROOF }], asked);
      await vi.waitFor(async () =>
        expect(await new Promise((done) => rig.store.read([idOf(2)], done))).toEqual([erasedOf(2)]),
      );
      expect(asked).not.toHaveBeenCalled();
      expect(isOnDisk(rig, 2)).toBe(true);
      // As a process that is killed leaves it.
      const left = mkdtempSync(join(tmpdir(), "smplchat-left-"));
      cpSync(rig.path, left, { recursive: true });
      const again = await openRig(left);
      await vi.waitFor(() => expect(isOnDisk(again, 2)).toBe(false), { timeout: 10_000 });
      await again.settle();
      expect((await again.database.level?.keys({ gte: Uint8Array.of(4) }).all()) ?? []).toEqual([]);
    });
  });

  it("refuses what is asked after it was closed, each once", async () => {
    const rig = await openRig();
    await new Promise<void>((done) => rig.store.close(done));
    const closed = { code: "closed", detail: "closed" };
    expect(await append(rig, [message(1)])).toEqual(closed);
    rig.store.trim([id(1)]);
    const heard: unknown[] = [];
    rig.store.read([id(1)], (...answer) => heard.push(answer));
    rig.store.page(undefined, 1, (...answer) => heard.push(answer));
    rig.store.all((...answer) => heard.push(answer));
    rig.store.erase([{ id: id(1), by: id(2) }], (...answer) => heard.push(answer));
    rig.store.close(() => heard.push("closed"));
    expect(heard).toEqual([[[undefined], closed], [[], closed], [[], true, closed], [closed], "closed"]);
  });
});

it("has all that it confirmed after kill -9 in the middle of writing, ten times", { timeout: 60_000 }, async () => {
  const path = mkdtempSync(join(tmpdir(), "smplchat-killed-"));
  try {
    let next = 1;
    for (let round = 0; round < 10; round += 1) {
      next = await writeUntilKilled(path, next, 200 + round * 37);
      const rig = await openRig(path);
      const kept = await indexOf(rig.store);
      expect(kept.length, `round ${round}: confirmed ${next - 1}`).toBeGreaterThanOrEqual(next - 1);
      expect(kept).toEqual(kept.map((_, at) => message(at + 1)));
      next = kept.length + 1;
      await closeDatabases();
    }
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
});

/** Returns what follows the last number that was confirmed. */
async function writeUntilKilled(path: string, from: number, confirmed: number): Promise<number> {
  const writer = fileURLToPath(new URL("./levelWriter.js", import.meta.url));
  const child = spawn(process.execPath, [writer, path, String(from)], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "close");
  let last = from - 1;
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line);
    if (last >= from + confirmed) child.kill("SIGKILL");
  }
  await ended;
  expect(last).toBeGreaterThanOrEqual(from + confirmed);
  return last + 1;
}

const id = (n: number): MessageId => n.toString(16).padStart(48, "0") as MessageId;
const message = (n: number): StoredMessage => ({ id: id(n), bytes: new Uint8Array(20).fill(n & 255) });

function append({ store }: LevelRig, messages: readonly StoredMessage[]): Promise<StoreTrouble | undefined> {
  return new Promise((done) => store.append(messages, false, done));
}

function marksOf(store: Store): Promise<readonly Mark[]> {
  return new Promise((done) => store.marks(10, done));
}

function indexOf(store: Store): Promise<StoredMessage[]> {
  return new Promise((resolve, reject) => {
    const all: StoredMessage[] = [];
    store.all((messages, isLast, trouble) => {
      all.push(...messages);
      if (trouble !== undefined) reject(new Error(trouble.detail));
      else if (isLast) resolve(all);
    });
  });
}

function textOnDisk(path: string): string {
  return readdirSync(path)
    .map((name) => readFileSync(join(path, name), "latin1"))
    .join("\n");
}
