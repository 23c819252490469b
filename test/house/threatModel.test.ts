// Every claim of the threat model names a test, and that test is there. Every command of it names a file that is there.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const page = readFileSync(join(root, "docs/threat-model.md"), "utf8");
const tables = page.split("\n\n").map((block) => block.split("\n").filter((line) => line.startsWith("| ")));
const claims = tables
  .filter(([head]) => head?.endsWith("| held by |"))
  .flatMap((rows) => rows.slice(1))
  .map((row) => {
    const [, claim = "", held = ""] = row.split(" | ").length === 2 ? [row, ...row.slice(2, -2).split(" | ")] : [row];
    const [, file = "", title = ""] = /^`(test\/[^`]+)`: "(.+)"$/.exec(held) ?? [];
    return { claim, file, title };
  });

test("the threat model makes claims about everyone in it", () => {
  expect(claims.length).toBeGreaterThan(30);
});

test.each(claims)("$claim: $file", ({ file, title }) => {
  expect(file).not.toBe("");
  expect(readFileSync(join(root, file), "utf8")).toContain(`"${title}"`);
});

test("every command of it runs tests that are there", () => {
  const files = [...page.matchAll(/`npx vitest run (test\/[^`]+)`/g)].map(([, file = ""]) => file);
  expect(files.length).toBeGreaterThan(5);
  expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
});
