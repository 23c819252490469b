#!/usr/bin/env node
// What one hostile member costs a room of real processes, one network namespace each:
//
//   npm run bench:attack                                   20 nodes, all attacks at once for 20 s
//   npm run bench:attack -- --only flood,large             flood | announce | parents | large
//
// The attacker floods 5,000 lines a second, announces 5,000 messages a second that are nowhere, names 500 parents a second that
// nobody has said, and offers two texts of 64 KiB of odd characters a second. People talk before it and during it. Measured are
// the latency of their lines, whether all arrive, the memory of all nodes, and how soon a full screen in tmux answers a key.
//
// Linux and root, iproute2; tmux for the screen. All processes share the processor of this machine, this one and the attacker
// included: see the load average. It prints JSON lines, and a table at the end.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command, InvalidArgumentError } from "commander";
import { createChance, quantile, randomText } from "./chance.js";
import { cpuSeconds, residentMb } from "./client.js";
import { whyNoNamespaces } from "./network.js";
import { openRoom, pause, until } from "./room.js";
import { hasTmux, openScreen } from "./screen.js";

const ATTACKS = ["flood", "announce", "parents", "large"];
const ROOM = "smplchat";
const LIMIT_MS = 8 * 60_000;
/** Every line of the attacker says who it is from: this process does not read them, so that it can tell the time. */
const ATTACKER = '"nick":"mallory"';
const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

const command = new Command("bench:attack")
  .option("--nodes <n>", "how many nodes", number, 20)
  .option("--seconds <n>", "how long people talk, without the attack and under it", number, 20)
  .option("--settle-seconds <n>", "before", number, 10)
  .option("--rest-seconds <n>", "after the attack, until all lines have to be there", number, 30)
  .option("--rate <n>", "lines of people a second", number, 10)
  .option("--only <attacks>", ATTACKS.join(","), (list) => list.split(","), ATTACKS)
  .option("--seed <n>", "of texts and authors", number, 1)
  .option("--program <file>", "another build than this one", path("../../bin/smplchat.js"))
  .parse();
const options = command.opts();
const obstacle = whyNoNamespaces();
if (obstacle !== undefined) command.error(obstacle);
const unknown = options.only.find((attack) => !ATTACKS.includes(attack));
if (unknown !== undefined) command.error(`there is no attack ${unknown}: ${ATTACKS.join(", ")}`);
if (command.getOptionValueSource("program") === "default") build();
setTimeout(() => command.error(`not done after ${LIMIT_MS / 60_000} minutes`), LIMIT_MS).unref();

const room = await openRoom({
  program: options.program,
  nodes: options.nodes,
  spare: 2,
  env: { SMPLCHAT_DISCOVERY: "off" },
  ignores: ATTACKER,
});
const home = mkdtempSync(join(tmpdir(), "smplscreen-"));
let screen;
try {
  const [screenHost, attackerHost] = room.network.hosts.slice(options.nodes);
  const first = room.network.hosts[0].ip;
  if (hasTmux()) screen = await openScreen({ program: options.program, host: screenHost, home, join: first });
  await measure(attackerHost);
} finally {
  screen?.close();
  await room.close();
  rmSync(home, { recursive: true, force: true });
}
process.exit(0);

// --- internal ---

async function measure(attackerHost) {
  const { clients } = room;
  const chance = createChance(options.seed);
  await pause(options.settleSeconds * 1_000);
  const calm = await talk(clients, chance, "calm");
  const attacker = await startAttacker(attackerHost, room.network.hosts.slice(0, options.nodes));
  print({ what: "attacker", ...(await attacker.known) });
  attacker.go();
  const attacked = await talk(clients, chance, "attacked");
  print({ what: "attacker", ...(await attacker.done) });
  const end = performance.now() + options.restSeconds * 1_000;
  await until(() => attacked.left() === 0, end - performance.now(), "all lines").catch(() => {});
  await pause(Math.max(0, Math.min(end - performance.now(), 10_000)));
  const after = await talk(clients, chance, "after", 5);
  const rows = [calm, attacked, after].map((each) => each.figures());
  for (const row of rows) print(row);
  console.table(Object.fromEntries(rows.map(({ what, ...row }) => [what, row])));
  const [before, under] = rows;
  print({
    what: "ratio",
    p50: ratio(under["p50 ms"], before["p50 ms"]),
    p99: ratio(under["p99 ms"], before["p99 ms"]),
  });
  const { dropped } = await clients[0].ask("/stats", "stats");
  print({ what: "dropped by the first", ...dropped });
}

/** People talk; figures once it is over, latencies as far as they have come by then. */
async function talk(clients, chance, what, seconds = options.seconds) {
  const said = new Map();
  const latencies = [];
  for (const client of clients)
    client.onMessage = (text, at) => {
      const line = said.get(text);
      if (line !== undefined && line.by !== client) latencies.push(at - line.at);
    };
  const before = await Promise.all(clients.map(cpuSeconds));
  const echoes = [];
  const resident = [];
  let isTalking = true;
  const watching = watch(() => isTalking, clients, echoes, resident);
  const total = Math.round(options.rate * seconds);
  const began = performance.now();
  for (let i = 0; i < total; i += 1) {
    await pause(Math.max(0, began + (i * 1_000) / options.rate - performance.now()));
    const by = clients[Math.floor(chance() * clients.length)];
    const text = randomText(chance, 100);
    said.set(text, { by, at: performance.now() });
    by.say(text);
  }
  await pause(1_000);
  isTalking = false;
  await watching;
  const elapsed = (performance.now() - began) / 1_000;
  const cpu = clients.map((client, at) => (100 * (cpuSeconds(client) - before[at])) / elapsed);
  const wanted = total * (clients.length - 1);
  return {
    left: () => wanted - latencies.length,
    figures: () => ({
      what,
      delivered: `${latencies.length} of ${wanted}`,
      "p50 ms": round(quantile(latencies, 0.5)),
      "p99 ms": round(quantile(latencies, 0.99)),
      "max ms": round(quantile(latencies, 1)),
      "CPU % per node": round(cpu.reduce((a, b) => a + b, 0) / cpu.length),
      "RSS MB": round(Math.max(...resident)),
      "key ms": round(quantile(echoes, 0.5)),
      "key p99 ms": round(quantile(echoes, 0.99)),
      load: Number(loadavg()[0].toFixed(1)),
    }),
  };
}

/** The largest of all nodes, once a second; a key now and then. */
async function watch(isGoing, clients, echoes, resident) {
  const look = async () => {
    while (isGoing()) {
      resident.push(Math.max(...clients.map(residentMb)));
      await pause(1_000);
    }
  };
  const type = async () => {
    while (isGoing() && screen !== undefined) echoes.push(await screen.echo());
  };
  await Promise.all([look(), type()]);
}

async function startAttacker(host, others) {
  const words = [
    path("attacker.js"),
    ROOM,
    String(options.seconds),
    options.only.join(","),
    ...others.map(({ ip }) => ip),
  ];
  const child = spawn("ip", ["netns", "exec", host.namespace, process.execPath, ...words], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  process.once("exit", () => child.kill("SIGKILL"));
  const waiting = new Map();
  const line = (type) => new Promise((resolve) => waiting.set(type, resolve));
  let rest = "";
  child.stdout.on("data", (chunk) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop();
    for (const each of lines.map((text) => JSON.parse(text))) waiting.get(each.type)?.(each);
  });
  return { known: line("known"), done: line("done"), go: () => child.stdin.write("go\n") };
}

function build() {
  const { status } = spawnSync(process.execPath, [path("../../scripts/build.js"), "--if-stale"], { stdio: "inherit" });
  if (status !== 0) process.exit(1);
}

function print(line) {
  console.log(JSON.stringify({ ...line, nodes: options.nodes, cores: cpus().length }));
}

function ratio(one, other) {
  return round(one / other, 2);
}

function round(value, digits = 1) {
  return Number(value.toFixed(digits));
}

function number(text) {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (!(value >= 0)) throw new InvalidArgumentError("a number fits");
  return value;
}
