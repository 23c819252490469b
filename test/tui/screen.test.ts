/** The real program on real terminals: two full screens in tmux talk to each other over 127.0.0.1. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasTmux, openTmux, type Pane, type Tmux } from "./tmux.ts";

const PROGRAM = resolve(import.meta.dirname, "../../bin/smplchat.js");
const NAME = `smplchat-test-${process.pid}`;

const isRunnable = hasTmux();
if (!isRunnable) console.warn("skipped: the full screen in a terminal, because tmux is not installed");

describe.skipIf(!isRunnable)("two full screens", () => {
  const folder = mkdtempSync(join(tmpdir(), "smplchat-screen-"));
  let tmux: Tmux;
  let anna: Pane;
  let bob: Pane;

  beforeAll(async () => {
    tmux = openTmux(NAME);
    anna = tmux.pane("anna", environment("anna"), 80, 24);
    bob = tmux.pane("bob", environment("bob"), 80, 24);
    await anna.until("a shell", (screen) => screen.includes("$"));
    await bob.until("a shell", (screen) => screen.includes("$"));
    start(anna);
    await anna.until("the full screen", (screen) => screen.includes("[anna]"));
    anna.text("/room");
    anna.keys("Enter");
    const shown = await anna.until("the port", (screen) => /listening on\s+\S+:\d+/.test(screen));
    const port = /listening on\s+\S+:(\d+)/.exec(shown)?.[1] ?? "";
    start(bob, `--join 127.0.0.1:${port}`);
    await bob.until("one peer", (screen) => screen.includes("[1 peer]"));
    await anna.until("one peer", (screen) => screen.includes("[1 peer]"));
  }, 60_000);

  afterAll(() => {
    tmux.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function environment(nick: string): Record<string, string> {
    return {
      SMPLCHAT_NICK: nick,
      SMPLCHAT_ROOM: NAME,
      SMPLCHAT_DISCOVERY: "off",
      SMPLCHAT_DATA_DIR: join(folder, nick),
      XDG_CONFIG_HOME: join(folder, "config"),
      // The screen must draw whatever CI says.
      CI: "true",
    };
  }

  function start(pane: Pane, options = ""): void {
    pane.text(`clear; stty -a; '${process.execPath}' '${PROGRAM}' ${options}; echo "ended: $?"; stty -a`);
    pane.keys("Enter");
  }

  /** A further screen, alone in its room. */
  async function open(nick: string, env: Record<string, string> = {}): Promise<Pane> {
    const pane = tmux.pane(nick, { ...environment(nick), SMPLCHAT_ROOM: `${NAME}-${nick}`, ...env }, 80, 24);
    await pane.until("a shell", (screen) => screen.includes("$"));
    start(pane);
    await pane.until("the full screen", (screen) => screen.includes(`[${nick}]`));
    return pane;
  }

  /** The process id of the program in the pane. */
  function childOf(pane: Pane): number {
    const { stdout } = spawnSync("pgrep", ["-P", pane.ask("#{pane_pid}")], { encoding: "utf8" });
    expect(stdout).toMatch(/^\d+\n$/);
    return Number(stdout);
  }

  /** The program has ended with `code`, and the terminal is as before it. */
  async function expectRestored(pane: Pane, code: number): Promise<void> {
    const shown = await pane.until("the shell", (screen) => screen.includes(`ended: ${code}`) && /\$\s*$/.test(screen));
    const [before, after] = shown.split(/^ended: \d+$/m).map((part) => /speed[\s\S]*-?extproc/.exec(part)?.[0]);
    expect(after).toBe(before);
    expect(before).toContain("echo");
    expect(pane.ask("#{alternate_on} #{cursor_flag} #{wrap_flag}")).toBe("0 1 1");
  }

  it("one_types_and_the_other_reads", async () => {
    anna.text("hello bob 👩‍👩‍👧 wörld");
    await anna.until("the typed text", (screen) => screen.includes("> hello bob 👩‍👩‍👧 wörld"));
    anna.keys("Enter");
    await bob.until("the message", (screen) => /^\d\d:\d\d <anna> hello bob 👩‍👩‍👧 wörld$/m.test(screen));
    await anna.until("its delivery", (screen) => /<anna> hello bob .* → 1\/1$/m.test(screen));
    bob.text("hello anna");
    bob.keys("Enter");
    await anna.until("the answer", (screen) => /^\d\d:\d\d <bob> hello anna$/m.test(screen));
  });

  it("what_is_said_alone_waits_over_a_restart_and_is_counted_when_somebody_comes", async () => {
    const lone = await open("lone");
    lone.text("anybody here?");
    lone.keys("Enter");
    await lone.until("that it waits", (screen) => /<lone> anybody here\? waiting$/m.test(screen));
    lone.text("/quit");
    lone.keys("Enter");
    await lone.until("the shell", (screen) => screen.includes("ended: 0"));
    start(lone);
    await lone.until("that it still waits", (screen) => /<lone> anybody here\? waiting$/m.test(screen));
    lone.text("/room");
    lone.keys("Enter");
    const shown = await lone.until("the port", (screen) => /listening on\s+\S+:\d+/.test(screen));
    const port = /listening on\s+\S+:(\d+)/.exec(shown)?.[1] ?? "";
    const guest = await open("guest", { SMPLCHAT_ROOM: `${NAME}-lone`, SMPLCHAT_JOIN: `127.0.0.1:${port}` });
    await guest.until("what was said", (screen) => /<lone> anybody here\?$/m.test(screen));
    await lone.until("its delivery", (screen) => /<lone> anybody here\? → 1\/1$/m.test(screen));
    lone.text("/info");
    lone.keys("Enter");
    await lone.until("it in words", (screen) => /"anybody here\?": reached 1 of 1$/m.test(screen));
  });

  it("a_long_line_wraps_and_a_resize_wraps_it_anew", async () => {
    const words = Array.from({ length: 20 }, (_, at) => `word${String(at).padStart(2, "0")}`).join(" ");
    anna.text(words);
    anna.keys("Enter");
    const wide = await bob.until("the long line", (screen) => screen.includes("word19"));
    const isWhole = (screen: string) => screen.replaceAll(/\s+/g, " ").includes(words);
    expect(isWhole(wide)).toBe(true);
    bob.resize(40, 12);
    const narrow = await bob.until(
      "40 columns",
      (screen) => isWhole(screen) && /^ {6}word\d\d( word\d\d)*$/m.test(screen),
    );
    expect(Math.max(...narrow.split("\n").map((row) => row.length))).toBeLessThanOrEqual(40);
    expect(narrow.trimEnd().split("\n")).toHaveLength(12);
    expect(bob.ask("#{cursor_x},#{cursor_y}")).toBe("2,11");
    bob.resize(80, 24);
    await bob.until("80 columns", (screen) => screen.trimEnd().split("\n").length === 24);
  });

  it("several_pasted_lines_ask_and_arrive_as_one_message", async () => {
    bob.paste("first line\n  second line\n");
    await bob.until("the pasted lines", (screen) => screen.includes("second line"));
    bob.keys("Enter");
    await bob.until("the question", (screen) => screen.includes("2 lines pasted"));
    bob.keys("Enter");
    await anna.until("both lines", (screen) => /<bob> first line\n {6} {2}second line$/m.test(screen));
  });

  it("a_paste_that_never_ends_leaves_ctrl_c_alive_and_is_kept_when_nothing_follows", async () => {
    bob.bytes("\x1b[200~lost end");
    bob.bytes("\x03");
    bob.text("still alive");
    await bob.until("what was typed", (screen) => /^> still alive$/m.test(screen));
    bob.keys("C-u");
    bob.bytes("\x1b[200~no end");
    await bob.until("what was pasted", (screen) => /^> no end$/m.test(screen));
    bob.keys("C-u");
    await bob.until("an empty composer", (screen) => /^>$/m.test(screen));
  });

  it("a_paste_whose_beginning_is_cut_by_a_read_sends_no_line", async () => {
    bob.bytes(`${"x".repeat(70)}\x1b[20`);
    await bob.until("what was typed", (screen) => screen.includes("x".repeat(70)));
    bob.bytes("0~line1\rline2\r\x1b[201~");
    await bob.until("both lines", (screen) => /line1$/m.test(screen) && /^ {2}line2$/m.test(screen));
    bob.keys("C-c");
    await bob.until("an empty composer", (screen) => /^>$/m.test(screen));
    expect(anna.screen()).not.toContain("line1");
  });

  it("a_text_of_64_kib_is_shown_and_keys_are_seen_meanwhile", async () => {
    anna.paste("ab\n".repeat(21_800));
    await anna.until("its end", (screen) => /^ {2}ab$/m.test(screen));
    anna.keys("Enter");
    await anna.until("the question", (screen) => screen.includes("21800 lines pasted"));
    anna.keys("Enter");
    bob.text("typed meanwhile");
    await bob.until("the beginning of it and how to see the rest", (screen) =>
      /^ {6}ab\n {6}… 21760 more lines: \/show [0-9a-f]{6}$/m.test(screen),
    );
    await bob.until("what was typed", (screen) => /^> typed meanwhile$/m.test(screen));
    bob.keys("C-u");
    bob.resize(60, 20);
    await bob.until("the smaller screen", (screen) => screen.trimEnd().split("\n").length === 20);
    bob.resize(80, 24);
    await bob.until("the screen as before", (screen) => screen.trimEnd().split("\n").length === 24);
  });

  it("scrolled_up_it_stays_while_messages_arrive", async () => {
    for (let at = 0; at < 30; at++) {
      anna.text(`line number ${at}`);
      anna.keys("Enter");
    }
    await bob.until("the last line", (screen) => /<anna> line number 29$/m.test(screen));
    bob.keys("PPage");
    const before = await bob.until("the page above", (screen) => screen.includes("-MORE("));
    anna.text("one more");
    anna.keys("Enter");
    const after = await bob.until("an unread message", (screen) => screen.includes("[1 unread]"));
    expect(after.split("\n").slice(0, 22)).toEqual(before.split("\n").slice(0, 22));
    bob.keys("NPage", "NPage");
    await bob.until("the newest line", (screen) => /<anna> one more$/m.test(screen) && !screen.includes("-MORE("));
  });

  it("a_text_over_the_limit_is_refused_and_stays_in_the_composer", async () => {
    anna.paste("é".repeat(35_000));
    anna.keys("Enter");
    await anna.until("the limit", (screen) => /the limit is 65536/.test(screen) && /^ {2}é+$/m.test(screen));
    anna.keys("C-c");
    await anna.until("an empty composer", (screen) => /^>$/m.test(screen));
  });

  it("ctrl_z_gives_the_terminal_back_and_fg_takes_it_again", async () => {
    bob.text("half a li");
    await bob.until("the text", (screen) => screen.includes("> half a li"));
    bob.keys("C-z");
    await bob.until("the shell", (screen) => screen.includes("Stopped") && !screen.includes("[bob]"));
    expect(bob.ask("#{alternate_on}")).toBe("0");
    bob.text("fg");
    bob.keys("Enter");
    await bob.until("the screen", (screen) => screen.includes("> half a li") && screen.includes("[bob]"));
    bob.text("ne");
    bob.keys("Enter");
    await anna.until("the whole line", (screen) => /<bob> half a line$/m.test(screen));
  });

  it("a_termination_signal_ends_it_and_the_terminal_is_as_before", async () => {
    const eve = await open("eve");
    process.kill(childOf(eve), "SIGTERM");
    await expectRestored(eve, 0);
  });

  it("a_crash_is_told_on_the_terminal_as_it_was_before", async () => {
    // An exception that nobody catches, at a time of our choosing.
    const crash = "process.on('SIGUSR2',()=>{throw new Error('boom')})";
    const mal = await open("mal", { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(crash)}` });
    process.kill(childOf(mal), "SIGUSR2");
    await expectRestored(mal, 1);
    expect(mal.screen()).toMatch(/^smplchat: boom$/m);
  });

  it("quit_and_ctrl_c_twice_leave_the_terminal_as_it_was", async () => {
    bob.keys("C-l");
    bob.keys("C-c");
    await bob.until("the offer", (screen) => screen.includes("Ctrl-C again leaves"));
    bob.keys("C-c");
    await bob.until("the shell", (screen) => screen.includes("Stopped") || screen.includes("$"));
    expect(bob.ask("#{alternate_on}")).toBe("0");
    await anna.until("bob's leaving", (screen) => screen.includes("bob left"));
    anna.text("/quit");
    anna.keys("Enter");
    await expectRestored(anna, 0);
  });
});
