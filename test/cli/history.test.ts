/** A long history between real processes over 127.0.0.1, as `npm run bench:history` measures it, in small. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const bench = fileURLToPath(new URL("../../bench/history.js", import.meta.url));

test("a newcomer shows all that two holders have, and the benchmark says how fast", () => {
  const words = [bench, "--messages", "1500", "--holders", "2"];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: "utf8", timeout: 60_000 });
  expect([status, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(
    /^newcomer \| messages\/s: \d+ \| .*newcomer RSS MB, empty, most, after: \d+, \d+, \d+ \| load:/m,
  );
}, 60_000);
