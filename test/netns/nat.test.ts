// Issue 4: nodes behind NATs reach each other once a public node has introduced them, or talk through it where they cannot.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Client, startClient } from "./client.ts";
import { type Mesh, openMesh, waitForRoster, waitForTexts } from "./mesh.ts";
import { whyNoNamespaces } from "./namespaces.ts";
import { closeInside, openInside, putBetween } from "./nats.ts";
import { dropAt, whyNoFilter } from "./nft.ts";

const obstacle = whyNoNamespaces() ?? whyNoFilter();
if (obstacle !== undefined) console.warn(`skipped: tests of nodes behind NATs: ${obstacle}`);

describe.skipIf(obstacle !== undefined)("two nodes behind different NATs and a public one", () => {
  let mesh: Mesh;
  beforeEach(() => {
    mesh = openMesh(4);
  });
  afterEach(async () => {
    await mesh?.close();
    closeInside();
  });
  const hosts = (): [number, number, number] => [0, 1, 2];
  /** The public node, and those behind the NATs on the next two hosts. */
  const start = async (how: string): Promise<[Client, Client, Client]> => {
    const outside = mesh.start(0);
    const args = ["--join", mesh.host(0).ip];
    const inside = ([1, 2] as const).map((at) =>
      startClient({ nick: `inside${at}`, host: openInside(mesh.host(at), how), args }),
    );
    const clients = [outside, ...inside] as [Client, Client, Client];
    await waitForRoster(clients, 15_000);
    return clients;
  };
  /** Each in turn says something that all have to read within `limitMs`. */
  const talk = async (clients: readonly Client[], when: string, limitMs: number): Promise<void> => {
    for (const client of clients) {
      client.say(`${client.nick} ${when}`);
      await waitForTexts(clients, [`${client.nick} ${when}`], limitMs);
    }
  };
  const deaths = (clients: readonly Client[]): unknown[] =>
    clients.flatMap(({ lines }) => lines.filter(({ type, status }) => type === "peer" && status === "dead"));

  test.each([
    ["with a router between them, and nothing that drops what nobody asked for", "open"],
    ["on one link, which drop what nobody asked for", "closed"],
  ] as const)(
    "talk, all with all; without the public one the two go on at once, behind NATs %s",
    {
      timeout: 60_000,
    },
    async (_, nats) => {
      if (nats === "open") putBetween(mesh.host(3), hosts().map(mesh.host));
      else for (const at of [1, 2]) dropAt(mesh.host(at).namespace, "inet", "input", "iifname eth0 meta l4proto udp");
      const clients = await start("masquerade");
      const [outside, ...inside] = clients;
      await talk(clients, "at first", 5_000);
      // Until the pings of the introduction, the last of them 1.2 s after it, have been answered.
      await waitForMeeting(inside, 5_000);
      outside.kill("SIGKILL");
      await talk(inside, "alone", 3_000);
      await inside[0]?.waitForLine(({ type, status }) => type === "peer" && status === "dead", 30_000, "a death");
      await talk(inside, "later", 1_000);
      const dead = deaths(inside).map((line) => (line as { readonly peer: { readonly nick: string } }).peer.nick);
      expect(new Set(dead)).toEqual(new Set(["n1"]));
    },
  );

  test("talk through it at once where each has another port for each peer, and nobody counts as gone", {
    timeout: 60_000,
  }, async () => {
    putBetween(mesh.host(3), hosts().map(mesh.host));
    const clients = await start("masquerade random,fully-random");
    await talk(clients, "at first", 5_000);
    for (let round = 0; round < 10; round += 1) {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      await talk(clients, `in round ${round}`, 1_000);
    }
    for (const client of clients) expect((await client.stats()).peers).toBe(2);
    expect(deaths(clients)).toEqual([]);
    expect(
      clients.flatMap(({ lines }) => lines.filter(({ type, status }) => type === "peer" && status === "suspect")),
    ).toEqual([]);
  });
});

// --- internal ---

/** Until each has had an answer of the other by itself. */
async function waitForMeeting(clients: readonly Client[], limitMs: number): Promise<void> {
  const end = performance.now() + limitMs;
  for (const client of clients) {
    for (;;) {
      const from = client.lines.length;
      client.type("/peers");
      const answer = await client.waitForLine(
        (line) => line.type === "peers" && client.lines.indexOf(line) >= from,
        5_000,
        "/peers",
      );
      const peers = answer.peers as { readonly nick: string; readonly rttMs: number | null }[];
      if (peers.some(({ nick, rttMs }) => nick.startsWith("inside") && rttMs !== null)) break;
      if (performance.now() > end) throw new Error(`${client.nick} has not met the other one`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
