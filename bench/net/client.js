// A real `smplchat --json` process on a host of the test network: what it prints with the time it was read, and what the
// system counts of it.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

const NODE_TICKS_PER_SECOND = 100;

/**
 * `options`: program, nick, host, args, env, ignores. Times are `performance.now()` of this process, for all clients: one clock.
 * `onMessage(text, at)` is told of every message printed, `onLine` of every other line but `delivery`.
 */
export function startClient({ program, nick, host, args = [], env = {}, home, ignores }) {
  const words = ["netns", "exec", host.namespace, process.execPath, program, "--json", "--ephemeral", "--nick", nick];
  const child = spawn("ip", [...words, ...args], {
    env: { PATH: process.env.PATH, HOME: home, SMPLCHAT_DISCOVERY: "off", ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const client = {
    nick,
    host,
    pid: child.pid,
    id: undefined,
    startedAt: performance.now(),
    readyAt: undefined,
    /** Texts printed, own ones included. BOUNDED: by the run. */
    texts: new Map(),
    stderr: "",
    onMessage: () => {},
    onLine: () => {},
    type: (line) => child.stdin.write(`${line}\n`),
    say: (text) => child.stdin.write(`${JSON.stringify({ type: "say", text })}\n`),
    ask: (line, type) => ask(client, line, type),
    kill: () => child.kill("SIGKILL"),
    exited: new Promise((resolve) => child.once("close", resolve)),
  };
  child.stdin.on("error", () => {});
  child.stderr.on("data", (chunk) => {
    client.stderr = (client.stderr + chunk).slice(-4_000);
  });
  let rest = "";
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (chunk) => {
    const at = performance.now();
    const lines = (rest + chunk).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      if (line.startsWith('{"type":"delivery"') || (ignores !== undefined && line.includes(ignores))) continue;
      take(client, JSON.parse(line), at);
    }
  });
  return client;
}

/** Bytes that left its host, Ethernet headers counted. */
export function sentBytes(client) {
  const line = /eth0:\s*(.*)/.exec(readFileSync(`/proc/${client.pid}/net/dev`, "utf8"))[1];
  return Number(line.trim().split(/\s+/)[8]);
}

/** Resident memory, MB (10^6 bytes). */
export function residentMb(client) {
  const kib = /VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${client.pid}/status`, "utf8"))[1];
  return (Number(kib) * 1024) / 1e6;
}

/** Processor time used so far, seconds. */
export function cpuSeconds(client) {
  const stat = readFileSync(`/proc/${client.pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / NODE_TICKS_PER_SECOND;
}

// --- internal ---

function take(client, line, at) {
  if (line.type === "ready") {
    client.readyAt = at;
    client.id = line.self.id;
  }
  if (line.type !== "message") return client.onLine(line, at);
  if (client.texts.has(line.text)) client.twice = (client.twice ?? 0) + 1;
  client.texts.set(line.text, at);
  client.onMessage(line.text, at);
}

/** The next line of that type after the command. */
function ask(client, command, type) {
  return new Promise((resolve, reject) => {
    const before = client.onLine;
    const timer = setTimeout(
      () => reject(new Error(`${client.nick}: no answer to ${command}\n${client.stderr}`)),
      20_000,
    );
    client.onLine = (line, at) => {
      before(line, at);
      if (line.type !== type) return;
      clearTimeout(timer);
      client.onLine = before;
      resolve(line);
    };
    client.type(command);
  });
}
