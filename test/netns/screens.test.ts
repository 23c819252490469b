// Issue 4, must show 2, on the full screen: two people on two hosts start the chat, and each reads that the other was found.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { hasTmux, openTmux, type Pane } from "../tui/tmux.ts";
import { program } from "./client.ts";
import { type Host, onHost, openNetwork, whyNoNamespaces } from "./namespaces.ts";

const obstacle = whyNoNamespaces() ?? (hasTmux() ? undefined : "there is no `tmux`");
if (obstacle !== undefined) console.warn(`skipped: tests of full screens on hosts: ${obstacle}`);

describe.skipIf(obstacle !== undefined)("two full screens on two hosts", () => {
  const folder = mkdtempSync(join(tmpdir(), "smplchat-screens-"));
  const tmux = openTmux(`smplchat-lan-${process.pid}`);
  const network = obstacle === undefined ? openNetwork(2) : undefined;
  afterAll(() => {
    tmux.close();
    network?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("find each other with no address typed, and talk", async () => {
    const [first, second] = (network?.hosts ?? []) as [Host, Host];
    const anna = await open("anna", first);
    await anna.until("that she is alone", (screen) => screen.includes("alone in #smplchat"));
    const bob = await open("bob", second);
    const started = performance.now();
    await bob.until("whom he found", (screen) => screen.includes("found anna (10.77.0.1)"));
    expect(performance.now() - started).toBeLessThan(3_000);
    await anna.until("who found her", (screen) => screen.includes("found bob (10.77.0.2)"));
    for (const pane of [anna, bob]) await pane.until("one peer", (screen) => screen.includes("[1 peer]"));
    bob.text("so you are here");
    bob.keys("Enter");
    await anna.until("what he said", (screen) => screen.includes("<bob> so you are here"));
    for (const pane of [anna, bob]) {
      pane.text("/quit");
      pane.keys("Enter");
      await pane.until("the shell", (screen) => screen.includes("ended: 0"));
    }
  });

  /** A screen with the program on it, from the moment that it is drawn. */
  async function open(nick: string, host: Host): Promise<Pane> {
    const variables = { SMPLCHAT_NICK: nick, SMPLCHAT_DISCOVERY: "on", SMPLCHAT_DATA_DIR: join(folder, nick) };
    const pane = tmux.pane(nick, { ...variables, XDG_CONFIG_HOME: join(folder, "config") }, 80, 24);
    await pane.until("a shell", (screen) => screen.includes("$"));
    const [command, words] = onHost(host, process.execPath, [program]);
    pane.text(`clear; '${[command, ...words].join("' '")}'; echo "ended: $?"`);
    pane.keys("Enter");
    await pane.until("the full screen", (screen) => screen.includes(`[${nick}]`));
    return pane;
  }
});
