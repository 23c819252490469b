/** What strangers send cannot steer the terminal, hide text or pass for someone else. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  cleanNick,
  isNick,
  sanitizeGrapheme,
  sanitizeLine,
  sanitizeNick,
  sanitizeText,
  stripControls,
} from "../../../src/chat/model/sanitize.ts";
import { leastMs } from "../../suites/leastMs.ts";

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
      fc.constantFrom(
        "\u0301".repeat(7),
        "\u0301\u0489",
        "\u0600",
        "a\u0301\u0301",
        "\u2028",
        "\u{1d173}",
        "\u{e0067}",
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

describe("a text of nothing but marks and signs without width", () => {
  it("has eight in a row at most, whatever they are", () => {
    for (const mark of ["\u0301", "\u0489", "\u0600", "\u0903", "\u{1d165}", "\u{13430}"]) {
      expect(sanitizeText(`a${mark.repeat(32_000)}b`)).toBe(`a${mark.repeat(8)}b`);
    }
    expect(sanitizeText(`a${"\u0301\u200d".repeat(100)}`)).toBe(`a${"\u0301".repeat(8)}`);
    expect(sanitizeText("\u{1bca0}\u{1d173}\u3164a")).toBe("a");
  });

  it("keeps what scripts stack", () => {
    for (const text of ["בְּרֵאשִׁ֖ית", "ཧཱུྃ", "สวัสดีค่ะที่", "ế", "مُحَمَّدٌ"]) expect(sanitizeText(text)).toBe(text);
  });
});

describe("one grapheme of a text as it is", () => {
  it("stays on its line and steers nothing", () => {
    fc.assert(
      fc.property(nasty, (text) => {
        expect(sanitizeGrapheme(text)).not.toMatch(
          /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/,
        );
      }),
    );
    for (const text of ["a", "👩‍🚀", "ی\u200c", "e\u0301"]) expect(sanitizeGrapheme(text)).toBe(text);
    expect(["\t", "\n", "\r\n", "\u200f"].map(sanitizeGrapheme)).toEqual(["    ", " ", " ", ""]);
  });
});

describe("what is pasted", () => {
  it("keeps tabs and all that is hidden, but nothing that a terminal obeys", () => {
    const text = "a\tb\u200f🏴\u{e0067}\u{e007f} \u2028 می\u200cخواهم\n";
    expect(stripControls(text)).toBe(text);
    fc.assert(
      fc.property(nasty, (input) => {
        expect(stripControls(input)).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
        expect(stripControls(stripControls(input))).toBe(stripControls(input));
      }),
    );
  });
});

describe("64 Ki characters of anything", () => {
  const LENGTH = 65_536;
  /** Ten times the goal: what is not linear takes a hundred times that. */
  const LIMIT_MS = 200;
  const CONTROLS = [
    ...Array.from({ length: 32 }, (_, code) => String.fromCharCode(code)),
    ...Array.from({ length: 33 }, (_, code) => String.fromCharCode(0x7f + code)),
  ];
  /** What controls begin and end, and what joins or hides. */
  const OTHERS = [
    ..."a0 ;[]\\P^_X~m",
    "é",
    "😀",
    "\u0301",
    "\u0600",
    "\u200c",
    "\u200d",
    "\ufe0f",
    "\u202e",
    "\u00ad",
    "\ud83d",
  ];

  const everyOne = [sanitizeText, sanitizeLine, sanitizeNick, stripControls];
  const worstOf = (units: readonly string[], ways = everyOne): { unit: string; ms: number } => {
    let worst = { unit: "", ms: 0 };
    for (const unit of units) {
      const text = unit.repeat(Math.ceil(LENGTH / unit.length));
      for (const clean of ways) {
        const from = performance.now();
        clean(text);
        let ms = performance.now() - from;
        if (ms > LIMIT_MS) ms = leastMs(() => void clean(text));
        if (ms > worst.ms) worst = { unit: escape(unit), ms };
      }
    }
    return worst;
  };

  it("of each single control takes its length", () => {
    expect(worstOf([...CONTROLS, ...OTHERS]).ms).toBeLessThan(LIMIT_MS);
  }, 60_000);

  it("of each pair of an introducer and another takes its length", () => {
    const introducers = ["\u001b", "\u0090", "\u0098", "\u009b", "\u009d", "\u009e", "\u009f"];
    const pairs = introducers.flatMap((one) => [...CONTROLS, ...OTHERS].flatMap((other) => [one + other, other + one]));
    expect(worstOf(pairs, [sanitizeText]).ms).toBeLessThan(LIMIT_MS);
  }, 120_000);

  it("of pairs, triples and longer units takes its length", () => {
    const unit = fc.array(fc.constantFrom(...CONTROLS, ...OTHERS), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(unit, (parts) => {
        expect(worstOf([parts.join("")]).ms).toBeLessThan(LIMIT_MS);
      }),
      { numRuns: 300 },
    );
  }, 120_000);

  it("of strings that never end takes its length", () => {
    const introducers = [
      "\u001b]",
      "\u001bP",
      "\u001bX",
      "\u001b^",
      "\u001b_",
      "\u001b[",
      "\u009b",
      "\u009d",
      "\u0090",
      "\u001b ",
    ];
    const texts = introducers.flatMap((one) => [
      one + "a".repeat(LENGTH),
      one + "0;".repeat(LENGTH / 2),
      `${one}a`.repeat(LENGTH / 2),
      `${one}0;1`.repeat(LENGTH / 4),
      one.repeat(LENGTH / one.length) + "a".repeat(LENGTH),
      `${one}${"0".repeat(200)}\n`.repeat(LENGTH / 200),
      `${one}${" ".repeat(500)}`.repeat(LENGTH / 500),
    ]);
    expect(worstOf(texts).ms).toBeLessThan(LIMIT_MS);
  }, 60_000);
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
