// A full screen of the program in a tmux of its own, on a host of the test network. tmux's control mode tells of each output at
// once: so the time from a key to its echo is measured without looking again and again.
import { spawn, spawnSync } from "node:child_process";
import { pause, until } from "./room.js";

/** In no text that is said. It is typed, seen, and rubbed out. */
const KEY = "\u00a7";
const ECHO_MS_MAX = 10_000;

export function hasTmux() {
  return spawnSync("tmux", ["-V"]).status === 0;
}

/** Resolves when it is drawn. `home`: a folder of the test's own. */
export async function openScreen({ program, host, home, join }) {
  const name = `smplbench-${process.pid}`;
  const env = { PATH: process.env.PATH, HOME: home, LC_ALL: "C.UTF-8", TERM: "xterm-256color" };
  const words = ["ip", "netns", "exec", host.namespace, "env", "SMPLCHAT_DISCOVERY=off", process.execPath, program];
  const line = [...words, "--ephemeral", "--nick", "screen", "--join", join].join(" ");
  const size = ["-x", "100", "-y", "30"];
  spawnSync("tmux", ["-L", name, "-f", "/dev/null", "new-session", "-d", "-s", "s", ...size, line], { env });
  const control = spawn("tmux", ["-L", name, "-f", "/dev/null", "-C", "attach", "-t", "s"], { env });
  let rest = "";
  let onOutput = () => {};
  control.stdout.setEncoding("latin1");
  control.stdout.on("data", (chunk) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop();
    for (const each of lines) if (each.startsWith("%output ")) onOutput(each);
  });
  control.stdin.on("error", () => {});
  const isKey = (output) => output.includes("\\302\\247") || output.includes("\u00c2\u00a7");
  const screen = {
    pid: () => Number(spawnSync("tmux", ["-L", name, "display-message", "-p", "-t", "s", "#{pane_pid}"]).stdout),
    /** Milliseconds from the key to its echo; Infinity: none came. */
    echo: async () => {
      let at = Number.POSITIVE_INFINITY;
      onOutput = (output) => {
        if (at === Number.POSITIVE_INFINITY && isKey(output)) at = performance.now();
      };
      const typed = performance.now();
      control.stdin.write(`send-keys -t s -l '${KEY}'\n`);
      await until(() => at < Number.POSITIVE_INFINITY, ECHO_MS_MAX, "the echo").catch(() => {});
      onOutput = () => {};
      control.stdin.write("send-keys -t s C-u\n");
      await pause(200);
      return at - typed;
    },
    close: () => {
      control.kill();
      spawnSync("tmux", ["-L", name, "kill-server"]);
    },
  };
  const shown = () => spawnSync("tmux", ["-L", name, "capture-pane", "-p", "-t", "s"], { encoding: "utf8" }).stdout;
  const end = performance.now() + 20_000;
  while (!shown().includes("[screen]")) {
    if (performance.now() > end) throw new Error(`no screen:\n${shown()}`);
    await pause(100);
  }
  return screen;
}
