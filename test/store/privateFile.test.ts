// Small files for their owner alone: whole or not at all, never through what somebody put in their place.
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  createPrivateFile,
  openPrivateLog,
  PRIVATE_FILE_BYTES_MAX,
  readPrivateFile,
  writePrivateFile,
} from "../../src/store/privateFile.ts";
import { isRoot, NOBODY } from "../suites/otherUser.ts";
import { onSmallDisk, whyNoSmallDisk } from "../suites/smallDisk.ts";

const noDisk = whyNoSmallDisk();
if (noDisk !== undefined) console.warn(`skipped: the test of a small full disk: ${noDisk}`);
if (!isRoot) console.warn("skipped: the test of a file of another user: only root can give one away");

/** The step of a write that fails next, once. */
const failing = vi.hoisted(() => ({ step: undefined as string | undefined }));
vi.mock("node:fs/promises", async (importOriginal) => {
  const real = await importOriginal<typeof import("node:fs/promises")>();
  const failIfAsked = (step: string): void => {
    if (failing.step !== step) return;
    failing.step = undefined;
    throw Object.assign(new Error(step), { code: "ENOSPC" });
  };
  const open = async (...args: Parameters<typeof real.open>) => {
    const file = await real.open(...args);
    return new Proxy(file, {
      get: (target, step: string) => {
        const method = Reflect.get(target, step, target) as unknown;
        if (typeof method !== "function") return method;
        return async (...given: unknown[]) => {
          // A disk that is full takes the first half.
          if (step === "writeFile" && failing.step === step) await target.write(String(given[0]).slice(0, 2));
          failIfAsked(step);
          return method.apply(target, given);
        };
      },
    });
  };
  const rename: typeof real.rename = async (from, to) => {
    failIfAsked("rename");
    await real.rename(from, to);
  };
  return { ...real, open, rename };
});

let folder = "";
let path = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "smplchat-private-"));
  path = join(folder, "nick");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("a private file", () => {
  it("is read as it was written last, and is nobody else's whatever the umask", async () => {
    expect(readPrivateFile(path)).toBeUndefined();
    for (const [mask, text] of [
      [0o000, "zoe\n"],
      [0o777, "anna, and more than before\n"],
      [0o022, ""],
    ] as const) {
      const umask = process.umask(mask);
      try {
        await writePrivateFile(path, text);
      } finally {
        process.umask(umask);
      }
      expect(readPrivateFile(path)).toBe(text);
      expect(modeOf(path)).toBe(0o600);
      expect(readdirSync(folder)).toEqual(["nick"]);
    }
  });

  it("is a new file at every write: whoever had the old one open or linked reads nothing of it", async () => {
    writeFileSync(path, "mine\n", { mode: 0o666 });
    linkSync(path, join(folder, "other"));
    await writePrivateFile(path, "secret\n");
    expect(readFileSync(join(folder, "other"), "utf8")).toBe("mine\n");
    expect(readPrivateFile(path)).toBe("secret\n");
  });

  it("replaces a symbolic link instead of writing through it", async () => {
    const victim = join(folder, "victim");
    writeFileSync(victim, "precious\n", { mode: 0o644 });
    symlinkSync(victim, path);
    await writePrivateFile(path, "secret\n");
    expect(readFileSync(victim, "utf8")).toBe("precious\n");
    expect(modeOf(victim)).toBe(0o644);
    expect(lstatSync(path).isFile()).toBe(true);
    expect(modeOf(path)).toBe(0o600);
  });

  it("is not read through a symbolic link, nor waited for at a pipe, nor when far too large", () => {
    symlinkSync(join(folder, "elsewhere"), path);
    expect(() => readPrivateFile(path)).toThrow(expect.objectContaining({ code: "ELOOP" }));
    execFileSync("sh", ["-c", 'mkfifo "$0"', join(folder, "pipe")]);
    expect(() => readPrivateFile(join(folder, "pipe"))).toThrow(expect.objectContaining({ code: "not-a-file" }));
    writeFileSync(join(folder, "large"), Buffer.alloc(PRIVATE_FILE_BYTES_MAX + 1), { mode: 0o600 });
    expect(() => readPrivateFile(join(folder, "large"))).toThrow(expect.objectContaining({ code: "EFBIG" }));
    mkdirSync(join(folder, "directory"));
    expect(() => readPrivateFile(join(folder, "directory"))).toThrow(expect.objectContaining({ code: "EISDIR" }));
  });

  it("is closed to others when it is read", () => {
    writeFileSync(path, "mine\n");
    chmodSync(path, 0o666);
    expect(readPrivateFile(path)).toBe("mine\n");
    expect(modeOf(path)).toBe(0o600);
  });

  it.skipIf(!isRoot)("is not read if it is another user's, and is replaced by one's own", async () => {
    writeFileSync(path, "theirs\n", { mode: 0o666 });
    chownSync(path, NOBODY, NOBODY);
    expect(() => readPrivateFile(path)).toThrow(expect.objectContaining({ code: "foreign-owner", owner: NOBODY }));
    await writePrivateFile(path, "mine\n");
    expect(statSync(path).uid).toBe(0);
    expect(modeOf(path)).toBe(0o600);
  });

  it("is made where nothing is, and nowhere else", async () => {
    await createPrivateFile(path, "one\n");
    await expect(createPrivateFile(path, "two\n")).rejects.toMatchObject({ code: "EEXIST" });
    symlinkSync(join(folder, "elsewhere"), join(folder, "link"));
    await expect(createPrivateFile(join(folder, "link"), "two\n")).rejects.toMatchObject({ code: "EEXIST" });
    expect(readdirSync(folder).sort()).toEqual(["link", "nick"]);
    expect(readPrivateFile(path)).toBe("one\n");
  });
});

describe("a write that fails", () => {
  it.each(["writeFile", "sync", "close", "rename"])("in %s leaves the old text, and nothing else", async (step) => {
    await writePrivateFile(path, "old\n");
    failing.step = step;
    await expect(writePrivateFile(path, "new\n")).rejects.toMatchObject({ code: "ENOSPC" });
    expect(failing.step).toBeUndefined();
    expect(readPrivateFile(path)).toBe("old\n");
    expect(readdirSync(folder)).toEqual(["nick"]);
  });

  it("is none where modes cannot be changed, as long as the file is private from the beginning", async () => {
    failing.step = "chmod";
    await writePrivateFile(path, "new\n");
    expect(failing.step).toBeUndefined();
    expect(readPrivateFile(path)).toBe("new\n");
  });

  it.skipIf(noDisk !== undefined)("on a full disk leaves the old text, and nothing else", () => {
    const module = new URL("../../dist/store/privateFile.js", import.meta.url).href;
    const code = `
      import { readdirSync } from "node:fs";
      import { readPrivateFile, writePrivateFile } from ${JSON.stringify(module)};
      const [, folder] = process.argv;
      await writePrivateFile(folder + "/nick", "old");
      const failed = await writePrivateFile(folder + "/nick", "x".repeat(100_000)).catch((error) => error.code);
      console.log(JSON.stringify([failed, readPrivateFile(folder + "/nick"), readdirSync(folder)]));
    `;
    const [command = "", ...words] = onSmallDisk(folder, "8k");
    const node = [process.execPath, "--input-type=module", "--eval", code, folder];
    const { stdout, stderr } = spawnSync(command, [...words, ...node], { encoding: "utf8" });
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual(["ENOSPC", "old", ["nick"]]);
  });

  it("because the program was killed leaves a file that the next write takes away after a while", async () => {
    const [old, fresh] = [`${path}.${"0".repeat(16)}.new`, `other.${"f".repeat(16)}.new`];
    writeFileSync(old, "hal");
    utimesSync(old, new Date(0), new Date(0));
    writeFileSync(join(folder, fresh), "hal");
    writeFileSync(join(folder, "my.new"), "");
    utimesSync(join(folder, "my.new"), new Date(0), new Date(0));
    await writePrivateFile(path, "zoe\n");
    expect(readdirSync(folder).sort()).toEqual(["my.new", "nick", fresh]);
  });
});

describe("a private log", () => {
  it("is appended to, closed to others, and never written through a link or into another's file", () => {
    const log = join(folder, "debug.log");
    writeFileSync(log, "one\n");
    chmodSync(log, 0o644);
    const file = openPrivateLog(log);
    writeSync(file, "two\n");
    closeSync(file);
    expect(readFileSync(log, "utf8")).toBe("one\ntwo\n");
    expect(modeOf(log)).toBe(0o600);
    symlinkSync(log, join(folder, "link"));
    expect(() => openPrivateLog(join(folder, "link"))).toThrow(expect.objectContaining({ code: "ELOOP" }));
  });
});

function modeOf(file: string): number {
  return statSync(file).mode & 0o777;
}
