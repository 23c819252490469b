#!/usr/bin/env node
// Measures rooms of real processes, one network namespace each on one bridge:
//
//   npm run bench:net -- steady   --nodes 20 --drop 0     delivered, latency, bytes per delivery, idle traffic, memory
//   npm run bench:net -- burst    --nodes 4,10,20         2,000 messages as fast as they are accepted
//   npm run bench:net -- newcomer --nodes 4               500 messages of history for one who joins
//   npm run bench:net -- crash    --nodes 20              kill -9 until the last survivor calls it dead
//   npm run bench:net -- split    --nodes 20              60 s in two halves, then healed
//
// Linux and root, iproute2. Latency is from the line's way into the author's stdin to its way out of each other node's
// stdout, on the one clock of this process, which is slowed down by whatever else the machine does: see the load average
// beside each figure. Bytes are what the hosts sent, by the counters of their interfaces (Ethernet headers, ARP and IPv6
// neighbour discovery included); idle traffic is subtracted from the bytes per delivery.
import { spawnSync } from "node:child_process";
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { Command, InvalidArgumentError, Option } from "commander";
import { burst, crash, newcomer, split, steady } from "./modes.js";
import { whyNoNamespaces } from "./network.js";
import { openRoom } from "./room.js";

const modes = { steady, burst, newcomer, crash, split };
const LIMIT_MS = 20 * 60_000;
const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

const command = new Command("bench:net")
  .argument("<mode>", Object.keys(modes).join(" | "))
  .option("--nodes <list>", "how many nodes; several numbers: one room after another", numbers, [20])
  .option("--runs <n>", "so many runs of each", number, 1)
  .option("--drop <percent>", "every node drops this share of what it sends", number, 0)
  .option("--seed <n>", "of texts, authors and victims; the next run takes the next", number, 1)
  .option("--bytes <n>", "bytes of a text", number, 100)
  .option("--rate <n>", "steady: messages a second", number, 10)
  .option("--seconds <n>", "steady: for how long", number, 20)
  .option("--settle-seconds <n>", "how long joining, first round trips and rumours are waited for before", number, 10)
  .option("--idle-seconds <n>", "steady, burst: how long idle traffic is measured", number, 20)
  .option("--messages <n>", "burst: how many", number, 2_000)
  .addOption(new Option("--authors <who>", "burst: who says them").choices(["all", "one"]).default("all"))
  .option("--history <n>", "newcomer: messages said before", number, 500)
  .option("--crashes <n>", "crash: how many, one after another", number, 3)
  .option("--split-seconds <n>", "split: for how long", number, 60)
  .option("--split-messages <n>", "split: how many are said meanwhile", number, 40)
  .option("--env <settings...>", "further settings, as SMPLCHAT_RELAY_SEEN_LIMIT=1")
  .option("--program <file>", "another build than this one", path("../../bin/smplchat.js"))
  .option("--json", "one JSON object per run")
  .parse();
const options = command.opts();
const [mode] = command.args;

const obstacle = whyNoNamespaces();
if (!Object.hasOwn(modes, mode)) command.error(`there is no mode ${mode}: ${Object.keys(modes).join(", ")}`);
if (obstacle !== undefined) command.error(obstacle);
if (command.getOptionValueSource("program") === "default") build();
setTimeout(() => command.error(`not done after ${LIMIT_MS / 60_000} minutes`), LIMIT_MS).unref();

if (!options.json)
  console.log(`${mode}: node ${process.version}, ${cpus().length} cores of ${cpus()[0]?.model.trim()}`);
for (const nodes of options.nodes) {
  for (let seed = options.seed; seed < options.seed + options.runs; seed += 1) await once(nodes, seed);
}
process.exit(0);

// --- internal ---

async function once(nodes, seed) {
  const env = Object.fromEntries((options.env ?? []).map((setting) => setting.split("=", 2)));
  if (options.drop > 0) env.SMPLCHAT_DROP_PERCENT = String(options.drop);
  const room = await openRoom({ program: options.program, nodes, spare: mode === "newcomer" ? 1 : 0, env });
  try {
    const figures = await modes[mode](room, { ...options, seed });
    const setup = { mode, nodes, seed, "drop %": options.drop, load: Number(loadavg()[0].toFixed(1)) };
    if (options.json) console.log(JSON.stringify({ ...setup, ...figures }));
    else print({ ...setup, ...figures });
  } finally {
    await room.close();
  }
}

function print(figures) {
  console.log(
    Object.entries(figures)
      .map(([name, value]) => `${name}: ${value}`)
      .join(" | "),
  );
}

function number(text) {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (!(value >= 0)) throw new InvalidArgumentError("a number fits");
  return value;
}

function numbers(list) {
  return list.split(",").map(number);
}

function build() {
  const { status } = spawnSync(process.execPath, [path("../../scripts/build.js"), "--if-stale"], { stdio: "inherit" });
  if (status !== 0) process.exit(1);
}
