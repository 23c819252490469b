#!/usr/bin/env node
// Writes the table of settings between its markers in README.md, from the table in src/settings.ts as built in dist/.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { settingsMarkdown } from "../dist/settings.js";

const path = fileURLToPath(new URL("../README.md", import.meta.url));
const text = readFileSync(path, "utf8");
const markers = /(<!-- settings -->\n)[\s\S]*?(<!-- \/settings -->)/;
if (!markers.test(text)) {
  console.error("README.md lacks the lines <!-- settings --> and <!-- /settings -->");
  process.exit(1);
}
writeFileSync(
  path,
  text.replace(markers, (_, open, close) => `${open}${settingsMarkdown().trim()}\n${close}`),
);
