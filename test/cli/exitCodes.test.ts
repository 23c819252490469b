/** What the program ends with: 0 fine, 1 failed, 2 wrong usage, 3 not delivered, 130 when it is told twice to stop. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, it, vi } from "vitest";
import { runProgram } from "../suites/program.ts";

const home = mkdtempSync(join(tmpdir(), "smplchat-exit-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const SCENARIO = `about = "three who say two things"
nodes = 3
idleMs = 1000
[speech]
messages = 2
everyMs = 500
`;

it.each([
  ["hold", 0, 0],
  ["break", 0.99, 1],
])("a simulation whose invariants %s ends with the code of that", (name, loss, code) => {
  const scenario = join(home, `${name}.toml`);
  writeFileSync(scenario, `name = "${name}"\n${SCENARIO}[network]\nloss = ${loss}\n`);
  const ended = runProgram(["sim", scenario, "--json"], { home });
  expect(ended).toMatchObject({ code, err: "" });
  expect(JSON.parse(ended.out).invariantsBroken > 0).toBe(code === 1);
});

it.each([
  ["--help", 0],
  ["--bogus", 2],
  ["sim", 2],
])("%s: %d", (word, code) => {
  expect(runProgram([word], { home }).code).toBe(code);
});

it.each([
  ["JSON", "--json", "hi\n", 3],
  ["piped lines", "--plain", "hi\n", 3],
  ["lines that end with /quit", "--plain", "hi\n/quit\n", 3],
  ["nothing that is said", "--json", "/room\n", 0],
] as const)("%s: what reached nobody is told by the exit code", (_, face, input, code) => {
  expect(runProgram([face, "--ephemeral", "--nick", "zoe", "--port", "0"], { home, input }).code).toBe(code);
});

it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("%s is a way to leave like any other: 0", async (signal) => {
  const { child, code } = open();
  child.stdout.once("data", () => child.kill(signal));
  expect(await code).toBe(0);
});

it("a second Ctrl-C does not wait for a reader that reads nothing: 130", async () => {
  const { child, code } = open();
  await new Promise((ready) => child.stdout.once("data", ready));
  child.stdout.pause();
  // More than the pipe holds, and less than what counts as stuck.
  child.stdin.write("/help\n".repeat(150));
  await vi.waitUntil(() => child.stdout.readableLength > 16_000, { timeout: 10_000, interval: 20 });
  child.kill("SIGINT");
  const again = setInterval(() => child.kill("SIGINT"), 100);
  expect(await code).toBe(130);
  clearInterval(again);
});

function open() {
  const program = resolve(import.meta.dirname, "../../bin/smplchat.js");
  const words = [program, "--json", "--ephemeral", "--nick", "zoe", "--port", "0"];
  const env = { PATH: process.env.PATH ?? "", HOME: home, SMPLCHAT_DISCOVERY: "off" };
  const child = spawn(process.execPath, words, { env, stdio: ["pipe", "pipe", "ignore"] });
  child.stdin.on("error", () => undefined);
  const code = new Promise<number | null>((done) => child.on("exit", done));
  return { child, code };
}
