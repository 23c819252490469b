/** A tmux server of the test's own, in which shells run as on a real terminal. */
import { spawnSync } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";

/** How long a screen may take to show what is waited for. The machine may be busy. */
const SCREEN_MS_MAX = 15_000;

export interface Pane {
  /** Keys by tmux's names: "Enter", "C-c", "PPage", "M-End". */
  keys(...names: string[]): void;
  /** Text as it is typed. */
  text(text: string): void;
  /** Bytes as they are, in one write. */
  bytes(text: string): void;
  /** Text as pasted between brackets, if the program asked for them. */
  paste(text: string): void;
  resize(columns: number, rows: number): void;
  /** What is on the screen now; blanks at the ends of lines are cut. */
  screen(): string;
  /** As tmux formats it: "#{alternate_on}". */
  ask(format: string): string;
  /** Waits until the screen fits; throws with the screen and `what` was waited for if it does not in time. */
  until(what: string, isThere: (screen: string) => boolean): Promise<string>;
}

export interface Tmux {
  pane(name: string, env: Readonly<Record<string, string>>, columns: number, rows: number): Pane;
  /** Ends the server and all that runs in it. */
  close(): void;
}

/** Whether tmux is installed. With SMPLCHAT_REQUIRE_TMUX=1 it is an error if not. */
export function hasTmux(): boolean {
  const isInstalled = spawnSync("tmux", ["-V"]).status === 0;
  if (!isInstalled && process.env.SMPLCHAT_REQUIRE_TMUX === "1")
    throw new Error("SMPLCHAT_REQUIRE_TMUX=1, but tmux is not installed");
  return isInstalled;
}

/** `name` names the server's socket: unique per test run. */
export function openTmux(name: string): Tmux {
  function run(args: readonly string[], input?: string): string {
    // A locale for tmux itself: without one it draws "_" for all that is not ASCII.
    const env = { ...process.env, LC_ALL: "C.UTF-8", TERM: "xterm-256color", TMUX: "" };
    const { status, stdout, stderr } = spawnSync("tmux", ["-L", name, "-f", "/dev/null", ...args], {
      encoding: "utf8",
      env,
      ...(input === undefined ? {} : { input }),
    });
    if (status !== 0) throw new Error(`tmux ${args.join(" ")}: ${stderr}`);
    return stdout;
  }

  return {
    pane(session, env, columns, rows) {
      const variables = Object.entries({ LC_ALL: "C.UTF-8", PS1: "$ ", ...env }).flatMap(([key, value]) => [
        "-e",
        `${key}=${value}`,
      ]);
      const size = ["-x", String(columns), "-y", String(rows)];
      run(["new-session", "-d", "-s", session, ...size, ...variables, "bash", "--norc", "--noprofile"]);
      const target = ["-t", session];
      const screen = () => run(["capture-pane", "-p", ...target]);
      return {
        keys: (...names) => void run(["send-keys", ...target, ...names]),
        text: (text) => void run(["send-keys", ...target, "-l", text]),
        bytes: (text) =>
          void run(["send-keys", ...target, "-H", ...(Buffer.from(text).toString("hex").match(/../g) ?? [])]),
        paste(text) {
          run(["load-buffer", "-b", session, "-"], text);
          run(["paste-buffer", "-p", "-d", "-b", session, ...target]);
        },
        resize: (x, y) => void run(["resize-window", ...target, "-x", String(x), "-y", String(y)]),
        screen,
        ask: (format) => run(["display-message", "-p", ...target, format]).trim(),
        async until(what, isThere) {
          const end = Date.now() + SCREEN_MS_MAX;
          for (let shown = screen(); ; shown = screen()) {
            if (isThere(shown)) return shown;
            if (Date.now() > end)
              throw new Error(`${session}: waited ${SCREEN_MS_MAX} ms for ${what}; the screen:\n${shown}`);
            await delay(50);
          }
        },
      };
    },
    close() {
      // Fails if no session was ever made; then there is nothing to end.
      spawnSync("tmux", ["-L", name, "kill-server"]);
    },
  };
}
