// The house rules hold for every file of the project, and each rule bites.
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { importGraph, layers, protocolRows, sourcesUnder } from "../../scripts/imports.js";
import { longFunctions } from "./longFunctions.ts";
import {
  circleFindings,
  FUNCTION_LINES_MAX,
  functionFindings,
  importFindings,
  LINES_MAX,
  longFunctionsOf,
  publicApiFindings,
  purityFindings,
  shapeFindings,
} from "./rules.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

describe("every file of the project", () => {
  const files = ["src", "test", "scripts", "bench", "bin"].flatMap((folder) => sourcesUnder(root, folder));
  const sources = files.filter((file) => file.path.startsWith("src/"));

  test("is seen by these tests", () => {
    expect(sources.length).toBeGreaterThan(10);
    expect(files.map((file) => file.path)).toContain("test/house/imports.test.ts");
  });

  test("imports only from its own layer and room, or from one below", () => {
    expect(sources.flatMap(importFindings)).toEqual([]);
  });

  test("imports no file that imports it", () => {
    expect(circleFindings(importGraph(sources))).toEqual([]);
  });

  test("of the state machine depends on nothing but its arguments", () => {
    expect(sources.flatMap(purityFindings)).toEqual([]);
  });

  test(`says on top what it is for, has at most ${LINES_MAX} lines and a name that says something`, () => {
    expect(files.flatMap(shapeFindings)).toEqual([]);
  });

  test(`has functions of at most ${FUNCTION_LINES_MAX} lines, but for those that were longer before this rule`, () => {
    expect(files.flatMap((file) => functionFindings(file, longFunctions[file.path] ?? []))).toEqual([]);
    expect(Object.keys(longFunctions).filter((path) => !files.some((file) => file.path === path))).toEqual([]);
  });

  test("of the public API only re-exports", () => {
    expect(sources.flatMap(publicApiFindings)).toEqual([]);
  });
});

describe("the import rule", () => {
  const imports = (path: string, specifier: string): string[] =>
    importFindings({ path, text: `import { x } from "${specifier}";` });

  test("lets a layer import itself and what stands below it", () => {
    expect(imports("src/wire/frames.ts", "./cursor.ts")).toEqual([]);
    expect(imports("src/cli/main.ts", "../wire/cursor.ts")).toEqual([]);
    expect(imports("src/tui/screens/app.tsx", "../../chat/room.ts")).toEqual([]);
    expect(imports("src/wire/frames.ts", "node:util")).toEqual([]);
  });

  test("names the way out when a layer imports one above it", () => {
    expect(imports("src/net/udp.ts", "../node/node.ts")).toEqual([
      "src/net/udp.ts imports src/node/node.ts: net/ stands below node/; " +
        "move what both need into protocol/ or lower, or take it as an argument from whoever calls",
    ]);
  });

  test("refuses every upward pair and lets every downward pair pass", () => {
    const ranked = layers.flatMap((row, rank) => row.map((layer) => ({ layer, rank })));
    for (const from of ranked) {
      for (const to of ranked) {
        const refused = imports(`src/${from.layer}/core.ts`, `../${to.layer}/api.ts`).length > 0;
        expect([from.layer, to.layer, refused]).toEqual([
          from.layer,
          to.layer,
          from.layer !== to.layer && to.rank >= from.rank,
        ]);
      }
    }
  });

  test("names the way out when a room of protocol imports one above it", () => {
    expect(imports("src/protocol/link/acks.ts", "../relay/redundancy.ts")).toEqual([
      "src/protocol/link/acks.ts imports src/protocol/relay/redundancy.ts: in protocol/ link stands below relay; " +
        "move what both need into link or lower, or have core.ts hand it over",
    ]);
  });

  test("refuses every upward pair of rooms and lets every downward pair pass, the vocabulary among itself too", () => {
    const ranked = protocolRows.flatMap((row, rank) => row.map((room) => ({ room, rank })));
    for (const from of ranked) {
      for (const to of ranked) {
        const refused = imports(`src/protocol/${from.room}/a.ts`, `../${to.room}/b.ts`).length > 0;
        expect([from.room, to.room, refused]).toEqual([from.room, to.room, to.rank > from.rank]);
      }
    }
    expect(imports("src/protocol/core.ts", "./entry/knock.ts")).toEqual([]);
    expect(imports("src/protocol/context.ts", "./link/link.ts")).toEqual([]);
    expect(imports("src/protocol/context.ts", "./log/log.ts")).toHaveLength(1);
  });

  test("refuses rooms of protocol that are none", () => {
    expect(imports("src/protocol/misc/a.ts", "../link/link.ts")).toHaveLength(1);
    expect(imports("src/protocol/core.ts", "./misc/a.ts")).toHaveLength(1);
    expect(imports("src/node/node.ts", "../protocol/misc/a.ts")).toEqual([]);
  });

  test("keeps the faces apart", () => {
    expect(imports("src/json/json.ts", "../line/line.ts")).toHaveLength(1);
  });

  test("sees type imports, re-exports, dynamic imports and import types", () => {
    const seen = (text: string): number => importFindings({ path: "src/wire/a.ts", text }).length;
    expect(seen('import type { X } from "../cli/b.ts";')).toBe(1);
    expect(seen('export { x } from "../cli/b.ts";')).toBe(1);
    expect(seen('const x = await import("../cli/b.ts");')).toBe(1);
    expect(seen('type X = import("../cli/b.ts").X;')).toBe(1);
    expect(seen('// import { x } from "../cli/b.ts";')).toBe(0);
  });

  test("lets version.ts be read from node on, where the program is known that runs it", () => {
    expect(imports("src/cli/main.ts", "../version.ts")).toEqual([]);
    expect(imports("src/node/node.ts", "../version.ts")).toEqual([]);
    for (const path of ["src/wire/statement.ts", "src/protocol/core.ts", "src/sim/world.ts"])
      expect(imports(path, "../version.ts")).toHaveLength(1);
  });

  test("lets settings.ts import protocol/config.ts only, and be read above node only", () => {
    expect(imports("src/settings.ts", "./protocol/config.ts")).toEqual([]);
    expect(imports("src/settings.ts", "./protocol/core.ts")).toHaveLength(1);
    expect(imports("src/cli/main.ts", "../settings.ts")).toEqual([]);
    expect(imports("src/protocol/core.ts", "../settings.ts")).toHaveLength(1);
    expect(imports("src/sim/world.ts", "../settings.ts")).toHaveLength(1);
  });

  test("refuses folders outside the layers and outside src", () => {
    expect(imports("src/misc/a.ts", "../wire/cursor.ts")).toHaveLength(1);
    expect(imports("src/cli/main.ts", "../misc/a.ts")).toHaveLength(1);
    expect(imports("src/cli/main.ts", "../../test/suites/fakeNode.ts")).toHaveLength(1);
  });
});

describe("the circle rule", () => {
  const circles = (imports: Record<string, string>): string[] =>
    circleFindings(importGraph(Object.entries(imports).map(([path, text]) => ({ path, text }))));

  test("finds files that import each other, by types alone too, and names all of a circle", () => {
    const a = 'import type { B } from "./b.ts";';
    const b = 'import { c } from "./c.ts";';
    const c = 'export type { A } from "./a.ts";';
    expect(circles({ "src/a.ts": a, "src/b.ts": b, "src/c.ts": c, "src/d.ts": a })).toEqual([
      "src/a.ts, src/b.ts, src/c.ts import each other in a circle: move what both need into a file of its own, " +
        "or take it as an argument from whoever calls",
    ]);
  });

  test("lets two ways to one file pass", () => {
    const both = 'import { b } from "./b.ts";\nimport { c } from "./c.ts";';
    expect(circles({ "src/a.ts": both, "src/b.ts": 'import { c } from "./c.ts";', "src/c.ts": "" })).toEqual([]);
  });
});

describe("the purity rule", () => {
  const impure = (text: string): string[] => purityFindings({ path: "src/protocol/a.ts", text });

  test.each([
    ["Date", "const at = Date.now();"],
    ["Date", "const at = new Date();"],
    ["Math.random", "const x = Math.random();"],
    ["setTimeout", "setTimeout(() => {}, 1);"],
    ["setInterval", "setInterval(() => {}, 1);"],
    ["performance", "const at = performance.now();"],
    ["process", "const x = process.env.X;"],
    ["Promise", "function f(): Promise<void> {}"],
    ["async", "const f = async () => {};"],
    ["await", "await f();"],
    ["await", "for await (const x of y) {}"],
    ["node:dgram", 'import dgram from "node:dgram";'],
    ["node:fs", 'const fs = import("node:fs");'],
  ])("refuses %s in: %s", (what, text) => {
    expect(impure(text).join()).toContain(`src/protocol/a.ts:1 uses ${what}: `);
  });

  test("lets members, keys and comments of the same name pass", () => {
    expect(impure("// Date.now()\nconst a = { process: 1 }; b.performance; type C = { Date: number };")).toEqual([]);
    expect(impure("const x = Math.max(1, 2);")).toEqual([]);
  });

  test("leaves the other layers alone", () => {
    expect(purityFindings({ path: "src/node/clock.ts", text: "const at = Date.now();" })).toEqual([]);
  });
});

describe("the shape rule", () => {
  const purpose = "// What a message is on the wire.\n";
  const shape = (text: string, path = "src/wire/frames.ts"): string[] => shapeFindings({ path, text });

  test("lets a file with a purpose pass, behind a shebang too", () => {
    expect(shape(`${purpose}export {};\n`)).toEqual([]);
    expect(shape("/** What a message is on the wire. */\n")).toEqual([]);
    expect(shape("/**\n * What a message is on the wire.\n */\n")).toEqual([]);
    expect(shape(`#!/usr/bin/env node\n${purpose}`)).toEqual([]);
  });

  test("refuses a file without a purpose line", () => {
    expect(shape('import { x } from "./y.ts";\n')).toHaveLength(1);
    expect(shape("// TODO\n")).toHaveLength(1);
  });

  test(`refuses the line after ${LINES_MAX}`, () => {
    expect(shape(purpose.repeat(LINES_MAX))).toEqual([]);
    expect(shape(purpose.repeat(LINES_MAX + 1))).toHaveLength(1);
  });

  const functionOf = (lines: number): string => `${purpose}export function f() {\n${"  f();\n".repeat(lines - 2)}}\n`;
  const listed = (text: string, ...known: string[]): string[] =>
    functionFindings({ path: "src/wire/frames.ts", text }, known);

  test(`refuses a function of more than ${FUNCTION_LINES_MAX} lines, and names the way out`, () => {
    expect(listed(functionOf(FUNCTION_LINES_MAX))).toEqual([]);
    expect(listed(functionOf(FUNCTION_LINES_MAX + 1))).toEqual([
      "src/wire/frames.ts:2 f has 121 lines: take it apart by purpose, at most 120 lines to a function " +
        "(plain state and functions over it read best)",
    ]);
  });

  test("counts what stands in a function as part of it, and a describe as none", () => {
    const inner = functionOf(FUNCTION_LINES_MAX).replace("export ", "").replace(purpose, "");
    const names = (text: string): string[] =>
      longFunctionsOf({ path: "src/wire/frames.ts", text }).map(({ name }) => name);
    expect(names(`const make = () => {\n${inner}};\n`)).toEqual(["make"]);
    expect(names(`describe("x", () => {\n${inner}});\n`)).toEqual([]);
    expect(names(`test("x", () => {\n${inner}});\n`)).toEqual(["test(...)"]);
  });

  test("wants a function off the list once it is short enough", () => {
    expect(listed(functionOf(FUNCTION_LINES_MAX + 1), "f")).toEqual([]);
    expect(listed(functionOf(10), "f")).toHaveLength(1);
  });

  test("refuses names that say nothing", () => {
    for (const name of ["utils.ts", "string-utils.ts", "helpers.ts", "testHelper.ts", "peerManager.ts", "utils/x.ts"])
      expect([name, shape(purpose, `src/wire/${name}`).length]).toEqual([name, 1]);
    expect(shape(purpose, "src/wire/utility.ts")).toEqual([]);
  });
});

test("the public API rule refuses code of its own", () => {
  const api = (text: string): string[] => publicApiFindings({ path: "src/index.ts", text });
  expect(api('export { openNode } from "./node/node.ts";\nexport type { X } from "./node/types.ts";')).toEqual([]);
  expect(api("export const x = 1;")).toHaveLength(1);
});
