/** Settings do what they say in the real program, from its flags to the network and the disk. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type JsonProgram, killPrograms, portOf, soon, startJsonProgram } from "../suites/jsonProgram.ts";

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "smplchat-effects-"));
});

afterEach(() => {
  killPrograms();
  rmSync(home, { recursive: true, force: true });
});

/** Names of the native modules, and of all else that it has mapped. */
const loadedBy = ({ child }: JsonProgram): string => readFileSync(`/proc/${child.pid}/maps`, "utf8");

const start = (nick: string, ...more: string[]) => startJsonProgram(home, ["--nick", nick, ...more]);

it("--ephemeral leaves nothing on disk, whatever is done, and loads no database", async () => {
  const anna = await start("anna", "--ephemeral");
  const bob = await start("bob", "--ephemeral", "--join", `127.0.0.1:${portOf(anna)}`);
  await soon(() => bob.lines().find(({ type, status }) => type === "peer" && status === "alive"));
  await bob.ask("/nick robert");
  await bob.ask("/say hi");
  await soon(() => anna.lines().find(({ type }) => type === "message"));
  for (const program of [anna, bob]) {
    expect(loadedBy(program)).not.toContain("classic-level");
    program.child.stdin.end();
    expect(await program.code).toBe(0);
  }
  expect(readdirSync(home, { recursive: true })).toEqual([]);
});

it("without it the identity, the nick, the history, the rooms and the addresses that answered are there, for their owner alone", async () => {
  const anna = await start("anna", "--ephemeral");
  const bob = await start("bob", "--join", `127.0.0.1:${portOf(anna)}`);
  await soon(() => bob.lines().find(({ type, status }) => type === "peer" && status === "alive"));
  expect(loadedBy(bob)).toContain("classic-level");
  bob.child.stdin.end();
  expect(await bob.code).toBe(0);
  const files = readdirSync(home, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name));
  const data = join(home, ".local", "share", "smplchat");
  const names = paths.map((path) =>
    relative(data, path)
      .replace(/^rooms\/\w+/, "ROOM")
      .replace(/\/.*/, ""),
  );
  expect([...new Set(names)].toSorted()).toEqual(["ROOM", "history", "identity", "nick", "people", "room-list"]);
  expect(paths.filter((path) => (statSync(path).mode & 0o077) !== 0)).toEqual([]);
  expect(statSync(join(data, "history")).mode & 0o777).toBe(0o700);
});

it("KEEPALIVE_INTERVAL is how often peers are probed", async () => {
  const anna = await start("anna", "--ephemeral", "--keepalive-interval", "0.1");
  const bob = await start("bob", "--ephemeral", "--keepalive-interval", "3600", "--join", `127.0.0.1:${portOf(anna)}`);
  await soon(() => bob.lines().find(({ type, status }) => type === "peer" && status === "alive"));
  const sent = async () => Number((await anna.ask("/stats")).datagramsOut);
  const before = await sent();
  // At the default interval of a second it takes half a minute.
  await soon(async () => (await sent()) - before >= 30, 12_000);
});

it("NODE_TIMEOUT and CLEANUP_INTERVAL are how long a peer that died stays listed", async () => {
  const short = ["--keepalive-interval", "0.2", "--node-timeout", "1", "--cleanup-interval", "0.2"];
  const anna = await start("anna", "--ephemeral", ...short);
  const bob = await start("bob", "--ephemeral", "--join", `127.0.0.1:${portOf(anna)}`);
  const listed = async () => (await anna.ask("/peers")).peers as readonly object[];
  await soon(async () => (await listed()).length === 1);
  bob.child.kill("SIGKILL");
  await soon(() => anna.lines().find(({ type, status }) => type === "peer" && status === "dead"), 30_000);
  await soon(async () => (await listed()).length === 0);
});

it("MAX_DISK is how many bytes the messages of a room take, and /set changes it at once", async () => {
  const anna = await start("anna", "--ephemeral", "--max-disk", "2MB");
  const kept = async () => ((await anna.ask("/log 100")).ids as readonly string[]).length;
  // The fortieth does not fit.
  for (let at = 0; at < 40; at += 1) await anna.ask(`/say ${"x".repeat(60_000)}`);
  expect(await kept()).toBeLessThan(34);
  await anna.ask("/set MAX_DISK 1MB");
  expect(await kept()).toBeLessThan(17);
  expect(await anna.ask("/set MAX_DISK 1KB")).toMatchObject({ type: "error", code: "bad-value" });
  expect((await anna.ask("/set MAX_DISK off")).text).toBe("MAX_DISK = off");
});

it("MAX_MESSAGES is how many messages are kept, and /set changes it at once", async () => {
  const anna = await start("anna", "--ephemeral", "--max-messages", "3");
  const kept = async () => (await anna.ask("/log 100")).ids as readonly string[];
  for (const line of [1, 2, 3, 4, 5]) await anna.ask(`/say line ${line}`);
  expect(await kept()).toHaveLength(3);
  await anna.ask("/set MAX_MESSAGES 2");
  await anna.ask("/say line 6");
  expect(await kept()).toHaveLength(2);
});
