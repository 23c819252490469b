#!/usr/bin/env node
// A history as a file: what it costs to import, export and verify it. Real processes without a network.
// `npm run bench:file -- [--messages 10000] [--bytes 100] [--authors 10]`.
//
// Each figure is that of the whole command, its start included, and the most memory that it held (Linux).
import { spawn } from "node:child_process";
import { createWriteStream, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { historyLines } from "../dist/chat/history/export.js";
import { generateSeed, identityFromSeed } from "../dist/crypto/identity.js";
import { createRoomKeys, openRoom } from "../dist/crypto/roomKeys.js";
import { signMessage } from "../dist/crypto/signed.js";
import { encodeBody } from "../dist/wire/bodies/body.js";
import { createChance, randomText } from "./net/chance.js";

const { values } = parseArgs({
  options: {
    messages: { type: "string", default: "10000" },
    bytes: { type: "string", default: "100" },
    authors: { type: "string", default: "10" },
  },
});
const MESSAGES = Number(values.messages);
const BYTES = Number(values.bytes);
const AUTHORS = Number(values.authors);
const program = fileURLToPath(new URL("../bin/smplchat.js", import.meta.url));
const choice = { name: "bench", private: false, secret: openRoom("bench") };

const folder = mkdtempSync(join(tmpdir(), "smplchat-bench-"));
try {
  const [made, exported] = [join(folder, "made.jsonl"), join(folder, "exported.jsonl")];
  await pipeline(lines, createWriteStream(made));
  const { size } = statSync(made);
  console.log(`${MESSAGES} messages of ${BYTES} bytes by ${AUTHORS}, a file of ${(size / 1e6).toFixed(1)} MB`);
  console.log(`node ${process.version}, ${cpus()[0]?.model.trim()}, load ${loadavg()[0]?.toFixed(1)}`);
  await command("verify", made);
  await command("import", made);
  await command("import", made);
  await command("export", "--room", "bench", exported);
  if (!readFileSync(made).equals(readFileSync(exported))) throw new Error("what came out is not what went in");
} finally {
  rmSync(folder, { recursive: true, force: true });
}

// --- internal ---

async function* lines() {
  for await (const line of historyLines({ choice, signed: give })) yield `${line}\n`;
}

async function give(take) {
  const keys = createRoomKeys(choice.secret);
  const chance = createChance(1);
  const people = Array.from({ length: AUTHORS }, () => identityFromSeed(generateSeed()));
  const start = Date.now() - MESSAGES * 1_000;
  let parents = [];
  for (let n = 0; n < MESSAGES; n += 1) {
    const body = encodeBody("text", "anna", randomText(chance, BYTES));
    const content = { seq: start + n, hlc: start + n * 1_000, parents, target: undefined, ...body };
    const message = signMessage(keys, people[n % AUTHORS], content);
    parents = [message.id];
    await take([message]);
  }
  return 0;
}

async function command(...args) {
  const env = { ...process.env, SMPLCHAT_DISCOVERY: "off", SMPLCHAT_MAX_MESSAGES: String(Math.max(MESSAGES, 10)) };
  const began = performance.now();
  const child = spawn(process.execPath, [program, ...args, "--data-dir", join(folder, "data")], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, peak] = ["", 0];
  child.stderr.on("data", (text) => {
    out += text;
  });
  child.stdout.on("data", (text) => {
    out = `${out}${text}`.slice(-4_000);
  });
  const looking = setInterval(() => {
    peak = Math.max(peak, residentMax(child.pid));
  }, 50);
  const code = await new Promise((resolve) => child.on("close", resolve));
  clearInterval(looking);
  if (code !== 0) throw new Error(`${args[0]} failed: ${out}`);
  const seconds = (performance.now() - began) / 1_000;
  const said = out.trim().split("\n").at(-1);
  console.log(
    `${args[0].padEnd(8)} ${seconds.toFixed(1).padStart(6)} s ${String(Math.round(peak / 1024)).padStart(5)} MiB   ${said}`,
  );
}

/** kB; 0 where it is not known. */
function residentMax(pid) {
  try {
    return Number(/VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
