/** Whatever is typed or pasted as a line is understood or refused at once, however long it is. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nearest } from "../../../src/chat/command/nearest.ts";
import { parseLine } from "../../../src/chat/command/parse.ts";
import { parseTarget } from "../../../src/chat/command/target.ts";
import { isNick } from "../../../src/chat/model/sanitize.ts";
import { refusalText } from "../../../src/chat/model/sentences.ts";
import { readInput } from "../../../src/json/input.ts";
import { leastMs } from "../../suites/leastMs.ts";

const LENGTH = 65_536;
/** Hundreds of times what it takes. */
const LIMIT_MS = 300;

const WAYS: readonly (readonly [string, (text: string) => unknown])[] = [
  ["a text", parseLine],
  ["a command", (text) => parseLine(`/${text}`)],
  ["an argument", (text) => parseLine(`/me ${text}`)],
  ["an address", parseTarget],
  ["an IPv6 address", (text) => parseTarget(`[${text}`)],
  ["a room", (text) => parseTarget(`#${text}`)],
  ["an invite", (text) => parseTarget(`smplchat:${text}`)],
  ["a nick", isNick],
  ["a word", (text) => nearest(text, ["join", "leave"])],
  ["a JSON text", (text) => readInput(JSON.stringify({ type: "say", text }))],
  [
    "an unknown command that is named",
    (text) => refusalText({ code: "unknown-command", command: text, nearest: "/me" }),
  ],
];

const unit = fc
  .array(fc.constantFrom(..."aé日1.:[]-/#%@ \n\t\r\u0301\u0316\u0334\u200d\ufdfa\u001b\u009d", "😀", "xn--"), {
    minLength: 1,
    maxLength: 4,
  })
  .map((parts) => parts.join(""));

describe("64 Ki characters", () => {
  it.each(WAYS)("as %s are answered at once", (_name, read) => {
    fc.assert(
      fc.property(unit, (part) => {
        const text = part.repeat(Math.ceil(LENGTH / part.length));
        expect(leastMs(() => void read(text), 2)).toBeLessThan(LIMIT_MS);
      }),
      { numRuns: 40, examples: [["\u0316\u0301\u0334"], ["\u0301\u0316"], ["]:"], ["\ufdfa"], ["1."]] },
    );
  });
});
