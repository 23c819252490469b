/** Directories are made or refused, and either way soon. */
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { makeDirectory } from "../../src/store/directory.ts";
import { isRoot, NOBODY, runUnprivileged } from "../suites/otherUser.ts";

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

it("refuses one that others may write to, from the outermost on, and makes nothing in it", () => {
  const [outer, inner] = [join(home, "outer"), join(home, "outer", "inner")];
  mkdirSync(inner, { recursive: true, mode: 0o755 });
  for (const mode of [0o777, 0o1777, 0o770, 0o702]) {
    chmodSync(outer, mode);
    makeDirectory(inner);
    const exposed = expect.objectContaining({ code: "others-may-write", path: outer, mode });
    expect(() => makeDirectory(outer)).toThrow(exposed);
    expect(() => makeDirectory(join(inner, "more"), outer)).toThrow(exposed);
    expect(existsSync(join(inner, "more"))).toBe(false);
  }
  chmodSync(outer, 0o755);
  makeDirectory(join(inner, "more"), `${outer}/`);
  expect(existsSync(join(inner, "more"))).toBe(true);
});

if (!isRoot) console.warn("skipped: the test of a directory of another user: only root can give one away");
it.skipIf(!isRoot)("refuses another user's, and takes one's own and root's", () => {
  const theirs = join(home, "theirs");
  mkdirSync(theirs, { mode: 0o700 });
  chownSync(theirs, NOBODY, NOBODY);
  expect(() => makeDirectory(theirs)).toThrow(
    expect.objectContaining({ code: "foreign-owner", path: theirs, owner: NOBODY }),
  );
  chmodSync(home, 0o755);
  const module = new URL("../../dist/store/directory.js", import.meta.url).href;
  const code = `
    const [, home] = process.argv;
    makeDirectory(home + "/theirs/own");
    makeDirectory(home);
    console.log(JSON.stringify("both taken"));
  `;
  expect(runUnprivileged(`import { makeDirectory } from ${JSON.stringify(module)};`, code, home)).toBe("both taken");
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
