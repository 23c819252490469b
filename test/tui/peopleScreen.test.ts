/** The real program on two real terminals in tmux: the mark of who was verified, and the warning of a nick with another key. */
import { afterAll, expect, it } from "vitest";
import { joining, openScreens, type } from "./programPane.ts";
import { hasTmux, type Pane } from "./tmux.ts";

const isRunnable = hasTmux();
if (!isRunnable) console.warn("skipped: verified people on a screen, because tmux is not installed");

const screens = isRunnable ? openScreens(`smplchat-people-${process.pid}`, 120, 30) : undefined;
afterAll(() => screens?.close());

function open(nick: string, options = "", place = nick): Promise<Pane> {
  if (screens === undefined) throw new Error("no tmux");
  return screens.open(nick, options, place);
}

it.skipIf(!isRunnable)(
  "words that one reads out put a mark on the other's screen; another with the nick is warned of and has none",
  async () => {
    const anna = await open("anna");
    const join = await joining(anna);
    const bob = await open("bob", join);
    await anna.until("one peer", (screen) => screen.includes("[1 peer]"));
    type(bob, "/whois bob");
    const own = await bob.until("own words", (screen) => /to others: ([a-z]+ ?){8}$/m.test(screen));
    const words = /to others: (.+)$/m.exec(own)?.[1]?.trim() ?? "";
    type(bob, "hello");
    await anna.until("no mark", (screen) => screen.includes("<bob> hello"));
    type(anna, `/verify bob ${words}`);
    await anna.until("the mark", (screen) => screen.includes("<bob✓> hello"));
    const other = await open("bob", join, "other");
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
