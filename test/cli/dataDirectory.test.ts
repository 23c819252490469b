/** The real program and its data directory: refused where others could have a hand in it, and whole on a full disk. */
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { debugToFile } from "../../src/cli/debugLog.ts";
import { rememberedNick, rememberNick } from "../../src/cli/nick.ts";
import { isRoot, NOBODY } from "../suites/otherUser.ts";
import { type Ended, runProgram, startProgram } from "../suites/program.ts";
import { onSmallDisk, whyNoSmallDisk } from "../suites/smallDisk.ts";

const noDisk = whyNoSmallDisk();
if (noDisk !== undefined) console.warn(`skipped: the test of a full disk under the program: ${noDisk}`);
if (!isRoot) console.warn("skipped: the test of a data directory of another user: only root can give one away");

let parent = "";
let home = "";
beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), "smplchat-data-"));
});
afterAll(() => rmSync(parent, { recursive: true, force: true }));
beforeEach(() => {
  home = mkdtempSync(join(parent, "home-"));
});

const run = (args: readonly string[] = [], env: Record<string, string> = {}): Ended =>
  runProgram(["--json", "--port", "0", ...args], { home, env });

const nickOf = ({ out }: Ended): string => JSON.parse(out.split("\n")[0] ?? "").self.nick;

describe("a data directory that others may write to", () => {
  it("of a setting is refused in one line that says what is wrong and what to do: exit 2", () => {
    const path = join(home, "data");
    mkdirSync(path);
    chmodSync(path, 0o777);
    for (const ended of [run(["--data-dir", path]), run([], { SMPLCHAT_DATA_DIR: path })]) {
      expect([ended.code, ended.out]).toEqual([2, ""]);
      expect(ended.err).toMatch(/^smplchat: DATA_DIR cannot be [^\n]+\n$/);
      expect(ended.err).toContain(`others may write to ${path} (mode 0777): chmod go-w closes it`);
    }
    expect(readdirSync(path)).toEqual([]);
  });

  it("of one's home is refused in the same way: exit 1; and so is one above a profile's", () => {
    const path = join(home, ".local", "share", "smplchat");
    mkdirSync(join(path, "profiles"), { recursive: true });
    chmodSync(path, 0o775);
    for (const args of [[], ["--profile", "work"], ["--nick", "zed"]]) {
      const ended = run(args);
      expect([ended.code, ended.out]).toEqual([1, ""]);
      expect(ended.err).toBe(
        `smplchat: others may write to ${path} (mode 0775): chmod go-w closes it; --data-dir names another directory, --ephemeral needs none\n`,
      );
    }
    chmodSync(path, 0o700);
    chmodSync(join(path, "profiles"), 0o777);
    expect(run(["--profile", "work"]).err).toContain(`others may write to ${join(path, "profiles")} (mode 0777)`);
    expect(readdirSync(join(path, "profiles"))).toEqual([]);
    expect(run().code).toBe(0);
  });

  it("is no matter without one", () => {
    chmodSync(home, 0o777);
    expect(run(["--ephemeral", "--data-dir", home])).toMatchObject({ code: 0, err: "" });
  });

  it.skipIf(!isRoot)("because it is another user's is refused as well", () => {
    chownSync(home, NOBODY, NOBODY);
    const ended = run(["--data-dir", home]);
    expect(ended.code).toBe(2);
    expect(ended.err).toContain(`${home} belongs to another user, number ${NOBODY}: chown makes it yours`);
  });

  it("is not needed for a link in the place of the nick or of the debug log: it is not followed", () => {
    const victim = join(home, "victim");
    writeFileSync(victim, "precious\n");
    mkdirSync(join(home, "data"), { mode: 0o700 });
    symlinkSync(victim, join(home, "data", "nick"));
    expect(nickOf(run(["--data-dir", join(home, "data"), "--nick", "zed"]))).toBe("zed");
    expect(readFileSync(victim, "utf8")).toBe("precious\n");
    expect(nickOf(run(["--data-dir", join(home, "data")]))).toBe("zed");
    symlinkSync(victim, join(home, "data", "debug.log"));
    expect(() => debugToFile(join(home, "data"))).toThrow("ELOOP");
    expect(readFileSync(victim, "utf8")).toBe("precious\n");
  });
});

describe("a nick", () => {
  it("given once by flag or variable is the nick of the next start", () => {
    expect(nickOf(run())).toBe("zoe");
    expect(nickOf(run(["--nick", "anna"]))).toBe("anna");
    expect(nickOf(run())).toBe("anna");
    expect(nickOf(run([], { SMPLCHAT_NICK: "bob" }))).toBe("bob");
    expect(nickOf(run())).toBe("bob");
    expect(nickOf(run(["--profile", "work"]))).toBe("zoe");
    expect(nickOf(run(["--ephemeral", "--nick", "eve"]))).toBe("eve");
    expect(nickOf(run())).toBe("bob");
  });

  it("of the settings file is not remembered: it comes from there, until it does not", () => {
    const config = join(home, "settings.toml");
    writeFileSync(config, 'nick = "carol"\n');
    expect(nickOf(run(["--config", config]))).toBe("carol");
    expect(nickOf(run())).toBe("zoe");
  });

  it("taken by /nick is the next start's, whatever this one was given", () => {
    const data = ["--json", "--port", "0"];
    runProgram([...data, "--nick", "anna"], { home, input: "/nick eve\n" });
    expect(nickOf(run())).toBe("eve");
  });

  it("that cannot be kept is told with the file and the reason, and the one before stays", async () => {
    expect(await rememberNick(undefined, "zed")).toBeUndefined();
    expect(await rememberNick(home, "zed")).toBeUndefined();
    expect(rememberedNick(home)).toBe("zed");
    const path = join(home, "nick");
    chmodSync(home, 0o777);
    expect(await rememberNick(home, "zed")).toBeUndefined();
    expect(await rememberNick(home, "anna")).toEqual({ path, reason: "others-may-write" });
    chmodSync(home, 0o700);
    expect(rememberedNick(home)).toBe("zed");
  });

  it.skipIf(noDisk !== undefined)(
    "taken on a full disk is told not to be kept, and the old file is whole",
    async () => {
      const disk = join(home, "disk");
      mkdirSync(disk);
      const args = ["--json", "--port", "0", "--nick", "anna", "--data-dir", join(disk, "data")];
      const { child, out, err, code } = startProgram(args, { home }, onSmallDisk(disk, "64k"));
      const here = join("/proc", String(child.pid), "root", disk);
      try {
        await vi.waitFor(() => expect(out()).toContain('"ready"'), { timeout: 10_000 });
        expect(() => writeFileSync(join(here, "filler"), Buffer.alloc(1 << 20))).toThrow("ENOSPC");
        child.stdin.write("/nick name6\n");
        await vi.waitFor(() => expect(out()).toContain('"nick-not-kept"'), { timeout: 10_000 });
        const told = out()
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line))
          .find(({ type }) => type === "error");
        const path = join(disk, "data", "nick");
        expect(told).toMatchObject({ code: "nick-not-kept", data: { nick: "name6", path, reason: "ENOSPC" } });
        expect(told.text).toBe(
          `you are name6 for this run only: the nick cannot be saved in ${path}: the disk is full`,
        );
        expect(readFileSync(join(here, "data", "nick"), "utf8")).toBe("anna\n");
        expect(readdirSync(join(here, "data")).filter((name) => name.endsWith(".new"))).toEqual([]);
        child.stdin.end();
        expect(await code).toBe(0);
        expect(err()).toBe("");
      } finally {
        child.kill("SIGKILL");
      }
    },
  );
});
