/** `smplchat export`, `import` and `verify` as a shell runs them: a room carried in a file from one machine to another. */
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { nowhere } from "../../src/net/nowhere.ts";
import { openHub } from "../../src/node/hub.ts";
import type { RoomChoice } from "../../src/node/types.ts";
import { killPrograms, soon, startJsonProgram } from "../suites/jsonProgram.ts";
import { type Ended, runProgram, startProgram } from "../suites/program.ts";
import { createTalk, LAB, LAB_HEADER, TALK_START } from "../suites/signedTalk.ts";
import { onSmallDisk, whyNoSmallDisk } from "../suites/smallDisk.ts";

const noDisk = whyNoSmallDisk();
if (noDisk !== undefined) console.warn(`skipped: the tests of a disk that fills: ${noDisk}`);

let home: string;
let file: string;
/** Of those who never met: what is said later stands below. */
let clock = TALK_START;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "smplchat-file-"));
  file = join(home, "lab.jsonl");
});
afterEach(() => {
  killPrograms();
  rmSync(home, { recursive: true, force: true });
});

const run = (who: string, args: readonly string[], input = ""): Ended =>
  runProgram([...args, "--profile", who], { home, input });

/** By the program itself, with its own key. */
function say(who: string, texts: readonly string[], room = "lab"): void {
  const input = texts.map((text) => `${JSON.stringify({ type: "say", text })}\n`).join("");
  const ended = run(who, ["--json", "--port", "0", "--nick", who, "--room", room], input);
  expect(ended.out.match(/"type":"stored"/g)).toHaveLength(texts.length);
}

/** It is in the history of that profile, in #lab: said by somebody of this name. */
async function have(who: string, texts: readonly string[], choice: RoomChoice = LAB): Promise<void> {
  const talk = createTalk(choice);
  for (const text of texts) {
    clock += 1_000;
    talk.say(who, text, { hlc: clock });
  }
  const options = { nick: who, port: 0, discovery: false, transport: nowhere(), dataDir: dataOf(who) };
  const hub = await openHub(options);
  const room = await hub.enter(choice);
  await room.import(talk.messages.map(({ bytes }) => bytes));
  await hub.close();
}

const dataOf = (who: string): string => join(home, ".local/share/smplchat/profiles", who);

const linesOf = (path: string): string[] => readFileSync(path, "utf8").split("\n").slice(0, -1);
const messagesIn = (path: string) =>
  linesOf(path)
    .slice(1, -1)
    .map((line) => JSON.parse(line));
const textsIn = (path: string): string[] => messagesIn(path).map(({ text }) => text);

describe("two data directories that were never connected", () => {
  it("hold one log when a file was carried each way, told in words, and verify finds nothing wrong", async () => {
    await have("anna", ["one", "two"]);
    await have("bob", ["three"]);
    const exported = run("anna", ["export", "--room", "lab", file]);
    expect(exported).toEqual({ code: 0, out: "", err: `exported 2 messages of #lab to ${file}\n` });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(run("bob", ["import", "--room", "lab", file])).toEqual({
      code: 0,
      out: "imported 2 messages into #lab: 2 new, 0 known\n",
      err: "",
    });
    const { out } = run("bob", ["export", "--room", "lab"]);
    const imported = run("anna", ["import", "--room", "lab", "-"], out);
    expect(imported).toMatchObject({ code: 0, out: "imported 3 messages into #lab: 1 new, 2 known\n" });
    expect(run("anna", ["import", "--room", "lab", "-"], out).out).toBe(
      "imported 3 messages into #lab: 0 new, 3 known\n",
    );
    const [annas, bobs] = [run("anna", ["export", "--room", "lab", "-"]), run("bob", ["export", "--room", "lab", "-"])];
    expect(annas.out).toBe(bobs.out);
    expect(annas.err).toBe("exported 3 messages of #lab\n");

    const verified = runProgram(["verify", "-"], { home, input: annas.out });
    expect(verified).toMatchObject({ code: 0, err: "" });
    const lines = verified.out.split("\n");
    expect(lines.slice(0, 3).map((line) => line.replace(/\S+Z/, "TIME").replace(/·\w{4}/, "·TAG"))).toEqual([
      "     2  TIME <anna·TAG> one",
      "     3  TIME <anna·TAG> two",
      "     4  TIME <bob·TAG> three",
    ]);
    expect(lines[3]).toMatch(/^-- the open room #lab: 3 messages by 2 authors, \S+ to \S+$/);
    expect(lines.slice(-3)).toEqual([
      "-- nothing in between is missing, as far as these messages tell",
      "-- all signatures are good",
      "",
    ]);
  });

  it("are shown what came in at the next start, and who takes part goes on with numbers of its own", () => {
    say("anna", ["one"]);
    run("anna", ["export", "--room", "lab", file]);
    // The same key on another machine, whose history was lost.
    rmSync(join(dataOf("anna"), "history"), { recursive: true });
    expect(run("anna", ["import", file]).out).toBe("imported 1 message into #lab: 1 new, 0 known\n");
    const { out } = run("anna", ["--json", "--port", "0", "--room", "lab"], "two\n");
    const messages = out
      .split("\n")
      .filter((line) => line.includes('"type":"message"'))
      .map((line) => JSON.parse(line));
    expect(messages.map(({ text, own, history }) => [text, own, history])).toEqual([
      ["one", true, true],
      ["two", true, false],
    ]);
    run("anna", ["export", "--room", "lab", "--force", file]);
    const numbers = messagesIn(file).map(({ seq }) => seq);
    expect(numbers[1]).toBeGreaterThan(numbers[0]);
  });

  it("carry a private room as well, whose key is not in the file", () => {
    const invite = run("anna", ["invite", "--new", "den"]).out.trim();
    writeFileSync(join(home, "den.invite"), `${invite}\n`, { mode: 0o600 });
    const room = `@${join(home, "den.invite")}`;
    say("anna", ["one"], room);
    expect(run("anna", ["export", "--room", room, file]).code).toBe(0);
    expect(readFileSync(file, "utf8")).not.toContain(invite.slice("smplchat:".length + 30, -10));
    expect(run("bob", ["import", file])).toEqual({
      code: 2,
      out: "",
      err: "smplchat: the file is of the private room #den: its invite names it, --room @FILE or - (from standard input)\n",
    });
    // The first line of standard input is the invite, and the rest is the file.
    expect(run("bob", ["import", "--room", "-"], `${invite}\n${readFileSync(file, "utf8")}`)).toMatchObject({
      code: 0,
      out: "imported 1 message into #den: 1 new, 0 known\n",
    });
  });
});

describe("a file that is not as it was written", () => {
  beforeEach(async () => {
    await have("anna", ["one", "two", "three"]);
    expect(run("anna", ["export", "--room", "lab", file]).code).toBe(0);
  });
  const change = (at: number, change: (line: { [field: string]: unknown }) => void): void => {
    const lines = linesOf(file);
    const line = JSON.parse(lines[at - 1] as string);
    change(line);
    writeFileSync(file, `${lines.with(at - 1, JSON.stringify(line)).join("\n")}\n`);
  };
  const flipSignature = (at: number): void =>
    change(at, (line) => {
      const bytes = Buffer.from(String(line.signed), "base64");
      bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
      line.signed = bytes.toString("base64");
    });

  it("is found out by the line, the others are taken: exit 1, also where the message is known", () => {
    flipSignature(3);
    expect(run("bob", ["import", file])).toEqual({
      code: 1,
      out: "imported 2 messages into #lab: 2 new, 0 known, 1 bad line refused\n",
      err: `smplchat: ${file}: line 3: the signature does not fit\n`,
    });
    expect(run("anna", ["import", file])).toMatchObject({
      code: 1,
      out: "imported 2 messages into #lab: 0 new, 2 known, 1 bad line refused\n",
    });
    const verified = run("carol", ["verify", file]);
    expect(verified.code).toBe(1);
    expect(verified.out).toContain("     3  -- the signature does not fit\n");
    expect(verified.out).toContain("-- 1 line is wrong\n");
    const json = run("carol", ["verify", "--json", file]);
    expect(json.code).toBe(1);
    const records = json.out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(records[0]).toMatchObject({ type: "history", room: { name: "lab", private: false } });
    expect(records[2]).toMatchObject({ type: "error", line: 3, code: "bad-signature" });
    expect(records.at(-1)).toMatchObject({ type: "summary", good: false, messages: 2, bad: 1 });
  });

  it("and is cut off says so, and what came before is taken", () => {
    const whole = readFileSync(file);
    writeFileSync(file, whole.subarray(0, whole.length - 300));
    const { code, out, err } = run("bob", ["import", file]);
    expect(code).toBe(1);
    expect(out).toMatch(/^imported [12] messages? into #lab/);
    expect(err).toMatch(/line \d: the file is cut off here: its end is missing\n$/);
    expect(run("bob", ["verify", file]).code).toBe(1);
  });

  it("or is of another room, or no history, is refused with one line, and nothing is kept", () => {
    expect(run("bob", ["import", "--room", "tea", file])).toEqual({
      code: 1,
      out: "",
      err: `smplchat: ${file}: the file is of the open room #lab, and not of this #tea: nothing was imported\n`,
    });
    writeFileSync(file, "hello\n");
    const words = `smplchat: ${file}: line 1: this is no history file: it does not begin with the header of one\n`;
    expect(run("bob", ["import", file])).toEqual({ code: 1, out: "", err: words });
    expect(run("bob", ["export", "--room", "lab"])).toMatchObject({ code: 1, out: "" });
    expect(run("bob", ["import", join(home, "none")])).toMatchObject({
      code: 1,
      err: `smplchat: cannot read ${join(home, "none")}: there is none\n`,
    });
    expect(run("bob", ["verify", home])).toMatchObject({
      code: 1,
      err: `smplchat: cannot read ${home}: it is a directory\n`,
    });
  });
});

describe("a file to write", () => {
  beforeEach(() => have("anna", ["one", "two"]));

  it("that is there is left alone without --force, and so is what a link leads to", () => {
    writeFileSync(file, "mine");
    expect(run("anna", ["export", "--room", "lab", file])).toEqual({
      code: 1,
      out: "",
      err: `smplchat: ${file} is there already: name another file, or replace it with --force\n`,
    });
    expect(readFileSync(file, "utf8")).toBe("mine");
    const link = join(home, "link");
    symlinkSync(file, link);
    expect(run("anna", ["export", "--room", "lab", "--force", link]).code).toBe(0);
    expect([readFileSync(file, "utf8"), textsIn(link)]).toEqual(["mine", ["one", "two"]]);
    expect(run("anna", ["export", "--room", "lab", "--force", file]).code).toBe(0);
    expect(textsIn(file)).toEqual(["one", "two"]);
    expect(readdirSync(home).filter((name) => name.endsWith(".new"))).toEqual([]);
  });

  it.skipIf(!existsSync("/dev/full"))(
    "on a device that takes nothing is a failure with one line, and so is standard output",
    () => {
      const stdout = openSync("/dev/full", "w");
      const ended = runProgram(["export", "--room", "lab", "--profile", "anna"], { home, stdout });
      expect(ended).toMatchObject({ code: 1, err: "smplchat: cannot write the output: the disk is full\n" });
      closeSync(stdout);
      expect(run("anna", ["export", "--room", "lab", "/dev/full"])).toMatchObject({
        code: 1,
        err: "smplchat: cannot write /dev/full: the disk is full\n",
      });
    },
  );

  it.skipIf(noDisk !== undefined)("on a disk that is too small leaves nothing behind", async () => {
    await have(
      "anna",
      Array.from({ length: 40 }, (_, n) => `${n} ${"x".repeat(500)}`),
    );
    const target = join(home, "disk");
    mkdirSync(target);
    const args = ["export", "--room", "lab", "--profile", "anna", join(target, "lab.jsonl")];
    const script = '"$@"; code=$?; ls "$0"; exit $code';
    const within = [...onSmallDisk(target, "16k"), "sh", "-c", script, target];
    const { code, out, err } = startProgram(args, { home }, within);
    expect([await code, out(), err()]).toEqual([
      1,
      "",
      `smplchat: cannot write ${join(target, "lab.jsonl")}: the disk is full\n`,
    ]);
  });

  it("whose reader has seen enough is no failure", async () => {
    await have(
      "anna",
      Array.from({ length: 200 }, (_, n) => `${n} ${"x".repeat(2_000)}`),
    );
    const script = '"$@" | head -c 10 >/dev/null; exit "$PIPESTATUS"';
    const args = ["export", "--room", "lab", "--profile", "anna"];
    const { code, err } = startProgram(args, { home }, ["bash", "-c", script, "bash"]);
    expect([await code, err()]).toEqual([0, ""]);
  });

  it("of a room or a directory that holds nothing is not made, and nothing else is", () => {
    expect(run("anna", ["export", "--room", "lba", file])).toMatchObject({ code: 1, out: "" });
    const { err } = run("nobody", ["export", "--room", "lab", file]);
    expect(err).toMatch(/^smplchat: nothing is kept of #lab in \S+\/profiles\/nobody\n$/);
    expect(existsSync(dataOf("nobody"))).toBe(false);
    expect(existsSync(file)).toBe(false);
  });

  it.each(["export", "import"])("is not for %s without a disk", (command) => {
    expect(runProgram([command, "--ephemeral", file], { home })).toMatchObject({ code: 2, out: "" });
  });
});

it("while another program runs with that history, both say so and what to do, and take no other", async () => {
  await have("anna", ["one"]);
  writeFileSync(file, `${LAB_HEADER}\n`);
  const chat = await startJsonProgram(home, ["--profile", "anna", "--room", "lab"]);
  for (const args of [
    ["export", "--room", "lab"],
    ["import", file],
  ])
    expect(run("anna", args)).toEqual({
      code: 1,
      out: "",
      err: `smplchat: another smplchat is running with the history in ${dataOf("anna")}: end it first, or name another --data-dir or --profile\n`,
    });
  expect(readdirSync(dataOf("anna"))).not.toContain("identity-2");
  await soon(() => chat.texts().length > 0 || undefined);
  expect(chat.texts()).toEqual(["one"]);
});
