// The scripts around the code: dev.sh explains itself, shell scripts parse, the image copies only what exists.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const commands = ["dev", "run", "test", "lint", "coverage", "auto", "all", "install"];

describe("dev.sh", () => {
  test("without an argument prints its usage, which names every command", () => {
    const { status, stdout } = bash("dev.sh");
    expect(status).toBe(0);
    for (const command of commands) expect(stdout).toMatch(new RegExp(`^ {2}${command} `, "m"));
  });

  test("refuses an unknown command in one line and shows the usage", () => {
    const { status, stdout, stderr } = bash("dev.sh", "tset");
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^dev\.sh: unknown command: tset\nusage: /);
  });

  test("is what the workflow calls, with commands that it has", () => {
    const called = [...read(".github/workflows/ci.yml").matchAll(/\.\/dev\.sh (\w+)/g)].map((match) => match[1]);
    expect(called).toEqual(["install", "all"]);
  });
});

test("every shell script parses and stops at the first failure", () => {
  const scripts = [
    "dev.sh",
    ".ci/run",
    ...readdirSync(`${root}scripts`)
      .filter((n) => n.endsWith(".sh"))
      .map((n) => `scripts/${n}`),
  ];
  for (const script of scripts) {
    expect([script, bash("-n", script).stderr]).toEqual([script, ""]);
    expect([script, read(script).includes("\nset -euo pipefail\n")]).toEqual([script, true]);
  }
});

test("the image is made of files that exist and that .dockerignore lets through", () => {
  const copied = read("Dockerfile")
    .split("\n")
    .filter((line) => line.startsWith("COPY ") && !line.includes("--from="))
    .flatMap((line) => line.split(" ").slice(1, -1));
  const letThrough = read(".dockerignore")
    .split("\n")
    .filter((line) => line.startsWith("!"));
  expect(copied.length).toBeGreaterThan(4);
  for (const path of copied) expect([path, existsSync(root + path)]).toEqual([path, true]);
  expect(letThrough.map((line) => line.slice(1)).sort()).toEqual([...copied].sort());
});

describe("npm run rooms", () => {
  const rooms = (...words: string[]): { status: number | null; stdout: string } =>
    spawnSync(process.execPath, [`${root}scripts/rooms.js`, ...words], { encoding: "utf8", timeout: 20_000 });

  test("finds no arrow up and no circle in this project, and few arrows between the rooms of protocol", () => {
    const { status, stdout } = rooms();
    expect(stdout).toMatch(/^0 arrows up\n0 circles of files\n/m);
    expect(status).toBe(0);
    expect(Number(/^(\d+) arrows between rooms/m.exec(stdout)?.[1])).toBeLessThanOrEqual(100);
  });

  test("names what runs up and who stands in a circle, and fails", () => {
    const folder = mkdtempSync(join(tmpdir(), "smplchat-rooms-"));
    try {
      write(join(folder, "src/protocol/link/a.ts"), 'import type { B } from "../relay/b.ts";');
      write(join(folder, "src/protocol/relay/b.ts"), 'export { a } from "../link/a.ts";');
      write(join(folder, "src/wire/c.ts"), 'const core = await import("../protocol/core.ts");');
      const { status, stdout } = rooms(folder);
      expect(status).toBe(1);
      expect(stdout).toContain("2 arrows between rooms of protocol/");
      expect(stdout).toContain("2 arrows up\n  src/wire/c.ts -> src/protocol/core.ts\n");
      expect(stdout).toContain("  src/protocol/link/a.ts -> src/protocol/relay/b.ts\n");
      expect(stdout).toContain("1 circles of files\n  src/protocol/link/a.ts <-> src/protocol/relay/b.ts\n");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

// --- internal ---

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function bash(...words: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync("bash", words, { cwd: root, encoding: "utf8", timeout: 10_000 });
}

function read(path: string): string {
  return readFileSync(root + path, "utf8");
}
