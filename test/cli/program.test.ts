/** The real program, as a shell runs it: exit codes, one line on stderr, help, and a talk between two processes. */
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Running, startProgram } from "../suites/program.ts";

const packageJson = fileURLToPath(new URL("../../package.json", import.meta.url));
const home = mkdtempSync(join(tmpdir(), "smplchat-test-"));
const running = new Set<ChildProcessWithoutNullStreams>();

afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
  running.clear();
  rmSync(home, { recursive: true, force: true });
});

function start(args: readonly string[], env: Record<string, string> = {}): Running {
  const run = startProgram(args, { home, env });
  running.add(run.child);
  return run;
}

describe("the program", () => {
  it("prints version and help on stdout and exits 0", async () => {
    const version = start(["--version"]);
    const help = start(["--help"]);
    expect([await version.code, await help.code]).toEqual([0, 0]);
    expect(version.out()).toBe(`${JSON.parse(readFileSync(packageJson, "utf8")).version}\n`);
    expect(help.out()).toContain("RELAY_SEEN_LIMIT");
    expect(version.err() + help.err()).toBe("");
  });

  it("stops with one line on stderr and exit 2 when something does not fit", async () => {
    const runs = [
      start(["--port", "99999"]),
      start([], { SMPLCHAT_DROP_PERCENT: "101" }),
      start(["send"]),
      start(["--json", "--nick", "a b"]),
      start(["--config", join(home, "nowhere.toml")]),
      start(["--data-dir", packageJson, "--json"]),
      start(["--data-dir", "/proc/x", "--json"]),
      start(["invite", "--new", "a/b"]),
    ];
    for (const run of runs) {
      expect(await run.code, run.err()).toBe(2);
      expect(run.out()).toBe("");
      expect(run.err()).toMatch(/^smplchat: [^\n]+\n$/);
    }
  });

  it("prints an invite that the program itself takes", async () => {
    const made = start(["invite", "--new", "den", "--port", "0"]);
    expect(await made.code).toBe(0);
    const run = start(["--json", "--ephemeral", "--port", "0", "--room", made.out().trim()]);
    run.child.stdin.end();
    expect(await run.code).toBe(0);
    expect(JSON.parse(run.out().split("\n")[0] ?? "")).toMatchObject({
      type: "ready",
      self: { nick: "zoe" },
      room: { name: "den", private: true },
    });
  });

  it("says in words why there is no place for an identity", async () => {
    const run = start(["--json", "--data-dir", join(packageJson, "below")]);
    expect(await run.code).toBe(2);
    expect(run.err()).toContain("a file is in its path");
  });

  it("delivers what was piped into it and leaves, and the other side hears it once", async () => {
    const anna = start(["--json", "--ephemeral", "--port", "0", "--nick", "anna", "--no-input"]);
    await vi.waitFor(() => expect(anna.out()).toContain('"ready"'), { timeout: 10_000 });
    const { address } = JSON.parse(anna.out().split("\n")[0] ?? "") as { address: string };
    const port = address.slice(address.lastIndexOf(":") + 1);
    const bob = start(["--plain", "--ephemeral", "--port", "0", "--nick", "bob", "--join", `127.0.0.1:${port}`]);
    bob.child.stdin.end("hello from a pipe\n");
    expect(await bob.code).toBe(0);
    expect(bob.out()).toMatch(/^\d\d:\d\d <bob> hello from a pipe$/m);
    await vi.waitFor(() => expect(anna.out()).toContain('"status":"left"'), { timeout: 10_000 });
    const heard = anna
      .out()
      .split("\n")
      .filter((line) => line.includes("hello from a pipe"));
    expect(heard).toHaveLength(1);
    anna.child.kill("SIGTERM");
    expect(await anna.code).toBe(0);
    expect(anna.err() + bob.err()).toBe("");
  });

  it("writes its debug log to stderr as JSON lines", async () => {
    const run = start(["--plain", "--ephemeral", "--port", "0"], { SMPLCHAT_DEBUG: "1" });
    run.child.stdin.end();
    expect(await run.code).toBe(0);
    const records = run.err().trim().split("\n");
    expect(records.length).toBeGreaterThan(0);
    const { version } = JSON.parse(readFileSync(packageJson, "utf8"));
    expect(JSON.parse(records[0] ?? "")).toMatchObject({ what: "start", version, node: process.version });
    for (const record of records) expect(JSON.parse(record)).toMatchObject({ what: expect.any(String) });
  });
});
