// Multicast on real hosts: across them, and on one that has no network at all.
import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe } from "vitest";
import { describeLan } from "../suites/lan.ts";
import { openLanOn } from "./lanHost.ts";
import { type Addresses, type Network, openNetwork, whyNoIpv6, whyNoNamespaces } from "./namespaces.ts";

const obstacle = whyNoNamespaces();
if (obstacle !== undefined) console.warn(`skipped: tests of multicast: ${obstacle}`);

const ipv6Obstacle = obstacle ?? whyNoIpv6();
if (ipv6Obstacle !== obstacle) console.warn(`skipped: tests of multicast over IPv6: ${ipv6Obstacle}`);

const EACH: readonly Addresses[] = ipv6Obstacle === undefined ? ["ipv4", "ipv6", "link-local"] : ["ipv4"];

describe.skipIf(obstacle !== undefined).each(EACH)("hosts with %s addresses", (addresses) => {
  let network: Network | undefined;
  beforeAll(() => {
    network = openNetwork(3, addresses);
  });
  afterAll(() => network?.close());

  describeLan("multicast across them", {
    repeats: true,
    open: (count) => Promise.all((network?.hosts ?? []).slice(0, count).map(openLanOn)),
  });
});

describe.skipIf(obstacle !== undefined)("a host without a network", () => {
  let network: Network | undefined;
  beforeAll(() => {
    network = openNetwork(1);
    for (const { namespace } of network.hosts) execFileSync("ip", ["-n", namespace, "link", "del", "eth0"]);
  });
  afterAll(() => network?.close());

  describeLan("multicast from program to program", {
    repeats: true,
    open: (count) => Promise.all((network?.hosts ?? []).flatMap((host) => new Array(count).fill(host)).map(openLanOn)),
  });
});
