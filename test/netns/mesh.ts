/** What the tests with namespaces share: a network with one client on each host, and what holds on all of them. */
import { expect } from "vitest";
import { type Client, startClient, stopClients, waitFor } from "./client.ts";
import { type Host, type Network, openNetwork } from "./namespaces.ts";

export type Mesh = {
  readonly network: Network;
  /** Starts a client on host `at`, 0 and on, which joins through the host `through`. */
  readonly start: (at: number, through?: number) => Client;
  readonly host: (at: number) => Host;
  readonly close: () => Promise<void>;
};

export function openMesh(hosts: number, env: Readonly<Record<string, string>> = {}): Mesh {
  const network = openNetwork(hosts);
  const host = (at: number): Host => {
    const found = network.hosts[at];
    if (found === undefined) throw new Error(`there is no host ${at}`);
    return found;
  };
  return {
    network,
    host,
    start: (at, through) => {
      const args = through === undefined ? [] : ["--join", host(through).ip];
      return startClient({ nick: `n${at + 1}`, host: host(at), args, env });
    },
    close: async () => {
      await stopClients();
      network.close();
    },
  };
}

/** Waits until each of the clients counts all the others as live peers. */
export async function waitForRoster(clients: readonly Client[], limitMs: number): Promise<void> {
  const end = performance.now() + limitMs;
  for (const client of clients) {
    for (;;) {
      const { peers } = await client.stats();
      if (peers === clients.length - 1) break;
      if (performance.now() > end) throw new Error(`${client.nick} knows ${peers} of ${clients.length - 1} peers`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** Waits until each of the clients has printed all these texts. */
export async function waitForTexts(
  clients: readonly Client[],
  texts: readonly string[],
  limitMs: number,
): Promise<void> {
  const lacking = (client: Client): string[] => {
    const printed = new Set(client.texts());
    return texts.filter((text) => !printed.has(text));
  };
  const describe = (): string =>
    clients
      .filter((client) => lacking(client).length > 0)
      .map(
        (client) => `${client.nick} lacks ${lacking(client).length} of ${texts.length}: ${lacking(client).slice(0, 3)}`,
      )
      .join("; ");
  await waitFor(() => clients.every((client) => lacking(client).length === 0), limitMs, describe);
}

/** Every client has printed each message once, and keeps the same log in the same order. */
export async function expectOneLog(clients: readonly Client[], messages: number): Promise<void> {
  const logs = await Promise.all(clients.map((client) => client.log()));
  expect(logs[0]).toHaveLength(messages);
  for (const [at, client] of clients.entries()) {
    const ids = client.lines.filter((line) => line.type === "message").map((line) => line.id);
    expect([client.nick, ids.length, new Set(ids).size]).toEqual([client.nick, messages, messages]);
    expect([client.nick, logs[at]]).toEqual([client.nick, logs[0]]);
  }
}
