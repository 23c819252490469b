// Issue 4, remembering: who was in a room finds it again by itself, on real hosts, with real programs that are killed.
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Client, startClient, waitFor } from "./client.ts";
import { expectOneLog, type Mesh, openMesh, waitForRoster, waitForTexts } from "./mesh.ts";
import { whyNoNamespaces } from "./namespaces.ts";

const obstacle = whyNoNamespaces();
if (obstacle !== undefined) console.warn(`skipped: tests of remembered addresses: ${obstacle}`);

describe.skipIf(obstacle !== undefined)("a node that is started again without an address", () => {
  let mesh: Mesh;
  let dataDir: string;
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), "smplchat-remember-"));
  });
  afterEach(async () => {
    await mesh?.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const keeper = (at: number, args: readonly string[] = []): Client =>
    startClient({ nick: `n${at + 1}`, host: mesh.host(at), dataDir, args });
  /** Waits until something is on disk, then ends the program without a word. */
  const killWhenKept = async (client: Client): Promise<void> => {
    const rooms = join(dataDir, "rooms");
    const isKept = (): boolean =>
      existsSync(rooms) && readdirSync(rooms).some((room) => existsSync(join(rooms, room, "addresses")));
    await waitFor(isKept, 5_000, "an address on disk");
    client.kill("SIGKILL");
    await client.exited;
  };

  test("finds its room, and gets what it missed", { timeout: 40_000 }, async () => {
    mesh = openMesh(2);
    const first = mesh.start(0);
    const second = keeper(1, ["--join", mesh.host(0).ip]);
    await waitForRoster([first, second], 10_000);
    await killWhenKept(second);
    first.say("while you were away");

    const again = keeper(1);
    await again.waitForLine((line) => line.code === "joined", 3_000, "joined");
    await waitForTexts([again], ["while you were away"], 3_000);
    again.say("back");
    await waitForTexts([first], ["back"], 3_000);
    await expectOneLog([first, again], 2);
    expect(again.lines.filter(({ code }) => code === "alone" || code === "no-answer")).toEqual([]);
  });

  test("finds the others when the one that all had joined through is gone for good", {
    timeout: 40_000,
  }, async () => {
    mesh = openMesh(3);
    const gate = mesh.start(0);
    const second = mesh.start(1, 0);
    const third = keeper(2, ["--join", mesh.host(0).ip]);
    await waitForRoster([gate, second, third], 10_000);
    third.say("see you");
    await waitForTexts([gate, second], ["see you"], 5_000);
    third.type("/quit");
    expect(await third.exited).toBe(0);
    gate.kill("SIGKILL");
    await gate.exited;
    second.say("the first one is gone");

    const again = keeper(2);
    await again.waitForLine((line) => line.code === "joined", 5_000, "joined");
    await waitForTexts([again], ["see you", "the first one is gone"], 3_000);
    again.say("I am here");
    await waitForTexts([second], ["I am here"], 3_000);
  });

  test("says what it was given to say, with its input at an end at once", { timeout: 30_000 }, async () => {
    mesh = openMesh(2);
    const first = mesh.start(0);
    const second = keeper(1, ["--join", mesh.host(0).ip]);
    await waitForRoster([first, second], 10_000);
    await killWhenKept(second);

    const bot = keeper(1);
    bot.say("one line from a script");
    bot.endInput();
    expect(await bot.exited).toBe(0);
    await waitForTexts([first], ["one line from a script"], 2_000);
  });
});
