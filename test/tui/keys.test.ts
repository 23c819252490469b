/** What terminals send, as keys. */
import { describe, expect, it } from "vitest";
import { createKeyDecoder, type Key, PASTE_LENGTH_MAX } from "../../src/tui/keys.ts";

const named = (name: string, ctrl = false, alt = false) => ({ type: "named", name, ctrl, alt });
const chord = (letter: string, ctrl: boolean, alt = false) => ({ type: "chord", letter, ctrl, alt });

function decode(...chunks: string[]): Key[] {
  const decoder = createKeyDecoder();
  return [...chunks.flatMap((chunk) => decoder.push(chunk)), ...decoder.flush()];
}

describe("keys", () => {
  it.each([
    ["xterm arrows", "\x1b[A\x1b[D", [named("up"), named("left")]],
    ["application arrows", "\x1bOA\x1bOC", [named("up"), named("right")]],
    ["home and end in three dialects", "\x1b[H\x1b[1~\x1b[7~\x1b[F\x1b[4~\x1b[8~", "home home home end end end"],
    ["pages and delete", "\x1b[5~\x1b[6~\x1b[3~", "page-up page-down delete"],
    ["ctrl and alt with arrows", "\x1b[1;5D\x1b[1;3C", [named("left", true), named("right", false, true)]],
    [
      "alt with home by xterm and by rxvt",
      "\x1b[1;3H\x1b\x1b[7~",
      [named("home", false, true), named("home", false, true)],
    ],
    ["alt-enter and enter", "\x1b\r\r", [named("enter", false, true), named("enter")]],
    ["control letters", "\x01\x0c\x1a", [chord("a", true), chord("l", true), chord("z", true)]],
    ["alt letters", "\x1bb\x1bF", [chord("b", false, true), chord("f", false, true)]],
    ["focus", "\x1b[I\x1b[O", "focus-in focus-out"],
    [
      "text with keys between",
      "añ日\x7fb",
      [{ type: "text", text: "añ日" }, named("backspace"), { type: "text", text: "b" }],
    ],
    ["a lone escape, in the end", "\x1b", "escape"],
    ["sequences nobody asked for", "\x1b[?62;4c\x1b[[A\x1b[24~\x9b", []],
  ])("%s", (_name, input, expected) => {
    const wanted = typeof expected === "string" ? expected.split(" ").map((name) => named(name)) : expected;
    expect(decode(input)).toEqual(wanted);
    expect(decode(...input)).toEqual(wanted.flatMap(splitText));
  });

  it("a_sequence_split_between_chunks_waits_for_its_rest", () => {
    const decoder = createKeyDecoder();
    expect(decoder.push("\x1b[1;")).toEqual([]);
    expect(decoder.pending()).toBe(true);
    expect(decoder.push("5C")).toEqual([named("right", true)]);
    expect(decoder.pending()).toBe(false);
  });
});

describe("bracketed paste", () => {
  it("is_one_key_with_its_line_ends_wherever_it_is_split", () => {
    const input = "x\x1b[200~one\r\ntwo\rthree\x1b[Afour\x1b[201~y";
    const keys = [
      { type: "text", text: "x" },
      { type: "paste", text: "one\ntwo\nthree\x1b[Afour", tooLong: false },
      { type: "text", text: "y" },
    ];
    expect(decode(input)).toEqual(keys);
    expect(decode(...input)).toEqual(keys);
  });

  it("that_is_too_long_is_dropped_whole_and_said_so", () => {
    const keys = decode("\x1b[200~", "x".repeat(PASTE_LENGTH_MAX), "y", "\x1b[201~z");
    expect(keys).toEqual([
      { type: "paste", text: "", tooLong: true },
      { type: "text", text: "z" },
    ]);
  });
});

// --- internal ---

/** One text key per character, as they come when each is read alone. */
function splitText(key: unknown): unknown[] {
  const { type, text } = key as { type: string; text: string };
  return type === "text" ? [...text].map((character) => ({ type, text: character })) : [key];
}
