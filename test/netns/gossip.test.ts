// Issue 2, must show 2 and 3: five hosts without a server or a route out talk, and outlive the one they joined through.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Client } from "./client.ts";
import { expectOneLog, type Mesh, openMesh, waitForRoster, waitForTexts } from "./mesh.ts";
import { whyNoNamespaces } from "./namespaces.ts";

const obstacle = whyNoNamespaces();
if (obstacle !== undefined) console.warn(`skipped: tests of five hosts: ${obstacle}`);

describe.skipIf(obstacle !== undefined).each([
  { percent: 0, limitMs: 5_000 },
  { percent: 30, limitMs: 10_000 },
])("five hosts that lose $percent % of their datagrams", ({ percent, limitMs }) => {
  const said = Array.from({ length: 20 }, (_, i) => `message ${i + 1}`);
  let mesh: Mesh;
  let clients: Client[] = [];

  beforeAll(async () => {
    mesh = openMesh(5, percent === 0 ? {} : { SMPLCHAT_DROP_PERCENT: String(percent) });
    clients = [mesh.start(0)];
    await clients[0]?.waitForLine((line) => line.type === "ready", 10_000, "ready");
    clients.push(mesh.start(1, 0), mesh.start(2, 0), mesh.start(3, 0));
    await waitForRoster(clients, 20_000);
  }, 60_000);

  afterAll(() => mesh?.close());

  test("have no way out of their network", () => {
    for (const host of mesh.network.hosts)
      expect(mesh.network.routes(host)).toMatch(/^10\.77\.0\.0\/24 dev eth0 [^\n]*\n$/);
  });

  test("every message of four reaches all four", async () => {
    for (const [i, text] of said.entries()) {
      clients[i % 4]?.say(text);
      // One after the other, so that there is one order in which they can be shown.
      if (percent === 0) await waitForTexts(clients, [text], limitMs);
    }
    await waitForTexts(clients, said, limitMs);
    await expectOneLog(clients, said.length);
  });

  test("the fifth joins through the second and gets all that was said, in order, each once", async () => {
    const fifth = mesh.start(4, 1);
    clients.push(fifth);
    await waitForTexts([fifth], said, 10_000 + limitMs);
    await waitForRoster(clients, 20_000);
    const messages = fifth.lines.filter((line) => line.type === "message");
    expect(messages.map((line) => line.history)).toEqual(said.map(() => true));
    if (percent === 0) expect(fifth.texts()).toEqual(said);
    for (const author of clients.slice(0, 4)) expect(textsOf(fifth, author)).toEqual(textsOf(author, author));
    await expectOneLog(clients, said.length);
  });

  test("every message from anyone reaches all five", async () => {
    const texts = clients.map((client) => `all hear ${client.nick}`);
    for (const [i, client] of clients.entries()) client.say(texts[i] ?? "");
    await waitForTexts(clients, texts, limitMs);
    await expectOneLog(clients, said.length + texts.length);
  });

  test("the one that everyone joined through is killed and the others talk on", async () => {
    const [first, ...others] = clients;
    first?.kill("SIGKILL");
    expect(await first?.exited).toBe("SIGKILL");
    const texts = others.map((client) => `${client.nick} talks on`);
    for (const [i, client] of others.entries()) client.say(texts[i] ?? "");
    await waitForTexts(others, texts, limitMs);
    await expectOneLog(others, said.length + clients.length + texts.length);
  });
});

// --- internal ---

function textsOf(reader: Client, author: Client): string[] {
  const own = reader.lines.filter((line) => line.type === "message" && line.author?.nick === author.nick);
  return own.map((line) => line.text ?? "");
}
