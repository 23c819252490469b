// Issue 4, life on a laptop: a node that stands still, a host that gets another address, a network that is gone for a while.
import { execFileSync } from "node:child_process";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Client, type Line, waitFor } from "./client.ts";
import { expectOneLog, type Mesh, openMesh, waitForRoster, waitForTexts } from "./mesh.ts";
import { whyNoNamespaces } from "./namespaces.ts";

const obstacle = whyNoNamespaces();
if (obstacle !== undefined) console.warn(`skipped: tests of sleep and changed addresses: ${obstacle}`);

const STANDSTILL_MS = 20_000;

describe.skipIf(obstacle !== undefined)("three hosts, one of them a laptop", () => {
  let mesh: Mesh;
  let clients: [Client, Client, Client];
  beforeEach(async () => {
    mesh = openMesh(3);
    clients = [mesh.start(0), mesh.start(1, 0), mesh.start(2, 0)];
    await waitForRoster(clients, 15_000);
  }, 30_000);
  afterEach(() => mesh?.close());

  test("that stands still for 20 s loses nothing, buries nobody, and is in the room again at once", {
    timeout: 45_000,
  }, async () => {
    const [first, second, laptop] = clients;
    laptop.kill("SIGSTOP");
    const said: string[] = [];
    const began = performance.now();
    for (let at = 0; at < STANDSTILL_MS / 1_000; at += 1) {
      await until(began + at * 1_000);
      said.push(`while it stood still: ${at}`);
      (at % 2 === 0 ? first : second).say(said.at(-1) as string);
    }
    await until(began + STANDSTILL_MS);
    laptop.kill("SIGCONT");
    laptop.say("what did I miss?");
    await waitForTexts(clients, [...said, "what did I miss?"], 5_000);
    await waitForRoster(clients, 5_000);
    await expectOneLog(clients, said.length + 1);
    expect(laptop.lines.filter(({ type, status }) => type === "peer" && status === "dead")).toEqual([]);
  });

  test("that gets another address is in the room within 10 s, both ways, and the others know where it is", {
    timeout: 40_000,
  }, async () => {
    const [first, second, laptop] = clients;
    const { namespace, ip: before } = mesh.host(2);
    const after = "10.77.0.33";
    ip("-n", namespace, "address", "del", `${before}/24`, "dev", "eth0");
    ip("-n", namespace, "address", "add", `${after}/24`, "dev", "eth0");
    const began = performance.now();
    first.say("where are you?");
    second.say("anyone there?");
    laptop.say("here I am");
    await waitForTexts(clients, ["where are you?", "anyone there?", "here I am"], 10_000);
    for (const client of [first, second]) {
      await waitUntil(
        async () => (await addressOf(client, "n3")) === `${after}:62733`,
        began + 10_000 - performance.now(),
      );
    }
    const told = await laptop.waitForLine(({ code }) => code === "back", 15_000, "the line that says where it is");
    expect(told.text).toMatch(new RegExp(`^now at ${after}: \\d new from 2 peers, 0 missing$`));
    expect(deaths(clients)).toEqual([]);
    await expectOneLog(clients, 3);
  });

  test("whose network is gone for a while says so, and then what came of it", { timeout: 45_000 }, async () => {
    const [first, second, laptop] = clients;
    const { namespace } = mesh.host(2);
    ip("-n", namespace, "link", "set", "eth0", "down");
    await laptop.waitForLine(({ code }) => code === "offline", 10_000, "offline");
    first.say("without you: 1");
    second.say("without you: 2");
    laptop.say("to nobody");
    await waitForTexts([first, second], ["without you: 1", "without you: 2"], 3_000);
    ip("-n", namespace, "link", "set", "eth0", "up");
    await waitForTexts(clients, ["without you: 1", "without you: 2", "to nobody"], 10_000);
    const told = await laptop.waitForLine(({ code }) => code === "back", 5_000, "the line that says what came of it");
    expect(told.text).toMatch(/^back after \d+(\.\d)? s: 2 new from \d peers?, 0 missing$/);
    await expectOneLog(clients, 3);
  });
});

// --- internal ---

function ip(...args: string[]): void {
  execFileSync("ip", args, { stdio: "pipe" });
}

async function until(at: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, at - performance.now())));
}

function deaths(clients: readonly Client[]): Line[] {
  return clients.flatMap(({ lines }) => lines.filter(({ type, status }) => type === "peer" && status === "dead"));
}

/** Where the client would send what is for that peer. */
async function addressOf(client: Client, nick: string): Promise<unknown> {
  const from = client.lines.length;
  client.type("/peers");
  await waitFor(() => client.lines.slice(from).some(({ type }) => type === "peers"), 5_000, "an answer to /peers");
  const answer = client.lines.slice(from).find(({ type }) => type === "peers");
  const peers = answer?.peers as { readonly nick: string; readonly address: string }[];
  return peers.find((peer) => peer.nick === nick)?.address;
}

async function waitUntil(condition: () => Promise<boolean>, limitMs: number): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error("the others do not know its address in time");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
