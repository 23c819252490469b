#!/usr/bin/env node
// A program is killed (SIGKILL) again and again while it says lines, and another one stays and listens. Real processes,
// 127.0.0.1 alone, discovery off. `npm run kill-rounds -- [--rounds 100] [--seed 1]`. Exits with 1 when a promise is broken:
//
// - what was called `stored` is there at the next start, with the same id and in the same order as before;
// - nothing is there twice, and no number of a message is used twice (the listener would tell of a forked author);
// - at the end both have one log.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createChance } from "./net/chance.js";

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "100" }, seed: { type: "string", default: "1" } },
});
const ROUNDS = Number(values.rounds);
const chance = createChance(Number(values.seed));
const LIMIT_MS = 30_000;
/** From the first line said to the kill: none, some or all of them are stored by then. */
const KILL_MS_MAX = 400;
const LINES = 60;
const program = fileURLToPath(new URL("../bin/smplchat.js", import.meta.url));
const home = mkdtempSync(join(tmpdir(), "smplchat-kill-"));
const broken = [];
const check = (holds, what) => {
  if (!holds) broken.push(what);
};

try {
  const listener = await start("listener", []);
  const port = listener.port();
  /** Ids in the order of the log, as far as they were called stored. */
  let stored = [];
  let kept = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    const speaker = await start("speaker", ["--join", `127.0.0.1:${port}`]);
    const ids = await speaker.log();
    check(new Set(ids).size === ids.length, `round ${round}: an id is listed twice`);
    const missing = stored.filter((id) => !ids.includes(id));
    check(missing.length === 0, `round ${round}: ${missing.length} that were called stored are gone: ${missing[0]}`);
    const before = kept.filter((id) => ids.includes(id));
    check(
      String(ids.filter((id) => before.includes(id))) === String(before),
      `round ${round}: the order of before has changed`,
    );
    for (let line = 1; line <= LINES; line += 1) speaker.say(`round ${round} line ${line}`);
    await sleep(chance() * KILL_MS_MAX);
    speaker.child.kill("SIGKILL");
    await speaker.closed;
    const now = speaker.lines().flatMap(({ type, id }) => (type === "stored" ? [id] : []));
    stored = [...stored, ...now];
    kept = ids;
    if (round % 10 === 0)
      console.log(`round ${round}: ${stored.length} called stored, ${broken.length} promises broken`);
  }
  const last = await start("speaker", ["--join", `127.0.0.1:${port}`]);
  const deadline = performance.now() + LIMIT_MS;
  let [one, other] = [await last.log(), await listener.log()];
  while (String(one) !== String(other) && performance.now() < deadline) {
    await sleep(200);
    [one, other] = [await last.log(), await listener.log()];
  }
  check(String(one) === String(other), `the logs differ after ${LIMIT_MS / 1000} s: ${one.length} and ${other.length}`);
  check(
    stored.every((id) => one.includes(id)),
    "something that was called stored is gone at the end",
  );
  const forked = [...listener.lines(), ...last.lines()].filter(({ code }) => code === "forked-author");
  check(forked.length === 0, "a number was used for two messages");
  for (const { child } of [listener, last]) child.kill("SIGTERM");
  await Promise.all([listener.closed, last.closed]);
  console.log(
    `${ROUNDS} rounds: ${stored.length} called stored, ${one.length} in both logs, ${broken.length} promises broken`,
  );
} finally {
  rmSync(home, { recursive: true, force: true });
}
for (const what of broken) console.log(`broken: ${what}`);
process.exitCode = broken.length > 0 ? 1 : 0;

// --- internal ---

async function start(nick, args) {
  const environment = { ...process.env, HOME: home, XDG_DATA_HOME: home, SMPLCHAT_DISCOVERY: "off" };
  const given = ["--json", "--port", "0", "--profile", nick, "--nick", nick, "--max-messages", "100000", ...args];
  const child = spawn(process.execPath, [program, ...given], { env: environment, stdio: ["pipe", "pipe", "inherit"] });
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    out += text;
  });
  // It may be killed while a line is on its way.
  child.stdin.on("error", () => {});
  const closed = new Promise((done) => child.on("close", done));
  const lines = () =>
    out
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  let asked = 0;
  const put = (object) => child.stdin.write(`${JSON.stringify(object)}\n`);
  const wait = async (look, what) => {
    const deadline = performance.now() + LIMIT_MS;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (performance.now() > deadline) throw new Error(`${nick}: no ${what} after ${LIMIT_MS / 1000} s`);
      await sleep(5);
    }
  };
  const log = async () => {
    asked += 1;
    const ref = `r${asked}`;
    put({ type: "command", line: "/log 1000000", ref });
    return (await wait(() => lines().find((line) => line.ref === ref), "answer to /log")).ids;
  };
  const ready = await wait(() => lines().find(({ type }) => type === "ready"), "line ready");
  const port = () => ready.address.split(":").at(-1);
  return { child, closed, lines, log, port, say: (text) => put({ type: "say", text }) };
}
