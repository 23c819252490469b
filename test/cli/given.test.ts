/** Rooms and addresses on the command line: what each word means, and where it is read from. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readGiven } from "../../src/cli/given.ts";
import type { Flags } from "../../src/cli/options.ts";
import { encodeInvite } from "../../src/crypto/invite.ts";
import { newPrivateRoom, openRoom } from "../../src/crypto/roomKeys.ts";

const home = mkdtempSync(join(tmpdir(), "smplchat-given-"));
afterAll(() => rmSync(home, { recursive: true }));

const den = encodeInvite({ name: "den", private: true, secret: newPrivateRoom(), endpoints: [] });
const tea = encodeInvite({ name: "tea", private: false, secret: openRoom("tea"), endpoints: [] });
const read = (flags: Flags, ...words: string[]) =>
  readGiven(flags, words, { environment: {}, platform: "linux", home });

function file(name: string, text: string, mode = 0o600): string {
  writeFileSync(join(home, name), text);
  chmodSync(join(home, name), mode);
  return join(home, name);
}

describe("a word without an option", () => {
  it.each([
    ["lab", { ROOM: ["lab"] }],
    ["#lab", { ROOM: ["#lab"] }],
    ["7", { ROOM: ["7"] }],
    ["büro_2", { ROOM: ["büro_2"] }],
    [tea, { ROOM: [tea] }],
    [den, { ROOM: [den] }],
    ["10.0.0.2", { JOIN: ["10.0.0.2"] }],
    ["[::1]:5", { JOIN: ["[::1]:5"] }],
    ["host.example", { JOIN: ["host.example"] }],
    ["host:5", { JOIN: ["host:5"] }],
  ] as const)("%s is a room, an invite or an address", (word, flags) => {
    expect(read({}, word).flags).toEqual(flags);
  });

  it("stands beside others, and beside options", () => {
    const given = read({ PORT: "5", JOIN: ["a"], ROOM: ["tea"] }, "lab", "10.0.0.2", den, "h:1");
    expect(given.flags).toEqual({ PORT: "5", ROOM: ["tea", "lab", den], JOIN: ["a", "10.0.0.2", "h:1"] });
    expect(Object.fromEntries(given.origins)).toEqual({
      ROOM: "flag --room, argument",
      JOIN: "flag --join, argument",
    });
  });

  it("is refused in one line when it is none of these", () => {
    const refused = expect.objectContaining({
      message: expect.stringMatching(/^ROOM cannot be "[^\n]+ wanted [^\n]+$/),
    });
    for (const word of ["", "a b", "h:x", "1.2.3.4.5", "@", `x@${den}`])
      expect(() => read({}, word), word).toThrow(refused);
  });
});

describe("@FILE", () => {
  it("is the first line of the file, wherever a room or an address is taken", () => {
    const path = file("den", `\ufeff  ${den}\r\nanother line\n`);
    for (const given of [read({}, `@${path}`), read({ ROOM: `@${path}` }), read({}, "@~/den")]) {
      expect(given.flags).toEqual({ ROOM: [den] });
      expect([...given.origins]).toEqual([["ROOM", path]]);
      expect(given.warnings).toEqual([]);
    }
    const both = read({ JOIN: [`@${path}`, `@${file("peers", "10.0.0.2,10.0.0.3")}`] });
    expect(both.flags).toEqual({ JOIN: [den, "10.0.0.2,10.0.0.3"] });
    expect(both.warnings).toEqual([]);
  });

  it("warns of a private invite that others may read, and only of that", () => {
    for (const mode of [0o644, 0o640, 0o604, 0o660]) {
      const path = file("open", `${den}\n`, mode);
      expect(read({}, `@${path}`).warnings, mode.toString(8)).toEqual([
        `others may read ${path}, which holds the invite of a private room: chmod 600 closes it`,
      ]);
    }
    for (const text of [tea, "lab", "10.0.0.2"]) expect(read({}, `@${file("open", text, 0o644)}`).warnings).toEqual([]);
  });

  it("is refused in one line when there is nothing to read", () => {
    const wanted = "wanted a file that can be read";
    const absent = `@${join(home, "absent")}`;
    expect(() => read({}, absent)).toThrow(`ROOM cannot be "${absent}" (argument): ${wanted} (there is none)`);
    expect(() => read({ JOIN: [`@${home}`] })).toThrow(/^JOIN cannot be .* \(flag --join\): .*\(it is a directory\)$/);
    for (const text of ["", "\n", "  \nsecond", "x".repeat(100_000)]) {
      expect(() => read({ ROOM: `@${file("bad", text)}` })).toThrow(/^ROOM cannot be .*: wanted an invite, an address/);
    }
    expect(() => read({}, `@${file("none", "a b")}`)).toThrow(`ROOM cannot be "a b" (${join(home, "none")})`);
  });
});

describe("a private room's invite in the arguments", () => {
  it("works, with one warning that does not repeat it", () => {
    for (const given of [
      read({}, den),
      read({ ROOM: den }),
      read({ JOIN: [`10.0.0.2,${den}`, den] }),
      read({ ROOM: den }, "h:1"),
    ]) {
      expect(given.warnings).toEqual([
        expect.stringMatching(/^the invite of a private room stands in the arguments.*@FILE/),
      ]);
      expect(given.warnings.join()).not.toContain(den.slice(9));
    }
    expect(read({ ROOM: tea, JOIN: ["10.0.0.2"] }).warnings).toEqual([]);
  });
});
