// Issue 4, must show 2: two islands cut from each other for 40 s talk on, and are one again: one log, and every face says so.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasTmux, openTmux, type Pane, type Tmux } from "../tui/tmux.ts";
import { type Client, cleanEnvironment, program, waitFor } from "./client.ts";
import { expectOneLog, type Mesh, openMesh, waitForTexts } from "./mesh.ts";
import { onHost, whyNoNamespaces } from "./namespaces.ts";

const obstacle = whyNoNamespaces() ?? (hasTmux() ? undefined : "tmux is not installed");
if (obstacle !== undefined) console.warn(`skipped: tests of a network that is cut: ${obstacle}`);

const CUT_MS = 40_000;
const HEALED_WITHIN_MS = 30_000;

describe.skipIf(obstacle !== undefined)("two islands of three, a full screen on each", () => {
  const folder = mkdtempSync(join(tmpdir(), "smplchat-split-"));
  const said: string[] = [];
  let mesh: Mesh;
  let tmux: Tmux;
  let west: { clients: Client[]; screen: Pane };
  let east: { clients: Client[]; screen: Pane };

  beforeAll(async () => {
    mesh = openMesh(6);
    tmux = openTmux(`smplchat-split-${process.pid}`);
    const first = mesh.start(0);
    await first.waitForLine((line) => line.type === "ready", 10_000, "ready");
    west = { clients: [first, mesh.start(1, 0)], screen: openScreen("wanda", 2) };
    east = { clients: [mesh.start(3, 0), mesh.start(4, 0)], screen: openScreen("emil", 5) };
    for (const { screen } of [west, east]) await screen.until("five peers", (rows) => rows.includes("[5 peers]"));
    const clients = [...west.clients, ...east.clients];
    const know = async (): Promise<boolean> =>
      (await Promise.all(clients.map((client) => client.stats()))).every(({ peers }) => peers === 5);
    while (!(await know())) await delay(100);
  }, 60_000);

  afterAll(async () => {
    tmux?.close();
    await mesh?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test(`cut for ${CUT_MS / 1_000} s and healed, all hold one log and say what happened`, {
    timeout: 120_000,
  }, async () => {
    const islands = [west, east];
    const clients = islands.flatMap((island) => island.clients);
    say(clients[0] as Client, "before");
    await waitForTexts(clients, said, 5_000);

    mesh.network.cut([3, 4, 5].map(mesh.host));
    const cutAt = performance.now();
    for (let round = 0; performance.now() - cutAt < CUT_MS; round += 1) {
      for (const [at, client] of clients.entries()) say(client, `round ${round} from ${at}`);
      await delay(Math.min(4_000, Math.max(0, cutAt + CUT_MS - performance.now())));
      // The screens are typed into once they know, so that each is seen to talk on.
      if (round !== 7) continue;
      for (const { screen } of islands) {
        await screen.until("the split", (rows) => rows.includes("the network seems split: 3 of 6 reachable"));
        await screen.until("its status", (rows) => rows.includes("[3 of 6 reachable]"));
      }
      type(west.screen, "it is quiet here");
      type(east.screen, "here as well");
    }
    for (const client of clients) {
      const told = client.lines.filter(({ code }) => code === "split");
      expect(told).toMatchObject([{ type: "notice", data: { reachable: 3, of: 6 } }]);
    }
    const known = new Set(west.clients.flatMap((client) => client.texts()));
    expect(east.clients.flatMap((client) => client.texts()).filter((text) => known.has(text))).toEqual([
      "before",
      "before",
    ]);

    mesh.network.heal();
    const healedAt = performance.now();
    await waitForTexts(clients, said, HEALED_WITHIN_MS);
    const healed = (client: Client): boolean => client.lines.some(({ code }) => code === "healed");
    await waitFor(() => clients.every(healed), HEALED_WITHIN_MS, "all to say that the network is one again");
    for (const { screen } of islands) {
      await screen.until("the end of the split", (rows) =>
        /the network was split: 3 \+ 3, together again, \d+ recovered/.test(rows),
      );
      await screen.until("its status", (rows) => rows.includes("[5 peers]"));
      const rows = screen.screen();
      for (const text of said) expect(rows).toContain(`> ${text}`);
    }
    expect(performance.now() - healedAt).toBeLessThan(HEALED_WITHIN_MS);
    await expectOneLog(clients, said.length);

    const half = (said.length - 1) / 2;
    for (const client of clients) {
      const told = client.lines.filter(({ code }) => code === "healed");
      expect(told).toMatchObject([{ type: "notice", data: { sides: [3, 3], restarted: 0, recovered: half } }]);
    }
  });

  function say(client: Client, text: string): void {
    said.push(text);
    client.say(text);
  }

  function type(screen: Pane, text: string): void {
    said.push(text);
    screen.text(text);
    screen.keys("Enter");
  }

  /** A full screen on host `at`, high enough for all that is said. */
  function openScreen(nick: string, at: number): Pane {
    const env = cleanEnvironment({ SMPLCHAT_DATA_DIR: join(folder, nick), XDG_CONFIG_HOME: folder });
    const pane = tmux.pane(nick, env, 80, 80);
    const words = [program, "--nick", nick, "--join", mesh.host(0).ip];
    const [command, args] = onHost(mesh.host(at), process.execPath, words);
    pane.text([command, ...args].map((word) => `'${word}'`).join(" "));
    pane.keys("Enter");
    return pane;
  }
});
