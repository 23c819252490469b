/** Editing a line: keys in, text and cursor out. `|` marks the cursor. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clusterEnds } from "../../src/chat/model/graphemes.ts";
import {
  applyKey,
  COMPOSER_LENGTH_MAX,
  type Composer,
  type ComposerAction,
  emptyComposer,
  INPUT_HISTORY_MAX,
  restoreText,
} from "../../src/tui/composer.ts";
import { createKeyDecoder, type Key } from "../../src/tui/keys.ts";

const words = () => ({ nicks: ["eve", "bob", "Bert"], commands: ["/join", "/peers", "/quit"] });

/** Types raw terminal input; the actions that came of it and the composer after it. */
function type(input: string, from: Composer = emptyComposer): { composer: Composer; actions: ComposerAction[] } {
  const decoder = createKeyDecoder();
  return press([...decoder.push(input), ...decoder.flush()], from);
}

function press(keys: readonly Key[], from: Composer): { composer: Composer; actions: ComposerAction[] } {
  const actions: ComposerAction[] = [];
  const composer = keys.reduce((before, key) => {
    const step = applyKey(before, key, words);
    if (step.action !== undefined) actions.push(step.action);
    return step.composer;
  }, from);
  return { composer, actions };
}

function shown({ text, cursor }: Composer): string {
  return `${text.slice(0, cursor)}|${text.slice(cursor)}`;
}

const [LEFT, RIGHT, UP, DOWN, HOME, END] = ["\x1b[D", "\x1b[C", "\x1b[A", "\x1b[B", "\x1b[H", "\x1b[F"];
const FAMILY = "👩‍👩‍👧";
const paste = (text: string) => `\x1b[200~${text}\x1b[201~`;

describe("editing", () => {
  it.each([
    ["characters go in at the cursor", `ac${LEFT}b`, "ab|c"],
    ["home, end and their letters", `b${HOME}a${END}c\x01x\x05y`, "xabcy|"],
    ["a family emoji is one step", `a${FAMILY}b${LEFT}${LEFT}-`, `a-|${FAMILY}b`],
    ["a family emoji is deleted whole", `a${FAMILY}\x7f`, "a|"],
    ["a combining accent belongs to its letter", `e\u0301${LEFT}x`, "x|e\u0301"],
    ["a flag is deleted forward whole", `🇩🇪x${HOME}\x1b[3~`, "|x"],
    ["ctrl-k kills to the end, ctrl-y gives it back", `one two\x1b[1;5D\x0b${HOME}\x19`, "two|one "],
    ["ctrl-u kills to the start", `one two${LEFT}\x15`, "|o"],
    ["ctrl-w kills the blank-separated word", "say 10.0.0.2:1 \x17", "say |"],
    ["words by ctrl and alt", `one, two three\x1bb\x1b[1;5D.\x1bf!`, "one, .two!| three"],
    ["alt-d kills the word ahead", `one two${HOME}\x1bd`, "| two"],
    ["words beyond ascii", `über naïve\x1b[1;5D.`, "über .|naïve"],
    ["alt-enter is a line end", "one\x1b\rtwo", "one\ntwo|"],
    ["home and end stay in their line", `one\x1b\rtwo${HOME}x${UP}${END}y`, "oney|\nxtwo"],
    ["up and down keep the column", `${FAMILY}bc\x1b\rxyz${LEFT}${UP}.${DOWN}!`, `${FAMILY}b.c\nxyz!|`],
    ["a letter and an accent that come together are one step", `x\x1b\r\u0301${LEFT}\x7f-`, "x\u0301-|"],
    ["words end where graphemes do", `日\u200d\u0301a\x1b[1;5D.`, ".|日\u200d\u0301a"],
    ["ctrl-k at the end of a line joins the next", `one\x1b\rtwo${UP}${END}\x0b`, "one|two"],
  ])("%s", (_name, input, expected) => {
    expect(shown(type(input).composer)).toBe(expected);
  });

  it("the_cursor_never_stands_inside_a_grapheme", () => {
    const key = fc.oneof(
      fc.constantFrom(
        LEFT,
        RIGHT,
        UP,
        DOWN,
        HOME,
        END,
        "\x1b[1;5D",
        "\x1b[1;5C",
        "\x7f",
        "\x1b[3~",
        "\x0b",
        "\x15",
        "\x17",
        "\x19",
        "\t",
      ),
      fc.constantFrom("a", "b ", FAMILY, "🇩🇪", "e\u0301", "\u0301", "\u200d", "日", "\x1b\r", "👍🏽"),
    );
    fc.assert(
      fc.property(fc.array(key, { maxLength: 40 }), (keys) => {
        let composer = emptyComposer;
        for (const input of keys) {
          composer = type(input, composer).composer;
          expect([0, ...clusterEnds(composer.text)]).toContain(composer.cursor);
        }
      }),
    );
  });
});

describe("sending", () => {
  it("enter_submits_and_empties", () => {
    expect(type("hello\r")).toMatchObject({
      composer: { text: "", cursor: 0, history: ["hello"] },
      actions: [{ type: "submit", text: "hello", asText: false }],
    });
  });

  it("blanks_alone_are_not_sent", () => {
    expect(type("  \r")).toMatchObject({ composer: { text: "  " }, actions: [] });
  });

  it("several_pasted_lines_ask_first_and_go_as_one_text", () => {
    const asked = type(`${paste("one\n/two\n")}\r`);
    expect(asked).toMatchObject({ composer: { text: "one\n/two", question: "send-lines" }, actions: [] });
    expect(type("\r", asked.composer).actions).toEqual([{ type: "submit", text: "one\n/two", asText: true }]);
    const back = type("\x1b", asked.composer);
    expect(back).toMatchObject({ composer: { text: "one\n/two", question: undefined }, actions: [] });
  });

  it("one_pasted_line_is_as_if_typed", () => {
    expect(type(`${paste("one\r")}\r`).actions).toEqual([{ type: "submit", text: "one", asText: false }]);
  });

  it("pasted_escape_sequences_and_controls_stay_out_of_the_text", () => {
    expect(type(paste("a\x1b[31mb\x00c\x9b2Jd")).composer.text).toBe("abcd");
  });

  it("what_is_pasted_is_sent_as_it_is_whatever_a_screen_can_show_of_it", () => {
    const england = "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}";
    const text = `a\tb ${england} \u200fc e${"\u0301".repeat(20)}`;
    expect(type(`${paste(text)}\r`).actions).toEqual([{ type: "submit", text, asText: false }]);
  });

  it("a_slash_behind_blanks_asks_first", () => {
    const asked = type(" /join me\r");
    expect(asked).toMatchObject({ composer: { question: "send-slash" }, actions: [] });
    expect(type("\r", asked.composer).actions).toEqual([{ type: "submit", text: " /join me", asText: true }]);
  });

  it("what_would_not_fit_is_refused_and_nothing_is_cut", () => {
    const full = type(paste("x".repeat(COMPOSER_LENGTH_MAX))).composer;
    const refused = type("y", full);
    expect(refused.composer.text).toBe(full.text);
    expect(refused.actions).toEqual([{ type: "refused", code: "paste-too-long" }]);
    expect(type(paste("x".repeat(COMPOSER_LENGTH_MAX + 1)), type("abc").composer)).toMatchObject({
      composer: { text: "abc" },
      actions: [{ type: "refused", code: "paste-too-long" }],
    });
  });

  it("a_refused_text_comes_back_unless_something_new_was_written", () => {
    expect(shown(restoreText(type("long\r").composer, "long"))).toBe("long|");
    expect(shown(restoreText(type("long\rnew").composer, "long"))).toBe("new|");
  });
});

describe("input history", () => {
  it("up_and_down_walk_it_and_the_draft_is_kept", () => {
    const sent = type("one\rtwo\rtwo\rdraft").composer;
    expect(sent.history).toEqual(["one", "two"]);
    const walk = [UP, UP, UP, DOWN, DOWN, DOWN].map(
      (_, i, keys) => type(keys.slice(0, i + 1).join(""), sent).composer.text,
    );
    expect(walk).toEqual(["two", "one", "one", "two", "draft", "draft"]);
  });

  it("is_bounded", () => {
    const lines = Array.from({ length: INPUT_HISTORY_MAX + 5 }, (_, i) => `line ${i}\r`).join("");
    const { history } = type(lines).composer;
    expect(history).toHaveLength(INPUT_HISTORY_MAX);
    expect(history[0]).toBe("line 5");
  });
});

describe("completion", () => {
  it.each([
    ["of a nick at the start, with a colon", "ev\t", "eve: |"],
    ["of a nick elsewhere", "ask b\t", "ask bob |"],
    ["goes round with each tab", "b\t\t", "Bert: |"],
    ["begins with the last speaker", "\t", "eve: |"],
    ["goes on when a key came between", "\tx \t", "eve: x eve |"],
    ["of a command", "/p\t", "/peers |"],
    ["of nothing leaves the text", "zzz\t", "zzz|"],
    ["keeps what follows the cursor", `b!${LEFT}\t`, "bob: |!"],
  ])("%s", (_name, input, expected) => {
    expect(shown(type(input).composer)).toBe(expected);
  });
});

describe("ctrl-c", () => {
  it("clears_the_line_then_offers_to_quit_then_quits", () => {
    const cleared = type("hello\x03");
    expect(cleared).toMatchObject({ composer: { text: "", question: undefined, killed: "hello" }, actions: [] });
    const offered = type("\x03", cleared.composer);
    expect(offered).toMatchObject({ composer: { question: "quit" }, actions: [] });
    expect(type("\x03", offered.composer).actions).toEqual([{ type: "quit" }]);
    expect(type("x\x7f\x03", offered.composer).actions).toEqual([]);
  });
});
