/** What was said outlives real processes: killed in the middle of it, on a disk that fills up, over files that were damaged. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openLevel } from "../../src/store/level.ts";
import { type JsonProgram, killPrograms, type Line, portOf, soon, startJsonProgram } from "../suites/jsonProgram.ts";
import { runProgram } from "../suites/program.ts";
import { onSmallDisk, whyNoSmallDisk } from "../suites/smallDisk.ts";

const noDisk = whyNoSmallDisk();
if (noDisk !== undefined) console.warn(`skipped: the test of a history on a full disk: ${noDisk}`);

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "smplchat-kept-"));
});
afterEach(() => {
  killPrograms();
  rmSync(home, { recursive: true, force: true });
});

describe("a program that is killed", () => {
  it("while it stores what is said has all that it called stored at the next start, in the same order", {
    timeout: 60_000,
  }, async () => {
    const anna = await start("anna");
    for (let n = 1; n <= 400; n += 1) anna.say(`line ${n}`);
    await soon(() => anna.stored().length >= 100 || undefined);
    const stored = await killed(anna, () => anna.stored());

    const again = await start("anna");
    const ids = await log(again);
    expect(ids.filter((id) => stored.includes(id))).toEqual(stored);
    expect(ids).toEqual(ids.toSorted());
    const told = again.lines().filter(isMessage);
    expect(told.map(({ id }) => id)).toEqual(ids);
    expect(told.every(({ history, own }) => history === true && own === true)).toBe(true);
    expect(told.map(({ text }) => text)).toEqual(told.map((_, at) => `line ${at + 1}`));
    again.say("after it");
    await soon(() => again.stored().length === 1 || undefined);
    expect((await log(again)).at(-1)).toBe(again.stored()[0]);
  });

  it("shows what was said before at once, with nobody there, in lines too, and says how much more there is", () => {
    const input = Array.from({ length: 120 }, (_, at) => `line ${at + 1}`).join("\n");
    runProgram(["--json", "--port", "0", "--nick", "anna"], { home, input: `${input}\n` });
    const { out } = runProgram(["--plain", "--port", "0"], { home, input: "hi\n" });
    const lines = out.split("\n").slice(0, -1);
    expect(lines[1]).toBe("-- 20 earlier messages kept here: /log lists the newest");
    const said = lines.filter((line) => line.includes("<anna>")).map((line) => line.replace(/^.*<anna> /, ""));
    expect(said).toEqual([...Array.from({ length: 100 }, (_, at) => `line ${at + 21}`), "hi"]);
  });

  it("with another, and both started again, has one log with it", { timeout: 60_000 }, async () => {
    const [anna, bob] = [await start("anna"), await start("bob")];
    await meet(anna, bob);
    for (let n = 1; n <= 60; n += 1) (n % 2 === 0 ? anna : bob).say(`line ${n}`);
    await soon(() => (anna.stored().length > 10 && bob.stored().length > 10) || undefined);
    const stored = [...(await killed(anna, () => anna.stored())), ...(await killed(bob, () => bob.stored()))];

    const [annaAgain, bobAgain] = [await start("anna"), await start("bob")];
    await meet(annaAgain, bobAgain);
    await soon(async () => String(await log(annaAgain)) === String(await log(bobAgain)) || undefined);
    const ids = await log(annaAgain);
    expect(ids).toEqual(expect.arrayContaining(stored));
    for (const one of [annaAgain, bobAgain]) {
      const told = one.lines().filter(isMessage);
      expect(told.map(({ id }) => id).toSorted(), "each once").toEqual(ids);
    }
    annaAgain.say("here again");
    await soon(() => bobAgain.texts().includes("here again") || undefined);
    expect([...annaAgain.lines(), ...bobAgain.lines()].filter(({ code }) => code === "forked-author")).toEqual([]);
  });
});

describe("a history that was damaged", () => {
  it("is kept aside with a word, and comes from a peer again", { timeout: 60_000 }, async () => {
    const [anna, bob] = [await start("anna"), await start("bob")];
    await meet(anna, bob);
    for (let n = 1; n <= 20; n += 1) anna.say(`line ${n}`);
    await soon(() => bob.texts().length === 20 || undefined);
    await killed(anna, () => []);
    const data = dataOf("anna");
    for (const name of readdirSync(join(data, "history")))
      if (name.startsWith("MANIFEST")) writeFileSync(join(data, "history", name), "garbage");

    const again = await start("anna", "--join", `127.0.0.1:${portOf(bob)}`);
    const notice = await soon(() => again.lines().find(({ code }) => code === "history-damaged"));
    const { path } = notice.data as { path: string };
    expect(notice.text).toBe(
      `the stored messages are damaged: they are kept aside in ${path}, and fetched from peers again`,
    );
    expect(readdirSync(path)).toContain("CURRENT");
    await soon(() => again.texts().length === 20 || undefined);
    expect(await log(again)).toEqual(await log(bob));
  });

  it("in one message is whole again after it met a peer", { timeout: 60_000 }, async () => {
    const [anna, bob] = [await start("anna"), await start("bob")];
    await meet(anna, bob);
    for (let n = 1; n <= 5; n += 1) anna.say(`line ${n}`);
    await soon(() => (bob.texts().length === 5 && anna.stored().length === 5) || undefined);
    await killed(anna, () => []);
    await damageOne(join(dataOf("anna"), "history"), "line 3", "lime 3");

    const again = await start("anna");
    await again.ask("/room");
    // It remembers where bob is, and may have line 3 from there already.
    expect(again.texts().filter((text) => text !== "line 3")).toEqual(["line 1", "line 2", "line 4", "line 5"]);
    await meet(again, bob);
    await soon(() => again.texts().includes("line 3") || undefined);
    expect(await log(again)).toEqual(await log(bob));
    await killed(again, () => []);
    const third = await start("anna");
    await third.ask("/room");
    expect(third.texts()).toEqual([1, 2, 3, 4, 5].map((n) => `line ${n}`));
  });
});

describe("a history that must be left alone", () => {
  it("as another program has it open, ends the start with one line: exit 1", async () => {
    const path = join(dataOf("anna"), "history");
    runProgram(["--json", "--port", "0", "--profile", "anna"], { home, input: "hi\n" });
    const level = await openLevel(path);
    const ended = runProgram(["--json", "--port", "0", "--profile", "anna"], { home });
    await level.close();
    expect([ended.code, ended.out]).toEqual([1, ""]);
    expect(ended.err).toBe(
      `smplchat: another program uses the stored messages in ${path}: end it; --data-dir names another directory, --ephemeral needs none\n`,
    );
  });

  it("as a newer version wrote it, ends the start with one line, and nothing is changed: exit 1", async () => {
    const path = join(dataOf("anna"), "history");
    const args = ["--json", "--port", "0", "--profile", "anna"];
    runProgram(args, { home, input: "hi\n" });
    await setFormat(path, "4");
    const ended = runProgram(args, { home });
    expect([ended.code, ended.out]).toEqual([1, ""]);
    expect(ended.err).toBe(
      `smplchat: a newer smplchat has stored the messages in ${path}: update this one to use them; --data-dir names another directory, --ephemeral needs none\n`,
    );
    await setFormat(path, "3");
    expect(runProgram(args, { home }).out).toContain('"text":"hi"');
  });
});

describe("a disk of little space", () => {
  it.skipIf(noDisk !== undefined)(
    "that fills up is told of in words, the chat goes on, and what was said is stored when there is space again",
    { timeout: 90_000 },
    async () => {
      const disk = join(home, "disk");
      mkdirSync(disk);
      const bob = await start("bob");
      const anna = await startJsonProgram(
        home,
        ["--nick", "anna", "--data-dir", join(disk, "data")],
        onSmallDisk(disk, "4m"),
      );
      await meet(anna, bob);
      anna.say("while there was space");
      await soon(() => anna.stored().length === 1 || undefined);
      const filler = join("/proc", String(anna.child.pid), "root", disk, "filler");
      expect(() => writeFileSync(filler, Buffer.alloc(8 << 20))).toThrow("ENOSPC");

      let said = 1;
      const told = await soon(() => {
        said += 1;
        anna.say(`line ${said} ${"x".repeat(700)}`);
        return anna.lines().find(({ code }) => code === "not-stored");
      });
      expect(told).toMatchObject({ type: "error", data: { reason: "full", detail: "ENOSPC" } });
      expect(told.text).toBe(
        "what you said is not kept on disk (the disk is full): it is in memory only, and gone when this program ends",
      );
      bob.say("I hear you");
      await soon(() => anna.texts().includes("I hear you") || undefined);
      await soon(() => bob.texts().length === anna.texts().length || undefined);
      const own = anna.lines().filter((line) => isMessage(line) && line.own === true);
      expect(anna.stored().length, "nothing is called stored that is not").toBeLessThan(own.length);

      unlinkSync(filler);
      await soon(() => anna.lines().find(({ code }) => code === "storing-again"), 20_000);
      await soon(() => anna.stored().length === own.length || undefined);
      expect(anna.stored().toSorted()).toEqual(own.map(({ id }) => id).toSorted());
      anna.say("and on");
      await soon(() => anna.stored().length === own.length + 1 || undefined);
    },
  );

  it.skipIf(noDisk !== undefined)("that is full from the start keeps the chat in memory, and says so", async () => {
    const disk = join(home, "disk");
    mkdirSync(disk);
    // Room for the identity and the directory, and not for a database.
    const words = onSmallDisk(disk, "16k");
    const anna = await startJsonProgram(home, ["--nick", "anna", "--data-dir", join(disk, "data")], words);
    const told = await soon(() => anna.lines().find(({ code }) => code === "history-unusable"));
    const path = join(disk, "data", "history");
    expect(told).toMatchObject({ type: "error", data: { path, reason: "ENOSPC" } });
    expect(told.text).toBe(
      `messages are not kept on disk, as ${path} cannot be used (the disk is full): they are in memory only, and gone when this program ends`,
    );
    anna.say("hi");
    await soon(() => anna.texts().includes("hi") || undefined);
    expect(anna.stored()).toEqual([]);
  });
});

const start = (nick: string, ...more: string[]): Promise<JsonProgram> =>
  startJsonProgram(home, ["--profile", nick, "--nick", nick, ...more]);

const dataOf = (profile: string): string => join(home, ".local", "share", "smplchat", "profiles", profile);

const isMessage = ({ type }: Line): boolean => type === "message";

async function log(program: JsonProgram): Promise<string[]> {
  return (await program.ask("/log 10000")).ids as string[];
}

async function meet(one: JsonProgram, other: JsonProgram): Promise<void> {
  await other.ask(`/join 127.0.0.1:${portOf(one)}`);
  for (const program of [one, other])
    await soon(() => program.lines().find(({ type, status }) => type === "peer" && status === "alive"));
}

/** With kill -9; returns what `read` gives when the last that it wrote was read. */
async function killed<T>(program: JsonProgram, read: () => T): Promise<T> {
  program.child.kill("SIGKILL");
  await program.code;
  return read();
}

async function setFormat(path: string, text: string): Promise<void> {
  const level = await openLevel(path);
  await level.put(Buffer.from("\0format"), Buffer.from(text));
  await level.close();
}

/** Another text in place of the one, as a disk that flips bits might make it: LevelDB's own sums are right. */
async function damageOne(path: string, text: string, other: string): Promise<void> {
  const level = await openLevel(path);
  for await (const [key, value] of level.iterator()) {
    const at = Buffer.from(value).indexOf(text);
    if (at < 0) continue;
    const bytes = Buffer.from(value);
    bytes.write(other, at);
    await level.put(key, bytes);
  }
  await level.close();
}
