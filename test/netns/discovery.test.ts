// Issue 4, must show 2: hosts on one LAN find each other with nobody typing an address; rooms stay apart; who has turned
// discovery off is silent; where multicast is blocked that is said, and addresses go on working.
import { execFileSync } from "node:child_process";
import { afterEach, describe, expect, test } from "vitest";
import { createRoomKeys, openRoom } from "../../src/crypto/roomKeys.ts";
import { BEACON_BYTES } from "../../src/wire/beacon.ts";
import { type Client, type Line, startClient, stopClients, waitFor } from "./client.ts";
import { openLanOn } from "./lanHost.ts";
import { waitForRoster, waitForTexts } from "./mesh.ts";
import { type Addresses, type Host, type Network, openNetwork, whyNoIpv6, whyNoNamespaces } from "./namespaces.ts";
import { dropAt, whyNoFilter } from "./nft.ts";

const obstacle = whyNoNamespaces() ?? whyNoFilter();
if (obstacle !== undefined) console.warn(`skipped: tests of finding others on a LAN: ${obstacle}`);

const ipv6Obstacle = obstacle ?? whyNoIpv6();
if (ipv6Obstacle !== obstacle) console.warn(`skipped: tests of finding others over IPv6: ${ipv6Obstacle}`);

const EACH: readonly [Addresses, string][] = [
  ["ipv4", "10.77.0."],
  ["ipv6", "fd77::"],
  ["link-local", "fe80::"],
];
const FOUND_MS = 3_000;
let network: Network | undefined;

afterEach(async () => {
  await stopClients();
  network?.close();
});

describe.skipIf(obstacle !== undefined)("with no address typed", () => {
  test.each(EACH.slice(0, ipv6Obstacle === undefined ? 3 : 1))(
    "two hosts with %s addresses find each other within 3 s, and say so",
    async (addresses, prefix) => {
      const [first, second] = open(2, addresses);
      const anna = start("anna", first);
      await isReady(anna);
      // What one says while alone is there for whoever comes.
      anna.say("anybody here?");
      const bob = start("bob", second);
      await isReady(bob);
      const found = await bob.waitForLine(isFound, FOUND_MS, "someone found");
      const scope = addresses === "link-local" ? "%eth0" : "";
      expect(found.text).toBe(`found anna (${prefix}1${scope})`);
      expect((await anna.waitForLine(isFound, FOUND_MS, "someone found")).text).toBe(`found bob (${prefix}2${scope})`);
      bob.say("yes");
      await waitForTexts([anna, bob], ["anybody here?", "yes"], 5_000);
      for (const client of [anna, bob]) expect(client.lines.filter(isFound)).toHaveLength(1);
    },
  );

  test("five hosts that start at once know each other within 3 s of the last one's start", async () => {
    const clients = open(5).map((host, at) => start(`n${at + 1}`, host));
    await Promise.all(clients.map(isReady));
    await waitForRoster(clients, FOUND_MS);
    clients[3]?.say("all here?");
    await waitForTexts(clients, ["all here?"], 3_000);
  });

  test.skipIf(ipv6Obstacle !== undefined)(
    "three hosts with nothing but addresses of their link all hear each other",
    async () => {
      const clients = open(3, "link-local").map((host, at) => start(`n${at + 1}`, host));
      await waitForRoster(clients, 10_000);
      for (const client of clients) {
        client.say(`this is ${client.nick}`);
        await waitForTexts(clients, [`this is ${client.nick}`], 5_000);
      }
    },
  );

  test("two programs on a host that has no network find each other", async () => {
    const [host] = open(1);
    down(host);
    const clients = ["anna", "bob"].map((nick) => start(nick, host));
    const [anna, bob] = clients as [Client, Client];
    await Promise.all(clients.map(isReady));
    for (const client of clients) await client.waitForLine(isFound, FOUND_MS, "someone found");
    bob.say("so near");
    await waitForTexts([anna, bob], ["so near"], 3_000);
    // Nobody complains of a network that is not there.
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    expect(clients.flatMap((client) => client.lines.filter(isBlocked))).toEqual([]);
  });

  test("a host whose network comes up after it has started is found then", async () => {
    const [first, second] = open(2);
    down(first);
    const clients = [start("anna", first), start("bob", second)];
    for (const client of clients) await client.waitForLine(isAlone, 5_000, "alone");
    execFileSync("ip", ["-n", first.namespace, "link", "set", "eth0", "up"]);
    await waitForRoster(clients, 15_000);
  });

  test("what a script says is delivered, though its input ends at once", async () => {
    const [first, second] = open(2);
    const anna = start("anna", first);
    await isReady(anna);
    const bot = start("bot", second);
    bot.say("done");
    bot.endInput();
    expect(await bot.exited).toBe(0);
    await waitForTexts([anna], ["done"], 2_000);
    expect(bot.lines.filter(({ code }) => code === "undelivered" || code === "alone")).toEqual([]);
  });
});

describe.skipIf(obstacle !== undefined)("on one LAN", () => {
  test("two rooms never meet, and nobody else can tell one from the other", async () => {
    const [ear, ...hosts] = open(5);
    const lan = await openLanOn(ear);
    const heard: Buffer[] = [];
    lan.onBroadcast((bytes) => heard.push(Buffer.from(bytes)));
    const tea = hosts.slice(0, 2).map((host, at) => start(`tea${at}`, host, ["--room", "tea"]));
    const coffee = hosts.slice(2).map((host, at) => start(`coffee${at}`, host, ["--room", "coffee"]));
    await waitForRoster(tea, 10_000);
    await waitForRoster(coffee, 10_000);
    // Nobody in the one room ever answers somebody in the other: the counts stay what they are.
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    let foreign = 0;
    for (const client of [...tea, ...coffee]) {
      const { peers, dropped } = await client.stats();
      expect([client.nick, peers, dropped["foreign-room"]]).toEqual([client.nick, 1, undefined]);
      foreign += dropped["foreign-beacon"] ?? 0;
    }
    expect(foreign).toBeGreaterThan(0);
    await lan.close();
    const distinct = new Set(heard.map((bytes) => bytes.toString("hex")));
    expect(distinct.size).toBeGreaterThanOrEqual(4);
    for (const beacon of distinct) {
      expect(beacon).toHaveLength(2 * BEACON_BYTES);
      for (const name of ["tea", "coffee"]) {
        const { tag, id } = createRoomKeys(openRoom(name));
        for (const known of [tag, Buffer.from(id).toString("hex"), Buffer.from(name).toString("hex")])
          if (known.length > 6) expect(beacon).not.toContain(known);
      }
    }
    // No two begin alike: there is nothing by which to put them together.
    expect(new Set([...distinct].map((beacon) => beacon.slice(0, 8))).size).toBe(distinct.size);
  });

  test("who has turned discovery off says nothing, and is found by address alone", async () => {
    const [ear, first, second] = open(3) as [Host, Host, Host];
    const lan = await openLanOn(ear);
    let heard = 0;
    lan.onBroadcast(() => {
      heard += 1;
    });
    const quiet = startClient({ nick: "anna", host: first, env: { SMPLCHAT_DISCOVERY: "off" } });
    await quiet.waitForLine(isAlone, 5_000, "alone");
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(heard).toBe(0);
    const loud = start("bob", second);
    await waitFor(() => heard > 0, 5_000, "a beacon of the other");
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect((await loud.stats()).peers).toBe(0);
    loud.type(`/join ${first.ip}`);
    await waitForRoster([quiet, loud], 5_000);
    await lan.close();
  });
});

describe.skipIf(obstacle !== undefined)("where multicast is blocked", () => {
  test.each([
    ["out", "output", "oifname", "this system lets no multicast out (EPERM)"],
    ["in", "input", "iifname", "no multicast comes in; is UDP 62732 open?"],
  ])("on its way %s that is said once in plain words, and /join works", async (_, hook, interfaces, why) => {
    const [first, second] = open(2);
    dropAt(first.namespace, "inet", hook, `${interfaces} "eth0" udp dport 62732`);
    const anna = start("anna", first);
    const blocked = await anna.waitForLine(isBlocked, 8_000, "that multicast is blocked");
    expect(blocked.text).toBe(
      `others on this network cannot be found automatically: ${why}; /join ADDRESS still works`,
    );
    anna.say("hello?");
    const bob = startClient({ nick: "bob", host: second });
    await isReady(bob);
    anna.type(`/join ${second.ip}`);
    bob.say("here");
    await waitForTexts([anna, bob], ["hello?", "here"], 5_000);
    expect(anna.lines.filter(isBlocked)).toHaveLength(1);
  });

  test("on one host alone, the other finds it by the port that is open", async () => {
    const [first, second] = open(2);
    dropAt(first.namespace, "inet", "input", "udp dport 62732");
    const clients = [start("anna", first), start("bob", second)];
    await Promise.all(clients.map(isReady));
    await waitForRoster(clients, 5_000);
  });
});

// --- internal ---

/** A network of its own for each test; closed after it. */
function open(count: number, addresses: Addresses = "ipv4"): [Host, Host, ...Host[]] {
  network = openNetwork(count, addresses);
  return network.hosts as unknown as [Host, Host, ...Host[]];
}

function start(nick: string, host: Host, args: readonly string[] = []): Client {
  return startClient({ nick, host, args, env: { SMPLCHAT_DISCOVERY: "on" } });
}

function down(host: Host): void {
  execFileSync("ip", ["-n", host.namespace, "link", "set", "eth0", "down"]);
}

function isReady(client: Client): Promise<Line> {
  return client.waitForLine((line) => line.type === "ready", 10_000, "ready");
}

function isFound(line: Line): boolean {
  return line.code === "joined";
}

function isAlone(line: Line): boolean {
  return line.code === "alone";
}

function isBlocked(line: Line): boolean {
  return line.code === "discovery-blocked";
}
