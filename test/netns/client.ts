/** A real `smplchat --json` process: what it printed, and ways to wait for what it will print. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { atEnd } from "./cleanup.ts";
import { type Host, onHost } from "./namespaces.ts";

export const program = fileURLToPath(new URL("../../bin/smplchat.js", import.meta.url));

/** One line of product §5, as far as these tests look at it. */
export type Line = {
  readonly type: string;
  readonly code?: string;
  readonly id?: string;
  readonly ids?: readonly string[];
  readonly text?: string;
  readonly own?: boolean;
  readonly history?: boolean;
  readonly author?: { readonly nick: string };
  readonly address?: string;
} & Readonly<Record<string, unknown>>;

export type Stats = Line & {
  readonly peers: number;
  readonly datagramsIn: number;
  readonly relayed: number;
  readonly relayedPerMessageMax: number;
  readonly retries: number;
  readonly payloadsIn: number;
  readonly payloadsOut: number;
  readonly dropped: Readonly<Record<string, number>>;
};

export type Client = {
  readonly nick: string;
  readonly pid: number;
  /** Everything printed so far. BOUNDED: by the time a test runs. */
  readonly lines: readonly Line[];
  readonly stderr: () => string;
  /** A line as a person types it: what is not JSON is taken as typed. */
  readonly type: (line: string) => void;
  readonly say: (text: string) => void;
  /** Texts of the messages printed so far, in the order printed. */
  readonly texts: () => string[];
  readonly stats: () => Promise<Stats>;
  readonly log: () => Promise<readonly string[]>;
  readonly waitForLine: (fits: (line: Line) => boolean, limitMs: number, what: string) => Promise<Line>;
  readonly endInput: () => void;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Exit code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>;
};

export type StartOptions = {
  readonly nick: string;
  /** Where it runs; undefined: on this machine, where arguments must keep it on 127.0.0.1. */
  readonly host?: Host;
  /** Where it keeps its identity and what it remembers; undefined: nothing is kept. */
  readonly dataDir?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
};

const LIMIT_MS = 10_000;

/** The environment of a program under test: no setting of this user, no discovery, a home that is thrown away. */
export function cleanEnvironment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH: process.env.PATH ?? "", HOME: home, SMPLCHAT_DISCOVERY: "off", ...more };
}

export function startClient({ nick, host, dataDir, args = [], env = {} }: StartOptions): Client {
  const keep = dataDir === undefined ? ["--ephemeral"] : ["--data-dir", dataDir];
  const all = [program, "--json", ...keep, "--nick", nick, ...args];
  const [command, words] = host === undefined ? [process.execPath, all] : onHost(host, process.execPath, all);
  const child = spawn(command, words, { env: cleanEnvironment(env) });
  return attach(nick, child);
}

/** Resolves when the condition holds; checks every 20 ms. Fails after the limit, with `what` was awaited. */
export async function waitFor(condition: () => boolean, limitMs: number, what: string | (() => string)): Promise<void> {
  const end = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > end)
      throw new Error(`not within ${limitMs} ms: ${typeof what === "string" ? what : what()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Ends every client still running; those who left already are no error. */
export async function stopClients(): Promise<void> {
  const clients = [...running];
  for (const client of clients) client.kill("SIGKILL");
  await Promise.all(clients.map((client) => client.exited));
}

// --- internal ---

const home = mkdtempSync(join(tmpdir(), "smplchat-test-"));
/** BOUNDED: the clients of one test file. */
const running = new Set<Client>();
atEnd(() => {
  for (const client of running) client.kill("SIGKILL");
  rmSync(home, { recursive: true, force: true });
});

function attach(nick: string, child: ChildProcessWithoutNullStreams): Client {
  const lines: Line[] = [];
  let stderr = "";
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(JSON.parse(line) as Line));
  child.stderr.on("data", (chunk: Buffer) => {
    stderr = (stderr + chunk.toString("utf8")).slice(-10_000);
  });
  // It may have died: then its exit code is what a test looks at, not the broken pipe.
  child.stdin.on("error", () => {});

  const exited = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      running.delete(client);
      resolve(code ?? signal ?? 1);
    });
  });
  const write = (value: object): void => {
    child.stdin.write(`${JSON.stringify(value)}\n`);
  };
  const waitForLine = async (fits: (line: Line) => boolean, limitMs: number, what: string, from = 0): Promise<Line> => {
    const find = (): Line | undefined => lines.slice(from).find(fits);
    const describe = (): string => `${nick}: ${what}; last lines:\n${lines.slice(-5).map(shown).join("\n")}\n${stderr}`;
    await waitFor(() => find() !== undefined, limitMs, describe);
    return find() as Line;
  };
  /** The first line of a type that was printed after the command was typed. */
  const answer = (command: string, type: string): Promise<Line> => {
    const from = lines.length;
    write({ type: "command", line: command });
    return waitForLine((line) => line.type === type, LIMIT_MS, `an answer to ${command}`, from);
  };
  const client: Client = {
    nick,
    pid: child.pid ?? -1,
    lines,
    stderr: () => stderr,
    type: (line) => child.stdin.write(`${line}\n`),
    say: (text) => write({ type: "say", text }),
    texts: () => lines.filter((line) => line.type === "message").map((line) => line.text ?? ""),
    stats: async () => (await answer("/stats", "stats")) as Stats,
    log: async () => (await answer("/log", "log")).ids ?? [],
    waitForLine,
    endInput: () => child.stdin.end(),
    kill: (signal) => child.kill(signal),
    exited,
  };
  running.add(client);
  return client;
}

function shown(line: Line): string {
  return JSON.stringify(line).slice(0, 300);
}
