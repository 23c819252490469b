// A link of a document leads to a file that is there, and that whoever installs the package has, too.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const { files } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { files: readonly string[] };
/** npm packs these whatever `files` says. */
const ALWAYS = ["README.md", "LICENSE", "package.json"];
/** For those who have the repository, who alone can change it. */
const OF_THE_REPOSITORY = ["CONTRIBUTING.md", "src", "test", "bench"];

const isPacked = (path: string): boolean =>
  ALWAYS.includes(path) || files.some((entry) => path === entry || path.startsWith(`${entry}/`));
const documents = [...readdirSync(root), ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`)].filter(
  (path) => path.endsWith(".md"),
);

test.each(documents)("%s", (path) => {
  const links = [...readFileSync(join(root, path), "utf8").matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(
    ([, link = ""]) => link,
  );
  const inside = links
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => relative(root, join(root, dirname(path), link)));
  expect(inside.filter((target) => !existsSync(join(root, target)))).toEqual([]);
  if (!isPacked(path)) return;
  expect(
    inside.filter((target) => !isPacked(target) && !OF_THE_REPOSITORY.includes(target.split("/")[0] ?? "")),
  ).toEqual([]);
});
