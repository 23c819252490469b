/** The real program on two real terminals in tmux: the mark of who was verified, and the warning of a nick with another key. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, it } from "vitest";
import { hasTmux, openTmux, type Pane } from "./tmux.ts";

const PROGRAM = resolve(import.meta.dirname, "../../bin/smplchat.js");
const NAME = `smplchat-people-${process.pid}`;

const isRunnable = hasTmux();
if (!isRunnable) console.warn("skipped: verified people on a screen, because tmux is not installed");

const folder = mkdtempSync(join(tmpdir(), "smplchat-people-"));
const tmux = isRunnable ? openTmux(NAME) : undefined;
afterAll(() => {
  tmux?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** `place`: of its data directory. */
async function open(nick: string, place: string, options = ""): Promise<Pane> {
  const env = {
    SMPLCHAT_NICK: nick,
    SMPLCHAT_ROOM: NAME,
    SMPLCHAT_DISCOVERY: "off",
    SMPLCHAT_DATA_DIR: join(folder, place),
    XDG_CONFIG_HOME: join(folder, "config"),
    CI: "true",
  };
  if (tmux === undefined) throw new Error("no tmux");
  const pane = tmux.pane(place, env, 120, 30);
  await pane.until("a shell", (screen) => screen.includes("$"));
  pane.text(`clear; '${process.execPath}' '${PROGRAM}' ${options}`);
  pane.keys("Enter");
  await pane.until("the full screen", (screen) => screen.includes(`[${nick}]`));
  return pane;
}

it.skipIf(!isRunnable)(
  "words that one reads out put a mark on the other's screen; another with the nick is warned of and has none",
  async () => {
    const type = (pane: Pane, line: string): void => {
      pane.text(line);
      pane.keys("Enter");
    };
    const anna = await open("anna", "anna");
    type(anna, "/room");
    const shown = await anna.until("the port", (screen) => /listening on\s+\S+:\d+/.test(screen));
    const join_ = `--join 127.0.0.1:${/listening on\s+\S+:(\d+)/.exec(shown)?.[1] ?? ""}`;
    const bob = await open("bob", "bob", join_);
    await anna.until("one peer", (screen) => screen.includes("[1 peer]"));
    type(bob, "/whois bob");
    const own = await bob.until("own words", (screen) => /to others: ([a-z]+ ?){8}$/m.test(screen));
    const words = /to others: (.+)$/m.exec(own)?.[1]?.trim() ?? "";
    type(bob, "hello");
    await anna.until("no mark", (screen) => screen.includes("<bob> hello"));
    type(anna, `/verify bob ${words}`);
    await anna.until("the mark", (screen) => screen.includes("<bob✓> hello"));
    const other = await open("bob", "other", join_);
    const warned = await anna.until("the warning", (screen) => screen.includes("NOT the bob whom you verified"));
    expect(warned).toMatch(/!! careful: this bob \(\w{4}\) is NOT the bob whom you verified/);
    type(other, "it is me");
    await anna.until("no mark for the other", (screen) => /<bob·\w{4}> it is me/.test(screen));
    type(anna, "/ignore bob");
    await anna.until("which of them", (screen) => screen.includes("several people are called bob"));
    // What they write at their end is to be written before the folder goes.
    for (const pane of [anna, bob, other]) {
      pane.keys("C-u");
      type(pane, "/quit");
      await pane.until("the shell", (screen) => /\$\s*$/.test(screen));
    }
  },
  60_000,
);
