/**
 * What it costs to make two logs equal: one node holds 10,000 messages, another joins it with some of them missing, 50 ms
 * one way. Counts the bytes of the frames that compare, not the messages. `npm run bench:reconcile -- [--loss P] [--seed S]`.
 */
import { parseArgs } from "node:util";
import { identityFromSeed } from "../dist/crypto/identity.js";
import { bootKey, createRoom, open } from "../dist/crypto/keyring.js";
import { signMessage } from "../dist/crypto/signed.js";
import { defaultConfig } from "../dist/protocol/config.js";
import { createCore } from "../dist/protocol/core.js";
import { below, seededRng, uniform } from "../dist/protocol/rng.js";
import { createAgenda } from "../dist/sim/agenda.js";
import { decodeHeader } from "../dist/wire/datagram.js";
import { decodeFrames, encodeFrame } from "../dist/wire/frame.js";

const { values } = parseArgs({
  options: { loss: { type: "string", default: "0" }, seed: { type: "string", default: "5" } },
});
const LOSS = Number(values.loss);
const SEED = Number(values.seed);
const MESSAGES = 10_000;
const ONE_WAY_MS = 50;
const LIMIT_MS = 60_000;
const NOON = 1_767_225_600_000;
const COMPARING = new Set(["ranges", "list", "want", "fetch", "served"]);

const room = createRoom(new Uint8Array(32).fill(7));
const author = identityFromSeed(new Uint8Array(32).fill(9));
const messages = writeHistory();

console.log(`${MESSAGES} messages, ${ONE_WAY_MS} ms one way, loss ${LOSS}, seed ${SEED}`);
console.log("missing                bytes  last page   all here   messages sent");
for (const [name, count, isMissing] of trials()) report(name, count, play(count, isMissing));

function report(name, count, result) {
  const page = result.pageMs === undefined ? "-" : `${result.pageMs.toFixed(0)} ms`;
  const all = result.allMs === undefined ? (count === 0 ? "-" : "never") : `${result.allMs.toFixed(0)} ms`;
  const columns = [
    String(result.bytes).padStart(7),
    page.padStart(10),
    all.padStart(10),
    String(result.sent).padStart(15),
  ];
  console.log(name.padEnd(20), columns.join(" "));
}

function trials() {
  const rng = seededRng(SEED);
  const scattered = (count) => {
    const chosen = new Set();
    while (chosen.size < count) chosen.add(below(rng, MESSAGES));
    return (index) => chosen.has(index);
  };
  return [
    ["nothing", 0, () => false],
    ["10 scattered", 10, scattered(10)],
    ["100 scattered", 100, scattered(100)],
    ["the newest 1,000", 1_000, (index) => index >= MESSAGES - 1_000],
    ["all (a newcomer)", MESSAGES, () => true],
  ];
}

/** Both nodes on a virtual clock; times from the join. */
function play(count, isMissing) {
  const agenda = createAgenda();
  const rng = seededRng(SEED);
  const result = { bytes: 0, sent: 0, pageMs: undefined, allMs: undefined };
  let got = 0;
  const kept = messages.filter((_, index) => !isMissing(index));
  const nodes = [node(1, messages), node(2, kept)];

  function node(index, history) {
    const boot = String(index).repeat(16);
    const config = { ...defaultConfig, maxMessages: 2 * MESSAGES };
    const identity = identityFromSeed(new Uint8Array(32).fill(index));
    const now = { mono: 0, wall: NOON };
    const core = createCore({ identity, room, nick: `n${index}`, boot, config, rng, now, kept: history });
    return { boot, core, endpoint: `10.0.0.${index}:1`, alarm: 0 };
  }
  function step(self, input) {
    for (const effect of self.core.handle(input, { mono: agenda.now(), wall: Math.floor(NOON + agenda.now()) })) {
      if (effect.type === "transmit") carry(self, effect.bytes);
      if (effect.type === "emit" && effect.event.type === "stored" && self === nodes[1]) arrived(effect.event.message);
    }
    const at = self.core.nextDeadline();
    self.alarm += 1;
    const armed = self.alarm;
    if (at !== undefined) agenda.at(at, () => armed === self.alarm && step(self, { type: "timer" }));
  }
  function arrived(message) {
    if (!isMissing(message.seq)) return;
    got += 1;
    if (got === 50) result.pageMs = agenda.now();
    if (got === count) result.allMs = agenda.now();
  }
  function carry(from, bytes) {
    const to = nodes.find((other) => other !== from);
    const frames = decodeFrames(open(bootKey(room, from.boot), decodeHeader(bytes), to.boot, bytes));
    for (const frame of frames) {
      if (frame.type === "message") result.sent += 1;
      if (COMPARING.has(frame.type) && frame.set !== "roster") result.bytes += encodeFrame(frame).length;
    }
    if (uniform(rng) < LOSS) return;
    agenda.at(agenda.now() + ONE_WAY_MS, () => step(to, { type: "datagram", bytes, from: from.endpoint }));
  }

  step(nodes[0], { type: "timer" });
  step(nodes[1], { type: "command", command: { type: "join", endpoints: [nodes[0].endpoint] } });
  while (agenda.now() < LIMIT_MS && result.allMs === undefined) agenda.runUntil(agenda.now() + 1_000);
  agenda.runUntil(agenda.now() + 2_000);
  return result;
}

function writeHistory() {
  let parents = [];
  return Array.from({ length: MESSAGES }, (_, index) => {
    const hlc = NOON - (MESSAGES - index) * 1_000 - 60_000;
    const text = `${index} `.padEnd(100, "x");
    const message = signMessage(room, author, { seq: index, hlc, kind: "text", parents, nick: "a", text });
    parents = [message.id];
    return message.bytes;
  });
}
