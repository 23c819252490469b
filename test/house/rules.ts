// The house rules as pure functions from a source file to what is wrong with it; each finding names the way out.
import ts from "typescript";
import {
  circlesOf,
  type ImportGraph,
  layerOf,
  layers,
  parse,
  protocolRows,
  rankIn,
  resolve,
  roomOf,
  type SourceText,
  specifiersOf,
  visit,
} from "../../scripts/imports.js";

/** Of a file, and of a function with all that stands in it. */
export const LINES_MAX = 500;
export const FUNCTION_LINES_MAX = 120;

/** Imports that go up or across the layers, or up the rooms of protocol/, or reach outside src/. */
export function importFindings(file: SourceText): string[] {
  const from = layerOf(file.path);
  return specifiersOf(parse(file)).flatMap((specifier) => {
    if (!specifier.startsWith(".")) return [];
    const target = resolve(file.path, specifier);
    const reason = forbiddenImport(file.path, from, target) ?? forbiddenRoom(file.path, target);
    return reason === undefined ? [] : [`${file.path} imports ${target}: ${reason}`];
  });
}

/** Whatever in src/protocol/ would make a step depend on more than its arguments. */
export function purityFindings(file: SourceText): string[] {
  if (!file.path.startsWith("src/protocol/")) return [];
  const source = parse(file);
  const found = new Map<string, number>();
  const report = (what: string, node: ts.Node): void => {
    if (!found.has(what)) found.set(what, source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1);
  };
  for (const specifier of specifiersOf(source)) {
    if (specifier.startsWith("node:")) report(specifier, source);
  }
  visit(source, (node) => {
    if (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier)) report("await", node);
    if (node.kind === ts.SyntaxKind.AsyncKeyword) report("async", node);
    if (ts.isPropertyAccessExpression(node) && node.getText(source) === "Math.random") report("Math.random", node);
    if (ts.isIdentifier(node) && impureNames.has(node.text) && isFreeName(node)) report(node.text, node);
  });
  return [...found].map(([what, line]) => `${file.path}:${line} uses ${what}: ${wayOut(what)}`);
}

/** Files that import each other in a circle, types included: none can be read, moved or tested without all the others. */
export function circleFindings(graph: ImportGraph): string[] {
  return circlesOf(graph).map(
    (circle) =>
      `${circle.join(", ")} import each other in a circle: move what both need into a file of its own, ` +
      "or take it as an argument from whoever calls",
  );
}

export type LongFunction = { readonly name: string; readonly line: number; readonly lines: number };

/**
 * Functions above FUNCTION_LINES_MAX, from their first line to their last: what stands in a function counts as part of it, so
 * that a factory is as long as all that it makes. A `describe` is a chapter of tests, not a function.
 */
export function longFunctionsOf(file: SourceText): LongFunction[] {
  const source = parse(file);
  const found: LongFunction[] = [];
  visit(source, (node) => {
    if (!ts.isFunctionLike(node) || isChapter(node)) return;
    const line = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
    const lines = source.getLineAndCharacterOfPosition(node.end).line + 2 - line;
    if (lines > FUNCTION_LINES_MAX) found.push({ name: nameOf(node, source), line, lines });
  });
  return found;
}

/** `known`: which are too long already, by name; one that is not any more has to go from the list. */
export function functionFindings(file: SourceText, known: readonly string[]): string[] {
  const long = longFunctionsOf(file);
  const grown = long
    .filter(({ name }) => !known.includes(name))
    .map(
      ({ name, line, lines }) =>
        `${file.path}:${line} ${name} has ${lines} lines: take it apart by purpose, at most ${FUNCTION_LINES_MAX} lines to a ` +
        "function (plain state and functions over it read best)",
    );
  const done = known
    .filter((name) => !long.some((one) => one.name === name))
    .map((name) => `${file.path}: ${name} is not too long any more: take it from test/house/longFunctions.ts`);
  return [...grown, ...done];
}

/** A file says on top what it is for, is not too long, and has a name that says something. */
export function shapeFindings(file: SourceText): string[] {
  const findings: string[] = [];
  const { length } = file.text.trimEnd().split("\n");
  if (length > LINES_MAX)
    findings.push(`${file.path} has ${length} lines: split it by purpose, at most ${LINES_MAX} lines to a file`);
  if (!/^(#!.*\n)?(\/\/ |\/\*\*\s+(\* )?)\S.{15,}/.test(file.text))
    findings.push(`${file.path} does not say what it is for: begin with a comment, "// <purpose in one line>"`);
  const vague = file.path
    .split("/")
    .find((part) => /(^|[^a-z])(utils?|helpers?|managers?)([^a-z]|$)/i.test(kebab(part)));
  if (vague !== undefined)
    findings.push(`${file.path}: "${vague}" says nothing: name it by what it is about (cursor, suspicion, relay)`);
  return findings;
}

/** src/index.ts holds the public API and nothing of its own. */
export function publicApiFindings(file: SourceText): string[] {
  if (file.path !== "src/index.ts") return [];
  const own = parse(file).statements.filter((s) => !(ts.isExportDeclaration(s) && s.moduleSpecifier));
  return own.length === 0 ? [] : [`${file.path} holds code: move it into a layer and re-export it from there`];
}

// --- internal ---

const impureNames = new Map<string, string>([
  ["Date", "time comes in as `now` of handle(input, now)"],
  ["performance", "time comes in as `now` of handle(input, now)"],
  ["Math.random", "chance comes in as the Rng of rng.ts"],
  ["crypto", "chance comes in as the Rng of rng.ts"],
  ["setTimeout", "add a row to the timers of timers.ts"],
  ["setInterval", "add a row to the timers of timers.ts"],
  ["setImmediate", "add a row to the timers of timers.ts"],
  ["queueMicrotask", "return an effect, the host performs it"],
  ["Promise", "return an effect, the host performs it and answers with an input"],
  ["async", "return an effect, the host performs it and answers with an input"],
  ["await", "return an effect, the host performs it and answers with an input"],
  ["process", "a setting comes in through Config of config.ts"],
  ["console", "emit a ChatEvent, or count it in the stats"],
]);

function wayOut(what: string): string {
  return impureNames.get(what) ?? "the core does no IO; return an effect, the host performs it";
}

/** Not a member's name, a key or a label: a name that means the global unless something shadows it. */
function isFreeName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isQualifiedName(parent)) return parent.left === node;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node;
  return !(ts.isPropertySignature(parent) || ts.isMethodSignature(parent) || ts.isMethodDeclaration(parent));
}

const mayReadSettings = new Set(["node", "chat", "tui", "line", "json", "library", "cli"]);

function forbiddenImport(path: string, from: string | undefined, target: string): string | undefined {
  const to = layerOf(target);
  if (from === undefined || from === "index") return undefined;
  if (to === undefined) return "src/ stands alone; move what it needs under src/";
  if (to === "index") return "index.ts is for the world outside; import the layer that has it";
  if (to === "settings") {
    if (from === "settings" || mayReadSettings.has(from)) return undefined;
    return `${from}/ knows no settings; take the value as an argument (protocol: a field of Config in config.ts)`;
  }
  if (to === "version") {
    if (mayReadSettings.has(from)) return undefined;
    return `${from}/ knows no version of the program; take it as an argument`;
  }
  if (from === "settings")
    return target === "src/protocol/config.ts" ? undefined : "settings.ts imports protocol/config.ts only";
  const fromRank = rankIn(layers, from);
  const toRank = rankIn(layers, to);
  if (fromRank < 0) return `${path} stands in no layer; the layers are ${layers.flat().join(", ")}`;
  if (toRank < 0) return `${to}/ is no layer; the layers are ${layers.flat().join(", ")}`;
  if (from === to || toRank < fromRank) return undefined;
  return `${from}/ stands ${toRank === fromRank ? "beside" : "below"} ${to}/; move what both need into ${
    layers[fromRank - 1]?.join("/ or ") ?? from
  }/ or lower, or take it as an argument from whoever calls`;
}

function forbiddenRoom(path: string, target: string): string | undefined {
  const [from, to] = [roomOf(path), roomOf(target)];
  if (from === undefined || to === undefined || from === to) return undefined;
  const [fromRank, toRank] = [rankIn(protocolRows, from), rankIn(protocolRows, to)];
  const names = protocolRows.flat().join(", ");
  if (fromRank < 0) return `${path} stands in no room of protocol/; the rooms are ${names}`;
  if (toRank < 0) return `${to} is no room of protocol/; the rooms are ${names}`;
  if (toRank <= fromRank) return undefined;
  return `in protocol/ ${from} stands below ${to}; move what both need into ${from} or lower, or have core.ts hand it over`;
}

/** The callback of `describe`, `describe.each(...)` and the like. */
function isChapter({ parent }: ts.Node): boolean {
  return ts.isCallExpression(parent) && /^describe\b/.test(parent.expression.getText());
}

/** What it is called, or what it is passed to. */
function nameOf(node: ts.SignatureDeclaration, source: ts.SourceFile): string {
  if (node.name !== undefined) return node.name.getText(source);
  const { parent } = node;
  if (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)) return parent.name.getText(source);
  if (ts.isCallExpression(parent)) return `${parent.expression.getText(source)}(...)`;
  return "a function without a name";
}

function kebab(name: string): string {
  return name.replace(/([a-z])([A-Z])/g, "$1-$2");
}
