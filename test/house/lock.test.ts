// What others wrote and this project runs is pinned by its bytes: packages, the base image, the actions of the workflow. The
// lock file installs on every platform and with every npm, and with nothing but a registry.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

test("the lock names the binaries of every platform, those that this host's registry lacks too", () => {
  const check = spawnSync(process.execPath, ["scripts/complete-lock.js", "--check"], { cwd: root, encoding: "utf8" });
  expect([check.status, check.stderr]).toEqual([0, ""]);
});

test("the lock installs from registries only: no address of a host, a folder or a repository stands in it", () => {
  const elsewhere = lockEntries().filter(([, entry]) => entry.resolved !== undefined || entry.link);
  expect(elsewhere).toEqual([]);
});

test("npm checks the bytes of each package: every entry has a hash", () => {
  const unchecked = lockEntries().filter(([, { integrity = "" }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity));
  expect(lockEntries().length).toBeGreaterThan(50);
  expect(unchecked).toEqual([]);
});

test("the image is built on a base that nobody can exchange: every FROM has a digest or is a stage before it", () => {
  const froms = [...read("Dockerfile").matchAll(/^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?/gim)];
  const stages = froms.map(([, , stage]) => stage);
  const moving = froms.filter(([, base = ""], at) => !isPinnedImage(base) && !stages.slice(0, at).includes(base));
  expect(froms.length).toBeGreaterThan(0);
  expect(moving.map(([line]) => line)).toEqual([]);
});

test("the workflows run actions that nobody can exchange: every one is named by its commit", () => {
  const folder = ".github/workflows/";
  const uses = readdirSync(root + folder).flatMap((file) => [...read(folder + file).matchAll(/\buses:\s*(\S+).*$/gm)]);
  expect(uses.length).toBeGreaterThan(0);
  expect(uses.filter(([, action = ""]) => !/@[0-9a-f]{40}$/.test(action)).map(([line]) => line)).toEqual([]);
  // The name of the release is for people, and for the programs that bring newer ones.
  expect(uses.filter(([line]) => !/# v\d+\.\d+\.\d+$/.test(line)).map(([line]) => line)).toEqual([]);
});

// --- internal ---

type Entry = { readonly resolved?: string; readonly link?: boolean; readonly integrity?: string };

/** All packages of the lock but this project itself. */
function lockEntries(): [string, Entry][] {
  const lock = JSON.parse(read("package-lock.json")) as { packages: Record<string, Entry> };
  return Object.entries(lock.packages).filter(([place]) => place !== "");
}

function isPinnedImage(base: string): boolean {
  return base === "scratch" || /@sha256:[0-9a-f]{64}$/.test(base);
}

function read(path: string): string {
  return readFileSync(root + path, "utf8");
}
