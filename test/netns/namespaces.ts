/**
 * Hosts on one machine, as the benchmarks have them (bench/net/network.js): network namespaces, joined by a bridge in a
 * namespace of its own. Here they are gone however a test process ends, and a test may insist on them.
 */
import { execFileSync, spawnSync } from "node:child_process";
import {
  type Addresses,
  type Network,
  openNetwork as openUnattended,
  whyNoNamespaces as whyNot,
} from "../../bench/net/network.js";
import { atEnd } from "./cleanup.ts";

export { type Addresses, HOSTS_MAX, type Host, type Network, onHost } from "../../bench/net/network.js";

/** Why this machine cannot make namespaces; undefined: it can. With SMPLCHAT_REQUIRE_NETNS=1 that is an error. */
export function whyNoNamespaces(): string | undefined {
  const reason = whyNot();
  if (reason !== undefined && process.env.SMPLCHAT_REQUIRE_NETNS === "1")
    throw new Error(`SMPLCHAT_REQUIRE_NETNS=1, but ${reason}`);
  return reason;
}

/** Why hosts cannot have IPv6 addresses here; undefined: they can. With SMPLCHAT_REQUIRE_NETNS=1 that is an error. */
export function whyNoIpv6(): string | undefined {
  const name = `smplchat-${process.pid}-ipv6`;
  const steps = [
    ["netns", "add", name],
    ["-n", name, "address", "add", "fd77::1/64", "dev", "lo"],
  ];
  try {
    for (const step of steps) execFileSync("ip", step, { stdio: "pipe" });
    return undefined;
  } catch (error) {
    if (process.env.SMPLCHAT_REQUIRE_NETNS === "1") throw error;
    return `there is no IPv6: ${(error as Error).message}`;
  } finally {
    spawnSync("ip", ["netns", "del", name]);
  }
}

/** A network of `count` hosts, at most HOSTS_MAX. */
export function openNetwork(count: number, addresses: Addresses = "ipv4"): Network {
  const network = openUnattended(count, addresses);
  open.add(network.close);
  const close = (): void => {
    open.delete(network.close);
    network.close();
  };
  return { ...network, close };
}

// --- internal ---

/** Networks not closed yet. BOUNDED: what the tests of one file open. */
const open = new Set<() => void>();
atEnd(() => {
  for (const close of open) close();
});
