/** A script that writes far more than any queue holds, into a real process over 127.0.0.1: every line arrives, in bounded memory. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";

const LINES = 20_000;
const LIMIT_MS = 120_000;
const program = fileURLToPath(new URL("../../bin/smplchat.js", import.meta.url));
const children: ChildProcess[] = [];

type Line = { readonly type: string; readonly [field: string]: unknown };
type Running = { readonly child: ChildProcess; readonly lines: Line[]; readonly closed: Promise<unknown> };

afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

function start(args: readonly string[]): Running {
  const words = [program, "--json", "--ephemeral", "--port", "0", ...args];
  const child = spawn(process.execPath, words, {
    env: { PATH: process.env.PATH, HOME: "/nonexistent", SMPLCHAT_DISCOVERY: "off" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  children.push(child);
  const lines: Line[] = [];
  let rest = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) lines.push(JSON.parse(part) as Line);
  });
  return { child, lines, closed: new Promise((resolve) => child.once("close", resolve)) };
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const end = performance.now() + LIMIT_MS;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited ${LIMIT_MS} ms for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const textsOf = ({ lines }: Running): unknown[] =>
  lines.flatMap((line) => (line.type === "message" ? [line.text] : []));
const residentMb = ({ child }: Running): number =>
  Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1] ?? 0) / 1_000;

test.skipIf(process.platform !== "linux")(
  `seq ${LINES} | smplchat --json --join: every line arrives once and in order, nothing is dropped and nothing grows`,
  async () => {
    const listener = start(["--nick", "listener"]);
    await until("the listener", () => listener.lines.length > 0);
    const [ready] = listener.lines as [Line];
    const port = String(ready.address).split(":").at(-1);
    const script = start(["--nick", "script", "--join", `127.0.0.1:${port}`]);
    const input = Array.from({ length: LINES }, (_, index) => `${index + 1}\n`).join("");
    let most = 0;
    const sampling = setInterval(() => {
      if (script.child.exitCode === null) most = Math.max(most, residentMb(script));
    }, 20);
    script.child.stdin?.end(`${input}/stats\n`);
    await script.closed;
    clearInterval(sampling);
    const all = Array.from({ length: LINES }, (_, index) => `${index + 1}`);
    await until("all lines", () => textsOf(listener).length >= LINES);
    expect(textsOf(listener)).toEqual(all);
    expect(textsOf(script)).toEqual(all);
    expect(script.lines.filter(({ type }) => type === "error")).toEqual([]);
    expect(script.lines.filter(({ code }) => code === "undelivered")).toEqual([]);
    const stats = script.lines.find(({ type }) => type === "stats");
    expect(stats?.dropped).not.toHaveProperty("outbox-full");
    expect(most).toBeGreaterThan(40);
    expect(most).toBeLessThan(350);
  },
  LIMIT_MS + 20_000,
);
