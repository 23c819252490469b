// A room of real processes in a network of namespaces: opened, waited for, measured as a whole, closed.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startClient } from "./client.js";
import { openNetwork } from "./network.js";

/**
 * Starts `nodes` clients that join the first one, and resolves when each counts all others as live. `spare` further hosts
 * wait for `startOn(host, args)`. `ignores`: what stands in lines that are not to be read.
 */
export async function openRoom({ program, nodes, spare = 0, env, ignores }) {
  const network = openNetwork(nodes + spare);
  const home = mkdtempSync(join(tmpdir(), "smplbench-"));
  const clients = [];
  const startOn = (at, args = []) => {
    const client = startClient({ program, nick: `n${at + 1}`, host: network.hosts[at], args, env, home, ignores });
    clients.push(client);
    return client;
  };
  let closed = false;
  const closeNow = () => {
    if (closed) return;
    closed = true;
    for (const client of clients) client.kill();
    network.close();
    rmSync(home, { recursive: true, force: true });
  };
  process.once("exit", closeNow);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(130));
  const close = async () => {
    for (const client of clients) client.kill();
    await Promise.all(clients.map((client) => client.exited));
    closeNow();
  };

  startOn(0);
  await until(
    () => clients[0].readyAt !== undefined,
    30_000,
    () => `n1 is ready\n${clients[0].stderr}`,
  );
  for (let at = 1; at < nodes; at += 1) startOn(at, ["--join", network.hosts[0].ip]);
  await untilKnown(clients, 120_000);
  return { network, clients, startOn, close };
}

/** Resolves when each of the clients counts all the others as live peers. */
export async function untilKnown(clients, limitMs) {
  await until(() => clients.every((client) => client.readyAt !== undefined), limitMs, "all are ready");
  const end = performance.now() + limitMs;
  for (const client of clients) {
    for (;;) {
      const { peers } = await client.ask("/stats", "stats");
      if (peers === clients.length - 1) break;
      if (performance.now() > end) throw new Error(`${client.nick} knows ${peers} of ${clients.length - 1} peers`);
      await pause(200);
    }
  }
}

/** Resolves when the condition holds; looks every 5 ms. */
export async function until(condition, limitMs, what) {
  const end = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > end)
      throw new Error(`not within ${limitMs} ms: ${typeof what === "string" ? what : what()}`);
    await pause(5);
  }
}

export function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Whether all logs are the same, in the same order. */
export async function isOneOrder(clients) {
  const logs = await Promise.all(clients.map((client) => client.ask("/log", "log")));
  return new Set(logs.map((log) => log.ids.join())).size === 1;
}
