// Hosts on one machine: a network namespace each, joined by a bridge in a namespace of its own, which can be cut in two and
// healed. Nothing is added to the machine's own network and no host has a default route: what is sent in there stays in there.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";

/** A bridge's ARP table is small. */
export const HOSTS_MAX = 32;

/** A network of `count` hosts with addresses "ipv4", 10.77.0.1 and on, "ipv6", fd77::1 and on, or "link-local", fe80::1 and on. */
export function openNetwork(count, addresses = "ipv4") {
  if (count > HOSTS_MAX) throw new Error(`a network has at most ${HOSTS_MAX} hosts`);
  sweep();
  const name = `${PREFIX}-${process.pid}-${++networks}`;
  const bridge = `${name}-br`;
  const hosts = Array.from({ length: count }, (_, i) => ({
    namespace: `${name}-h${i + 1}`,
    ip: ipOf(addresses, i + 1),
  }));
  /** The two parts of a network that is cut are two bridges. */
  const plug = (host, into) => ip("-n", bridge, "link", "set", `port${hosts.indexOf(host) + 1}`, "master", into);
  const close = () => {
    for (const namespace of [...hosts.map((host) => host.namespace), bridge])
      if (existsSync(`${NAMESPACES}/${namespace}`)) spawnSync("ip", ["netns", "del", namespace]);
  };
  try {
    ip("netns", "add", bridge);
    for (const part of ["br0", "br1"]) {
      ip("-n", bridge, "link", "add", part, "type", "bridge");
      ip("-n", bridge, "link", "set", part, "up");
    }
    hosts.forEach(({ namespace, ip: address }, i) => {
      ip("netns", "add", namespace);
      ip("-n", bridge, "link", "add", `port${i + 1}`, "type", "veth", "peer", "name", "eth0", "netns", namespace);
      ip("-n", bridge, "link", "set", `port${i + 1}`, "master", "br0", "up");
      // Without the wait for duplicates, which takes a second or two.
      if (addresses !== "ipv4") ip("-n", namespace, "link", "set", "eth0", "addrgenmode", "none");
      const given = addresses === "ipv6" ? [address, ipOf("link-local", i + 1)] : [address];
      for (const each of given) ip("-n", namespace, "address", "add", ...prefixed(each), "dev", "eth0");
      ip("-n", namespace, "link", "set", "lo", "up");
      ip("-n", namespace, "link", "set", "eth0", "up");
    });
  } catch (error) {
    close();
    throw error;
  }
  return {
    hosts,
    bridge,
    cut: (island) => {
      for (const host of island) plug(host, "br1");
    },
    heal: () => {
      for (const host of hosts) plug(host, "br0");
    },
    routes: ({ namespace }) => ip("-n", namespace, "route"),
    close,
  };
}

/** `command` and `args` such that they run on that host, as the same process (no shell or child in between). */
export function onHost(host, command, args) {
  return ["ip", ["netns", "exec", host.namespace, command, ...args]];
}

/** Why this machine cannot make namespaces; undefined: it can. */
export function whyNoNamespaces() {
  if (process.platform !== "linux") return `${process.platform} has no network namespaces`;
  if (spawnSync("ip", ["-V"]).status !== 0) return "there is no `ip` (Debian: iproute2)";
  if (process.getuid?.() !== 0) return "network namespaces need root";
  const name = `${PREFIX}-${process.pid}-try`;
  const made = spawnSync("ip", ["netns", "add", name], { encoding: "utf8" });
  if (made.status !== 0) return `\`ip netns add\` failed: ${made.stderr.trim()}`;
  const veth = ["-n", name, "link", "add", "a0", "type", "veth", "peer", "name", "b0"];
  const linked = spawnSync("ip", veth, { encoding: "utf8" });
  spawnSync("ip", ["netns", "del", name]);
  return linked.status === 0 ? undefined : `virtual links cannot be made: ${linked.stderr.trim()}`;
}

// --- internal ---

const PREFIX = "smplchat";
/** Where iproute2 keeps named namespaces. */
const NAMESPACES = "/var/run/netns";
let networks = 0;

function ipOf(addresses, number) {
  return `${{ ipv4: "10.77.0.", ipv6: "fd77::", "link-local": "fe80::" }[addresses]}${number}`;
}

function prefixed(address) {
  return address.includes(":") ? [`${address}/64`, "nodad"] : [`${address}/24`];
}

function ip(...args) {
  return execFileSync("ip", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** Removes what a process that was killed left behind: its id stands in the names. */
function sweep() {
  const left = existsSync(NAMESPACES) ? readdirSync(NAMESPACES) : [];
  for (const namespace of left) {
    const owner = new RegExp(`^${PREFIX}-(\\d+)-`).exec(namespace)?.[1];
    if (owner === undefined || existsSync(`/proc/${owner}`)) continue;
    const inside = spawnSync("ip", ["netns", "pids", namespace], { encoding: "utf8" }).stdout ?? "";
    for (const pid of inside.split("\n").filter((line) => line !== "")) kill(Number(pid));
    spawnSync("ip", ["netns", "del", namespace]);
  }
}

function kill(pid) {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone already.
  }
}
