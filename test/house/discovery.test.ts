// No multicast leaves the machine that runs the tests: whatever starts the program says whether discovery is on.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folders = ["test", "scripts", "bench", ".ci"];

const sources = folders.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && (/\.(tsx?|js|sh)$/.test(entry.name) || entry.name === "run"))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path: path.slice(root.length), text: readFileSync(path, "utf8") })),
);

/** What starts the chat, and not only its help: the program's own file, the packed command, `npm start`. */
const starts = /bin\/smplchat|npm[^\n]* start\b/;

/** Name the program, which client.js beside them starts. */
const elsewhere = ["bench/net/mesh.js", "bench/net/attack.js"];

test("whatever starts the program says whether discovery is on", () => {
  const starters = sources.filter(({ text }) => starts.test(text));
  expect(starters.length).toBeGreaterThan(4);
  const silent = starters.filter(({ path, text }) => !elsewhere.includes(path) && !text.includes("SMPLCHAT_DISCOVERY"));
  expect(silent.map(({ path }) => path)).toEqual([]);
});

test("only tests that make a network of their own turn it on", () => {
  const on = sources.filter(({ text }) => /SMPLCHAT_DISCOVERY["']?\s*[:=]\s*["']?on\b/.test(text));
  expect(on.length).toBeGreaterThan(0);
  for (const { path, text } of on) expect([path, text.includes("openNetwork(")]).toEqual([path, true]);
  expect(readFileSync(join(root, "vitest.config.ts"), "utf8")).toContain('SMPLCHAT_DISCOVERY: "off"');
});
