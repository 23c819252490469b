#!/usr/bin/env node
// History on disk: what it costs to write and read it, and to start with it. Real processes, 127.0.0.1 alone, discovery off.
// `npm run bench:store -- [--messages 10000,100000] [--bytes 100] [--runs 5]`.
//
// A start is from the spawn of the program to its line `ready`; and then to the last line of what was kept, printed. Medians
// of the runs, and the load average beside them.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createRoomKeys, openRoom } from "../dist/crypto/roomKeys.js";
import { signMessage } from "../dist/crypto/signed.js";
import { restore } from "../dist/node/keptMessages.js";
import { createRestored } from "../dist/protocol/log/restored.js";
import { openHistory } from "../dist/store/history.js";
import { openIdentity } from "../dist/store/identity.js";
import { encodeBody } from "../dist/wire/bodies/body.js";
import { createChance, randomText } from "./net/chance.js";

const { values } = parseArgs({
  options: {
    messages: { type: "string", default: "10000,100000" },
    bytes: { type: "string", default: "100" },
    runs: { type: "string", default: "5" },
  },
});
const COUNTS = values.messages.split(",").map(Number);
const BYTES = Number(values.bytes);
const RUNS = Number(values.runs);
const LIMIT_MS = 60_000;
/** What one turn of a busy node writes. */
const BATCH = 20;
const OWN = 200;
const MOST = 1_000_000;
const program = fileURLToPath(new URL("../bin/smplchat.js", import.meta.url));
const keys = createRoomKeys(openRoom("smplchat"));

console.log(`messages of ${BYTES} bytes: node ${process.version}, ${cpus()[0]?.model.trim()}`);
row("empty", await starts(0, undefined));
for (const count of COUNTS) {
  const home = mkdtempSync(join(tmpdir(), "smplchat-bench-"));
  try {
    row(`${count} written`, await write(home, count));
    row(`${count} read`, await read(home));
    row(`${count} started`, await starts(count, home));
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

// --- internal ---

async function write(home, count) {
  const { identity, slot, release } = await openIdentity(home);
  const history = await openHistory(home, slot);
  const store = history.openStore(keys.id);
  const messages = signed(identity, count + OWN);
  let began = performance.now();
  const done = [];
  for (let from = 0; from < count; from += BATCH) {
    done.push(append(store, messages.slice(from, Math.min(from + BATCH, count)), false));
    if (done.length % 50 === 0) await done.at(-1);
  }
  await Promise.all(done);
  const figures = { "messages/s": round(count / ((performance.now() - began) / 1_000)) };
  const waits = [];
  for (const message of messages.slice(count)) {
    began = performance.now();
    await append(store, [message], true);
    waits.push(performance.now() - began);
  }
  store.trim(messages.slice(count).map(({ id }) => id));
  await new Promise((resolve) => store.close(resolve));
  await history.close();
  release();
  const size = readdirSync(join(home, "history")).reduce(
    (sum, name) => sum + statSync(join(home, "history", name)).size,
    0,
  );
  return { ...figures, "own, synced, ms": round(median(waits), 2), "on disk MB": round(size / 1e6, 1) };
}

async function read(home) {
  const began = performance.now();
  const history = await openHistory(home, 1);
  const opened = performance.now();
  const store = history.openStore(keys.id);
  await new Promise((resolve) => store.all((_, isLast) => isLast && resolve()));
  const indexed = performance.now();
  await restore(store, createRestored("", 2 * MOST, Date.now()));
  const restored = performance.now();
  await new Promise((resolve) => store.page(undefined, 1_000, resolve));
  const paged = performance.now();
  await history.close();
  return {
    "open ms": round(opened - began),
    "all ms": round(indexed - opened),
    "index restored ms": round(restored - indexed),
    "newest 1,000 ms": round(paged - restored, 1),
  };
}

async function starts(count, home) {
  const runs = [];
  for (let run = 0; run < RUNS; run += 1) runs.push(await start(count, home));
  const of = (what) => round(median(runs.map((one) => one[what])));
  return {
    "ready ms": of("readyMs"),
    "all printed ms": of("printedMs"),
    "CPU ms": of("cpuMs"),
    "RSS MB, ready, after": `${of("readyMb")}, ${of("afterMb")}`,
  };
}

/** `home` undefined: `--ephemeral`. */
function start(count, home) {
  const keep = home === undefined ? ["--ephemeral"] : ["--data-dir", home];
  const words = [program, "--json", ...keep, "--nick", "anna", "--port", "0", "--no-input"];
  const began = performance.now();
  const child = spawn(process.execPath, words, {
    env: {
      PATH: process.env.PATH,
      HOME: "/nonexistent",
      SMPLCHAT_DISCOVERY: "off",
      SMPLCHAT_MAX_MESSAGES: String(MOST),
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const figures = {};
  let printed = 0;
  let rest = "";
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
    child.stdout.setEncoding("latin1").on("data", (chunk) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop();
      for (const line of lines) {
        if (line.startsWith('{"type":"ready"')) {
          figures.readyMs = performance.now() - began;
          figures.readyMb = residentMb(child);
        } else if (line.startsWith('{"type":"message"')) printed += 1;
      }
      if (figures.printedMs === undefined && figures.readyMs !== undefined && printed >= count) {
        figures.printedMs = performance.now() - began;
        // Once what is waiting is done.
        setTimeout(() => {
          Object.assign(figures, { afterMb: residentMb(child), cpuMs: cpuMs(child) });
          child.kill("SIGTERM");
        }, 500);
      }
    });
    child.once("close", () => {
      clearTimeout(limit);
      if (figures.afterMb === undefined) reject(new Error(`${printed} of ${count} printed after ${LIMIT_MS} ms`));
      else resolve(figures);
    });
  });
}

/** Each with the one before as its parent, a second apart, up to now. */
function signed(identity, count) {
  const chance = createChance(1);
  const now = Date.now();
  let parents = [];
  return Array.from({ length: count }, (_, at) => {
    const hlc = now - (count - at) * 1_000;
    const body = encodeBody("text", "anna", randomText(chance, BYTES));
    const { id, bytes } = signMessage(keys, identity, { seq: at, hlc, parents, target: undefined, ...body });
    parents = [id];
    return { id, bytes };
  });
}

function append(store, messages, isOwn) {
  return new Promise((resolve, reject) => {
    store.append(messages, isOwn, (trouble) => (trouble === undefined ? resolve() : reject(new Error(trouble.detail))));
  });
}

function residentMb({ pid }) {
  const kib = /VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1];
  return (Number(kib) * 1024) / 1e6;
}

function cpuMs({ pid }) {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}

function row(name, figures) {
  const words = Object.entries(figures).map(([what, value]) => `${what}: ${value}`);
  console.log([name, ...words, `load: ${round(loadavg()[0], 1)}`].join(" | "));
}

function round(value, digits = 0) {
  return Number(value.toFixed(digits));
}
