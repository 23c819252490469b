// The network that the other tests stand on: hosts reach each other and nothing else, and nothing is left behind.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { describe, expect, test, vi } from "vitest";
import { HOSTS_MAX, onHost, openNetwork, whyNoNamespaces } from "./namespaces.ts";

const obstacle = whyNoNamespaces();
if (obstacle !== undefined) console.warn(`skipped: tests of namespaces: ${obstacle}`);

const ours = (): string[] =>
  existsSync("/var/run/netns")
    ? readdirSync("/var/run/netns").filter((n) => n.startsWith(`smplchat-${process.pid}-`))
    : [];

describe.skipIf(obstacle !== undefined)("a network of namespaces", () => {
  test("joins its hosts, has no way out, and goes without a trace", () => {
    const links = execFileSync("ip", ["-o", "link"], { encoding: "utf8" });
    const network = openNetwork(3);
    try {
      const [first, , third] = network.hosts;
      if (first === undefined || third === undefined) throw new Error("hosts are missing");
      expect(exchange(first, third)).toBe("hello 10.77.0.3");
      expect(spawnSync(...onHost(first, "ip", ["route", "get", "192.0.2.1"])).status).not.toBe(0);
      expect(execFileSync("ip", ["-o", "link"], { encoding: "utf8" })).toBe(links);
      expect(ours()).toHaveLength(4);
    } finally {
      network.close();
    }
    expect(ours()).toEqual([]);
  });

  test("leaves nothing behind when it cannot be made", () => {
    expect(() => openNetwork(HOSTS_MAX + 1)).toThrow(`at most ${HOSTS_MAX}`);
    expect(ours()).toEqual([]);
  });
});

test("namespaces that are required and cannot be had are a failure, not a skip", () => {
  vi.stubEnv("PATH", "/nowhere");
  vi.stubEnv("SMPLCHAT_REQUIRE_NETNS", undefined);
  expect(whyNoNamespaces()).toMatch(/\bip\b|namespaces/);
  vi.stubEnv("SMPLCHAT_REQUIRE_NETNS", "1");
  expect(whyNoNamespaces).toThrow("SMPLCHAT_REQUIRE_NETNS=1, but ");
});

// --- internal ---

/** What `to` receives on UDP when `from` says hello to its address. */
function exchange(from: { namespace: string; ip: string }, to: { namespace: string; ip: string }): string {
  const listen = `const s = require("dgram").createSocket("udp4");
    s.on("message", (m) => { console.log(String(m)); process.exit(0); });
    s.bind(5000, () => {
      const send = () => require("child_process").spawn("ip", ["netns", "exec", "${from.namespace}", process.execPath, "-e",
        'const s = require("dgram").createSocket("udp4"); s.send("hello ${to.ip}", 5000, "${to.ip}", () => s.close())']);
      send();
    });
    setTimeout(() => process.exit(1), 5000);`;
  return execFileSync(...onHost(to, process.execPath, ["-e", listen]), { encoding: "utf8" }).trim();
}
