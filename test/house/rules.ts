// The house rules as pure functions from a source file to what is wrong with it; each finding names the way out.
import ts from "typescript";

/** `path` is relative to the project, with slashes: `src/wire/cursor.ts`. */
export type SourceText = { readonly path: string; readonly text: string };

/** The layers of design §2, lowest first; those in one row may not import each other. */
export const layers: readonly (readonly string[])[] = [
  ["wire"],
  ["crypto"],
  ["protocol"],
  ["net"],
  ["store"],
  ["node"],
  ["sim"],
  ["chat"],
  ["tui", "line", "json"],
  ["cli"],
];

export const LINES_MAX = 500;

/** Imports that go up or across the layers, or reach outside src/. */
export function importFindings(file: SourceText): string[] {
  const from = layerOf(file.path);
  return importsOf(parse(file)).flatMap((specifier) => {
    if (!specifier.startsWith(".")) return [];
    const target = resolve(file.path, specifier);
    const reason = forbiddenImport(file.path, from, target);
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
  for (const specifier of importsOf(source)) {
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

/** The folder right under src/, `settings` or `index` for the two files that stand there, else undefined. */
function layerOf(path: string): string | undefined {
  const [top, second, third] = path.split("/");
  if (top !== "src" || second === undefined) return undefined;
  return third === undefined ? second.replace(/\.tsx?$/, "") : second;
}

const mayReadSettings = new Set(["node", "chat", "tui", "line", "json", "cli"]);

function forbiddenImport(path: string, from: string | undefined, target: string): string | undefined {
  const to = layerOf(target);
  if (from === undefined || from === "index") return undefined;
  if (to === undefined) return "src/ stands alone; move what it needs under src/";
  if (to === "index") return "index.ts is for the world outside; import the layer that has it";
  if (to === "settings") {
    if (from === "settings" || mayReadSettings.has(from)) return undefined;
    return `${from}/ knows no settings; take the value as an argument (protocol: a field of Config in config.ts)`;
  }
  if (from === "settings")
    return target === "src/protocol/config.ts" ? undefined : "settings.ts imports protocol/config.ts only";
  const fromRank = rankOf(from);
  const toRank = rankOf(to);
  if (fromRank < 0) return `${path} stands in no layer; the layers are ${layers.flat().join(", ")}`;
  if (toRank < 0) return `${to}/ is no layer; the layers are ${layers.flat().join(", ")}`;
  if (from === to || toRank < fromRank) return undefined;
  return `${from}/ stands ${toRank === fromRank ? "beside" : "below"} ${to}/; move what both need into ${
    layers[fromRank - 1]?.join("/ or ") ?? from
  }/ or lower, or take it as an argument from whoever calls`;
}

function rankOf(layer: string): number {
  return layers.findIndex((row) => row.includes(layer));
}

function parse(file: SourceText): ts.SourceFile {
  return ts.createSourceFile(file.path, file.text, ts.ScriptTarget.ES2023, true);
}

function importsOf(source: ts.SourceFile): string[] {
  const specifiers: string[] = [];
  visit(source, (node) => {
    let named: ts.Node | undefined;
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) named = node.moduleSpecifier;
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      named = node.arguments[0];
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) named = node.argument.literal;
    if (named !== undefined && ts.isStringLiteralLike(named)) specifiers.push(named.text);
  });
  return specifiers;
}

function visit(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node);
  ts.forEachChild(node, (child) => visit(child, see));
}

function resolve(path: string, specifier: string): string {
  const parts = path.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

function kebab(name: string): string {
  return name.replace(/([a-z])([A-Z])/g, "$1-$2");
}
