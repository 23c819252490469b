/** Directories are made or refused, and either way soon. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { makeDirectory } from "../../src/store/directory.ts";

const home = mkdtempSync(join(tmpdir(), "smplchat-directory-"));
afterAll(() => rmSync(home, { recursive: true }));

it("makes what is missing above, for its owner alone, and takes what is there", () => {
  const path = join(home, "a", "b", "c");
  makeDirectory(path);
  makeDirectory(path);
  for (const made of [path, join(home, "a")]) expect(statSync(made).mode & 0o777).toBe(0o700);
});

it("takes a link to a directory", () => {
  mkdirSync(join(home, "real"));
  symlinkSync(join(home, "real"), join(home, "link"));
  makeDirectory(join(home, "link"));
  makeDirectory(join(home, "link", "below"));
  expect(existsSync(join(home, "real", "below"))).toBe(true);
});

it("says why not: a file in the way, a link to nowhere", () => {
  writeFileSync(join(home, "file"), "");
  symlinkSync(join(home, "nowhere", "at-all"), join(home, "dangling"));
  expect(() => makeDirectory(join(home, "file"))).toThrow("EEXIST");
  expect(() => makeDirectory(join(home, "file", "below"))).toThrow("ENOTDIR");
  expect(() => makeDirectory(join(home, "dangling"))).toThrow("EEXIST");
  expect(() => makeDirectory(join(home, "dangling", "below"))).toThrow("EEXIST");
});

it.runIf(existsSync("/proc/self"))("ends where the system denies a directory that is there", () => {
  expect(() => makeDirectory("/proc/x")).toThrow("ENOENT");
  expect(() => makeDirectory("/proc/x/y")).toThrow("ENOENT");
});
