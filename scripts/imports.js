// What imports what in src/, for the house tests and `npm run rooms`: layers, rooms of protocol/, arrows, circles.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import ts from "typescript";

/** The layers of src/, lowest first; those in one row may not import each other. */
export const layers = [
  ["wire"],
  ["crypto"],
  ["protocol"],
  ["net"],
  ["store"],
  ["node"],
  ["sim"],
  ["chat"],
  ["tui", "line", "json", "library"],
  ["cli"],
];

/** The files on top of src/protocol/ that every room may import: its vocabulary. They import no room. */
export const vocabulary = [
  "time",
  "limits",
  "config",
  "rng",
  "counters",
  "timers",
  "allowance",
  "views",
  "events",
  "api",
];

/** The folders of src/protocol/, lowest first. */
export const rooms = ["idset", "link", "membership", "log", "liveness", "sync", "relay", "blobs", "entry"];

/** All that stands in src/protocol/, lowest first; what stands in one row knows each other. */
export const protocolRows = [
  vocabulary,
  ["idset"],
  ["link"],
  // What the rooms above share: it names the link and the rows of the timer table.
  ["context"],
  ...rooms.slice(2).map((room) => [room]),
  // The hall: a fact comes in and goes to its room. Here alone all rooms are known.
  ["onDatagram"],
  ["onTimer"],
  ["onStore"],
  ["onCommand"],
  ["core"],
];

/** Every source file below `folder`, as { path, text }; `path` is relative to `root`, with slashes. */
export function sourcesUnder(root, folder) {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(tsx?|js)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path: relative(root, path).split(sep).join("/"), text: readFileSync(path, "utf8") }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

export function parse({ path, text }) {
  return ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
}

export function visit(node, see) {
  see(node);
  ts.forEachChild(node, (child) => visit(child, see));
}

/** What a file names in imports, re-exports, dynamic imports and import types, each as often as it does. */
export function specifiersOf(source) {
  const specifiers = [];
  visit(source, (node) => {
    let named;
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) named = node.moduleSpecifier;
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      named = node.arguments[0];
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) named = node.argument.literal;
    if (named !== undefined && ts.isStringLiteralLike(named)) specifiers.push(named.text);
  });
  return specifiers;
}

/** The path that a relative specifier of a file names. */
export function resolve(path, specifier) {
  const parts = path.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/** For each file the files that it imports, types included, each once. */
export function importGraph(files) {
  return new Map(
    files.map((file) => {
      const relatives = specifiersOf(parse(file)).filter((specifier) => specifier.startsWith("."));
      return [file.path, [...new Set(relatives.map((specifier) => resolve(file.path, specifier)))]];
    }),
  );
}

/** The layer of a file of src/: its folder, or its own name for what stands on top. */
export function layerOf(path) {
  const [top, second, third] = path.split("/");
  if (top !== "src" || second === undefined) return undefined;
  return third === undefined ? second.replace(/\.tsx?$/, "") : second;
}

/** The room of a file of src/protocol/: its folder, or its own name for what stands on top. */
export function roomOf(path) {
  return path.startsWith("src/protocol/") ? layerOf(path.slice("src/".length).replace("protocol/", "src/")) : undefined;
}

/** How high a layer or room stands among its rows; -1: in none. */
export function rankIn(rows, place) {
  return rows.findIndex((row) => row.includes(place));
}

/** Each time that a file of one room imports files of another, as { from, to, file, targets }. */
export function arrowsOf(graph, placeOf) {
  const arrows = new Map();
  for (const [file, targets] of graph) {
    const from = placeOf(file);
    for (const target of targets) {
      const to = placeOf(target);
      if (from === undefined || to === undefined || from === to) continue;
      const key = `${file} ${to}`;
      const arrow = arrows.get(key) ?? { from, to, file, targets: [] };
      arrow.targets.push(target);
      arrows.set(key, arrow);
    }
  }
  return [...arrows.values()];
}

/** Sets of files that import each other in a circle (the strongly connected components of Tarjan 1972), each sorted. */
export function circlesOf(graph) {
  const found = [];
  const order = new Map();
  const low = new Map();
  const stack = [];
  const walk = (file) => {
    order.set(file, order.size);
    low.set(file, order.get(file));
    stack.push(file);
    for (const next of graph.get(file) ?? []) {
      if (!graph.has(next)) continue;
      if (!order.has(next)) walk(next);
      if (stack.includes(next)) low.set(file, Math.min(low.get(file), low.get(next)));
    }
    if (low.get(file) !== order.get(file)) return;
    const circle = stack.splice(stack.indexOf(file));
    if (circle.length > 1 || graph.get(file).includes(file)) found.push(circle.sort());
  };
  for (const file of graph.keys()) {
    if (!order.has(file)) walk(file);
  }
  return found;
}
