/** The real program in JSON mode, with what it prints as objects. */
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { vi } from "vitest";
import { type Running, startProgram } from "./program.ts";

export type Line = { readonly type: string; readonly [field: string]: unknown };

export type JsonProgram = Running & {
  readonly lines: () => Line[];
  /** What answers the command, in one line. `room`: for which it is meant, in place of the shown one. */
  readonly ask: (command: string, room?: string) => Promise<Line>;
  /** Writes a line. */
  readonly put: (object: object) => void;
  readonly say: (text: string) => void;
  /** Texts of the messages printed so far. */
  readonly texts: () => string[];
  /** Own messages that were called stored. */
  readonly stored: () => string[];
};

const running = new Set<ChildProcessWithoutNullStreams>();

/** For `afterEach`. */
export function killPrograms(): void {
  for (const child of running) child.kill("SIGKILL");
  running.clear();
}

/** It is ready. `within`: the words of a command that runs the program. */
export async function startJsonProgram(
  home: string,
  args: readonly string[],
  within: readonly string[] = [],
): Promise<JsonProgram> {
  const run = startProgram(["--json", "--port", "0", ...args], { home }, within);
  running.add(run.child);
  // The last line may not be whole yet.
  const lines = () =>
    run
      .out()
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Line);
  let asked = 0;
  const put = (object: object): void => {
    run.child.stdin.write(`${JSON.stringify(object)}\n`);
  };
  const ask = async (command: string, room?: string): Promise<Line> => {
    const ref = `r${++asked}`;
    put({ type: "command", line: command, room, ref });
    return await soon(() => lines().find((line) => line.ref === ref));
  };
  await soon(() => lines().find(({ type }) => type === "ready"));
  return {
    ...run,
    lines,
    ask,
    put,
    say: (text) => put({ type: "say", text }),
    texts: () => lines().flatMap(({ type, text }) => (type === "message" ? [String(text)] : [])),
    stored: () => lines().flatMap(({ type, id }) => (type === "stored" ? [String(id)] : [])),
  };
}

export function soon<T>(look: () => T | undefined | Promise<T | undefined>, timeout = 15_000): Promise<T> {
  return vi.waitUntil(look, { timeout, interval: 50 }) as Promise<T>;
}

export function portOf(program: JsonProgram): string {
  return String(program.lines()[0]?.address).split(":").at(-1) ?? "";
}
