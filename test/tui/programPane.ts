/** The real program on the full screen of a real terminal, for tests with several people in one room. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { openTmux, type Pane } from "./tmux.ts";

const PROGRAM = resolve(import.meta.dirname, "../../bin/smplchat.js");

export type Screens = {
  /** Starts the program and waits for its screen. `place`: of its data directory; left out, that of the nick. */
  readonly open: (nick: string, options?: string, place?: string) => Promise<Pane>;
  /** Ends all that runs, and removes what it wrote. */
  readonly close: () => void;
};

/** `name`: of the tmux server and of the room, unique per test run. */
export function openScreens(name: string, columns: number, rows: number): Screens {
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  const tmux = openTmux(name);
  return {
    open: async (nick, options = "", place = nick) => {
      const env = {
        SMPLCHAT_NICK: nick,
        SMPLCHAT_ROOM: name,
        SMPLCHAT_DISCOVERY: "off",
        SMPLCHAT_DATA_DIR: join(folder, place),
        XDG_CONFIG_HOME: join(folder, "config"),
        // The screen must draw whatever CI says.
        CI: "true",
      };
      const pane = tmux.pane(place, env, columns, rows);
      await pane.until("a shell", (screen) => screen.includes("$"));
      start(pane, options);
      await pane.until("the full screen", (screen) => screen.includes(`[${nick}]`));
      return pane;
    },
    close: () => {
      tmux.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Types the program's command at a shell. */
export function start(pane: Pane, options: string): void {
  type(pane, `clear; '${process.execPath}' '${PROGRAM}' ${options}`);
}

export function type(pane: Pane, line: string): void {
  pane.text(line);
  pane.keys("Enter");
}

/** The option with which another one joins it: `--join 127.0.0.1:41234`. */
export async function joining(pane: Pane): Promise<string> {
  type(pane, "/room");
  const shown = await pane.until("the port", (screen) => /listening on\s+\S+:\d+/.test(screen));
  return `--join 127.0.0.1:${/listening on\s+\S+:(\d+)/.exec(shown)?.[1] ?? ""}`;
}
