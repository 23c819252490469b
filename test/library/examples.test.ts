// The examples as somebody runs them who has just cloned the project.
import { type ChildProcess, spawn } from "node:child_process";
import { afterEach, expect, it, vi } from "vitest";
import { type Hub, openHub, type Room } from "../../src/index.ts";

const running: ChildProcess[] = [];
let hub: Hub | undefined;

afterEach(async () => {
  for (const child of running.splice(0)) child.kill("SIGKILL");
  await hub?.close();
  hub = undefined;
});

/** A room with somebody in it, where the example can join. */
async function meet(name: string): Promise<{ room: Room; address: string }> {
  hub ??= await openHub({ nick: "anna", port: 0, discovery: false });
  const room = await hub.enter(name);
  return { room, address: `127.0.0.1:${room.address().split(":").at(-1)}` };
}

function run(example: string, ...args: string[]) {
  const child = spawn(process.execPath, [`examples/${example}`, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  running.push(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += String(data)));
  const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
  return { child, ended, output: () => output };
}

it("echo-bot.js answers what it is asked", async () => {
  const { room, address } = await meet("lab");
  const heard = room.messages({ history: false });
  const { child, ended } = run("echo-bot.js", address);
  await vi.waitFor(() => expect(room.peers().map(({ nick }) => nick)).toContain("echo"), { timeout: 10_000 });
  await room.say("nothing to answer");
  await room.say("!echo is anybody there?");
  await room.say("!echo not to be answered", { kind: "notice" });
  const said = [];
  for (let count = 0; count < 4; count += 1) said.push((await heard.next()).value);
  const asked = said.find((message) => message?.text === "!echo is anybody there?");
  expect(said.find((message) => message?.author.nick === "echo")).toMatchObject({
    kind: "reply",
    text: "is anybody there?",
    target: asked?.id,
  });
  child.kill("SIGTERM");
  expect(await ended).toBe(0);
}, 20_000);

it("announce.js says its line and tells who has it", async () => {
  const { room, address } = await meet("lab");
  const heard = room.messages();
  const { ended, output } = run("announce.js", address, "the build is done");
  expect(await ended).toBe(0);
  expect(output()).toBe("reached 1 of 1\n");
  expect((await heard.next()).value?.text).toBe("the build is done");
}, 20_000);

it("announce.js exits with 3 when it has reached nobody", async () => {
  const { ended, output } = run("announce.js", "127.0.0.1:1", "hello?");
  expect(await ended).toBe(3);
  expect(output()).toBe("no answer from 127.0.0.1:1\nreached 0 of 0\n");
}, 30_000);

it("bridge.js carries lines between two rooms", async () => {
  const { room: lab, address } = await meet("lab");
  const { room: hall } = await meet("hall");
  const { child, ended } = run("bridge.js", address, "lab", "hall");
  for (const room of [lab, hall])
    await vi.waitFor(() => expect(room.peers().map(({ nick }) => nick)).toContain("bridge"), { timeout: 10_000 });
  const heard = hall.messages();
  await lab.say("dinner is ready");
  expect((await heard.next()).value?.text).toBe("[lab] anna: dinner is ready");
  child.kill("SIGTERM");
  expect(await ended).toBe(0);
}, 20_000);
