/** What a person said comes back to the letter, and has one encoding. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeTextBody, encodeTextBody, NICK_BYTES_MAX, TEXT_BYTES_MAX } from "../../../src/wire/bodies/text.ts";
import { CursorError } from "../../../src/wire/cursor.ts";
import { BODY_BYTES_MAX } from "../../../src/wire/envelope.ts";
import { bytesArbitrary, mutatedArbitrary, textBodyArbitrary } from "../arbitraries.ts";

const plain = { nick: "anna", text: "hi" };
const decoded = (hex: string) => decodeTextBody(Buffer.from(hex, "hex"));

describe("the body of a text", () => {
  it("comes back to the letter", () => {
    fc.assert(
      fc.property(textBodyArbitrary, (body) => {
        expect(decodeTextBody(encodeTextBody(body))).toEqual(body);
      }),
      { numRuns: 1_000 },
    );
  });

  it("is accepted in one encoding alone", () => {
    const bytes = fc.oneof(mutatedArbitrary(textBodyArbitrary.map(encodeTextBody)), bytesArbitrary(0, 60));
    let accepted = 0;
    fc.assert(
      fc.property(bytes, (given) => {
        const body = decodeTextBody(given);
        if (body === undefined) return;
        accepted += 1;
        expect(Buffer.from(encodeTextBody(body))).toEqual(Buffer.from(given));
      }),
      { numRuns: 3_000, seed: 1 },
    );
    expect(accepted).toBeGreaterThan(150);
  });

  it("is the nick, and the text up to its end", () => {
    expect(Buffer.from(encodeTextBody(plain)).toString("hex")).toBe("04616e6e61" + "6869");
    expect(decoded("04616e6e61")).toEqual({ nick: "anna", text: "" });
    expect(decoded("00")).toEqual({ nick: "", text: "" });
  });

  it("with a text or nick that is too long is neither made nor read", () => {
    const [nick, text] = ["x".repeat(NICK_BYTES_MAX), "x".repeat(TEXT_BYTES_MAX)];
    const largest = encodeTextBody({ nick, text });
    expect(largest.length).toBeLessThanOrEqual(BODY_BYTES_MAX);
    expect(decodeTextBody(largest)).toEqual({ nick, text });
    expect(() => encodeTextBody({ ...plain, text: `${text}x` })).toThrow(CursorError);
    expect(() => encodeTextBody({ ...plain, nick: `${nick}x` })).toThrow(CursorError);
    expect(decodeTextBody(Buffer.concat([largest, Uint8Array.of(0x78)]))).toBeUndefined();
    expect(decodeTextBody(Buffer.concat([Uint8Array.of(65), Buffer.alloc(65, 0x78)]))).toBeUndefined();
  });

  it.each([
    ["of no bytes", ""],
    ["with a nick longer than its bytes", "05616e6e61"],
    ["with broken UTF-8 in its text", "04616e6e61ff"],
    ["with a cut-off UTF-8 sequence", "04616e6e61c3"],
    ["with an overlong slash for a nick", "02c0af"],
    ["with a surrogate for a nick", "03eda080"],
    ["with a code point above U+10FFFF for a nick", "04f4908080"],
  ])("%s is none", (_, hex) => {
    expect(decoded(hex)).toBeUndefined();
  });
});
