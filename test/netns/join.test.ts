// Issue 2, must show 8: joining an address that does not answer says so, goes on, and gets in the way of nothing; and
// what a script says before its input ends is delivered.
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import { type Client, startClient, stopClients } from "./client.ts";
import { type Mesh, openMesh, waitForTexts } from "./mesh.ts";
import { whyNoNamespaces } from "./namespaces.ts";

const obstacle = whyNoNamespaces();
if (obstacle !== undefined) console.warn(`skipped: tests of joining across hosts: ${obstacle}`);

const isNoAnswer = (line: { type: string; code?: string }): boolean =>
  ["notice", "error"].includes(line.type) && line.code === "no-answer";

describe("on this machine", () => {
  afterEach(stopClients);

  test("a socket that is bound and silent is reported after 5 s, and the chat is usable all the while", async () => {
    const silent = createSocket("udp4").bind(0, "127.0.0.1");
    await once(silent, "listening");
    try {
      const client = startLocal("n1", `127.0.0.1:${silent.address().port}`);
      const started = await ready(client);
      client.say("hello?");
      await client.waitForLine((line) => line.type === "message" && line.own === true, 2_000, "its own message");
      expect(client.lines.some(isNoAnswer)).toBe(false);
      const said = await client.waitForLine(isNoAnswer, 8_000, "no-answer");
      expect(performance.now() - started).toBeGreaterThan(4_000);
      expect(said.text).toContain(`127.0.0.1:${silent.address().port}`);
      client.say("still here");
      await waitForTexts([client], ["hello?", "still here"], 2_000);
    } finally {
      await closed(silent);
    }
  });

  test("what is said before the input ends is delivered, and the exit code is 0", async () => {
    const host = startLocal("n1");
    const { address = "" } = await host.waitForLine((line) => line.type === "ready", 10_000, "ready");
    const guest = startLocal("n2", `127.0.0.1:${address.split(":").at(-1)}`);
    guest.type("hi");
    guest.endInput();
    const started = performance.now();
    expect(await guest.exited).toBe(0);
    // As soon as it is delivered, not at the limit for what cannot be.
    expect(performance.now() - started).toBeLessThan(4_000);
    await waitForTexts([host], ["hi"], 2_000);
    expect(guest.stderr()).toBe("");
  });

  test("input that ends with nobody to hear it ends the program within 7 s, with exit code 0", async () => {
    const client = startLocal("n1");
    client.endInput();
    const started = performance.now();
    expect(await client.exited).toBe(0);
    expect(performance.now() - started).toBeLessThan(7_000);
  });
});

describe.skipIf(obstacle !== undefined)("across hosts", () => {
  let mesh: Mesh | undefined;
  afterEach(() => mesh?.close());

  test("an address with nobody there is tried until somebody comes, while others talk", {
    timeout: 55_000,
  }, async () => {
    mesh = openMesh(3);
    const first = mesh.start(0, 2);
    await ready(first);
    const second = mesh.start(1, 0);
    await first.waitForLine(isNoAnswer, 8_000, "no-answer");
    second.say("is the third here?");
    first.say("not yet");
    await waitForTexts([first, second], ["is the third here?", "not yet"], 5_000);

    const third = mesh.start(2);
    await waitForTexts([third], ["is the third here?", "not yet"], 30_000);
    third.say("I am");
    await waitForTexts([first, second, third], ["I am"], 5_000);
  });

  test("an address that no host has is reported as well", async () => {
    mesh = openMesh(1);
    const host = mesh.host(0);
    const client = startClient({ nick: "n1", host, args: ["--join", "10.77.0.200"] });
    const said = await client.waitForLine(isNoAnswer, 15_000, "no-answer");
    expect(said.text).toContain("10.77.0.200:62733");
  });

  test("an address out of reach of every route is reported as well", async () => {
    mesh = openMesh(1);
    const client = startClient({ nick: "n1", host: mesh.host(0), args: ["--join", "10.99.0.1"] });
    await client.waitForLine(isNoAnswer, 15_000, "no-answer");
  });
});

// --- internal ---

function startLocal(nick: string, join?: string): Client {
  return startClient({ nick, args: ["--port", "0", ...(join === undefined ? [] : ["--join", join])] });
}

/** When it was ready, on this process's clock. */
async function ready(client: Client): Promise<number> {
  await client.waitForLine((line) => line.type === "ready", 10_000, "ready");
  return performance.now();
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.close(() => resolve()));
}
