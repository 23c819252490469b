#!/usr/bin/env node
// What a long history costs a node: memory of the core for each message, time to take one in, time to open a screen on it. No network.
// `npm run bench:log -- [--messages 100000] [--authors 30] [--bytes 100]`. Exits with 1 when a goal is missed.
//
// Many authors sign messages that name the newest ones as parents. The core gets them as at a start (`kept`); their bodies are in a memory
// store, which is measured apart. Then as many again are said one by one, and their bodies are dropped, so that the core alone grows.
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { generateSeed, identityFromSeed } from "../dist/crypto/identity.js";
import { randomStart } from "../dist/crypto/linkKeys.js";
import { createRoomKeys, openRoom } from "../dist/crypto/roomKeys.js";
import { signMessage } from "../dist/crypto/signed.js";
import { systemRng } from "../dist/node/entropy.js";
import { defaultConfig } from "../dist/protocol/config.js";
import { createCore } from "../dist/protocol/core.js";
import { createRestored, restoreRows } from "../dist/protocol/log/restored.js";
import { memoryStore } from "../dist/store/memory.js";
import { encodeBody } from "../dist/wire/bodies/body.js";
import { createChance, randomText } from "./net/chance.js";

const { values } = parseArgs({
  options: {
    messages: { type: "string", default: "100000" },
    authors: { type: "string", default: "30" },
    bytes: { type: "string", default: "100" },
  },
});
const [MESSAGES, AUTHORS, BYTES] = [values.messages, values.authors, values.bytes].map(Number);
const PARTS = 5;
/** Goals: 25 MiB for a core with 100,000 messages; 200 bytes for each, beside what it keeps of recent ones. */
const CORE_BYTES_MAX = Math.max((25 * 2 ** 20 * MESSAGES) / 100_000, 8 * 2 ** 20);
const MESSAGE_BYTES_MAX = 200;
/** Between the first and the last part of what is said, with twice as many held. */
const SLOWER_MAX = 3;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");
const room = openRoom("bench");
const chance = createChance(7);
let wall = Date.now() - 2 * MESSAGES;
console.log(
  `${MESSAGES} messages of ${BYTES} bytes by ${AUTHORS} authors: node ${process.version}, ${cpus()[0]?.model.trim()}`,
);

const store = memoryStore();
const empty = memory();
fill();
const filled = memory();
const [core, openMs] = timed(openCore);
const held = memory();
console.log(
  `store ${mebibytes(filled - empty)} MiB, core ${mebibytes(held - filled)} MiB, opened in ${openMs.toFixed(0)} ms`,
);

const [page, pageMs] = timed(() => newest(1_000));
console.log(`newest ${page.length} from the store in ${pageMs.toFixed(1)} ms`);

const part = MESSAGES / PARTS;
const times = [timed(() => say(part))[1] / part];
// From here on the tables of what is recent are full.
const settled = memory();
while (times.length < PARTS) times.push(timed(() => say(part))[1] / part);
const grown = memory();
const bytesEach = (grown - settled) / (MESSAGES - part);
console.log(`said ${MESSAGES} more, each in ${times.map((ms) => `${(ms * 1000).toFixed(0)} µs`).join(", ")}`);
console.log(
  `core ${mebibytes(grown - filled)} MiB with ${core.ids().length} messages, ${bytesEach.toFixed(0)} B for each of the last ${MESSAGES - part}`,
);

const misses = [
  held - filled > CORE_BYTES_MAX && `the core takes more than ${mebibytes(CORE_BYTES_MAX)} MiB`,
  bytesEach > MESSAGE_BYTES_MAX && `a message takes more than ${MESSAGE_BYTES_MAX} B`,
  times.at(-1) > SLOWER_MAX * times[0] && "the more is held, the longer it takes to say something",
].filter(Boolean);
for (const miss of misses) console.log(`missed: ${miss}`);
process.exitCode = misses.length === 0 ? 0 : 1;

// --- internal ---

/** Each message names the two before it. */
function fill() {
  const keys = createRoomKeys(room);
  const authors = Array.from({ length: AUTHORS }, () => identityFromSeed(generateSeed()));
  let parents = [];
  for (let index = 0; index < MESSAGES; index += 1) {
    wall += 2;
    const { kind, body } = encodeBody("text", "anna", randomText(chance, BYTES));
    const author = authors[index % AUTHORS];
    const content = { seq: 1 + Math.floor(index / AUTHORS), hlc: wall, kind, parents, target: undefined, body };
    const { id, bytes } = signMessage(keys, author, content);
    store.append([{ id, bytes: new Uint8Array(bytes) }], false, () => {});
    parents = [...parents, id].slice(-2);
  }
}

function openCore() {
  const config = { ...defaultConfig, maxMessages: 10 * MESSAGES };
  const identity = identityFromSeed(generateSeed());
  const restored = createRestored(identity.id, config.maxMessages, now().wall);
  store.index((rows) => restoreRows(restored, rows));
  return createCore({
    identity,
    room,
    nick: "bench",
    start: randomStart(),
    config,
    rng: systemRng(),
    now: now(),
    restored,
  });
}

function say(count) {
  for (let index = 0; index < count; index += 1) {
    wall += 2;
    const command = { type: "say", text: randomText(chance, BYTES), kind: "text" };
    const [outcome] = core.handle({ type: "command", command, ref: 1 }, now()).filter(({ type }) => type === "answer");
    if (!outcome?.outcome.isDone) throw new Error(`not said: ${JSON.stringify(outcome)}`);
  }
}

function newest(limit) {
  let found = [];
  store.page(undefined, limit, (messages) => {
    found = messages;
  });
  return found;
}

function now() {
  return { wall, mono: wall };
}

function memory() {
  for (let round = 0; round < 4; round += 1) collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function timed(work) {
  const from = performance.now();
  const value = work();
  return [value, performance.now() - from];
}

function mebibytes(bytes) {
  return (bytes / 2 ** 20).toFixed(1);
}
