#!/usr/bin/env node
// A host of ill will, run in a namespace: node attacker.js TARGET-IP NUMBER
// Relays between the target and whoever joins through port 40000 of this host, records what passes, records what a
// client of another room sends to port 40001, and, told "go" on stdin, sends NUMBER datagrams to the target: noise,
// truncated, of the foreign room and replayed, a quarter each. Prints JSON lines: what it has recorded, what it sent.
import { randomBytes, randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { createInterface } from "node:readline";

const [target, number] = [process.argv[2], Number(process.argv[3])];
const PORT = 62733;
const RECORDED_MAX = 200;
/** Slow enough for the target's receive buffer: what the kernel drops would prove nothing. */
const BATCH = 20;
const PAUSE_MS = 4;

const recorded = [];
const foreign = [];
let guest;

const relay = createSocket("udp4");
relay.on("message", (bytes, from) => {
  if (from.address === target) {
    if (guest !== undefined) relay.send(bytes, guest.port, guest.address);
    return;
  }
  guest = from;
  record(recorded, bytes);
  relay.send(bytes, PORT, target);
});
relay.bind(40_000);

const stranger = createSocket("udp4");
stranger.on("message", (bytes) => record(foreign, bytes));
stranger.bind(40_001);

for (const socket of [relay, stranger]) socket.on("error", () => {});
for await (const line of createInterface({ input: process.stdin })) if (line === "go") await attack();
process.exit(0);

// --- internal ---

function record(list, bytes) {
  if (list.length < RECORDED_MAX) list.push(bytes);
  print({ recorded: recorded.length, foreign: foreign.length });
}

async function attack() {
  const makers = {
    noise: () => randomBytes(randomInt(1400)),
    truncated: () => {
      const bytes = pick(recorded);
      return bytes.subarray(0, randomInt(bytes.length));
    },
    foreign: () => pick(foreign),
    replayed: () => pick(recorded),
  };
  const kinds = Object.keys(makers);
  const sent = Object.fromEntries(kinds.map((kind) => [kind, 0]));
  for (let i = 0; i < number; i++) {
    const kind = kinds[i % kinds.length];
    await new Promise((resolve) => relay.send(makers[kind](), PORT, target, resolve));
    sent[kind] += 1;
    if (i % BATCH === 0) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  print({ sent });
}

function pick(list) {
  return list[randomInt(list.length)];
}

function print(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
