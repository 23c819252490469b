/** The real program on two real terminals in tmux: what one replies, reacts, edits, deletes and sets as topic, the other sees. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, it } from "vitest";
import { hasTmux, openTmux, type Pane } from "./tmux.ts";

const PROGRAM = resolve(import.meta.dirname, "../../bin/smplchat.js");
const NAME = `smplchat-kinds-${process.pid}`;

const isRunnable = hasTmux();
if (!isRunnable) console.warn("skipped: kinds of message on two screens, because tmux is not installed");

const folder = mkdtempSync(join(tmpdir(), "smplchat-kinds-"));
const tmux = isRunnable ? openTmux(NAME) : undefined;
afterAll(() => {
  tmux?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(nick: string, options = ""): Promise<Pane> {
  const env = {
    SMPLCHAT_NICK: nick,
    SMPLCHAT_ROOM: NAME,
    SMPLCHAT_DISCOVERY: "off",
    SMPLCHAT_DATA_DIR: join(folder, nick),
    XDG_CONFIG_HOME: join(folder, "config"),
    CI: "true",
  };
  if (tmux === undefined) throw new Error("no tmux");
  const pane = tmux.pane(nick, env, 100, 24);
  await pane.until("a shell", (screen) => screen.includes("$"));
  pane.text(`clear; '${process.execPath}' '${PROGRAM}' ${options}`);
  pane.keys("Enter");
  await pane.until("the full screen", (screen) => screen.includes(`[${nick}]`));
  return pane;
}

it.skipIf(!isRunnable)(
  "two screens show the same of every kind, in place, and so does one that comes back",
  async () => {
    const anna = await open("anna");
    const type = (pane: Pane, line: string): void => {
      pane.text(line);
      pane.keys("Enter");
    };
    type(anna, "/room");
    const shown = await anna.until("the port", (screen) => /listening on\s+\S+:\d+/.test(screen));
    const port = /listening on\s+\S+:(\d+)/.exec(shown)?.[1] ?? "";
    const bob = await open("bob", `--join 127.0.0.1:${port}`);
    for (const pane of [anna, bob]) await pane.until("one peer", (screen) => screen.includes("[1 peer]"));
    const both = async (what: string, isThere: (screen: string) => boolean): Promise<void> => {
      for (const pane of [anna, bob]) await pane.until(what, isThere);
    };

    type(anna, "tee at noon");
    await both("a text", (screen) => screen.includes("<anna> tee at noon"));
    type(bob, "/reply yes please");
    await both("a reply", (screen) => screen.includes('<bob to anna "tee at noon"> yes please'));
    type(bob, "/react 👍");
    await both("a reaction", (screen) => screen.includes("👍 1"));
    type(anna, "/edit tea at noon");
    await both(
      "an edit in place",
      (screen) => /<anna> tea at noon \(edited\)/.test(screen) && !screen.includes("<anna> tee"),
    );
    await both("the edit in the reply", (screen) => screen.includes('<bob to anna "tea at noon"> yes please'));
    type(bob, "/topic cups for all");
    await both("the topic", (screen) => screen.includes("[cups for all]"));
    type(bob, "/notice the kettle is on");
    await both("a notice", (screen) => screen.includes("-bob- the kettle is on"));
    type(anna, "/edit 2 x");
    await anna.until("a refusal", (screen) => screen.includes("!! 1 message of yours kept, none of them number 2"));
    anna.keys("C-u");
    type(anna, "/delete");
    await both("a deletion", (screen) => /<anna> \(deleted\)/.test(screen) && !screen.includes("👍 1"));
    await both("the deletion in the reply", (screen) => screen.includes("<bob to anna (deleted)> yes please"));

    type(bob, "/quit");
    await bob.until("the shell", (screen) => /\$\s*$/.test(screen));
    bob.text(`clear; '${process.execPath}' '${PROGRAM}' --join 127.0.0.1:${port}`);
    bob.keys("Enter");
    const again = await bob.until("what was said", (screen) => screen.includes("-bob- the kettle is on"));
    expect(again).toContain("<anna> (deleted)");
    expect(again).toContain("<bob to anna (deleted)> yes please");
    expect(again).toContain("[cups for all]");
    expect(again).not.toMatch(/te[ea] at noon/);
  },
  60_000,
);
