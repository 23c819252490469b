/** What terminals send, as keys. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createKeyDecoder, ESCAPE_WAIT_MS, type Key, PASTE_LENGTH_MAX, PASTE_WAIT_MS } from "../../src/tui/keys.ts";

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

  it("a_sequence_split_between_reads_waits_for_its_rest_however_long_that_takes", () => {
    const decoder = createKeyDecoder();
    expect(decoder.push("\x1b[1;")).toEqual([]);
    expect(decoder.waitMs()).toBeUndefined();
    expect(decoder.flush()).toEqual([]);
    expect(decoder.push("5C")).toEqual([named("right", true)]);
    expect(decoder.waitMs()).toBeUndefined();
  });

  it("only_a_lone_escape_is_decided_by_time", () => {
    const decoder = createKeyDecoder();
    expect(decoder.push("x\x1b")).toEqual([{ type: "text", text: "x" }]);
    expect(decoder.waitMs()).toBe(ESCAPE_WAIT_MS);
    expect(decoder.flush()).toEqual([named("escape")]);
    expect(decoder.waitMs()).toBeUndefined();
    expect(decoder.push("[A")).toEqual([{ type: "text", text: "[A" }]);
  });

  it("an_unfinished_sequence_takes_no_key_with_it", () => {
    expect(decode("\x1b[1;", "\x03")).toEqual([chord("c", true)]);
    expect(decode("\x1b[1;\x1b[A")).toEqual([named("up")]);
    expect(decode("\x1b[20\r")).toEqual([named("enter")]);
  });

  it("a_sequence_without_end_is_dropped_as_it_comes_and_ends_where_sequences_end", () => {
    const decoder = createKeyDecoder();
    const parts = ["\x1b[", "0;".repeat(40_000), "1".repeat(5_000), "~ab"];
    expect(parts.flatMap((part) => decoder.push(part))).toEqual([{ type: "text", text: "ab" }]);
    expect(["\x1b[", "9".repeat(90), "\x03x"].flatMap((part) => decoder.push(part))).toEqual([
      chord("c", true),
      { type: "text", text: "x" },
    ]);
  });

  it("where_a_read_ends_does_not_decide_what_it_means", () => {
    const pieces = fc.array(
      fc.constantFrom(
        "\x1b[A",
        "\x1b\x1b[7~",
        "\x1bOA",
        "\x1b[200~one\r\ntwo\x1b[201~",
        "\x1b\x1b[200~a\rb\x1b[201~",
        "\x1b[1;5D",
        "\x1bf",
        "\x1b\r",
        "\x1b[?62;4c",
        "\x1b[20\x03",
        "x".repeat(70),
        "é",
        "\r",
        "\x03",
      ),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(pieces, fc.array(fc.nat(), { maxLength: 12 }), (parts, cuts) => {
        const input = parts.join("");
        const places = [...new Set(cuts.map((cut) => cut % (input.length + 1)))].sort((a, b) => a - b);
        const reads = [0, ...places].map((from, at) => input.slice(from, places[at]));
        // A read of Ctrl-C alone is a key even in a paste; none of these pastes has one.
        expect(joined(decode(...reads))).toEqual(joined(decode(input)));
      }),
      { numRuns: 500 },
    );
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

describe("a paste without an end", () => {
  const text = (of: string) => ({ type: "paste", text: of, tooLong: false });

  it("is_given_up_after_some_seconds_and_what_came_of_it_is_kept", () => {
    const decoder = createKeyDecoder();
    expect(decoder.push("\x1b[200~abc\r\nde")).toEqual([]);
    expect(decoder.waitMs()).toBe(PASTE_WAIT_MS);
    expect(decoder.push("f\x1b[20")).toEqual([]);
    expect(decoder.flush()).toEqual([text("abc\ndef")]);
    expect(decoder.waitMs()).toBeUndefined();
    expect(decoder.push("\x1a")).toEqual([chord("z", true)]);
  });

  it.each([
    ["alone, at once", ["\x1b[200~abc", "\x03"]],
    ["alone behind half an end", ["\x1b[200~abc\x1b[2", "\x03"]],
    ["alone behind nothing", ["\x1b[200~", "\x03"]],
  ])("is_ended_by_ctrl_c_%s", (_name, reads) => {
    const decoder = createKeyDecoder();
    const kept = reads[0]?.includes("abc") ? "abc" : "";
    expect(reads.flatMap((read) => decoder.push(read))).toEqual([text(kept), chord("c", true)]);
    expect(decoder.push("\x1b[A")).toEqual([named("up")]);
  });

  it("is_ended_by_ctrl_c_at_the_end_of_a_read_if_nothing_follows_it", () => {
    const decoder = createKeyDecoder();
    expect(decoder.push("\x1b[200~abc\x03")).toEqual([]);
    expect(decoder.waitMs()).toBe(ESCAPE_WAIT_MS);
    expect(decoder.flush()).toEqual([text("abc"), chord("c", true)]);
    expect([...decoder.push("\x1b[200~abc\x03"), ...decoder.push("d\re\x1b[201~")]).toEqual([text("abc\x03d\ne")]);
  });

  it("that_is_too_long_is_given_up_as_well", () => {
    const decoder = createKeyDecoder();
    decoder.push(`\x1b[200~${"x".repeat(PASTE_LENGTH_MAX + 1)}`);
    expect(decoder.flush()).toEqual([{ type: "paste", text: "", tooLong: true }]);
    expect(decoder.push("y")).toEqual([{ type: "text", text: "y" }]);
  });

  it("behind_an_escape_key_is_a_paste_all_the_same", () => {
    expect(decode("\x1b\x1b[200~one\rtwo\x1b[201~")).toEqual([named("escape"), text("one\ntwo")]);
  });

  it("begins_wherever_the_read_before_it_ends", () => {
    const x = { type: "text", text: "x".repeat(70) };
    expect(decode(`${x.text}\x1b[20`, "0~line1\rline2\r\x1b[201~")).toEqual([x, text("line1\nline2\n")]);
  });
});

// --- internal ---

/** Texts that follow one another as one: how they were read is not what they mean. */
function joined(keys: readonly Key[]): unknown[] {
  const all: Key[] = [];
  for (const key of keys) {
    const last = all.at(-1);
    if (key.type === "text" && last?.type === "text") all[all.length - 1] = { ...last, text: last.text + key.text };
    else all.push(key);
  }
  return all;
}

/** One text key per character, as they come when each is read alone. */
function splitText(key: unknown): unknown[] {
  const { type, text } = key as { type: string; text: string };
  return type === "text" ? [...text].map((character) => ({ type, text: character })) : [key];
}
