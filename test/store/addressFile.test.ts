// Addresses on disk: there again at the next start, private, whole or absent; and what goes wrong is told once.

import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { RememberedAddress } from "../../src/protocol/entry/rememberedAddresses.ts";
import { limits } from "../../src/protocol/limits.ts";
import {
  type Addresses,
  type AddressTrouble,
  addressesInMemory,
  addressesOnDisk,
} from "../../src/store/addressFile.ts";
import type { Endpoint } from "../../src/wire/endpoint.ts";
import type { PeerId } from "../../src/wire/ids.ts";

const noMount = whyNoMount();
if (noMount !== undefined) console.warn(`skipped: the test of a small full disk: ${noMount}`);

const room = new Uint8Array(32).fill(0xab);
let dataDir = "";
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "smplchat-addresses-"));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

describe.each([
  ["in memory", addressesInMemory],
  ["on disk", open],
])("addresses %s", (_, openThem) => {
  it("are given back, the latest success first, and of two at one address the later", async () => {
    const addresses = openThem();
    for (const one of [address(1, 100), address(2, 300), address(3, 200), address(1, 400), address(2, 50)])
      addresses.remember(one);
    expect(addresses.newestFirst()).toEqual([address(1, 400), address(2, 300), address(3, 200)]);
    await addresses.close();
  });

  it("are as many as they may be, those of the latest successes", async () => {
    const addresses = openThem();
    const at = (n: number, time: number): RememberedAddress => ({
      ...address(1, time),
      endpoint: `10.0.0.1:${n}` as Endpoint,
    });
    for (let n = 1; n <= limits.remembered + 3; n += 1) addresses.remember(at(n, n === 2 ? 10_000 : n));
    const kept = addresses.newestFirst();
    expect(kept).toHaveLength(limits.remembered);
    expect([kept[0], kept.at(-1)]).toEqual([at(2, 10_000), at(5, 5)]);
    await addresses.close();
  });
});

describe("the addresses of a room", () => {
  it("are there again at the next start, the latest success first", async () => {
    await keep(open(), address(1, 100), address(2, 200), {
      ...address(3, 150),
      endpoint: "[2001:db8::1]:9" as Endpoint,
    });
    expect(
      open()
        .newestFirst()
        .map(({ endpoint, at }) => [endpoint, at]),
    ).toEqual([
      ["10.0.0.2:62733", 200],
      ["[2001:db8::1]:9", 150],
      ["10.0.0.1:62733", 100],
    ]);
  });

  it("are those of that room alone", async () => {
    await keep(open(), address(1, 100));
    expect(addressesOnDisk(dataDir, new Uint8Array(32)).newestFirst()).toEqual([]);
  });

  it("are nobody else's business: directories 0700, file 0600, and nothing of it without a first address", async () => {
    const book = open();
    await open().close();
    expect(readdirSync(dataDir)).toEqual([]);
    await keep(book, address(1, 100));
    expect(modeOf(join(dataDir, "rooms"))).toBe(0o700);
    expect(modeOf(join(dataDir, "rooms", "ab".repeat(16)))).toBe(0o700);
    expect(modeOf(file())).toBe(0o600);
    expect(readdirSync(join(dataDir, "rooms", "ab".repeat(16)))).toEqual(["addresses"]);
  });

  it("of two programs that are in it at the same time are kept together", async () => {
    const [one, other] = [open(), open()];
    await keep(one, address(1, 100), address(2, 100));
    await keep(other, address(2, 300), address(3, 200));
    expect(
      open()
        .newestFirst()
        .map(({ endpoint, at }) => [endpoint, at]),
    ).toEqual([
      ["10.0.0.2:62733", 300],
      ["10.0.0.3:62733", 200],
      ["10.0.0.1:62733", 100],
    ]);
  });

  it("are written seldom when enough are known, and seldomer when they were only reached again", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    try {
      const book = open();
      /** What is on disk so long after: looked at for a moment, and for as long as a write may take. */
      const look = async (ms: number, count: number, newest: RememberedAddress): Promise<void> => {
        vi.advanceTimersByTime(ms);
        const since = process.hrtime.bigint();
        const passedMs = (): number => Number(process.hrtime.bigint() - since) / 1e6;
        const isSo = (): boolean => open().newestFirst().length === count && open().newestFirst()[0]?.at === newest.at;
        while (passedMs() < 50 || (!isSo() && passedMs() < 5_000)) {
          await new Promise((resolve) => setImmediate(resolve));
        }
        expect([open().newestFirst().length, open().newestFirst()[0]]).toEqual([count, newest]);
      };
      book.remember(address(1, 1));
      vi.advanceTimersByTime(499);
      expect(readdirSync(dataDir)).toEqual([]);
      await look(1, 1, address(1, 1));
      book.remember(address(2, 2));
      await look(9_999, 1, address(1, 1));
      await look(1, 2, address(2, 2));
      // When the first of these comes fewer are known.
      for (let n = 3; n <= 40; n += 1) book.remember(address(n, n));
      await look(10_000, 40, address(40, 40));
      book.remember(address(41, 41));
      await look(59_999, 40, address(40, 40));
      await look(1, 41, address(41, 41));
      book.remember(address(1, 50));
      await look(299_999, 41, address(41, 41));
      await look(1, 41, address(1, 50));
      await book.close();
    } finally {
      vi.useRealTimers();
    }
  });

  it("are written by themselves, without anyone waiting for it", async () => {
    const book = open();
    book.remember(address(1, 100));
    const end = performance.now() + 5_000;
    while (open().newestFirst().length === 0) {
      expect(performance.now()).toBeLessThan(end);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await book.close();
  });
});

const good = `smplchat addresses 1\n100 10.0.0.1:62733 ${"1".padStart(64, "0")}\n1 in all\n`;

describe("a file that", () => {
  it.each([
    ["is empty", ""],
    ["is something else", "smplchat identity 1\n"],
    ["was cut short", good.slice(0, -9)],
    ["lacks a line", good.replace(/100.*\n/, "")],
    ["names no address", good.replace("10.0.0.1", "10.0.0.999")],
    ["names no peer", good.replace(/0000/, "zzzz")],
    ["names a time that is none", good.replace("100 ", "-1 ")],
    ["is longer than it may be", `smplchat addresses 1\n${good.split("\n")[1]}\n`.repeat(1_000)],
  ])("%s is an empty book and one notice; the next success begins it anew", async (_, text) => {
    mkdirSync(join(dataDir, "rooms", "ab".repeat(16)), { recursive: true });
    writeFileSync(file(), good);
    expect(open().newestFirst()).toHaveLength(1);
    writeFileSync(file(), text);
    const book = open();
    expect(book.newestFirst()).toEqual([]);
    expect(troublesOf(book)).toEqual([{ code: "damaged", path: file(), reason: undefined }]);
    expect(readFileSync(file(), "utf8")).toBe(text);
    await keep(book, address(2, 200));
    expect(troublesOf(open())).toEqual([]);
    expect(open().newestFirst()).toEqual([address(2, 200)]);
  });

  it("a program left half written when it was killed is out of the way after a while", async () => {
    const book = open();
    await keep(book, address(1, 100));
    const unfinished = `${file()}.${"0".repeat(16)}.new`;
    writeFileSync(unfinished, "smplchat addr");
    utimesSync(unfinished, new Date(0), new Date(0));
    await keep(open(), address(2, 200));
    expect(open().newestFirst()).toHaveLength(2);
    expect(readdirSync(join(dataDir, "rooms", "ab".repeat(16)))).toEqual(["addresses"]);
  });
});

describe("what somebody else could have a hand in", () => {
  it("is not followed: a link in the place of the file is told of, and replaced", async () => {
    const victim = join(dataDir, "victim");
    mkdirSync(join(dataDir, "rooms", "ab".repeat(16)), { recursive: true });
    writeFileSync(victim, good);
    symlinkSync(victim, file());
    const book = open();
    expect(book.newestFirst()).toEqual([]);
    expect(troublesOf(book)).toEqual([{ code: "damaged", path: file(), reason: "ELOOP" }]);
    await keep(book, address(2, 200));
    expect(readFileSync(victim, "utf8")).toBe(good);
    expect(open().newestFirst()).toEqual([address(2, 200)]);
  });

  it("is not written: a directory that others may write to is told of once", async () => {
    const rooms = join(dataDir, "rooms");
    mkdirSync(rooms);
    chmodSync(rooms, 0o777);
    const book = open();
    const troubles = troublesOf(book);
    await keep(book, address(1, 100));
    expect(troubles).toEqual([{ code: "unwritable", path: file(), reason: "others-may-write" }]);
    expect(readdirSync(rooms)).toEqual([]);
  });
});

describe("a disk that takes nothing", () => {
  it("is told of once, hurts nothing else, and is no trouble any more when it takes something again", async () => {
    // Where the directory of the room should be stands a file.
    writeFileSync(join(dataDir, "rooms"), "");
    const book = open();
    const troubles = troublesOf(book);
    for (let n = 1; n <= 3; n += 1) {
      book.remember(address(n, n));
      await book.close();
    }
    expect(troubles).toMatchObject([{ code: "unwritable", path: file(), reason: "EEXIST" }]);
    expect(book.newestFirst()).toHaveLength(3);
    rmSync(join(dataDir, "rooms"));
    book.remember(address(4, 4));
    await book.close();
    expect(troubles).toHaveLength(1);
    expect(open().newestFirst()).toHaveLength(4);
  });

  it.skipIf(noMount !== undefined)("is full in the middle of it: what was there stays, whole", async () => {
    const disk = join(dataDir, "rooms");
    mkdirSync(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=8k,mode=700", "tmpfs", disk]);
    try {
      await keep(open(), address(1, 100));
      const book = open();
      const troubles = troublesOf(book);
      for (let n = 2; n <= 100; n += 1) book.remember(address(n, 200));
      await book.close();
      expect(troubles).toMatchObject([{ code: "unwritable", reason: "ENOSPC" }]);
      expect(open().newestFirst()).toEqual([address(1, 100)]);
      expect(readdirSync(join(disk, "ab".repeat(16)))).toEqual(["addresses"]);
      await book.close();
    } finally {
      execFileSync("umount", [disk]);
    }
  });
});

// --- internal ---

function open(): Addresses {
  return addressesOnDisk(dataDir, room);
}

/** Why no small disk can be made here; undefined: it can. */
function whyNoMount(): string | undefined {
  const at = mkdtempSync(join(tmpdir(), "smplchat-mount-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=8k", "tmpfs", at], { stdio: "pipe" });
    execFileSync("umount", [at]);
    return undefined;
  } catch (error) {
    return `nothing can be mounted: ${(error as Error).message.split("\n").at(-1)}`;
  } finally {
    rmSync(at, { recursive: true, force: true });
  }
}

function file(): string {
  return join(dataDir, "rooms", "ab".repeat(16), "addresses");
}

function address(n: number, at: number): RememberedAddress {
  return { endpoint: `10.0.0.${n}:62733` as Endpoint, peer: n.toString(16).padStart(64, "0") as PeerId, at };
}

/** They are remembered, and then the program ends. */
async function keep(book: Addresses, ...addresses: RememberedAddress[]): Promise<void> {
  for (const one of addresses) book.remember(one);
  await book.close();
}

function troublesOf(book: Addresses): AddressTrouble[] {
  const troubles: AddressTrouble[] = [];
  book.onTrouble((trouble) => troubles.push(trouble));
  return troubles;
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}
