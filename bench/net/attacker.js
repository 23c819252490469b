// A hostile member on a real socket: it enters the room with the puppet of the simulator, which speaks the wire, and does all
// it can to everyone at once. Started on a host of the test network by attack.js; prints JSON lines.
//
//   node attacker.js ROOM SECONDS ATTACK[,ATTACK...] IP...
import { createSocket } from "node:dgram";
import { bootKey, createRoomKeys, open, openRoom } from "../../dist/crypto/roomKeys.js";
import { readStatement } from "../../dist/crypto/signed.js";
import { seededRng } from "../../dist/protocol/rng.js";
import { serve, WHOLE } from "../../dist/sim/hostile/attack.js";
import { createPuppet, isKnownTo, knock, sayText, send } from "../../dist/sim/hostile/puppet.js";
import { decodeHeader } from "../../dist/wire/datagram.js";
import { decodeFrames } from "../../dist/wire/frames.js";

const PORT = 62733;
const TICK_MS = 10;
/** A second: short lines, ids of messages that are nowhere, lines that answer four of these each, texts of 64 KiB. */
const PER_SECOND = { flood: 5_000, announce: 5_000, parents: 125, large: 2 };
const ODD = ["\u009d", "\n", "a\u0301\u0302\u0303", "\u202e\u2066", "\u{1f469}\u200d\u{1f680}", "\u001b]8;;"];

const [roomName, seconds, attacks, ...ips] = process.argv.slice(2);
const roomKeys = createRoomKeys(openRoom(roomName));
const rng = seededRng(1);
const linkKeys = new Map();
const targets = ips.map((ip) => ({
  endpoint: `${ip}:${PORT}`,
  ip,
  id: undefined,
  start: undefined,
  boot: () => undefined,
}));
for (const target of targets) target.boot = () => target.start;
const socket = createSocket({ type: "udp4", sendBufferSize: 4 * 1024 * 1024, recvBufferSize: 4 * 1024 * 1024 });
let receive = () => {};
const puppet = createPuppet(
  {
    roomKeys,
    rng,
    now: () => performance.now(),
    wall: () => Date.now(),
    transmit: (bytes, _from, to) => {
      const at = to.lastIndexOf(":");
      socket.send(bytes, Number(to.slice(at + 1)), to.slice(0, at));
    },
    listen: (_at, listener) => {
      receive = listener;
    },
    overhear: () => {},
    targets,
    linkKeyOf: (boot) => linkKeys.get(boot),
    said: () => {},
  },
  "mallory",
  `${await ownAddress()}:${PORT}`,
);
socket.on("message", (bytes, { address, port }) => {
  learn(bytes, address);
  receive(bytes, `${address}:${port}`);
});
await new Promise((resolve) => socket.bind(PORT, resolve));

const known = () => targets.filter((target) => isKnownTo(puppet, target));
for (let round = 0; known().length < targets.length && round < 40; round += 1) {
  for (const target of targets) if (!isKnownTo(puppet, target)) knock(puppet, target);
  await pause(250);
}
const voice = new Map();
serve({ puppet }, voice, Number.POSITIVE_INFINITY);
// Signed before: what it takes to sign is not what the room is to bear.
const lines = attacks.includes("flood")
  ? signed(PER_SECOND.flood * Number(seconds), (at) => sayText(puppet, `flood ${at}`))
  : [];
const texts = attacks.includes("large") ? signed(PER_SECOND.large * Number(seconds), oddText) : [];
for (const text of texts) voice.set(text.id, text);
print({ type: "known", to: known().length });
await new Promise((resolve) => process.stdin.once("data", resolve));

const done = { flood: 0, announce: 0, parents: 0, large: 0 };
const began = performance.now();
let isRunning = true;
while (isRunning) {
  const elapsed = performance.now() - began;
  isRunning = elapsed < Number(seconds) * 1_000;
  for (const attack of Object.keys(done)) {
    if (!attacks.includes(attack)) continue;
    const due = Math.floor((PER_SECOND[attack] * elapsed) / 1_000) - done[attack];
    for (let left = due; left > 0; left -= 50) tell(attack, done[attack] + due - left, Math.min(left, 50));
    done[attack] += due;
  }
  await pause(TICK_MS);
}
print({ type: "done", sent: puppet.sent, received: puppet.received, ...done });
socket.close();
process.exit(0);

// --- internal ---

/** To one of the room, as many of them as fit into a datagram. */
function tell(attack, from, count) {
  const to = targets[rng.u32() % targets.length];
  const frames = Array.from({ length: count }, (_, at) => frameOf(attack, from + at));
  send(
    puppet,
    to,
    frames.filter((frame) => frame !== undefined),
  );
}

function frameOf(attack, at) {
  switch (attack) {
    case "flood": {
      const line = lines[at];
      return line && { type: "push", slice: WHOLE, message: line.bytes };
    }
    case "announce":
      return at % 2 === 0
        ? { type: "advertise", slice: WHOLE, id: nowhere() }
        : { type: "offer", slice: WHOLE, id: nowhere(), bytes: 2_000 + ((at * 7_919) % 63_000) };
    case "parents": {
      const parents = Array.from({ length: 4 }, nowhere).sort();
      return { type: "push", slice: WHOLE, message: sayText(puppet, `flood as you said ${at}`, { parents }).bytes };
    }
    default: {
      const text = texts[at];
      return text && { type: "offer", slice: WHOLE, id: text.id, bytes: text.bytes.length };
    }
  }
}

function nowhere() {
  const rest = Array.from({ length: 5 }, () => rng.u32().toString(16).padStart(8, "0")).join("");
  return (Date.now() - 1_000).toString(16).padStart(12, "0") + rest.slice(0, 36);
}

function oddText(at) {
  const odd = ODD[at % ODD.length];
  return sayText(puppet, `flood ${at} ${odd.repeat(Math.floor(65_000 / Buffer.byteLength(odd)))}`);
}

function signed(count, make) {
  return Array.from({ length: count }, (_, at) => make(at));
}

/** Who answers says who it is. */
function learn(bytes, address) {
  const header = decodeHeader(bytes);
  const target = targets.find(({ ip }) => ip === address);
  if (typeof header === "string" || header.type !== "addressed" || target === undefined) return;
  const inner = open(bootKey(roomKeys, header.boot), header, puppet.boot, bytes);
  const frames = inner === undefined ? "bad-frame" : decodeFrames(inner);
  for (const frame of frames === "bad-frame" ? [] : frames) {
    const content = frame.type === "statement" ? readStatement(frame.bytes)?.content : undefined;
    if (content?.boot !== header.boot) continue;
    linkKeys.set(content.boot, content.linkKey);
    target.id = content.peer;
    target.start = content.boot;
  }
}

async function ownAddress() {
  const { networkInterfaces } = await import("node:os");
  return networkInterfaces().eth0.find(({ family }) => family === "IPv4").address;
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function print(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
