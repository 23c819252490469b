// Hosts on one machine: a network namespace each, joined by one bridge that can be split in two and healed. Nothing is added
// to the machine's own network and no host has a default route: what is sent in there stays in there.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";

const PREFIX = "smplbench";
const NAMESPACES = "/var/run/netns";
/** A bridge's ARP tables are small. */
export const HOSTS_MAX = 32;

/**
 * `hosts`: namespace and address of each, 10.78.0.1 and on. `split(at)` cuts the first `at` hosts off from the others, `heal`
 * joins them again, `close` removes all; the processes inside must have ended.
 */
export function openNetwork(count) {
  if (count > HOSTS_MAX) throw new Error(`a network has at most ${HOSTS_MAX} hosts`);
  sweep();
  const name = `${PREFIX}-${process.pid}`;
  const bridge = `${name}-br`;
  const hosts = Array.from({ length: count }, (_, i) => ({ namespace: `${name}-h${i + 1}`, ip: `10.78.0.${i + 1}` }));
  const moveTo = (master, from, to) => {
    for (let i = from; i < to; i += 1) ip("-n", bridge, "link", "set", `port${i + 1}`, "master", master);
  };
  const close = () => {
    for (const namespace of [...hosts.map((host) => host.namespace), bridge])
      if (existsSync(`${NAMESPACES}/${namespace}`)) spawnSync("ip", ["netns", "del", namespace]);
  };
  try {
    ip("netns", "add", bridge);
    for (const side of ["br0", "br1"]) {
      ip("-n", bridge, "link", "add", side, "type", "bridge");
      ip("-n", bridge, "link", "set", side, "up");
    }
    hosts.forEach(({ namespace, ip: address }, i) => {
      ip("netns", "add", namespace);
      ip("-n", bridge, "link", "add", `port${i + 1}`, "type", "veth", "peer", "name", "eth0", "netns", namespace);
      ip("-n", bridge, "link", "set", `port${i + 1}`, "master", "br0", "up");
      ip("-n", namespace, "address", "add", `${address}/24`, "dev", "eth0");
      ip("-n", namespace, "link", "set", "lo", "up");
      ip("-n", namespace, "link", "set", "eth0", "up");
    });
  } catch (error) {
    close();
    throw error;
  }
  return { hosts, split: (at) => moveTo("br1", 0, at), heal: (at) => moveTo("br0", 0, at), close };
}

/** Why this machine cannot make namespaces; undefined: it can. */
export function whyNoNamespaces() {
  if (process.platform !== "linux") return `${process.platform} has no network namespaces`;
  if (spawnSync("ip", ["-V"]).status !== 0) return "there is no `ip` (Debian: iproute2)";
  return process.getuid() === 0 ? undefined : "network namespaces need root";
}

// --- internal ---

function ip(...args) {
  return execFileSync("ip", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** Removes what a run that was killed left behind: its process id stands in the names. */
function sweep() {
  for (const namespace of existsSync(NAMESPACES) ? readdirSync(NAMESPACES) : []) {
    const owner = new RegExp(`^${PREFIX}-(\\d+)-`).exec(namespace)?.[1];
    if (owner === undefined || existsSync(`/proc/${owner}`)) continue;
    const inside = spawnSync("ip", ["netns", "pids", namespace], { encoding: "utf8" }).stdout ?? "";
    for (const pid of inside.split("\n").filter((line) => line !== "")) spawnSync("kill", ["-9", pid]);
    spawnSync("ip", ["netns", "del", namespace]);
  }
}
