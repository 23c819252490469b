/** What is written for others to read as it is: nothing in it steers or fools a terminal, and nothing is lost. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { sourcesUnder } from "../../../scripts/imports.js";
import { escapeUnsafe } from "../../../src/chat/model/escape.ts";
import { debugToStderr } from "../../../src/cli/debugLog.ts";
import { complain, note } from "../../../src/cli/streams.ts";
import { jsonLine } from "../../../src/json/output.ts";

/** Controls, DEL, C1, bidirectional marks and isolates, invisible ones, tags, separators, a lone surrogate. */
const HOSTILE = [
  ..."\u0000\u0007\u001b\u007f\u0085\u009b\u009d\u00ad\u061c\u200b\u200d\u200e\u202e\u2028\u2029\u2066\u2069\u2800\ufeff",
  ..."\u{1bca0}\u{1d173}\u{e0041}\ufff9",
  "\ud800",
];
const unsafe = /(?!\n)[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\p{Surrogate}\p{Zl}\p{Zp}]/u;

describe("the escape of what others wrote", () => {
  it("leaves nothing that a terminal obeys or hides, whatever it is given, and takes nothing from JSON", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: "binary" })) }), (text) => {
        expect(unsafe.test(escapeUnsafe(text))).toBe(false);
        const line = escapeUnsafe(JSON.stringify({ text }));
        expect(JSON.parse(line)).toEqual({ text });
      }),
    );
  });

  it("keeps what is plain, letters of all scripts, and line ends", () => {
    for (const text of ["plain\nlines", "Žofie", "Ωmega", "日本語", "🦊"]) expect(escapeUnsafe(text)).toBe(text);
    expect(escapeUnsafe("a\u202eb\u{e0041}")).toBe("a\\u202eb\\udb40\\udc41");
  });

  it("takes time in proportion to the text", () => {
    const times = [1, 8].map((size) => {
      const text = HOSTILE.join("").repeat(size * 2_000);
      const from = performance.now();
      escapeUnsafe(text);
      return performance.now() - from;
    });
    expect(times[1] as number).toBeLessThan(8 * 8 * Math.max(times[0] as number, 1));
  });
});

describe("every line for others", () => {
  const nick = HOSTILE.join("");
  const written = async (act: () => unknown): Promise<string> => {
    let text = "";
    const spy = vi.spyOn(process.stderr, "write").mockImplementation((chunk, ...rest) => {
      text += String(chunk);
      for (const done of rest) if (typeof done === "function") done(null);
      return true;
    });
    await act();
    spy.mockRestore();
    return text;
  };

  it.each([
    ["of the debug log", () => debugToStderr().record({ at: "now", what: "event", event: { nick } } as never)],
    ["of complaint", () => complain(`cannot read ${nick}`)],
    ["of a note", () => note(`debug log: /tmp/${nick}`)],
  ])("%s is escaped", async (_, act) => {
    const text = await written(act);
    expect(text.length).toBeGreaterThan(20);
    expect(unsafe.test(text)).toBe(false);
  });

  it("of JSON is escaped", () => {
    expect(unsafe.test(jsonLine({ nick }))).toBe(false);
    expect(JSON.parse(jsonLine({ nick }))).toEqual({ nick });
  });

  it("goes to stderr by these alone", () => {
    const root = fileURLToPath(new URL("../../../", import.meta.url));
    const writers = sourcesUnder(root, "src")
      .map(({ path }) => path)
      .filter((path) => /stderr\.write\(|console\.(log|warn|error|info)\(/.test(readFileSync(root + path, "utf8")))
      .filter((path) => !path.startsWith("src/sim/"));
    // The progress of a simulation has numbers only; the screen hands on what the runtime wrote meanwhile.
    expect(writers.toSorted()).toEqual([
      "src/cli/debugLog.ts",
      "src/cli/simCommand.ts",
      "src/cli/streams.ts",
      "src/tui/terminal.ts",
    ]);
  });
});
