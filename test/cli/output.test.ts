/** Output that cannot be written is a failure that is told, not an exit code 0. */

import { closeSync, existsSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runProgram, startProgram } from "../suites/program.ts";
import { onSmallDisk, whyNoSmallDisk } from "../suites/smallDisk.ts";

const home = mkdtempSync(join(tmpdir(), "smplchat-output-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const FULL = "/dev/full";
const noFull = !existsSync(FULL);
if (noFull) console.warn(`skipped: the tests of a full output: there is no ${FULL}`);
const noDisk = whyNoSmallDisk();
if (noDisk !== undefined) console.warn(`skipped: the test of a disk that fills: ${noDisk}`);

const failed = { code: 1, err: "smplchat: cannot write the output: the disk is full\n" };

describe.skipIf(noFull)("an output that takes nothing", () => {
  it.each([
    [["invite", "--new", "lab"]],
    [["invite"]],
    [["--help"]],
    [["invite", "--help"]],
    [["sim", "--help"]],
    [["--version"]],
    [["sim", "idle", "--nodes", "2"]],
    [["sim", "idle", "--nodes", "2", "--json"]],
  ])("fails %j with one line", (args) => {
    expect(toFull(args)).toMatchObject(failed);
  });

  it.each(["--json", "--plain"])("ends the chat of %s with one line", (face) => {
    expect(toFull([face, "--ephemeral", "--port", "0"], "/help\n/help\n")).toMatchObject(failed);
  });
});

it.skipIf(noDisk !== undefined)("an output that fits the disk only in part is a failure", async () => {
  const script = 'head -c 4000 /dev/zero >"$0/out" && exec "$@" >>"$0/out"';
  const { code, err } = startProgram(["--help"], { home }, [...onSmallDisk(home, "4k"), "sh", "-c", script, home]);
  expect({ code: await code, err: err() }).toEqual(failed);
});

it.skipIf(process.platform === "win32")("a reader that has seen enough is no failure", async () => {
  const script = '"$@" --help | head -n 1; exec "$@" invite --new lab | true';
  const { code, out, err } = startProgram([], { home }, ["bash", "-o", "pipefail", "-c", script, "bash"]);
  expect([await code, err()]).toEqual([0, ""]);
  expect(out()).toMatch(/^Usage: smplchat [^\n]+\n$/);
});

function toFull(args: readonly string[], input = ""): { code: number | null; err: string } {
  const stdout = openSync(FULL, "w");
  try {
    return runProgram(args, { home, input, stdout });
  } finally {
    closeSync(stdout);
  }
}
