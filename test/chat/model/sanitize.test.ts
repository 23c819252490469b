/** What strangers send cannot steer the terminal, hide text or pass for someone else. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cleanNick, isNick, sanitizeLine, sanitizeNick, sanitizeText } from "../../../src/chat/model/sanitize.ts";

const nasty = fc
  .array(
    fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: "grapheme" }),
      fc.integer({ min: 0, max: 0xa0 }).map((code) => String.fromCharCode(code)),
      fc.constantFrom(
        "\x1b[31m",
        "\x1b]0;title\x07",
        "\x1b]8;;http://x\x1b\\",
        "\x9b2J",
        "\x1bP",
        "\x1b",
        "\u202e",
        "\u2066",
      ),
      fc.constantFrom("\u200d", "\u200c", "\ufe0f", "👩", "👩‍🚀", "❤️", "क्‍ष", "می‌خواهم", "\r\n", "\ud83d", "·", " "),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(""));

describe("text for the screen", () => {
  it("never has a control character but the newline, nor anything that reorders it", () => {
    fc.assert(
      fc.property(nasty, (text) => {
        expect(sanitizeText(text)).not.toMatch(
          /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u200b\ufeff]/,
        );
        expect(sanitizeLine(text)).not.toContain("\n");
      }),
      { numRuns: 2000 },
    );
  });

  it("does not change when made safe a second time", () => {
    fc.assert(
      fc.property(nasty, (text) => {
        expect(sanitizeText(sanitizeText(text))).toBe(sanitizeText(text));
        expect(sanitizeLine(sanitizeLine(text))).toBe(sanitizeLine(text));
        expect(sanitizeNick(sanitizeNick(text))).toBe(sanitizeNick(text));
      }),
      { numRuns: 2000 },
    );
  });

  it("keeps what people write in every script, and joined emoji", () => {
    for (const text of ["größer", "שלום", "👩‍🚀 👍🏽 🇩🇪 1️⃣ ❤️‍🔥", "می‌خواهم", "क्‍ष", "日本語", "a\nb", "x < y & z"])
      expect(sanitizeText(text)).toBe(text);
  });

  it("loses escape sequences whole, but an unfinished one hides nothing", () => {
    expect(sanitizeText("\x1b[1;31mred\x1b[0m \x1b]0;own\x07title\x9b2J")).toBe("red title");
    expect(sanitizeText("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\")).toBe("link");
    expect(sanitizeText("a\x1b]0;everything after this")).toBe("a]0;everything after this");
    expect(sanitizeText("a\tb\r\nc\rd")).toBe("a    b\nc\nd");
    expect(sanitizeText("a\u200db\u200cc\ufe0f")).toBe("abc");
  });
});

describe("a nick", () => {
  it("is valid exactly when showing it changes nothing", () => {
    for (const good of ["anna", "größe", "x".repeat(32), "日本", "a-b_c"]) expect(isNick(good)).toBe(true);
    for (const bad of [
      "",
      " ",
      "a b",
      "anna·k3f9",
      "x".repeat(33),
      "日".repeat(22),
      "a\x1b[1m",
      "a\nb",
      "a\u200bb",
      "a\u202e",
    ])
      expect(isNick(bad)).toBe(false);
  });

  it("made of anything is valid, at most 32 characters and 64 bytes", () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const nick = cleanNick(text);
        if (nick === undefined) return;
        expect(isNick(nick)).toBe(true);
        expect([...nick].length).toBeLessThanOrEqual(32);
        expect(Buffer.byteLength(nick)).toBeLessThanOrEqual(64);
        expect(nick).not.toMatch(/\s|·/u);
      }),
      { numRuns: 2000 },
    );
    expect(cleanNick("  Anna Karenina ")).toBe("Anna_Karenina");
    expect(cleanNick("\x1b[31m\n")).toBeUndefined();
  });
});
