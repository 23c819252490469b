// Makes src/chat/model/confusables.ts of Unicode's confusables.txt: `node scripts/confusables.js confusables.txt`.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const source = process.argv[2];
if (source === undefined) throw new Error("which confusables.txt? unicode.org/Public/security/latest has it");
const lines = readFileSync(source, "utf8").split("\n");
const version = lines.find((line) => line.startsWith("# Version: "))?.slice("# Version: ".length);

/** Ideographs look alike in thousands and are seldom a nick's whole disguise: they are left out. */
const isLeftOut = (character) => /[\p{Script=Han}\p{Co}\p{Cn}]/u.test(character);
const groups = new Map();
for (const line of lines) {
  const match = /^([0-9A-F]+) ;\s+([0-9A-F ]+?) ;/.exec(line.replace(/^\ufeff/, ""));
  if (match === null) continue;
  const from = Number.parseInt(match[1], 16);
  const character = String.fromCodePoint(from);
  const to = match[2]
    .split(" ")
    .map((hex) => String.fromCodePoint(Number.parseInt(hex, 16)))
    .join("");
  // What NFKC or NFD takes apart never comes to the table.
  if (character.normalize("NFKC").normalize("NFD") !== character || isLeftOut(character) || to.length > 8) continue;
  groups.set(to, [...(groups.get(to) ?? []), from]);
}
const encoded = [...groups]
  .sort(([one], [other]) => (one < other ? -1 : 1))
  .map(([to, from]) => {
    const target = [...to].map((part) => part.codePointAt(0).toString(36)).join("+");
    let before = 0;
    const deltas = from
      .sort((a, b) => a - b)
      .map((code) => {
        const delta = code - before;
        before = code;
        return delta.toString(36);
      });
    return `${target}=${deltas.join(",")}`;
  });
const rows = [];
for (const entry of encoded) {
  if (rows.length === 0 || rows.at(-1).length + entry.length > 3_000) rows.push(entry);
  else rows[rows.length - 1] += ` ${entry}`;
}
const text = `/**
 * Characters that look alike, made by scripts/confusables.js of Unicode's confusables.txt, version ${version}.
 * © Unicode, Inc. Licence: Unicode License v3, https://www.unicode.org/license.txt (SPDX: Unicode-3.0).
 *
 * Each entry is \`target=sources\`: code points in base 36, those of the target joined by \`+\`, those of the sources as
 * differences. Ideographs are left out, and what NFKC takes apart.
 */
export const CONFUSABLES: readonly string[] = [
${rows.map((row) => `  "${row}",`).join("\n")}
];
`;
writeFileSync(fileURLToPath(new URL("../src/chat/model/confusables.ts", import.meta.url)), text);
console.log(`${groups.size} targets, ${[...groups.values()].flat().length} sources, ${text.length} bytes`);
