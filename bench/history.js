#!/usr/bin/env node
// A long history fetched by a newcomer over loopback: real processes, 127.0.0.1 alone, discovery off.
// `npm run bench:history -- [--messages 100000] [--holders 1] [--prof DIR]`.
//
// Times are from the line `/join` to the newcomer's messages printed; the load average stands beside them. `--prof` leaves
// a CPU profile of the newcomer and of the first holder in that folder.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createChance, randomText } from "./net/chance.js";

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const { values } = parseArgs({
  options: {
    messages: { type: "string", default: "100000" },
    holders: { type: "string", default: "1" },
    bytes: { type: "string", default: "100" },
    prof: { type: "string" },
  },
});
const MESSAGES = Number(values.messages);
const HOLDERS = Number(values.holders);
const BYTES = Number(values.bytes);
const LIMIT_MS = 10 * 60_000;
const program = path("../bin/smplchat.js");
const clients = [];

setTimeout(() => fail(`not done after ${LIMIT_MS / 60_000} minutes`), LIMIT_MS).unref();
process.once("exit", () => {
  for (const client of clients) client.child.kill("SIGKILL");
});
console.log(
  `${MESSAGES} messages of ${BYTES} bytes, ${HOLDERS} holder(s): node ${process.version}, ${cpus()[0]?.model.trim()}`,
);

const [first, ...others] = Array.from({ length: HOLDERS }, (_, index) => start(`holder${index + 1}`, index === 0));
await first.ready;
await fill(first);
for (const other of others) await fetchFrom(other, first, false);
await fetchFrom(start("newcomer", true), first, true);
await Promise.all(clients.map(stop));

// --- internal ---

function start(nick, isProfiled) {
  const prof = isProfiled && values.prof !== undefined ? ["--cpu-prof", `--cpu-prof-dir=${values.prof}`] : [];
  const words = [...prof, program, "--json", "--ephemeral", "--port", "0", "--nick", nick];
  const env = { PATH: process.env.PATH, HOME: "/nonexistent", SMPLCHAT_DISCOVERY: "off" };
  const child = spawn(process.execPath, words, {
    env: { ...env, SMPLCHAT_MAX_MESSAGES: String(MESSAGES + 1_000) },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const client = {
    nick,
    child,
    printed: 0,
    firstAt: undefined,
    lastAt: undefined,
    address: undefined,
    onLine: () => {},
  };
  clients.push(client);
  let rest = "";
  client.ready = new Promise((resolve) => {
    child.stdout.setEncoding("latin1");
    child.stdout.on("data", (chunk) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop();
      for (const line of lines) {
        if (line.startsWith('{"type":"message"')) {
          client.printed += 1;
          client.firstAt ??= performance.now();
          client.lastAt = performance.now();
        } else if (!line.startsWith('{"type":"delivery"')) take(client, JSON.parse(line), resolve);
      }
    });
  });
  return client;
}

function take(client, line, ready) {
  if (line.type === "ready") {
    client.address = `127.0.0.1:${line.address.split(":").at(-1)}`;
    ready();
  }
  client.onLine(line);
}

/** Says the whole history to nobody, as fast as it is taken. */
async function fill(client) {
  const chance = createChance(1);
  const began = performance.now();
  for (let said = 0; said < MESSAGES; said += 1) {
    if (!client.child.stdin.write(`${randomText(chance, BYTES)}\n`)) {
      await new Promise((resolve) => client.child.stdin.once("drain", resolve));
    }
  }
  await until(
    () => client.printed >= MESSAGES,
    () => `${client.printed} of ${MESSAGES} said`,
  );
  const seconds = (performance.now() - began) / 1_000;
  console.log(row(client.nick, { "said/s": round(MESSAGES / seconds), "RSS MB": residentMb(client), load: load() }));
}

async function fetchFrom(client, source, isTold) {
  await client.ready;
  let synced;
  client.onLine = (line) => {
    if (line.code === "history-synced") synced = performance.now();
  };
  const cpuBefore = [cpuSeconds(client), cpuSeconds(source)];
  const restMb = residentMb(client);
  let most = 0;
  const sampling = setInterval(() => {
    most = Math.max(most, residentMb(client));
  }, 50);
  const began = performance.now();
  client.child.stdin.write(`/join ${source.address}\n`);
  await until(
    () => synced !== undefined && client.printed >= MESSAGES,
    () => `${client.printed} of ${MESSAGES} printed`,
  );
  clearInterval(sampling);
  if (!isTold) return;
  const figures = {
    "messages/s": round(MESSAGES / ((client.lastAt - began) / 1_000)),
    "join to first shown ms": round(client.firstAt - began),
    "join to all shown ms": round(client.lastAt - began),
    "newcomer CPU s": round(cpuSeconds(client) - cpuBefore[0], 1),
    "holder CPU s": round(cpuSeconds(source) - cpuBefore[1], 1),
    "newcomer RSS MB, empty, most, after": `${restMb}, ${most}, ${residentMb(client)}`,
    load: load(),
  };
  console.log(row(client.nick, figures));
}

async function stop({ child }) {
  const closed = new Promise((resolve) => child.once("close", resolve));
  child.stdin.end();
  await closed;
}

function residentMb({ child }) {
  const kib = /VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))[1];
  return Math.round((Number(kib) * 1024) / 1e6);
}

function cpuSeconds({ child }) {
  const stat = readFileSync(`/proc/${child.pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function load() {
  return Number(loadavg()[0].toFixed(1));
}

async function until(condition, what) {
  const end = performance.now() + LIMIT_MS;
  while (!condition()) {
    if (performance.now() > end) fail(what());
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function fail(why) {
  console.error(why);
  process.exit(1);
}

function row(name, figures) {
  return [name, ...Object.entries(figures).map(([what, value]) => `${what}: ${value}`)].join(" | ");
}

function round(value, digits = 0) {
  return Number(value.toFixed(digits));
}
