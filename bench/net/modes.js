// What is measured on a room of real processes. Each mode takes { clients, network, startOn }, the options and chance, and
// returns its figures as a flat object.
import { createChance, quantile, randomText } from "./chance.js";
import { cpuSeconds, residentMb, sentBytes } from "./client.js";
import { isOneOrder, pause, until } from "./room.js";

/** Idle traffic, processor time and memory; then `rate` messages a second for `seconds` from random authors. */
export async function steady({ clients }, { rate, seconds, settleSeconds, idleSeconds, bytes, seed }) {
  const chance = createChance(seed);
  await pause(settleSeconds * 1000);
  const idle = await idleFigures(clients, idleSeconds);
  const before = await countsOf(clients);
  const run = startRun(clients);
  const total = Math.round(rate * seconds);
  const begin = performance.now();
  for (let i = 0; i < total; i += 1) {
    await pause(Math.max(0, begin + (i * 1000) / rate - performance.now()));
    run.say(clients[Math.floor(chance() * clients.length)], randomText(chance, bytes));
  }
  await run.settle(15_000);
  const elapsed = (performance.now() - begin) / 1000;
  const bytesSent = run.sentBytes() - idle.bytesPerSecond * clients.length * elapsed;
  const perDelivery = perDeliveryOf(before, await countsOf(clients), run.delivered());
  return {
    delivered: share(run.delivered(), total * (clients.length - 1)),
    "one order": await isOneOrder(clients),
    ...perDelivery,
    "p50 ms": round(quantile(run.latencies, 0.5)),
    "p99 ms": round(quantile(run.latencies, 0.99)),
    "max ms": round(quantile(run.latencies, 1)),
    "B/delivery": round(bytesSent / run.delivered()),
    "idle B/s/node": round(idle.bytesPerSecond),
    "idle CPU %": round(idle.cpuPercent, 2),
    "RSS MB": round(mean(clients.map(residentMb))),
    dropped: await droppedOf(clients),
  };
}

/** `messages` as fast as the nodes take them: from all nodes alike, or from one. */
export async function burst({ clients }, { messages, bytes, authors, seed, settleSeconds, idleSeconds }) {
  const chance = createChance(seed);
  await pause(settleSeconds * 1000);
  const idle = await idleFigures(clients, idleSeconds);
  const before = await countsOf(clients);
  const run = startRun(clients);
  const speakers = authors === "one" ? clients.slice(0, 1) : clients;
  const cpuBefore = sum(clients.map(cpuSeconds));
  for (let i = 0; i < messages; i += 1) run.say(speakers[i % speakers.length], randomText(chance, bytes));
  await run.settle(60_000);
  const elapsed = (run.lastAt() - run.beganAt) / 1000;
  const wanted = messages * (clients.length - 1);
  const bytesSent = run.sentBytes() - (idle.bytesPerSecond * clients.length * (performance.now() - run.beganAt)) / 1000;
  const perDelivery = perDeliveryOf(before, await countsOf(clients), run.delivered());
  const order = await isOneOrder(clients);
  return {
    delivered: share(run.delivered(), wanted),
    lost: wanted - run.delivered(),
    "one order": order,
    "deliveries/s": round(run.delivered() / elapsed),
    "seconds to the last": round(elapsed, 2),
    ...perDelivery,
    "B/delivery": round(bytesSent / run.delivered()),
    "CPU s in all": round(sum(clients.map(cpuSeconds)) - cpuBefore, 1),
    "RSS MB": round(Math.max(...clients.map(residentMb))),
    dropped: await droppedOf(clients),
  };
}

/** A further node joins after `history` messages were said: how long until it has the last page, and all. */
export async function newcomer({ clients, network, startOn }, { history, bytes, seed, settleSeconds }) {
  const chance = createChance(seed);
  const run = startRun(clients);
  for (let i = 0; i < history; i += 1) run.say(clients[i % clients.length], randomText(chance, bytes));
  await run.settle(60_000);
  await pause(settleSeconds * 500);
  const client = startOn(clients.length);
  await until(() => client.readyAt !== undefined, 30_000, "the newcomer is ready");
  const through = network.hosts[1 % network.hosts.length];
  const began = performance.now();
  let firstAt = Number.NaN;
  client.onMessage = (_, at) => {
    if (Number.isNaN(firstAt)) firstAt = at;
  };
  client.type(`/join ${through.ip}`);
  await until(
    () => client.texts.size >= history,
    60_000,
    () => `${client.texts.size} of ${history}`,
  ).catch(() => {});
  const lastAt = Math.max(...client.texts.values());
  return {
    received: share(client.texts.size, history),
    "start to ready ms": round(client.readyAt - client.startedAt),
    "join to first shown ms": round(firstAt - began),
    "join to all shown ms": round(lastAt - began),
    "one order": await isOneOrder(clients),
  };
}

/** `kill -9`, `crashes` times: how long until the last survivor calls the victim dead. */
export async function crash({ clients }, { crashes, seed, settleSeconds }) {
  const chance = createChance(seed);
  await pause(settleSeconds * 1000);
  const alive = [...clients];
  const times = [];
  for (let i = 0; i < crashes; i += 1) {
    const [victim] = alive.splice(Math.floor(chance() * alive.length), 1);
    const heard = new Map();
    for (const client of alive)
      client.onLine = (line, at) => {
        if (line.type === "peer" && line.status === "dead" && line.peer.id === victim.id) heard.set(client, at);
      };
    const began = performance.now();
    victim.kill();
    await until(
      () => heard.size === alive.length,
      60_000,
      () => `${heard.size} of ${alive.length} noticed`,
    );
    times.push((Math.max(...heard.values()) - began) / 1000);
    await pause(2_000);
  }
  return {
    crashes,
    "median s": round(quantile(times, 0.5), 1),
    "min s": round(Math.min(...times), 1),
    "max s": round(Math.max(...times), 1),
  };
}

/** Two halves that cannot reach each other for `splitSeconds`, `messages` said on both sides; then healed. */
export async function split({ clients, network }, { splitSeconds, splitMessages, bytes, seed, settleSeconds }) {
  const chance = createChance(seed);
  await pause(settleSeconds * 500);
  const run = startRun(clients);
  network.cut(network.hosts.slice(0, clients.length >> 1));
  const began = performance.now();
  for (let i = 0; i < splitMessages; i += 1) {
    await pause(Math.max(0, began + ((i + 0.5) * splitSeconds * 1000) / splitMessages - performance.now()));
    run.say(clients[Math.floor(chance() * clients.length)], randomText(chance, bytes));
  }
  await pause(Math.max(0, began + splitSeconds * 1000 - performance.now()));
  const before = run.delivered();
  network.heal();
  const healedAt = performance.now();
  await run.settle(180_000);
  return {
    "before the heal": share(before, splitMessages * (clients.length - 1)),
    delivered: share(run.delivered(), splitMessages * (clients.length - 1)),
    "one order": await isOneOrder(clients),
    "s from heal to all": round((run.lastAt() - healedAt) / 1000, 1),
  };
}

// --- internal ---

/** What is said from now on: who got it, when, and what left the hosts meanwhile. */
function startRun(clients) {
  const sent = new Map();
  const latencies = [];
  const bytesBefore = sum(clients.map(sentBytes));
  let lastAt = performance.now();
  let expected = 0;
  for (const client of clients)
    client.onMessage = (text, at) => {
      const said = sent.get(text);
      if (said === undefined || said.by === client) return;
      latencies.push(at - said.at);
      lastAt = Math.max(lastAt, at);
    };
  return {
    beganAt: performance.now(),
    latencies,
    say: (client, text) => {
      sent.set(text, { by: client, at: performance.now() });
      expected += clients.length - 1;
      client.say(text);
    },
    delivered: () => latencies.length,
    lastAt: () => lastAt,
    sentBytes: () => sum(clients.map(sentBytes)) - bytesBefore,
    /** Until all have all, or nothing new has come for a long time. */
    settle: async (limitMs) => {
      const end = performance.now() + limitMs;
      while (latencies.length < expected && performance.now() < end) await pause(10);
      // What is still on its way belongs to the messages: acknowledgements, receipts.
      await pause(1_000);
    },
  };
}

async function idleFigures(clients, seconds) {
  const before = { at: performance.now(), bytes: sum(clients.map(sentBytes)), cpu: sum(clients.map(cpuSeconds)) };
  await pause(seconds * 1000);
  const elapsed = (performance.now() - before.at) / 1000;
  const nodeSeconds = elapsed * clients.length;
  return {
    bytesPerSecond: (sum(clients.map(sentBytes)) - before.bytes) / nodeSeconds,
    cpuPercent: (100 * (sum(clients.map(cpuSeconds)) - before.cpu)) / nodeSeconds,
  };
}

/** What the nodes have counted so far, each number summed over all of them. */
async function countsOf(clients) {
  const all = {};
  for (const client of clients) {
    for (const [name, count] of Object.entries(await client.ask("/stats", "stats")))
      if (typeof count === "number") all[name] = (all[name] ?? 0) + count;
  }
  return all;
}

/** Idle ones included: probes carry acknowledgements too. */
function perDeliveryOf(before, after, delivered) {
  const per = (count) => round((after[count] - before[count]) / delivered, 2);
  return {
    "sends/delivery": per("payloadsOut"),
    "datagrams/delivery": per("datagramsOut"),
    "retries/delivery": per("retries"),
  };
}

/** What the nodes count as dropped, by reason, over all nodes. */
async function droppedOf(clients) {
  const all = {};
  for (const client of clients) {
    const { dropped } = await client.ask("/stats", "stats");
    for (const [reason, count] of Object.entries(dropped)) all[reason] = (all[reason] ?? 0) + count;
  }
  return Object.entries(all)
    .map(([reason, count]) => `${reason} ${count}`)
    .join(", ");
}

function share(part, whole) {
  return `${part} of ${whole} (${((100 * part) / whole).toFixed(2)} %)`;
}

function round(value, digits = 1) {
  return Number(value.toFixed(digits));
}

function mean(values) {
  return sum(values) / values.length;
}

function sum(values) {
  return values.reduce((a, b) => a + b, 0);
}
