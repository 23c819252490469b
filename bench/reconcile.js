/**
 * What it costs to make two logs equal: some nodes hold 10,000 messages, another joins one of them with some missing, 50 ms
 * one way. `npm run bench:reconcile -- [--loss P] [--seed S] [--only NAME,NAME] [--json]`.
 *
 * bytes: of the frames that compare, not the messages. round trips: from the first of these frames until the first of what is
 * missing is here, and until all is. twice: share of the bytes of messages that came although they were here. Times are from the join.
 */
import { parseArgs } from "node:util";
import { identityFromSeed } from "../dist/crypto/identity.js";
import { createRoomKeys } from "../dist/crypto/roomKeys.js";
import { readMessage, signMessage } from "../dist/crypto/signed.js";
import { createDriver } from "../dist/node/driver.js";
import { defaultConfig } from "../dist/protocol/config.js";
import { createCore } from "../dist/protocol/core.js";
import { below, seededRng, uniform } from "../dist/protocol/rng.js";
import { createAgenda } from "../dist/sim/world/agenda.js";
import { startOf } from "../dist/sim/world/linkKeys.js";
import { createOpener } from "../dist/sim/world/opened.js";
import { memoryStore } from "../dist/store/memory.js";
import { encodeBody } from "../dist/wire/bodies/body.js";
import { encodeFrame } from "../dist/wire/frames.js";

const { values } = parseArgs({
  options: {
    loss: { type: "string", default: "0" },
    seed: { type: "string", default: "5" },
    only: { type: "string", default: "" },
    json: { type: "boolean", default: false },
  },
});
const LOSS = Number(values.loss);
const SEED = Number(values.seed);
const MESSAGES = 10_000;
const ONE_WAY_MS = 50;
const SETTLE_MS = 10_000;
const LIMIT_MS = 60_000;
const NOON = 1_767_225_600_000;
const COMPARING = new Set(["ranges", "list", "want", "wantListed", "fetch", "same"]);

const secret = { id: new Uint8Array(32).fill(8), epoch: 0, key: new Uint8Array(32).fill(7) };
const room = createRoomKeys(secret);
const author = identityFromSeed(new Uint8Array(32).fill(9));
const history = writeHistory();

const chosen = trials().filter(({ name }) => values.only.split(",").some((part) => name.includes(part)));
if (!values.json) {
  console.log(`${MESSAGES} messages, ${ONE_WAY_MS} ms one way, loss ${LOSS}, seed ${SEED}`);
  console.log(row("missing", ["bytes", "round trips", "last page", "all here", "bodies sent", "twice"]));
}
for (const trial of chosen) {
  const result = play(trial);
  if (values.json) console.log(JSON.stringify({ missing: trial.name, ...figuresOf(result) }));
  else report(trial, result);
}

/** Round trips until the first and until the last of what is missing is here; null: never. */
function figuresOf({ bytes, askedAt, firstMs, pageMs, allMs, sent }) {
  const tripsUntil = (at) => (at === undefined ? null : (at - askedAt) / (2 * ONE_WAY_MS));
  const trips = { roundTripsFirst: tripsUntil(firstMs), roundTrips: tripsUntil(allMs) };
  return { bytes, ...trips, pageMs: pageMs ?? null, allMs: allMs ?? null, sent };
}

function report({ name, missing }, result) {
  const { bytes, pageMs, allMs, sent, twice, came } = result;
  const none = missing === 0 ? "-" : "never";
  const { roundTripsFirst, roundTrips } = figuresOf(result);
  const trips = allMs === undefined ? none : `${roundTripsFirst.toFixed(1)} / ${roundTrips.toFixed(1)}`;
  const all = allMs === undefined ? none : `${allMs.toFixed(0)} ms`;
  const page = pageMs === undefined ? "-" : `${pageMs.toFixed(0)} ms`;
  const again = came === 0 ? "-" : `${((100 * twice) / came).toFixed(1)} %`;
  console.log(row(name, [bytes, trips, page, all, sent, again]));
}

function row(name, columns) {
  return name.padEnd(30) + columns.map((column) => String(column).padStart(12)).join("");
}

/** `holds(node, message)`: what each has at first; node 0 is the joiner, who joins node 1. */
function trials() {
  const rng = seededRng(SEED);
  const scattered = (count) => {
    const chosen = new Set();
    while (chosen.size < count) chosen.add(below(rng, MESSAGES));
    return (node, index) => node > 0 || !chosen.has(index);
  };
  const newcomer = (node) => node > 0;
  return [
    { name: "nothing", sources: 1, missing: 0, holds: () => true },
    { name: "10 scattered", sources: 1, missing: 10, holds: scattered(10) },
    { name: "100 scattered", sources: 1, missing: 100, holds: scattered(100) },
    {
      name: "the newest 1,000",
      sources: 1,
      missing: 1_000,
      holds: (node, index) => node > 0 || index < MESSAGES - 1_000,
    },
    { name: "all, 1 source", sources: 1, missing: MESSAGES, holds: newcomer },
    { name: "all, 4 sources", sources: 4, missing: MESSAGES, holds: newcomer },
    { name: "all, 4 sources, the 1st dies", sources: 4, missing: MESSAGES, holds: newcomer, diesAt: 2_000 },
    {
      name: "all, 2 sources with 99 % each",
      sources: 2,
      missing: MESSAGES,
      holds: (node, index) => node > 0 && index % 100 !== node,
      areApart: true,
    },
    {
      name: "all, 2 sources with 75 % each",
      sources: 2,
      missing: MESSAGES,
      holds: (node, index) => node > 0 && index % 4 !== node,
      areApart: true,
    },
  ];
}

/** All nodes on a virtual clock; those that hold the history have known each other for a while. */
function play({ sources, missing, holds, diesAt, areApart = false }) {
  const agenda = createAgenda();
  const rng = seededRng(SEED);
  const result = {
    bytes: 0,
    sent: 0,
    twice: 0,
    came: 0,
    askedAt: undefined,
    firstMs: undefined,
    pageMs: undefined,
    allMs: undefined,
  };
  const had = new Set();
  let got = 0;
  let began = Number.POSITIVE_INFINITY;
  const nodes = Array.from({ length: sources + 1 }, (_, index) => node(index));
  const [joiner, ...others] = nodes;
  const opener = createOpener(secret, (endpoint) => nodes.find((other) => other.endpoint === endpoint).boot);

  function node(index) {
    const boot = String(index + 1).repeat(16);
    const config = { ...defaultConfig, maxMessages: 2 * MESSAGES };
    const identity = identityFromSeed(new Uint8Array(32).fill(index + 1));
    const now = { mono: 0, wall: NOON };
    const kept = history.filter((_, at) => holds(index, at));
    if (index === 0) for (const { id } of kept) had.add(id);
    const store = memoryStore();
    store.append(kept, false, () => {});
    const start = startOf(boot);
    const core = createCore({ identity, room: secret, nick: `n${index}`, start, config, rng, now, kept });
    const self = { boot, endpoint: `10.0.0.${index + 1}:1`, alarm: 0, isUp: true };
    self.driver = createDriver({
      core,
      store,
      clock: () => ({ mono: agenda.now(), wall: Math.floor(NOON + agenda.now()) }),
      transmit: (bytes, to) => carry(self, bytes, to),
      broadcast: () => {},
      remember: () => {},
      emit: (event) => {
        if (index === 0 && event.type === "message") arrived(event.message);
      },
      setAlarm: (at) => {
        self.alarm += 1;
        const armed = self.alarm;
        if (at !== undefined) agenda.at(at, () => armed === self.alarm && step(self, { type: "timer" }));
      },
    });
    return self;
  }
  function step(self, input) {
    if (self.isUp) self.driver.step(input);
  }
  function arrived({ seq }) {
    if (holds(0, seq)) return;
    got += 1;
    if (got === 1) result.firstMs = agenda.now() - began;
    if (got === 50) result.pageMs = agenda.now() - began;
    if (got === diesAt) others[0].isUp = false;
    if (got === missing) result.allMs = agenda.now() - began;
  }
  function carry(from, bytes, endpoint) {
    const to = nodes.find((other) => other.endpoint === endpoint);
    const { frames } = opener.open(bytes, from.endpoint, endpoint);
    if (from === joiner || to === joiner) count(frames, to === joiner);
    if (agenda.now() > began && uniform(rng) < LOSS) return;
    agenda.at(agenda.now() + ONE_WAY_MS, () => {
      if (to === joiner) come(frames);
      step(to, { type: "datagram", bytes, from: from.endpoint });
    });
  }
  function count(frames, isToJoiner) {
    for (const frame of frames) {
      if (isToJoiner) result.sent += bodiesOf(frame).length;
      if (!COMPARING.has(frame.type) || frame.set === "roster") continue;
      result.bytes += encodeFrame(frame).length;
      result.askedAt ??= agenda.now() - began;
    }
  }
  function come(frames) {
    for (const bytes of frames.flatMap(bodiesOf)) {
      const { id } = readMessage(room, bytes);
      result.came += bytes.length;
      if (had.has(id)) result.twice += bytes.length;
      had.add(id);
    }
  }

  for (const other of nodes) step(other, { type: "timer" });
  if (!areApart) for (const other of others.slice(1)) step(other, join(others[0]));
  agenda.runUntil(SETTLE_MS);
  began = agenda.now();
  for (const contact of areApart ? others : others.slice(0, 1)) step(joiner, join(contact));
  while (agenda.now() < began + LIMIT_MS && result.allMs === undefined) agenda.runUntil(agenda.now() + 1_000);
  agenda.runUntil(agenda.now() + 2_000);
  return result;
}

function join(to) {
  return { type: "command", command: { type: "join", endpoints: [to.endpoint] } };
}

function bodiesOf(frame) {
  if (frame.type === "message") return [frame.bytes];
  if (frame.type === "push") return [frame.message];
  return frame.type === "page" && frame.set === "log" ? frame.items.filter((item) => item instanceof Uint8Array) : [];
}

function writeHistory() {
  let parents = [];
  return Array.from({ length: MESSAGES }, (_, index) => {
    const hlc = NOON - (MESSAGES - index) * 1_000 - 60_000;
    const text = `${index} `.padEnd(100, "x");
    const message = signMessage(room, author, { seq: index, hlc, parents, ...encodeBody("text", "a", text) });
    parents = [message.id];
    return { id: message.id, bytes: message.bytes };
  });
}
