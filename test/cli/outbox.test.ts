/** What real processes said while they were alone: it outlives them, and reaches whoever comes, once. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type JsonProgram, killPrograms, type Line, portOf, soon, startJsonProgram } from "../suites/jsonProgram.ts";
import { runProgram, startProgram } from "../suites/program.ts";

vi.setConfig({ testTimeout: 60_000 });

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "smplchat-outbox-"));
});
afterEach(() => {
  killPrograms();
  rmSync(home, { recursive: true, force: true });
});

it("waits over a kill -9, and is counted when a peer has it, by the process that comes after", async () => {
  const first = await start("anna");
  first.say("is anybody here?");
  const [id] = await soon(() => (first.stored().length > 0 ? first.stored() : undefined));
  first.child.kill("SIGKILL");
  await first.code;

  const anna = await start("anna");
  await soon(() => deliveriesOf(anna, id).length > 0 || undefined);
  const delivery = { type: "delivery", room: "smplchat", id };
  expect(deliveriesOf(anna, id)).toEqual([{ ...delivery, reached: 0, of: 0, lacking: [], final: false }]);
  const bob = await start("bob");
  await meet(anna, bob);
  await soon(() => deliveriesOf(anna, id).length > 1 || undefined);
  expect(deliveriesOf(anna, id).slice(1)).toEqual([{ ...delivery, reached: 1, of: 1, lacking: [], final: true }]);
  expect(bob.lines().filter((line) => line.type === "message")).toMatchObject([{ id, text: "is anybody here?" }]);
  expect(anna.texts()).toEqual(["is anybody here?"]);

  // And that outlives the next one.
  anna.child.kill("SIGTERM");
  await anna.code;
  const again = await start("anna");
  await soon(() => deliveriesOf(again, id).length > 0 || undefined);
  expect(deliveriesOf(again, id)).toMatchObject([{ reached: 1, of: 1 }]);
});

it("is counted at the end, also by a process that said nothing itself", () => {
  const say = (input: string) => runProgram(["--json", "--port", "0", "--nick", "anna"], { home, input });
  const noticeOf = ({ out }: { out: string }): unknown =>
    out
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Line)
      .find(({ code }) => code === "undelivered");
  const one = { text: "1 message has reached nobody yet", data: { messages: 1 } };
  expect(noticeOf(say("hello\n"))).toMatchObject(one);
  expect(noticeOf(say(""))).toMatchObject(one);
  expect(noticeOf(say("again\n"))).toMatchObject({
    text: "2 messages have reached nobody yet",
    data: { messages: 2 },
  });
});

it("is kept by a process that ends at once: at the end of its input, or by a signal", async () => {
  runProgram(["--json", "--port", "0", "--nick", "anna"], { home, input: "the last line" });
  const ended = startProgram(["--json", "--port", "0"], { home });
  await soon(() => ended.out().includes('"ready"') || undefined);
  ended.child.stdin.write("in the end\n");
  await soon(() => ended.out().includes('"in the end"') || undefined);
  ended.child.kill("SIGTERM");
  await ended.code;

  const anna = await start("anna");
  await soon(() => anna.texts().length === 2 || undefined);
  expect(anna.texts()).toEqual(["the last line", "in the end"]);
  const bob = await start("bob");
  await meet(anna, bob);
  await soon(() => bob.texts().length === 2 || undefined);
  const counted = () => anna.lines().filter((line) => line.type === "delivery" && line.reached === 1);
  await soon(() => counted().length === 2 || undefined);
  anna.child.stdin.end();
  expect(await anna.code).toBe(0);
  expect(anna.lines().filter(({ code }) => code === "undelivered")).toEqual([]);
});

// --- internal ---

/** bob has a home of his own. */
function start(nick: "anna" | "bob"): Promise<JsonProgram> {
  return startJsonProgram(nick === "anna" ? home : join(home, nick), ["--nick", nick]);
}

async function meet(one: JsonProgram, other: JsonProgram): Promise<void> {
  await other.ask(`/join 127.0.0.1:${portOf(one)}`);
}

function deliveriesOf(program: JsonProgram, id: string | undefined): Line[] {
  return program.lines().filter((line) => line.type === "delivery" && line.id === id);
}
