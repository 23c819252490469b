#!/usr/bin/env node
// `npm run rooms [-- FOLDER]`: the layers of src/ and the rooms of src/protocol/, how large they are, and which imports which. Exit code 1 if
// an arrow runs up, or files import each other in a circle.
import { fileURLToPath } from "node:url";
import {
  arrowsOf,
  circlesOf,
  importGraph,
  layerOf,
  layers,
  protocolRows,
  rankIn,
  roomOf,
  rooms,
  sourcesUnder,
  vocabulary,
} from "./imports.js";

/** Between the rooms of protocol/: more, and they are rooms by name only. */
const ARROWS_MAX = 100;

const project = process.argv[2] ?? fileURLToPath(new URL("..", import.meta.url));
const files = sourcesUnder(project, "src");
const graph = importGraph(files);

print("Layers of src/, lowest first", layers, layerOf);
const above = arrowsOf(graph, layerOf).filter((arrow) => isUp(arrow, layers));
const shownAs = (path) => (vocabulary.includes(roomOf(path)) ? "vocabulary" : roomOf(path));
print("Rooms of src/protocol/, lowest first", [["vocabulary"], ...protocolRows.slice(1)], shownAs);
const arrows = arrowsOf(graph, roomOf);
const up = arrows.filter((arrow) => isUp(arrow, protocolRows));
const between = arrows.filter(({ from, to }) => rooms.includes(from) && rooms.includes(to));
const imports = between.reduce((sum, { targets }) => sum + targets.length, 0);
const circles = circlesOf(graph);

console.log("An arrow is one file that imports from another layer or room, types included, however many files of it.");
console.log(`vocabulary: ${vocabulary.join(", ")}.`);
console.log("Between rooms are those of folder to folder; onDatagram, onTimer, onCommand and core know every room.\n");
console.log(
  `${between.length} arrows between rooms of protocol/ (goal: at most ${ARROWS_MAX}), which import ${imports} files`,
);
console.log(`${above.length + up.length} arrows up`);
for (const { file, targets } of [...above, ...up]) console.log(`  ${file} -> ${targets.join(", ")}`);
console.log(`${circles.length} circles of files`);
for (const circle of circles) console.log(`  ${circle.join(" <-> ")}`);
process.exit(above.length + up.length + circles.length === 0 ? 0 : 1);

// --- internal ---

/** A line for each place: its files and lines, and how many of its files import from each other place. */
function print(title, rows, placeOf) {
  const found = arrowsOf(graph, placeOf);
  console.log(`${title}\n`);
  for (const place of rows.flat()) {
    const own = files.filter(({ path }) => placeOf(path) === place);
    if (own.length === 0) continue;
    const lines = own.reduce((sum, { text }) => sum + text.trimEnd().split("\n").length, 0);
    const counts = rows
      .flat()
      .map((to) => [to, found.filter((arrow) => arrow.from === place && arrow.to === to).length])
      .filter(([, count]) => count > 0);
    const targets = counts.map(([to, count]) => `${to} ${count}`).join(", ");
    const size = `${place.padEnd(12)} ${count(own.length, "file").padStart(9)} ${count(lines, "line").padStart(12)}`;
    console.log(`  ${size}${targets === "" ? "" : `   -> ${targets}`}`);
  }
  console.log();
}

/** Up, or across between places that stand beside each other; files of a vocabulary know each other. */
function isUp({ from, to }, rows) {
  const [low, high] = [rankIn(rows, from), rankIn(rows, to)];
  if (high < 0 || low < 0) return rows === protocolRows;
  return high > low || (high === low && rows === layers);
}

function count(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}
