/** The list of rooms on disk: there again at the next start, for its owner alone, and never written over where it cannot be read. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { newPrivateRoom, openRoom } from "../../src/crypto/roomKeys.ts";
import { openRoomsFile, type RememberedRoom, ROOMS_REMEMBERED_MAX } from "../../src/store/roomsFile.ts";

let dataDir = "";
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "smplchat-rooms-"));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const lab: RememberedRoom = { name: "lab", private: false, secret: openRoom("lab"), state: "in" };
const den: RememberedRoom = { name: "den", private: true, secret: newPrivateRoom(), state: "shown" };
const old: RememberedRoom = { name: "old", private: true, secret: newPrivateRoom(), state: "left" };

const read = async () => (await openRoomsFile(dataDir, 1)).read;
const names = (rooms: readonly RememberedRoom[]) => rooms.map(({ name, state }) => `${name} ${state}`);

it("a list comes back as it was, keys and all, in a file for its owner; that of another identity is another", async () => {
  const file = await openRoomsFile(dataDir, 1);
  expect(file.read).toEqual({ rooms: [] });
  expect(await file.write([lab, den, old])).toBeUndefined();
  const again = await read();
  expect(again.trouble).toBeUndefined();
  expect(again.rooms.map((room) => ({ ...room, secret: hexOf(room) }))).toEqual(
    [lab, den, old].map((room) => ({ ...room, secret: hexOf(room) })),
  );
  expect(statSync(join(dataDir, "room-list")).mode & 0o777).toBe(0o600);
  expect((await openRoomsFile(dataDir, 2)).read.rooms).toEqual([]);
  await (await openRoomsFile(dataDir, 2)).write([lab]);
  expect(readdirSync(dataDir).sort()).toEqual(["room-list", "room-list-2"]);
});

it("of lists that follow fast, the last one stands there", async () => {
  const file = await openRoomsFile(dataDir, 1);
  const written = [[lab], [lab, den], [den], [old, lab]].map((rooms) => file.write(rooms));
  expect(await Promise.all(written)).toEqual([undefined, undefined, undefined, undefined]);
  expect(names((await read()).rooms)).toEqual(["old left", "lab in"]);
});

it("what is damaged is kept aside, each time under a name of its own, and what can be read of it stays", async () => {
  const path = join(dataDir, "room-list");
  await (await openRoomsFile(dataDir, 1)).write([lab, den]);
  const whole = readFileSync(path, "utf8");
  const damages = [
    [whole.replace("in smplchat:", "in smplchut:"), ["den shown"]],
    [`${whole}out of place\n`, ["lab in", "den shown"]],
    [whole.slice(0, -9), ["lab in"]],
    [whole.replace("rooms 1", "rums"), ["lab in", "den shown"]],
    ["\0".repeat(500), []],
    ["", []],
  ] as const;
  for (const [at, [text, rest]] of damages.entries()) {
    writeFileSync(path, text);
    const { rooms, trouble } = await read();
    expect(trouble).toEqual({ code: "damaged", path: `${path}.damaged-${at + 1}` });
    expect(readFileSync(`${path}.damaged-${at + 1}`, "utf8")).toBe(text);
    expect(names(rooms)).toEqual(rest);
  }
});

it("one that a newer version wrote, or that cannot be read, is not written over", async () => {
  const path = join(dataDir, "room-list");
  writeFileSync(path, "smplchat rooms 2\nsomething else\n");
  const newer = await openRoomsFile(dataDir, 1);
  expect(newer.read).toEqual({ rooms: [], trouble: { code: "newer", path } });
  expect(await newer.write([lab])).toBeUndefined();
  expect(readFileSync(path, "utf8")).toContain("rooms 2");
  mkdirSync(join(dataDir, "room-list-2"));
  const file = await openRoomsFile(dataDir, 2);
  expect(file.read).toMatchObject({ rooms: [], trouble: { code: "unreadable" } });
  await file.write([lab]);
  expect(statSync(join(dataDir, "room-list-2")).isDirectory()).toBe(true);
});

it("where nothing can be written, that is told", async () => {
  const file = await openRoomsFile(join(dataDir, "absent"), 1);
  expect(await file.write([lab])).toMatchObject({ code: "unwritable", reason: "ENOENT" });
});

it("of more rooms than are remembered, those that were left longest ago go", async () => {
  const many = Array.from({ length: ROOMS_REMEMBERED_MAX }, (_, n): RememberedRoom => {
    return { name: `r${n}`, private: false, secret: openRoom(`r${n}`), state: "left" };
  });
  await (await openRoomsFile(dataDir, 1)).write([lab, ...many, den]);
  const { rooms } = await read();
  expect(rooms).toHaveLength(ROOMS_REMEMBERED_MAX);
  expect(names([...rooms.slice(0, 2), ...rooms.slice(-1)])).toEqual(["lab in", "r2 left", "den shown"]);
});

function hexOf({ secret }: RememberedRoom): unknown {
  return { ...secret, id: Buffer.from(secret.id).toString("hex"), key: Buffer.from(secret.key).toString("hex") };
}
