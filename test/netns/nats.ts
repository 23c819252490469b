/** A host behind a NAT: a namespace of its own, whose one way out is another host of the network, which masquerades it. */
import { execFileSync, spawnSync } from "node:child_process";
import { atEnd } from "./cleanup.ts";
import type { Host } from "./namespaces.ts";
import { nft } from "./nft.ts";

/** `how` as nftables says it: "masquerade" keeps one outside port for all peers, "masquerade random,fully-random" does not. */
export function openInside(router: Host, how: string): Host {
  const inside = { namespace: `${router.namespace}-in`, ip: "192.168.7.2" };
  execFileSync("ip", ["netns", "add", inside.namespace]);
  open.add(inside.namespace);
  const link = ["link", "add", "inside", "type", "veth", "peer", "name", "eth0", "netns", inside.namespace];
  ip(router, ...link);
  ip(router, "address", "add", "192.168.7.1/24", "dev", "inside");
  ip(router, "link", "set", "inside", "up");
  ip(inside, "address", "add", `${inside.ip}/24`, "dev", "eth0");
  for (const device of ["lo", "eth0"]) ip(inside, "link", "set", device, "up");
  ip(inside, "route", "add", "default", "via", "192.168.7.1");
  sysctl(router, "net.ipv4.ip_forward=1");
  nft(
    router.namespace,
    `table ip nat {
      chain out {
        type nat hook postrouting priority 100
        oifname "eth0" ${how}
      }
    }`,
  );
  return inside;
}

/**
 * From now on all that these send each other passes the router, as it does in the internet: two that share a link with nothing in
 * between are the one case in which nothing can open a NAT without arriving at the other.
 */
export function putBetween(router: Host, hosts: readonly Host[]): void {
  sysctl(router, "net.ipv4.ip_forward=1", "net.ipv4.conf.all.send_redirects=0", "net.ipv4.conf.eth0.send_redirects=0");
  for (const host of hosts) {
    ip(host, "address", "del", `${host.ip}/24`, "dev", "eth0");
    ip(host, "address", "add", `${host.ip}/32`, "dev", "eth0");
    ip(host, "route", "add", router.ip, "dev", "eth0", "src", host.ip);
    ip(host, "route", "add", "default", "via", router.ip, "src", host.ip);
  }
}

export function closeInside(): void {
  for (const namespace of open) spawnSync("ip", ["netns", "del", namespace]);
  open.clear();
}

// --- internal ---

/** BOUNDED: what the tests of one file open. */
const open = new Set<string>();
atEnd(closeInside);

function ip({ namespace }: Host, ...args: string[]): void {
  execFileSync("ip", ["-n", namespace, ...args], { stdio: "pipe" });
}

function sysctl({ namespace }: Host, ...settings: string[]): void {
  execFileSync("ip", ["netns", "exec", namespace, "sysctl", "-qw", ...settings], { stdio: "pipe" });
}
