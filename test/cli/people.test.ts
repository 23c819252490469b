/** People between real processes: a key is verified by its words, and that is known after a restart, as is a nick with another key. */
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { openHub } from "../../src/index.ts";
import { type JsonProgram, killPrograms, portOf, soon, startJsonProgram } from "../suites/jsonProgram.ts";

const folder = mkdtempSync(join(tmpdir(), "smplchat-people-"));
afterEach(() => {
  killPrograms();
  rmSync(folder, { recursive: true, force: true });
});

type Whois = { readonly peers: readonly { readonly words: string; readonly verified: boolean }[] };
const wordsOf = async (program: JsonProgram, nick: string): Promise<string> =>
  ((await program.ask(`/whois ${nick}`)).data as Whois).peers[0]?.words ?? "";
const message = (program: JsonProgram, text: string) =>
  soon(() => program.lines().find((line) => line.type === "message" && line.text === text));

it("who was verified and who is ignored is known at the next start; a key that comes with the nick is told", async () => {
  const [home, annas, bobs] = [join(folder, "home"), join(folder, "anna"), join(folder, "bob")];
  const bob = await startJsonProgram(home, ["--nick", "bob", "--data-dir", bobs]);
  const start = () =>
    startJsonProgram(home, ["--nick", "anna", "--data-dir", annas, "--join", `127.0.0.1:${portOf(bob)}`]);
  const anna = await start();
  await soon(() => anna.lines().find(({ type }) => type === "peer"));
  await soon(() => bob.lines().find(({ type }) => type === "peer"));
  // What bob reads of himself is what anna reads of him.
  const words = await wordsOf(bob, "bob");
  expect(words).toBe(await wordsOf(anna, "bob"));
  expect(await anna.ask(`/verify bob ${words}`)).toMatchObject({ code: "verified" });
  const eve = await startJsonProgram(home, ["--nick", "eve", "--ephemeral", "--join", `127.0.0.1:${portOf(bob)}`]);
  await soon(() => anna.lines().find(({ type, peer }) => type === "peer" && (peer as { nick: string }).nick === "eve"));
  expect(await anna.ask("/ignore eve")).toMatchObject({ code: "ignored" });
  eve.say("spam");
  expect(await message(anna, "spam")).toMatchObject({ ignored: true });
  expect(anna.lines().some(({ code }) => code === "key-changed")).toBe(false);
  await anna.ask("/quit");
  await anna.code;
  expect(statSync(join(annas, "people")).mode & 0o777).toBe(0o600);

  const again = await start();
  bob.say("it is me");
  expect(await message(again, "it is me")).toMatchObject({ author: { nick: "bob", verified: true } });
  eve.say("more spam");
  expect(await message(again, "more spam")).toMatchObject({ ignored: true, author: { verified: false } });
  const other = await startJsonProgram(home, ["--nick", "bob", "--ephemeral", "--join", `127.0.0.1:${portOf(bob)}`]);
  const told = await soon(() => again.lines().find(({ code }) => code === "key-changed"));
  expect(told).toMatchObject({ data: { nick: "bob", known: { verified: true }, peer: { verified: false } } });
  other.say("lend me money");
  expect(await message(again, "lend me money")).toMatchObject({ author: { nick: "bob", verified: false } });
  await again.ask("/quit");
  await again.code;
  // A program knows of it by the same data directory.
  const hub = await openHub({ nick: "anna", port: 0, discovery: false, dataDir: annas });
  const room = await hub.enter("smplchat");
  const said = await room.history();
  expect(said.filter(({ author }) => author.verified).map(({ text }) => text)).toEqual(["it is me"]);
  expect(room.peers()[0]).toMatchObject({ self: true, verified: true });
  await hub.close();
}, 40_000);

it("with --ephemeral nothing of it is on disk", async () => {
  const home = join(folder, "home");
  const bob = await startJsonProgram(home, ["--nick", "bob", "--ephemeral"]);
  const anna = await startJsonProgram(home, ["--nick", "anna", "--ephemeral", "--join", `127.0.0.1:${portOf(bob)}`]);
  await soon(() => anna.lines().find(({ type }) => type === "peer"));
  expect(await anna.ask("/ignore bob")).toMatchObject({ code: "ignored" });
  await anna.ask("/quit");
  await anna.code;
  expect(existsSync(home)).toBe(false);
}, 20_000);
