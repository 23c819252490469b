// The constants at the top of source files, by name, with the numbers that they stand for.
import ts from "typescript";
import { parse, resolve, type SourceText } from "../../scripts/imports.js";

/** A number, a list of them, a record of them, or anything made of these; undefined: something else. */
export type Value = number | readonly Value[] | { readonly [key: string]: Value } | undefined;

export type Constants = {
  /** UPPER_CASE constants of the file that stand for numbers or lists of them. */
  readonly namesIn: (path: string) => string[];
  /** `NAME`, or `name.property`. */
  readonly valueOf: (path: string, name: string) => Value;
};

export function createConstants(sources: readonly SourceText[]): Constants {
  const files = new Map(sources.map((source) => [source.path, parse(source)]));

  const initializerOf = (path: string, name: string): ts.Expression | undefined => {
    for (const statement of files.get(path)?.statements ?? []) {
      if (!ts.isVariableStatement(statement)) continue;
      for (const { name: declared, initializer } of statement.declarationList.declarations)
        if (ts.isIdentifier(declared) && declared.text === name) return initializer;
    }
    return undefined;
  };
  const importOf = (path: string, name: string): string | undefined => {
    for (const statement of files.get(path)?.statements ?? []) {
      if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue;
      const bindings = statement.importClause?.namedBindings;
      if (bindings === undefined || !ts.isNamedImports(bindings)) continue;
      if (bindings.elements.some((element) => element.name.text === name))
        return resolve(path, statement.moduleSpecifier.text);
    }
    return undefined;
  };
  const named = (path: string, name: string): Value => {
    const initializer = initializerOf(path, name);
    if (initializer !== undefined) return evaluate(path, initializer);
    const from = importOf(path, name);
    return from === undefined ? undefined : named(from, name);
  };
  const evaluate = (path: string, node: ts.Expression): Value => {
    if (ts.isNumericLiteral(node)) return Number(node.text);
    if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node)) return evaluate(path, node.expression);
    if (ts.isIdentifier(node)) return named(path, node.text);
    if (ts.isArrayLiteralExpression(node)) return node.elements.map((element) => evaluate(path, element));
    if (ts.isPropertyAccessExpression(node)) return propertyOf(evaluate(path, node.expression), node.name.text);
    if (ts.isObjectLiteralExpression(node)) {
      const properties = node.properties.filter(ts.isPropertyAssignment);
      return Object.fromEntries(properties.map((each) => [each.name.getText(), evaluate(path, each.initializer)]));
    }
    if (ts.isBinaryExpression(node)) {
      const [left, right] = [evaluate(path, node.left), evaluate(path, node.right)];
      const operate = operations.get(node.operatorToken.kind);
      return typeof left === "number" && typeof right === "number" ? operate?.(left, right) : undefined;
    }
    return undefined;
  };

  return {
    namesIn: (path) =>
      (files.get(path)?.statements ?? [])
        .flatMap((statement) => (ts.isVariableStatement(statement) ? statement.declarationList.declarations : []))
        .map(({ name }) => name.getText())
        .filter((name) => /^[A-Z][A-Z0-9_]*$/.test(name) && isNumeric(named(path, name))),
    valueOf: (path, name) => {
      const [first = "", property] = name.split(".");
      const value = named(path, first);
      return property === undefined ? value : propertyOf(value, property);
    },
  };
}

// --- internal ---

const operations = new Map<ts.SyntaxKind, (left: number, right: number) => number>([
  [ts.SyntaxKind.PlusToken, (left, right) => left + right],
  [ts.SyntaxKind.MinusToken, (left, right) => left - right],
  [ts.SyntaxKind.AsteriskToken, (left, right) => left * right],
  [ts.SyntaxKind.SlashToken, (left, right) => left / right],
  [ts.SyntaxKind.AsteriskAsteriskToken, (left, right) => left ** right],
]);

function propertyOf(value: Value, name: string): Value {
  return typeof value === "object" && !Array.isArray(value)
    ? (value as { readonly [key: string]: Value })[name]
    : undefined;
}

function isNumeric(value: Value): boolean {
  return typeof value === "number" || (Array.isArray(value) && value.every((each) => typeof each === "number"));
}
