// The lock between processes, with real processes.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
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
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { takeLock } from "../../src/store/lock.ts";

const linux = process.platform === "linux";
const unshared =
  spawnSync("unshare", ["--pid", "--fork", "--mount-proc", "true"]).status === 0 ? undefined : "no unshare here";
if (unshared !== undefined) console.warn(`skipped: the lock between PID namespaces: ${unshared}`);
const lockFiles = (): string[] => readdirSync(directory).filter((file) => file.includes(".lock."));
const children: ChildProcess[] = [];
let program = "";
let work = "";
let directory = "";

beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), "smplchat-lock-"));
  program = join(work, "contender.mjs");
  writeFileSync(program, CONTENDER);
});
afterAll(() => rmSync(work, { recursive: true, force: true }));
beforeEach(() => {
  directory = mkdtempSync(join(work, "dir-"));
});
afterEach(async () => {
  for (const child of children.splice(0)) await kill(child);
});

it("is held once, by whoever asks first, until it is given back", async () => {
  const release = await takeLock(directory, "identity");
  expect(release).toBeTypeOf("function");
  expect(await takeLock(directory, "identity")).toBeUndefined();
  expect(lockFiles()).toHaveLength(1);
  release?.();
  release?.();
  expect(lockFiles()).toEqual([]);
  (await takeLock(directory, "identity"))?.();
});

it("is one of many: another name is another lock", async () => {
  const first = await takeLock(directory, "identity");
  const second = await takeLock(directory, "identity-2");
  expect(second).toBeTypeOf("function");
  first?.();
  second?.();
});

it("rejects with the system's error where there is no directory", async () => {
  const nowhere = takeLock(join(directory, "missing"), "identity");
  await expect(nowhere).rejects.toMatchObject({ code: "ENOENT" });
  await expect(takeLock(join(directory, "missing"), "identity")).rejects.toMatchObject({ code: "ENOENT" });
});

it("ignores files that are no locks of processes", async () => {
  for (const file of [
    "identity.lock.",
    "identity.lock.me",
    "identity.lock.1-2",
    "identity-2.lock.1-2-0123456789abcdef",
  ]) {
    writeFileSync(join(directory, file), "held\n");
  }
  const release = await takeLock(directory, "identity");
  expect(release).toBeTypeOf("function");
  release?.();
});

it("is a file of its owner alone, which says who has it, and no link is followed to it", async () => {
  const umask = process.umask(0);
  const release = await takeLock(directory, "identity").finally(() => process.umask(umask));
  const [file = ""] = readdirSync(directory);
  expect(statSync(join(directory, file)).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(directory, file), "utf8")).toBe("held\n");
  release?.();
  writeFileSync(join(work, "victim"), "precious\n");
  symlinkSync(join(work, "victim"), join(directory, file));
  // Whoever put it there keeps this process from the lock, and no more than that.
  expect(await takeLock(directory, "identity")).toBeUndefined();
  expect(readFileSync(join(work, "victim"), "utf8")).toBe("precious\n");
});

describe("between processes", () => {
  it("belongs to one while it runs, and to the next once it gave it back", async () => {
    const holder = await contend();
    expect(holder.outcome).toBe("held");
    expect(await takeLock(directory, "identity")).toBeUndefined();
    holder.child.stdin?.end();
    await once(holder.child, "exit");
    const release = await takeLock(directory, "identity");
    expect(release).toBeTypeOf("function");
    release?.();
  });

  it("is taken over from a process that was killed, and its file goes", async () => {
    const holder = await contend();
    await kill(holder.child);
    expect(lockFiles()).toHaveLength(1);
    const release = await takeLock(directory, "identity");
    expect(release).toBeTypeOf("function");
    expect(lockFiles()).toEqual([expect.stringContaining(`.lock.${process.pid}-`)]);
    release?.();
  });

  it.skipIf(!linux)("is taken over though another process has got the dead one's number", async () => {
    writeFileSync(join(directory, `identity.lock.${process.ppid}-1-${await ownSpace()}`), "held\n");
    const release = await takeLock(directory, "identity");
    expect(release).toBeTypeOf("function");
    release?.();
  });

  it("goes to exactly one of eight that start at once, dead holders in between", async () => {
    for (let round = 0; round < 3; round += 1) {
      const contenders = await Promise.all(Array.from({ length: 8 }, () => contend()));
      expect(contenders.map(({ outcome }) => outcome).sort()).toEqual([...Array(7).fill("busy"), "held"]);
      // The holder dies without a word: the next round finds its stale file.
      for (const { child } of contenders) await kill(child);
      expect(lockFiles()).toHaveLength(1);
    }
  });
});

describe("between hosts, or PID namespaces", () => {
  const elsewhere = (): string => join(directory, `identity.lock.${process.pid}-1-0123456789abcdef`);

  it("is left to whoever has it, though its number says nothing here", async () => {
    writeFileSync(elsewhere(), "held\n");
    expect(await takeLock(directory, "identity")).toBeUndefined();
    expect(readdirSync(directory)).toEqual([basename(elsewhere())]);
  });

  it("is taken over from one that has not touched its file for minutes", async () => {
    writeFileSync(elsewhere(), "held\n");
    const longAgo = new Date(Date.now() - 180_000);
    utimesSync(elsewhere(), longAgo, longAgo);
    const release = await takeLock(directory, "identity");
    expect(release).toBeTypeOf("function");
    expect(lockFiles()).toEqual([expect.stringContaining(`.lock.${process.pid}-`)]);
    release?.();
  });

  it("is touched now and then by whoever has it, until it is given back", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    try {
      const release = await takeLock(directory, "identity");
      const path = join(directory, lockFiles()[0] ?? "");
      const longAgo = new Date(Date.now() - 180_000);
      utimesSync(path, longAgo, longAgo);
      vi.advanceTimersByTime(30_000);
      expect(Date.now() - statSync(path).mtimeMs).toBeLessThan(60_000);
      expect(readFileSync(path, "utf8")).toBe("held\n");
      release?.();
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it.skipIf(unshared !== undefined)("holds from one PID namespace to another, both ways", async () => {
    const inside = await contend("unshare", "--pid", "--fork", "--kill-child", "--mount-proc", process.execPath);
    expect(inside.outcome).toBe("held");
    expect(await takeLock(directory, "identity")).toBeUndefined();
    inside.child.stdin?.end();
    await once(inside.child, "exit");
    const release = await takeLock(directory, "identity");
    expect(release).toBeTypeOf("function");
    const again = await contend("unshare", "--pid", "--fork", "--kill-child", "--mount-proc", process.execPath);
    expect(again.outcome).toBe("busy");
    release?.();
  });
});

/** Of the locks that this process makes. */
async function ownSpace(): Promise<string> {
  const release = await takeLock(directory, "space");
  const file = lockFiles().find((name) => name.startsWith("space.lock.")) ?? "";
  release?.();
  return file.split("-").at(-1) ?? "";
}

/** Built, since Node 20 reads no TypeScript. Prints what came of it, then holds on until its input ends or it is killed. */
const CONTENDER = `
import { takeLock } from ${JSON.stringify(new URL("../../dist/store/lock.js", import.meta.url).href)};
const release = await takeLock(process.argv[2], "identity");
console.log(release === undefined ? "busy" : "held");
process.stdin.resume().on("end", () => release?.());
`;

async function contend(...command: readonly string[]): Promise<{ child: ChildProcess; outcome: string }> {
  const [run = process.execPath, ...before] = command;
  const child = spawn(run, [...before, program, directory], { stdio: ["pipe", "pipe", "inherit"] });
  children.push(child);
  const [outcome] = await once(createInterface({ input: child.stdout }), "line");
  return { child, outcome: String(outcome) };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}
