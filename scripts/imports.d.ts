// Types of imports.js, for the house tests.
import type ts from "typescript";

/** `path` is relative to the project, with slashes: `src/wire/cursor.ts`. */
export type SourceText = { readonly path: string; readonly text: string };
/** For each file the files that it imports. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>;
/** A file of one place imports files of another. */
export type Arrow = {
  readonly from: string;
  readonly to: string;
  readonly file: string;
  readonly targets: readonly string[];
};

export const layers: readonly (readonly string[])[];
export const vocabulary: readonly string[];
export const rooms: readonly string[];
export const protocolRows: readonly (readonly string[])[];
export function sourcesUnder(root: string, folder: string): SourceText[];
export function parse(file: SourceText): ts.SourceFile;
export function visit(node: ts.Node, see: (node: ts.Node) => void): void;
export function specifiersOf(source: ts.SourceFile): string[];
export function resolve(path: string, specifier: string): string;
export function importGraph(files: readonly SourceText[]): ImportGraph;
export function layerOf(path: string): string | undefined;
export function roomOf(path: string): string | undefined;
export function arrowsOf(graph: ImportGraph, placeOf: (path: string) => string | undefined): Arrow[];
export function circlesOf(graph: ImportGraph): string[][];
export function rankIn(rows: readonly (readonly string[])[], place: string): number;
