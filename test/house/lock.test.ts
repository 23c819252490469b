// The lock file installs on every platform and with every npm, and with nothing but a registry.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

test("the lock names the binaries of every platform, those that this host's registry lacks too", () => {
  const check = spawnSync(process.execPath, ["scripts/complete-lock.js", "--check"], { cwd: root, encoding: "utf8" });
  expect([check.status, check.stderr]).toEqual([0, ""]);
});

test("the lock installs from registries only: no address of a host, a folder or a repository stands in it", () => {
  const lock = JSON.parse(readFileSync(`${root}package-lock.json`, "utf8")) as { packages: Record<string, Entry> };
  const elsewhere = Object.entries(lock.packages).filter(([, entry]) => entry.resolved !== undefined || entry.link);
  expect(elsewhere).toEqual([]);
});

type Entry = { readonly resolved?: string; readonly link?: boolean };
