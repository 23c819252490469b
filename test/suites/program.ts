/** The real program, as a shell runs it. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../bin/smplchat.js", import.meta.url));

export type Ended = { readonly code: number | null; readonly out: string; readonly err: string };

export type Options = {
  /** Where it keeps its things if nothing else is said. */
  readonly home: string;
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A file that is its standard output. */
  readonly stdout?: number;
};

export type Running = {
  readonly child: ChildProcessWithoutNullStreams;
  readonly out: () => string;
  readonly err: () => string;
  readonly code: Promise<number | null>;
};

/** Waits for its end. */
export function runProgram(args: readonly string[], { home, input = "", env = {}, stdout }: Options): Ended {
  const ended = spawnSync(process.execPath, [program, ...args], {
    encoding: "utf8",
    timeout: 15_000,
    input,
    env: environment(home, env),
    stdio: ["pipe", stdout ?? "pipe", "pipe"],
  });
  return { code: ended.status, out: ended.stdout ?? "", err: ended.stderr };
}

/** `within`: the words of a command that runs the program, such as `unshare --mount`. */
export function startProgram(
  args: readonly string[],
  { home, env = {} }: Options,
  within: readonly string[] = [],
): Running {
  const [command = "", ...words] = [...within, process.execPath, program, ...args];
  const child = spawn(command, words, { env: environment(home, env) });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  child.stdin.on("error", () => undefined);
  const code = new Promise<number | null>((resolve) => child.on("close", resolve));
  return { child, out: () => out, err: () => err, code };
}

function environment(home: string, more: Readonly<Record<string, string>>): Record<string, string> {
  return { PATH: process.env.PATH ?? "", HOME: home, USER: "zoe", SMPLCHAT_DISCOVERY: "off", ...more };
}
