// Issue 2, must show 7: ten thousand malformed, truncated, foreign and replayed datagrams do not disturb a live node.
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { type Client, cleanEnvironment, startClient, waitFor } from "./client.ts";
import { expectOneLog, type Mesh, openMesh, waitForRoster, waitForTexts } from "./mesh.ts";
import { onHost, whyNoNamespaces } from "./namespaces.ts";

const obstacle = whyNoNamespaces();
if (obstacle !== undefined) console.warn(`skipped: tests of hosts of ill will: ${obstacle}`);

const NUMBER = 10_000;

type Report = { readonly recorded?: number; readonly foreign?: number; readonly sent?: Record<string, number> };

describe.skipIf(obstacle !== undefined)("a node that is sent ten thousand bad datagrams", () => {
  let mesh: Mesh | undefined;
  let attacker: ChildProcessWithoutNullStreams | undefined;

  afterAll(async () => {
    attacker?.kill("SIGKILL");
    await mesh?.close();
  });

  test("keeps chatting and counts each of them by reason", { timeout: 55_000 }, async () => {
    mesh = openMesh(5);
    const victim = mesh.start(0);
    await victim.waitForLine((line) => line.type === "ready", 10_000, "ready");
    const friend = mesh.start(1, 0);

    const between = mesh.host(2);
    const script = fileURLToPath(new URL("attacker.js", import.meta.url));
    const [command, words] = onHost(between, process.execPath, [script, mesh.host(0).ip, String(NUMBER)]);
    attacker = spawn(command, words, { env: cleanEnvironment() });
    let last: Report = {};
    let complaint = "";
    attacker.stderr.on("data", (chunk: Buffer) => {
      complaint += chunk.toString("utf8");
    });
    createInterface({ input: attacker.stdout }).on("line", (line) => {
      last = { ...last, ...(JSON.parse(line) as Report) };
    });

    const guest = startClient({ nick: "n4", host: mesh.host(3), args: ["--join", `${between.ip}:40000`] });
    const args = ["--room", "elsewhere", "--join", `${between.ip}:40001`];
    startClient({ nick: "n5", host: mesh.host(4), args });
    const room = [victim, friend, guest];
    await waitForRoster(room, 20_000);
    const recordedEnough = (): boolean => (last.recorded ?? 0) >= 3 && (last.foreign ?? 0) >= 2;
    await waitFor(recordedEnough, 15_000, () => `something recorded, have ${JSON.stringify(last)}`);

    const before = await victim.stats();
    const lostBefore = lostInReceiveBuffer(victim);
    attacker.stdin.write("go\n");
    const said: string[] = [];
    while (last.sent === undefined) {
      const text = `message ${said.length + 1}`;
      room[said.length % room.length]?.say(text);
      said.push(text);
      await waitForTexts(room, [text], 5_000);
      if (said.length === 200)
        await waitFor(
          () => last.sent !== undefined,
          20_000,
          () => `the end of the attack ${complaint}`,
        );
    }
    expect(sum(last.sent)).toBe(NUMBER);
    expect(said.length).toBeGreaterThan(3);
    await waitForTexts(room, said, 5_000);

    // What the system lost for want of buffer is nothing the node could count.
    const arrived = NUMBER - (lostInReceiveBuffer(victim) - lostBefore);
    expect(arrived).toBeGreaterThan(NUMBER / 2);
    const after = await victim.stats();
    const dropped = Object.entries(after.dropped).map(([why, n]) => [why, n - (before.dropped[why] ?? 0)] as const);
    const counted = dropped.filter(([, n]) => n > 0);
    expect(sum(Object.fromEntries(counted))).toBeGreaterThanOrEqual(arrived);
    // Noise and what is cut short, another room, a replay: at least so many different reasons.
    expect(counted.filter(([, n]) => n > NUMBER / 100).length, JSON.stringify(counted)).toBeGreaterThanOrEqual(3);
    await expectOneLog(room, said.length);
    expect(victim.stderr()).toBe("");
  });
});

// --- internal ---

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((a, b) => a + b, 0);
}

/** Datagrams that the system dropped on that client's host since its receive buffers were full. */
function lostInReceiveBuffer(client: Client): number {
  return snmp(client, "snmp", "Udp", "RcvbufErrors") + snmp(client, "snmp6", "Udp6RcvbufErrors");
}

function snmp(client: Client, file: string, table: string, column?: string): number {
  const text = readFileSync(`/proc/${client.pid}/net/${file}`, "utf8");
  if (column === undefined) return Number(new RegExp(`^${table}\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0);
  const [names = "", values = ""] = text.split("\n").filter((line) => line.startsWith(`${table}: `));
  return Number(values.split(" ")[names.split(" ").indexOf(column)] ?? 0);
}
