/** The list of known people on disk: there again at the next start, for its owner alone, and never written over where it cannot be read. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type KnownPerson, openPeopleFile } from "../../src/store/peopleFile.ts";
import type { PeerId } from "../../src/wire/ids.ts";

let dataDir = "";
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "smplchat-people-"));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const person = (nick: string, number: number, more: Partial<KnownPerson> = {}): KnownPerson => ({
  id: number.toString(16).padStart(64, "0") as PeerId,
  nick,
  since: "2026-01-31",
  nickSince: "2026-02-01",
  verified: false,
  ignored: false,
  ...more,
});

const anna = person("anna", 1, { verified: true });
const eve = person('e"v\\e\u2028\u0007', 2, { ignored: true });
const bob = person("bób✓👍", 3);

const read = async () => (await openPeopleFile(dataDir, 1)).read;
const nicks = (people: readonly KnownPerson[]) => people.map(({ nick }) => nick);

it("people come back as they were, in a file for its owner; those of another identity are others", async () => {
  const file = await openPeopleFile(dataDir, 1);
  expect(file.read).toEqual({ entries: [] });
  expect(await file.write([anna, eve, bob])).toBeUndefined();
  expect(await read()).toEqual({ entries: [anna, eve, bob] });
  expect(statSync(join(dataDir, "people")).mode & 0o777).toBe(0o600);
  expect((await openPeopleFile(dataDir, 2)).read.entries).toEqual([]);
  await (await openPeopleFile(dataDir, 2)).write([bob]);
  expect(readdirSync(dataDir).sort()).toEqual(["people", "people-2"]);
});

it("of lists that follow fast, the last one stands there", async () => {
  const file = await openPeopleFile(dataDir, 1);
  const written = [[anna], [anna, eve], [eve], [bob, anna]].map((people) => file.write(people));
  expect(await Promise.all(written)).toEqual([undefined, undefined, undefined, undefined]);
  expect(nicks((await read()).entries)).toEqual(["bób✓👍", "anna"]);
});

it("what is damaged is kept aside, and what can be read of it stays; nobody becomes verified by it", async () => {
  const path = join(dataDir, "people");
  await (await openPeopleFile(dataDir, 1)).write([anna, bob]);
  const whole = readFileSync(path, "utf8");
  const damages = [
    [whole.replace(" verified ", " verifed "), ["bób✓👍"]],
    [`${whole}out of place\n`, ["anna", "bób✓👍"]],
    [whole.slice(0, -2), ["anna"]],
    [whole.replace('"anna"', '"an"na"'), ["bób✓👍"]],
    [whole.replace(anna.id, anna.id.slice(1)), ["bób✓👍"]],
    [whole.replace("people 1", "peple"), ["anna", "bób✓👍"]],
    ["\0".repeat(500), []],
    ["", []],
  ] as const;
  for (const [at, [text, rest]] of damages.entries()) {
    writeFileSync(path, text);
    const { entries, trouble } = await read();
    expect(trouble).toEqual({ code: "damaged", path: `${path}.damaged-${at + 1}` });
    expect(readFileSync(`${path}.damaged-${at + 1}`, "utf8")).toBe(text);
    expect(nicks(entries)).toEqual(rest);
  }
});

it("one that a newer version wrote, or that cannot be read, is not written over", async () => {
  const path = join(dataDir, "people");
  writeFileSync(path, "smplchat people 2\nsomething else\n");
  const newer = await openPeopleFile(dataDir, 1);
  expect(newer.read).toEqual({ entries: [], trouble: { code: "newer", path } });
  expect(await newer.write([anna])).toBeUndefined();
  expect(readFileSync(path, "utf8")).toContain("people 2");
  mkdirSync(join(dataDir, "people-2"));
  const file = await openPeopleFile(dataDir, 2);
  expect(file.read).toMatchObject({ entries: [], trouble: { code: "unreadable" } });
  await file.write([anna]);
  expect(statSync(join(dataDir, "people-2")).isDirectory()).toBe(true);
});

it("where nothing can be written, that is told", async () => {
  const file = await openPeopleFile(join(dataDir, "absent"), 1);
  expect(await file.write([anna])).toMatchObject({ code: "unwritable", reason: "ENOENT" });
});
