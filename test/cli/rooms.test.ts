/** Several rooms of real processes: they are there again after a start, with their keys and all that was said in them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type JsonProgram, killPrograms, portOf, soon, startJsonProgram } from "../suites/jsonProgram.ts";
import { runProgram } from "../suites/program.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "smplchat-rooms-"));
});
afterEach(() => {
  killPrograms();
  rmSync(home, { recursive: true, force: true });
});

const NAMES = ["anna", "bob", "carol"];
const start = (nick: string, ...args: string[]): Promise<JsonProgram> =>
  startJsonProgram(home, ["--profile", nick, "--nick", nick, ...args]);
const roomsOf = (program: JsonProgram): string[] =>
  ((program.lines()[0]?.rooms ?? []) as { name: string }[]).map(({ name }) => name);
/** `#room text` of every message, in the order of the lines. */
const saidIn = (program: JsonProgram): string[] =>
  program.lines().flatMap(({ type, room, text }) => (type === "message" ? [`#${room} ${text}`] : []));

describe("three programs in three rooms", () => {
  it("killed and started again, have all rooms and all that was said, alone at first, and then together", {
    timeout: 90_000,
  }, async () => {
    const [anna, bob, carol] = (await Promise.all([
      start("anna", "--room", "lab", "--room", "tea"),
      start("bob", "--room", "lab,tea"),
      start("carol", "lab", "tea"),
    ])) as [JsonProgram, JsonProgram, JsonProgram];
    expect([anna, bob, carol].map(roomsOf)).toEqual([
      ["lab", "tea"],
      ["lab", "tea"],
      ["lab", "tea"],
    ]);
    const made = await anna.ask("/room new den");
    expect(made).toMatchObject({ code: "moved", room: "den", data: { room: { name: "den", private: true } } });
    const { data } = await anna.ask("/invite");
    const { invite } = data as { invite: string };
    for (const one of [bob, carol]) {
      await one.ask(`/join ${invite}`);
      for (const room of ["lab", "tea"]) one.put({ type: "command", line: `/join 127.0.0.1:${portOf(anna)}`, room });
    }
    const all = [anna, bob, carol];
    await together(all);
    for (const one of all) for (const room of ["lab", "tea", "den"]) one.put({ type: "say", text: `hi ${room}`, room });
    await soon(() => all.every((one) => saidIn(one).length === 9 && one.stored().length === 3) || undefined, 20_000);
    const ports = all.map(portOf);
    for (const one of all) one.child.kill("SIGKILL");
    await soon(() => all.every((one) => one.child.signalCode !== null) || undefined);

    const again: JsonProgram[] = [];
    for (const [at, nick] of NAMES.entries()) again.push(await start(nick, "--port", String(ports[at])));
    for (const one of again) {
      expect(roomsOf(one)).toEqual(["lab", "tea", "den"]);
      expect(one.lines()[0]).toMatchObject({ room: { name: "den", private: true } });
      await soon(() => saidIn(one).length >= 3 || undefined);
    }
    await together(again);
    await soon(() => again.every((one) => saidIn(one).length === 9) || undefined, 20_000);
    for (const one of again)
      expect(saidIn(one).sort()).toEqual(["den", "lab", "tea"].flatMap((room) => Array(3).fill(`#${room} hi ${room}`)));
    (again[0] as JsonProgram).put({ type: "say", text: "once more", room: "tea" });
    await soon(() => again.every((one) => saidIn(one).includes("#tea once more")) || undefined);
  });
});

/** All see all others in every room. */
async function together(all: readonly JsonProgram[]): Promise<void> {
  for (const one of all)
    for (const room of ["lab", "tea", "den"])
      await soon(async () => {
        const { peers } = await one.ask("/peers", room);
        const alive = (peers as { status: string }[]).filter(({ status }) => status === "alive");
        return alive.length === all.length - 1 || undefined;
      }, 20_000);
}

describe("the rooms of last time", () => {
  const json = (input: string, ...args: string[]) => {
    const { out } = runProgram(["--json", "--port", "0", "--nick", "anna", ...args], { home, input });
    return out
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { type: string; rooms?: { name: string }[]; room?: { name: string } });
  };

  it("are entered again; one that was left is not, and its name leads back into it", () => {
    const made = json("/join lab\n/room new den\n/leave\n/join smplchat\n");
    expect(made[0]).toMatchObject({ rooms: [{ name: "smplchat" }], room: { name: "smplchat" } });
    const [ready] = json("");
    expect(ready).toMatchObject({ rooms: [{ name: "smplchat" }, { name: "lab" }], room: { name: "smplchat" } });
    const back = json("/join den\n/room list\n").slice(1);
    expect(back).toContainEqual(
      expect.objectContaining({
        code: "moved",
        data: expect.objectContaining({ room: { name: "den", private: true } }),
      }),
    );
    // Those of one start do not make the others forgotten.
    expect(json("", "--room", "ops")[0]?.rooms).toMatchObject([{ name: "ops" }]);
    expect(json("")[0]?.rooms?.map(({ name }) => name)).toEqual(["smplchat", "lab", "den", "ops"]);
    const { out } = runProgram(["invite", "--room", "den"], { home });
    expect(json("", out.trim())[0]?.rooms).toMatchObject([{ name: "den", private: true }]);
  });

  it("whose list is damaged are told of in one line, and nothing of it is lost", () => {
    json("/join lab\n/room new den\n");
    const path = join(home, ".local/share/smplchat/room-list");
    const whole = readFileSync(path, "utf8");
    writeFileSync(path, whole.slice(0, -7));
    const { err, out } = runProgram(["--json", "--port", "0"], { home, input: "" });
    expect(err).toBe(
      `smplchat: the list of your rooms is damaged: it is kept aside in ${path}.damaged-1, and what can be read of it stays\n`,
    );
    expect(out).toContain('"rooms":[{"name":"smplchat","private":false},{"name":"lab","private":false}]');
    expect(readFileSync(`${path}.damaged-1`, "utf8")).toBe(whole.slice(0, -7));
  });

  it("of an identity that keeps nothing are not kept", () => {
    json("/join lab\n", "--ephemeral");
    expect(json("")[0]?.rooms).toMatchObject([{ name: "smplchat" }]);
  });
});
