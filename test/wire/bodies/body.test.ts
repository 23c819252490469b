/** A body is read by the number of its kind; what cannot be read is told apart from what can, and never throws. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Body,
  decodeBody,
  encodeBody,
  REACTION_CHARACTERS_MAX,
  TOPIC_BYTES_MAX,
  textTrouble,
} from "../../../src/wire/bodies/body.ts";
import { kindNumber, kindOf, messageKinds, needsTarget } from "../../../src/wire/bodies/kinds.ts";
import { encodeTextBody } from "../../../src/wire/bodies/text.ts";
import { CursorError } from "../../../src/wire/cursor.ts";
import { KIND_MAX } from "../../../src/wire/envelope.ts";
import type { MessageId } from "../../../src/wire/ids.ts";
import { bodyTextArbitrary, bytesArbitrary, mutatedArbitrary, textBodyArbitrary } from "../arbitraries.ts";

const about = "ab".repeat(24) as MessageId;
const [FAMILY, WALES] = ["👩‍👩‍👧‍👦", "🏴󠁧󠁢󠁷󠁬󠁳󠁿"];

describe("a kind", () => {
  it("has the number that it was given once", () => {
    expect(messageKinds).toEqual(["text", "action", "notice", "reply", "react", "edit", "delete", "topic"]);
    expect(messageKinds.map((kind) => kindNumber(kind))).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    for (const kind of messageKinds) expect(kindOf(kindNumber(kind))).toBe(kind);
  });

  it("is not known under any other number", () => {
    for (const number of [0, 9, 100, 127, 128, KIND_MAX, -1, 1.5]) expect(kindOf(number)).toBeUndefined();
  });
});

describe("a body", () => {
  it.each(messageKinds)("of the kind %s comes back with its kind", (kind) => {
    fc.assert(
      fc.property(bodyTextArbitrary(kind), ({ nick, text }) => {
        // One grapheme may be many code points.
        fc.pre(textTrouble(kind, text) === undefined);
        const made = encodeBody(kind, nick, text);
        expect(decodeBody(made.kind, made.body, about)).toEqual({ kind, nick, text });
      }),
    );
  });

  it.each(messageKinds)("of the kind %s is read without a target only where it needs none", (kind) => {
    const made = encodeBody(kind, "anna", kind === "delete" ? "" : "x");
    const lonely = decodeBody(made.kind, made.body, undefined);
    expect(lonely.kind).toBe(needsTarget(kind) ? "unknown" : kind);
  });

  it("of a kind that is not known is unknown, whatever its bytes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 9, max: KIND_MAX }), bytesArbitrary(0, 100), (number, bytes) => {
        expect(decodeBody(number, bytes, about)).toEqual({ kind: "unknown", number });
      }),
    );
  });

  it("of a kind that is known, and that cannot be read, is unknown as well", () => {
    expect(decodeBody(1, new Uint8Array(0), undefined)).toEqual({ kind: "unknown", number: 1 });
    const broken = Buffer.from("04616e6e61ff", "hex");
    for (const number of [2, 3, 4, 5, 6, 7, 8])
      expect(decodeBody(number, broken, about)).toEqual({ kind: "unknown", number });
  });

  it("is one or the other, of any bytes at all", () => {
    const encoded = textBodyArbitrary.map(({ nick, text }) => encodeBody("text", nick, text).body);
    const counts = { text: 0, unknown: 0 };
    fc.assert(
      fc.property(fc.oneof(mutatedArbitrary(encoded), bytesArbitrary(0, 60)), (bytes) => {
        const body = decodeBody(1, bytes, undefined) as Exclude<Body, { kind: "action" }>;
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

  it.each([
    ["react", "👍", undefined],
    ["react", FAMILY, undefined],
    ["react", WALES, undefined],
    ["react", "", undefined],
    ["react", "x".repeat(REACTION_CHARACTERS_MAX), undefined],
    ["react", "👍".repeat(REACTION_CHARACTERS_MAX), undefined],
    ["react", "x".repeat(REACTION_CHARACTERS_MAX + 1), "too-many-characters"],
    ["react", "a\nb", "not-one-line"],
    ["react", "\u001b[31m", "not-one-line"],
    ["topic", "x".repeat(TOPIC_BYTES_MAX), undefined],
    ["topic", "", undefined],
    ["topic", "é".repeat(TOPIC_BYTES_MAX / 2), undefined],
    ["topic", `${"é".repeat(TOPIC_BYTES_MAX / 2)}x`, "too-long"],
    ["topic", "one\u2028two", "not-one-line"],
    ["delete", "", undefined],
    ["delete", "why", "not-empty"],
    ["edit", "two\nlines", undefined],
    ["reply", "x".repeat(65_536), undefined],
    ["notice", "x".repeat(65_537), "too-long"],
  ] as const)(
    "of the kind %s with the text %j is neither made nor read if that is out of bounds: %s",
    (kind, text, trouble) => {
      expect(textTrouble(kind, text)).toBe(trouble);
      if (trouble === undefined) {
        const made = encodeBody(kind, "anna", text);
        return expect(decodeBody(made.kind, made.body, about)).toEqual({ kind, nick: "anna", text });
      }
      expect(() => encodeBody(kind, "anna", text)).toThrow(CursorError);
      if (text.length > 65_536) return;
      const body = encodeTextBody({ nick: "anna", text });
      expect(decodeBody(kindNumber(kind), body, about)).toEqual({ kind: "unknown", number: kindNumber(kind) });
    },
  );
});
