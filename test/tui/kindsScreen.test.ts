/** The real program on two real terminals in tmux: what one replies, reacts, edits, deletes and sets as topic, the other sees. */
import { afterAll, expect, it } from "vitest";
import { joining, openScreens, start, type } from "./programPane.ts";
import { hasTmux, type Pane } from "./tmux.ts";

const isRunnable = hasTmux();
if (!isRunnable) console.warn("skipped: kinds of message on two screens, because tmux is not installed");

const screens = isRunnable ? openScreens(`smplchat-kinds-${process.pid}`, 100, 24) : undefined;
afterAll(() => screens?.close());

function open(nick: string, options = "", place = nick): Promise<Pane> {
  if (screens === undefined) throw new Error("no tmux");
  return screens.open(nick, options, place);
}

it.skipIf(!isRunnable)(
  "two screens show the same of every kind, in place, and so does one that comes back",
  async () => {
    const anna = await open("anna");
    const join = await joining(anna);
    const bob = await open("bob", join);
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
    start(bob, join);
    const again = await bob.until("what was said", (screen) => screen.includes("-bob- the kettle is on"));
    expect(again).toContain("<anna> (deleted)");
    expect(again).toContain("<bob to anna (deleted)> yes please");
    expect(again).toContain("[cups for all]");
    expect(again).not.toMatch(/te[ea] at noon/);
  },
  60_000,
);
