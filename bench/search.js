#!/usr/bin/env node
// What a search in a long history costs, on disk: all hits of a word that some messages have, the newest 50 of one that many have, and
// one that none has. No network. `npm run bench:search -- [--messages 100000] [--bytes 60]`.
//
// Authors say random words into a room whose history is on disk. Each search is made three times, and the fastest counts; the longest
// time for which the event loop did not turn is that of all of them.
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { generateSeed, identityFromSeed } from "../dist/crypto/identity.js";
import { createRoomKeys, openRoom } from "../dist/crypto/roomKeys.js";
import { signMessage } from "../dist/crypto/signed.js";
import { openHub } from "../dist/node/hub.js";
import { openHistory } from "../dist/store/history.js";
import { encodeBody } from "../dist/wire/bodies/body.js";
import { createChance } from "./net/chance.js";

const { values } = parseArgs({
  options: { messages: { type: "string", default: "100000" }, bytes: { type: "string", default: "60" } },
});
const [MESSAGES, BYTES] = [values.messages, values.bytes].map(Number);
const SEED = 7;
const chance = createChance(SEED);
const room = openRoom("bench");
const dataDir = mkdtempSync(join(tmpdir(), "smplchat-search-"));

try {
  console.log(
    `${MESSAGES} messages of ${BYTES} bytes, seed ${SEED}: node ${process.version}, ${cpus()[0]?.model.trim()}`,
  );
  await fill();
  const hub = await openHub({
    nick: "bench",
    port: 0,
    discovery: false,
    dataDir,
    config: { maxMessages: MESSAGES },
  });
  const entered = await hub.enter({ name: "bench", secret: room, private: false });
  const stall = watchStalls();
  for (const [what, text, limit] of [
    ["all of a word in one of 1,000", "needle", Number.POSITIVE_INFINITY],
    ["the newest 50 of it", "needle", 50],
    ["a word that none has", "haystack", Number.POSITIVE_INFINITY],
  ]) {
    let found = 0;
    const times = [];
    for (let round = 0; round < 3; round += 1) {
      const before = performance.now();
      found = await count(entered, text, limit);
      times.push(performance.now() - before);
    }
    console.log(`${what}: ${found} in ${Math.min(...times).toFixed(1)} ms (first time ${times[0].toFixed(1)} ms)`);
  }
  console.log(`longest stand of the event loop ${stall().toFixed(1)} ms`);
  await hub.close();
} finally {
  rmSync(dataDir, { recursive: true, force: true });
}

async function count(entered, text, limit) {
  let found = 0;
  for await (const part of entered.search({ text })) {
    found += part.length;
    if (found >= limit) return limit;
  }
  return found;
}

async function fill() {
  const keys = createRoomKeys(room);
  const authors = Array.from({ length: 10 }, () => identityFromSeed(generateSeed()));
  const history = await openHistory(dataDir, 1);
  const store = history.openStore(keys.id);
  const wall = Date.now() - 2 * MESSAGES;
  let parents = [];
  for (let from = 0; from < MESSAGES; from += 1_000) {
    const messages = [];
    for (let at = from; at < Math.min(from + 1_000, MESSAGES); at += 1) {
      const { kind, body } = encodeBody("text", `nick${at % 10}`, textOf(at));
      const content = { seq: at, hlc: wall + 2 * at, kind, parents, target: undefined, body };
      const message = signMessage(keys, authors[at % authors.length], content);
      parents = [message.id];
      messages.push({ id: message.id, bytes: message.bytes });
    }
    await new Promise((resolve) => store.append(messages, false, resolve));
  }
  await new Promise((resolve) => store.close(resolve));
  await history.close();
}

/** Random letters in words, and the word that is looked for in one of a thousand. */
function textOf(at) {
  let text = at % 1_000 === 500 ? "Needle" : "";
  while (text.length < BYTES) text += `${text === "" ? "" : " "}${chance().toString(36).slice(2, 8)}`;
  return text.slice(0, Math.max(BYTES, 6));
}

function watchStalls() {
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }, 1);
  return () => {
    clearInterval(timer);
    return longest;
  };
}
