// The history of a data directory: one for each identity, private, kept aside when it is damaged, and never in the way.
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { StoredMessage, StoreTrouble } from "../../src/protocol/api.ts";
import { type History, openHistory } from "../../src/store/history.ts";
import { openLevel } from "../../src/store/level.ts";
import { DatabaseError, type Store } from "../../src/store/store.ts";
import type { MessageId } from "../../src/wire/ids.ts";

let dataDir = "";
const opened = new Set<History>();
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "smplchat-history-"));
});
afterEach(async () => {
  await closeAll();
  rmSync(dataDir, { recursive: true, force: true });
});

describe("the history of a data directory", () => {
  it("is there again at the next start, each identity its own", async () => {
    await append((await open(1)).openStore(ROOM), message(1));
    await append((await open(2)).openStore(ROOM), message(2));
    await closeAll();
    expect(readdirSync(dataDir).toSorted()).toEqual(["history", "history-2"]);
    expect(await kept(await open(1))).toEqual([message(1)]);
    expect(await kept(await open(2))).toEqual([message(2)]);
  });

  it("is closed to others, also where a directory of that name was open to them", async () => {
    mkdirSync(join(dataDir, "history"));
    chmodSync(join(dataDir, "history"), 0o755);
    await open();
    expect(statSync(join(dataDir, "history")).mode & 0o777).toBe(0o700);
  });

  it("of another process, or open in this one, is left alone", async () => {
    await append((await open()).openStore(ROOM), message(1));
    const error = await openHistory(dataDir, 1).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DatabaseError);
    expect(error).toMatchObject({ code: "history-in-use", path: join(dataDir, "history") });
  });

  it("that a newer version has written is left alone", async () => {
    await append((await open()).openStore(ROOM), message(1));
    await closeAll();
    await setFormat("4");
    expect(await openHistory(dataDir, 1).catch((reason: unknown) => reason)).toMatchObject({ code: "history-newer" });
    await setFormat("3");
    expect(await kept(await open())).toEqual([message(1)]);
  });

  it.each(["1", "2"])(
    "of the earlier format %s, whose messages nobody can verify, is kept aside whole",
    async (format) => {
      await append((await open()).openStore(ROOM), message(1));
      await closeAll();
      await setFormat(format);
      const history = await open();
      expect(await kept(history)).toEqual([]);
      const [trouble] = history.troubles;
      expect(history.troubles).toEqual([
        { code: "outdated", path: expect.stringMatching(/history-outdated-\d{8}T\d{6}Z$/) },
      ]);
      expect(readdirSync(trouble?.path ?? "")).toContain("CURRENT");
    },
  );
});

describe("a damaged history", () => {
  const cases: [string, (path: string) => void][] = [
    ["whose table of contents is lost", (path) => remove(path, /^MANIFEST/)],
    ["whose table of contents is garbage", (path) => overwrite(path, /^MANIFEST/)],
    ["that does not say where it begins", (path) => remove(path, /^CURRENT$/)],
    ["that begins with garbage", (path) => overwrite(path, /^CURRENT$/)],
    ["that begins nowhere", (path) => writeFileSync(join(path, "CURRENT"), "MANIFEST-999999\n")],
    ["of which a file is lost", (path) => remove(path, /\.ldb$/)],
    ["of which a file is garbage", (path) => overwrite(path, /\.ldb$/)],
    ["of which a file is cut short", (path) => cut(path, /\.ldb$/)],
  ];

  it.each(cases)("%s is kept aside, whole, and begun anew", async (_, damage) => {
    await fill();
    const path = join(dataDir, "history");
    damage(path);
    const before = readdirSync(path).filter((name) => name.endsWith(".ldb"));
    const history = await open();
    const [trouble] = history.troubles;
    expect(history.troubles).toHaveLength(1);
    expect(trouble).toEqual({ code: "damaged", path: expect.stringMatching(/history-damaged-\d{8}T\d{6}Z$/) });
    expect(readdirSync(trouble?.path ?? "")).toEqual(expect.arrayContaining(before));
    const store = history.openStore(ROOM);
    expect(store.isDurable).toBe(true);
    await append(store, message(7));
    expect(await indexOf(store)).toEqual([message(7)]);
  });

  it("twice within a second is kept aside under two names", async () => {
    for (let round = 0; round < 2; round += 1) {
      await fill();
      remove(join(dataDir, "history"), /^CURRENT$/);
      await open();
      await closeAll();
    }
    expect(readdirSync(dataDir).filter((name) => name.includes("damaged"))).toHaveLength(2);
  });

  it("that shows only when it is read is set aside then, once, if nobody uses it", async () => {
    await fill();
    // The newest, which the format does not stand in.
    const newest =
      named(join(dataDir, "history"), /\.ldb$/)
        .sort()
        .at(-1) ?? "";
    writeFileSync(newest, readFileSync(newest).fill(0xee, 0, 24));
    const history = await open();
    expect(history.troubles, "LevelDB reads a file when it is asked for what is in it").toEqual([]);
    const store = history.openStore(ROOM);
    await expect(indexOf(store)).rejects.toThrow("damaged");
    expect(await history.setAside(), "a store is open").toBe(false);
    await new Promise<void>((done) => store.close(done));
    expect(await history.setAside()).toBe(true);
    expect(history.troubles).toMatchObject([{ code: "damaged" }]);
    expect(await kept(history)).toEqual([]);
    expect(await history.setAside(), "once is enough").toBe(false);
  });

  it("with a torn end has all that was whole: that is what a crash leaves", async () => {
    await append((await open()).openStore(ROOM), message(1), message(2));
    await closeAll();
    const path = join(dataDir, "history");
    const [log] = readdirSync(path).filter((name) => name.endsWith(".log"));
    appendFileSync(join(path, log ?? ""), Buffer.from([1, 2, 3, 4, 5, 6, 7]));
    const history = await open();
    expect(history.troubles).toEqual([]);
    expect(await kept(history)).toEqual([message(1), message(2)]);
  });
});

describe("a history that cannot be used", () => {
  const cases: [string, string, () => void][] = [
    ["others may write to it", "others-may-write", () => exposed()],
    ["it is a link", "ELOOP", () => symlinkSync(mkdtempSync(join(dataDir, "other-")), join(dataDir, "history"))],
    ["something else is in its place", "EEXIST", () => writeFileSync(join(dataDir, "history"), "")],
  ];

  it.each(cases)("is in memory, and says why: %s", async (_, reason, spoil) => {
    spoil();
    const history = await open();
    expect(history.troubles).toEqual([{ code: "unusable", path: join(dataDir, "history"), reason }]);
    const store = history.openStore(ROOM);
    expect(store.isDurable).toBe(false);
    await append(store, message(1));
    expect(await indexOf(store)).toEqual([message(1)]);
  });

  it("says why: the disk is full", async () => {
    const words = `IO error: ${dataDir}/history/MANIFEST-000001: No space left on device`;
    const full = Object.assign(new Error(words), { code: "LEVEL_IO_ERROR" });
    const history = await openHistory(dataDir, 1, () => Promise.reject(new Error("not open", { cause: full })));
    expect(history.troubles).toMatchObject([{ code: "unusable", reason: "ENOSPC" }]);
  });
});

const ROOM = new Uint8Array(32).fill(7);
const message = (n: number): StoredMessage => ({
  id: n.toString(16).padStart(48, "0") as MessageId,
  bytes: new Uint8Array(20).fill(n),
});

async function open(slot = 1): Promise<History> {
  const history = await openHistory(dataDir, slot);
  opened.add(history);
  return history;
}

async function closeAll(): Promise<void> {
  for (const history of opened) await history.close();
  opened.clear();
}

/** So that there are files of all kinds: what one start has written is in tables at the next. */
async function fill(): Promise<void> {
  await append((await open()).openStore(ROOM), message(1), message(2));
  await closeAll();
  await append((await open()).openStore(ROOM), message(3));
  await closeAll();
  await append((await open()).openStore(ROOM), message(4));
  await closeAll();
  expect(readdirSync(join(dataDir, "history")).some((name) => name.endsWith(".ldb"))).toBe(true);
}

async function setFormat(text: string): Promise<void> {
  const level = await openLevel(join(dataDir, "history"));
  await level.put(Buffer.from("\0format"), Buffer.from(text));
  await level.close();
}

function exposed(): void {
  mkdirSync(join(dataDir, "history"));
  chmodSync(join(dataDir, "history"), 0o777);
}

function named(path: string, pattern: RegExp): string[] {
  return readdirSync(path)
    .filter((name) => pattern.test(name))
    .map((name) => join(path, name));
}

function remove(path: string, pattern: RegExp): void {
  for (const file of named(path, pattern)) unlinkSync(file);
}

function overwrite(path: string, pattern: RegExp): void {
  for (const file of named(path, pattern)) writeFileSync(file, Buffer.alloc(readFileSync(file).length, "garbage"));
}

function cut(path: string, pattern: RegExp): void {
  for (const file of named(path, pattern)) truncateSync(file, 40);
}

async function append(store: Store, ...messages: readonly StoredMessage[]): Promise<void> {
  const trouble = await new Promise<StoreTrouble | undefined>((done) => store.append(messages, true, done));
  expect(trouble).toBeUndefined();
}

async function kept(history: History): Promise<StoredMessage[]> {
  const store = history.openStore(ROOM);
  const all = await indexOf(store);
  await new Promise<void>((done) => store.close(done));
  return all;
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
