/** A body is read by the number of its kind; what cannot be read is told apart from what can, and never throws. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Body, decodeBody, encodeBody } from "../../../src/wire/bodies/body.ts";
import { kindNumber, kindOf } from "../../../src/wire/bodies/kinds.ts";
import { CursorError } from "../../../src/wire/cursor.ts";
import { KIND_MAX } from "../../../src/wire/envelope.ts";
import { bytesArbitrary, mutatedArbitrary, textBodyArbitrary } from "../arbitraries.ts";

const kinds = ["text", "action"] as const;

describe("a kind", () => {
  it("has the number that it was given once", () => {
    expect(kinds.map((kind) => kindNumber(kind))).toEqual([1, 2]);
    for (const kind of kinds) expect(kindOf(kindNumber(kind))).toBe(kind);
  });

  it("is not known under any other number", () => {
    for (const number of [0, 3, 127, 128, KIND_MAX, -1, 1.5]) expect(kindOf(number)).toBeUndefined();
  });
});

describe("a body", () => {
  it("comes back with its kind", () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds), textBodyArbitrary, (kind, { nick, text }) => {
        const made = encodeBody(kind, nick, text);
        expect(decodeBody(made.kind, made.body)).toEqual({ kind, nick, text });
      }),
    );
  });

  it("of a kind that is not known is unknown, whatever its bytes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: KIND_MAX }), bytesArbitrary(0, 100), (number, bytes) => {
        expect(decodeBody(number, bytes)).toEqual({ kind: "unknown", number });
      }),
    );
  });

  it("of a kind that is known, and that cannot be read, is unknown as well", () => {
    expect(decodeBody(1, new Uint8Array(0))).toEqual({ kind: "unknown", number: 1 });
    expect(decodeBody(2, Buffer.from("04616e6e61ff", "hex"))).toEqual({ kind: "unknown", number: 2 });
  });

  it("is one or the other, of any bytes at all", () => {
    const encoded = textBodyArbitrary.map(({ nick, text }) => encodeBody("text", nick, text).body);
    const counts = { text: 0, unknown: 0 };
    fc.assert(
      fc.property(fc.oneof(mutatedArbitrary(encoded), bytesArbitrary(0, 60)), (bytes) => {
        const body = decodeBody(1, bytes) as Exclude<Body, { kind: "action" }>;
        counts[body.kind as keyof typeof counts] += 1;
        if (body.kind === "unknown") return;
        expect(Buffer.from(encodeBody("text", body.nick, body.text).body)).toEqual(Buffer.from(bytes));
      }),
      { numRuns: 3_000, seed: 1 },
    );
    expect(Math.min(counts.text, counts.unknown)).toBeGreaterThan(150);
  });

  it("that is too long is not made", () => {
    expect(() => encodeBody("text", "x".repeat(65), "hi")).toThrow(CursorError);
    expect(() => encodeBody("action", "anna", "x".repeat(65_537))).toThrow(CursorError);
  });
});
