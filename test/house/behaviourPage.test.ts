// What docs/behaviour.md says of constants is what the code has, and no constant that decides how a node behaves is left out.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { sourcesUnder } from "../../scripts/imports.js";
import { settingsTable } from "../../src/settings.ts";
import { createConstants } from "./constants.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const page = readFileSync(`${root}docs/behaviour.md`, "utf8");
const sources = sourcesUnder(root, "src");
const constants = createConstants(sources);

type Row = { readonly name: string; readonly value: string; readonly path: string };
const rows: readonly Row[] = [...page.matchAll(/^\| `([\w.]+)` \| ([^|]+) \| [^|]+ \| `([^`]+)` \| [^|]+ \|$/gm)].map(
  ([, name = "", value = "", path = ""]) => ({ name, value, path }),
);

/** Numbers that decide nothing about behaviour: how a data structure or an encoding is built. */
const exempt: Readonly<Record<string, string>> = {
  "src/protocol/idset/fingerprint.ts LIMBS": "the width of a sum, by the protocol",
  "src/protocol/idset/orderedSet.ts BLOCK_MAX": "a block of a data structure",
  "src/protocol/idset/orderedSet.ts SIZE": "the bytes of an id",
  "src/protocol/link/replayWindow.ts WORD_BITS": "a word of the bitmap",
  "src/protocol/link/replayWindow.ts FEW": "when the bitmap is made",
  "src/protocol/log/messageIndex.ts SLOTS_FIRST": "the first size of a table",
  "src/protocol/log/indexRows.ts HAS_TARGET": "a bit of a row",
  "src/protocol/log/indexRows.ts IS_ERASED": "a bit of a row",
  "src/protocol/log/indexRows.ts WAS_LARGE": "a bit of a row",
  "src/protocol/log/messageIndex.ts REFS_MAX": "the ids that a message names",
  "src/protocol/log/recentBodies.ts OVERHEAD_BYTES": "an estimate of memory",
  "src/protocol/membership/ownStatement.ts INCARNATION_MAX": "what fits the wire",
  "src/protocol/membership/rumours.ts ROOM_MIN": "when a search for something smaller ends",
  "src/protocol/sync/pages.ts BATCH": "how many ids are looked up at a time",
};

describe("docs/behaviour.md", () => {
  test("has a table in each chapter", () => {
    const chapters = page.split("\n## ").slice(1);
    const without = chapters.filter(
      (chapter) => !chapter.includes("| constant | value | unit | defined in | decides |"),
    );
    expect(without.map((chapter) => chapter.split("\n")[0])).toEqual([]);
    expect(rows.length).toBe(page.split("\n").filter((line) => /^\| `.*\| `src\//.test(line)).length);
  });

  test("names each constant once, with the value that the code has", () => {
    const keys = rows.map(({ path, name }) => `${path} ${name}`);
    expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([]);
    const wrong = rows.flatMap(({ name, value, path }) => {
      const actual = constants.valueOf(path, name);
      if (actual === undefined) return [`${path} has no constant ${name}`];
      const shown = [actual].flat().join(", ");
      return shown === value ? [] : [`${name} is ${shown} in ${path}, and ${value} on the page`];
    });
    expect(wrong).toEqual([]);
  });

  test("leaves out no number that stands at the top of a file of src/protocol/, nor a limit", () => {
    const told = new Set(rows.map(({ path, name }) => `${path} ${name}`));
    const inCode = sources
      .filter(({ path }) => path.startsWith("src/protocol/"))
      .flatMap(({ path }) => constants.namesIn(path).map((name) => `${path} ${name}`));
    const path = "src/protocol/limits.ts";
    const limits = Object.keys(constants.valueOf(path, "limits") as object).map((name) => `${path} limits.${name}`);
    // The way out: a row in the table of its chapter, or a line with the reason in `exempt` above.
    expect([...inCode, ...limits].filter((key) => !told.has(key) && !(key in exempt))).toEqual([]);
    expect(Object.keys(exempt).filter((key) => !inCode.includes(key) || told.has(key))).toEqual([]);
  });

  test("names no constant or setting that does not exist", () => {
    const known = new Set([...rows.map(({ name }) => name), ...Object.keys(settingsTable)]);
    const inCode = [...page.matchAll(/`([A-Z][A-Z0-9_]+|limits\.(?!ts\b)\w+)`/g)].map(([, name = ""]) => name);
    const inEquations = page.match(/\b(?!SMPLCHAT)[A-Z][A-Z0-9]*_[A-Z0-9_]+\b/g) ?? [];
    expect([...new Set([...inCode, ...inEquations])].filter((name) => !known.has(name))).toEqual([]);
  });

  test("has the orders that an author starts as the code has them", () => {
    const plans = constants.valueOf("src/protocol/relay/redundancy.ts", "PLANS") as readonly Record<string, number>[];
    const told = [...page.matchAll(/^\| below ([\d.]+) \| ([\d.]+) \| (\d+) \|$/gm)].map((row) =>
      row.slice(1).map(Number),
    );
    expect(told).toEqual(plans.map(({ below, bodies, ids }) => [below, bodies, ids]));
  });
});
