// Relay on twenty real hosts: nothing is lost where the network drops 30 % of all datagrams, and a receipt names who is gone.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Client } from "./client.ts";
import { expectOneLog, type Mesh, openMesh, waitForRoster, waitForTexts } from "./mesh.ts";
import { whyNoNamespaces } from "./namespaces.ts";
import { nft, whyNoFilter } from "./nft.ts";

const obstacle = whyNoNamespaces() ?? whyNoFilter();
if (obstacle !== undefined) console.warn(`skipped: tests of twenty hosts: ${obstacle}`);

const HOSTS = 20;
const MESSAGES = 200;
const EVERY_MS = 100;
const LOSS_PERCENT = 30;

describe.skipIf(obstacle !== undefined)(
  `twenty hosts on a network that drops ${LOSS_PERCENT} % of all datagrams`,
  () => {
    let mesh: Mesh;
    let clients: Client[] = [];
    let filter: Filter | undefined;

    beforeAll(async () => {
      mesh = openMesh(HOSTS);
      clients = await gather(mesh);
      filter = openFilter(mesh.network.bridge, LOSS_PERCENT);
    }, 60_000);

    afterAll(() => mesh?.close());

    test(`all get all of ${MESSAGES} messages, in one order`, { timeout: 80_000 }, async () => {
      const said = Array.from({ length: MESSAGES }, (_, i) => `message ${i + 1} of ${MESSAGES}`);
      const start = performance.now();
      for (const [i, text] of said.entries()) {
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, start + i * EVERY_MS - performance.now())));
        clients[(i * 7) % HOSTS]?.say(text);
      }
      await waitForTexts(clients, said, 30_000);
      await expectOneLog(clients, MESSAGES);
      // The network was as bad as it is said to be.
      const { dropped, passed } = filter?.counts() ?? { dropped: 0, passed: 0 };
      expect(dropped / (dropped + passed)).toBeCloseTo(LOSS_PERCENT / 100, 1);
      expect(dropped).toBeGreaterThan(MESSAGES);
    });

    test("a text of 64 KiB arrives whole at all", { timeout: 80_000 }, async () => {
      const longest = "every line of it counts. ".repeat(3_000).slice(0, 65_536);
      clients[2]?.say(longest);
      await waitForTexts(clients, [longest], 60_000);
    });

    test("when it is good again, and one is killed, the next receipt says 18 of 19, and who", {
      timeout: 30_000,
    }, async () => {
      filter?.close();
      await expectReceipt(clients);
    });
  },
);

describe.skipIf(obstacle !== undefined)("twenty hosts on a good network", () => {
  let mesh: Mesh;

  beforeAll(() => {
    mesh = openMesh(HOSTS);
  });

  afterAll(() => mesh?.close());

  test("when one is killed the next receipt says 18 of 19, and who", { timeout: 90_000 }, async () => {
    await expectReceipt(await gather(mesh));
  });
});

// --- internal ---

async function gather(mesh: Mesh): Promise<Client[]> {
  const clients = [mesh.start(0)];
  await clients[0]?.waitForLine((line) => line.type === "ready", 10_000, "ready");
  for (let at = 1; at < HOSTS; at++) clients.push(mesh.start(at, 0));
  await waitForRoster(clients, 40_000);
  return clients;
}

/** Kills one, and lets another say something. */
async function expectReceipt(clients: readonly Client[]): Promise<void> {
  const [author, victim] = [clients[4], clients[13]];
  victim?.kill("SIGKILL");
  await victim?.exited;
  author?.say("who is here?");
  const others = clients.filter((client) => client !== victim);
  await waitForTexts(others, ["who is here?"], 10_000);
  const { id } = author?.lines.find((line) => line.type === "message" && line.text === "who is here?") ?? {};
  const receipt = await author?.waitForLine(
    (line) =>
      line.type === "delivery" && line.id === id && line.reached === HOSTS - 2 && Array(line.lacking).flat().length > 0,
    10_000,
    `that it reached ${HOSTS - 2}, and who is lacking`,
  );
  expect(receipt).toMatchObject({ reached: HOSTS - 2, of: HOSTS - 1, lacking: [victim?.nick] });
}

type Filter = { counts: () => { dropped: number; passed: number }; close: () => void };

/** Drops that share of the UDP datagrams that pass the bridge, and counts them. */
function openFilter(bridge: string, percent: number): Filter {
  nft(
    bridge,
    `table bridge lossy { chain crossing {
    type filter hook forward priority 0;
    ip protocol udp numgen random mod 100 < ${percent} counter drop
    ip protocol udp counter accept
    }
  }`,
  );
  return {
    counts: () => {
      const listed = nft(bridge, "list table bridge lossy");
      const [dropped = 0, passed = 0] = [...listed.matchAll(/counter packets (\d+)/g)].map((match) => Number(match[1]));
      return { dropped, passed };
    },
    close: () => nft(bridge, "delete table bridge lossy"),
  };
}
