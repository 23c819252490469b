// Twenty rooms in each of two processes, over real sockets: what a process has one of, and that rooms do not touch each other.

import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { Outcome } from "../../src/protocol/api.ts";

const NAMES = Array.from({ length: 20 }, (_, n) => `room-${n + 1}`);
const LEFT = "room-7";

type Facts = {
  readonly rooms: readonly {
    readonly name: string;
    readonly texts: readonly string[];
    readonly changes: readonly string[];
    readonly peers: number;
  }[];
  /** Since the hub was opened, without a room. */
  readonly moreSockets: number;
  readonly moreTimers: number;
};

type Question = { readonly name?: string; readonly text?: string; readonly endpoint?: string };

type Process = {
  readonly child: ChildProcess;
  readonly dataDir: string;
  readonly port: number;
  readonly ask: <Answer>(ask: string, question?: Question) => Promise<Answer>;
};

const directory = mkdtempSync(join(tmpdir(), "smplchat-rooms-"));
const children: ChildProcess[] = [];
let anna: Process;
let bob: Process;

beforeAll(async () => {
  [anna, bob] = await Promise.all([start("anna"), start("bob")]);
  for (const name of NAMES) await bob.ask("join", { name, endpoint: `127.0.0.2:${anna.port}` });
  await untilBoth("all rooms have company", ({ rooms }) => {
    expect(rooms.map(({ peers }) => peers)).toEqual(NAMES.map(() => 1));
  });
}, 60_000);
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(directory, { recursive: true, force: true });
});

it("in each room one message of each reaches the other, in that room and no other", async () => {
  for (const name of NAMES) {
    for (const [nick, from] of [["anna", anna] as const, ["bob", bob] as const]) {
      const outcome = await from.ask<Outcome>("say", { name, text: `${nick} in ${name}` });
      expect(outcome.isDone).toBe(true);
    }
  }
  await untilBoth("all is heard", ({ rooms }) => {
    for (const { name, texts } of rooms) expect([...texts].sort()).toEqual([`anna in ${name}`, `bob in ${name}`]);
  });
});

it("has no more sockets than without a room, one timer for all of them, one lock", async () => {
  for (const process of [anna, bob]) {
    const { moreSockets, moreTimers } = await process.ask<Facts>("facts");
    expect(moreSockets).toBe(0);
    expect(moreTimers).toBeLessThanOrEqual(1);
    const files = readdirSync(process.dataDir);
    expect(files.filter((name) => name.includes("lock"))).toHaveLength(1);
    expect(files.filter((name) => name.startsWith("identity"))).toHaveLength(2);
  }
});

it("leaving one room is told there, and touches no other", async () => {
  const before = await anna.ask<Facts>("facts");
  await bob.ask("leave", { name: LEFT });
  const changesOf = ({ rooms }: Facts) => Object.fromEntries(rooms.map(({ name, changes }) => [name, changes]));
  const expected = { ...changesOf(before), [LEFT]: [...(changesOf(before)[LEFT] ?? []), "left"] };
  await vi.waitFor(async () => expect(changesOf(await anna.ask<Facts>("facts"))).toEqual(expected), LIMIT);
  for (const name of NAMES) await anna.ask("say", { name, text: "who is still here?" });
  await untilBoth("the others hear it", ({ rooms }) => {
    for (const { name, texts } of rooms) expect([name, texts.at(-1)]).toEqual([name, "who is still here?"]);
  });
  const [here, there] = [await anna.ask<Facts>("facts"), await bob.ask<Facts>("facts")];
  expect(changesOf(here)).toEqual(expected);
  expect(there.rooms.map(({ name }) => name)).toEqual(NAMES.filter((name) => name !== LEFT));
  expect(here.rooms.filter(({ peers }) => peers === 0).map(({ name }) => name)).toEqual([LEFT]);
});

it("closing ends all of it: nothing keeps the process alive", async () => {
  for (const process of [anna, bob]) {
    const ended = new Promise((resolve) => process.child.once("exit", resolve));
    await process.ask("close");
    expect(await ended).toBe(0);
    expect(readdirSync(process.dataDir).filter((name) => name.includes("lock"))).toEqual([]);
  }
});

// --- internal ---

const LIMIT = { timeout: 20_000, interval: 50 };

async function untilBoth(what: string, check: (facts: Facts) => void): Promise<void> {
  await vi
    .waitFor(async () => {
      for (const process of [anna, bob]) check(await process.ask<Facts>("facts"));
    }, LIMIT)
    .catch((error) => {
      throw new Error(`waited in vain until ${what}`, { cause: error });
    });
}

async function start(nick: string): Promise<Process> {
  const dataDir = join(directory, nick);
  const script = fileURLToPath(new URL("roomsProcess.js", import.meta.url));
  const child = fork(script, [nick, dataDir, ...NAMES], { env: { PATH: process.env.PATH }, execArgv: [] });
  children.push(child);
  const answers = new Map<number, (answer: unknown) => void>();
  let asked = 0;
  const port = await new Promise<number>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`roomsProcess.js ended with ${code}`)));
    child.on("message", (told: { number?: number; answer?: unknown; port?: number }) => {
      if (told.port !== undefined) resolve(told.port);
      else answers.get(told.number ?? 0)?.(told.answer);
    });
  });
  return {
    child,
    dataDir,
    port,
    ask: <Answer>(ask: string, question: Question = {}) => {
      asked += 1;
      const number = asked;
      return new Promise<Answer>((resolve) => {
        answers.set(number, (answer) => resolve(answer as Answer));
        child.send({ number, ask, ...question });
      });
    },
  };
}
