/** Frames on a terminal: a small terminal of our own plays the bytes and must show the frame. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { emptyComposer } from "../../src/tui/composer.ts";
import { composerRows } from "../../src/tui/composerRows.ts";
import { type Frame, paint } from "../../src/tui/paint.ts";

const COLUMNS = 20;

function frame(messages: readonly string[], below: readonly string[] = ["status", "> "], beforeCursor = "> "): Frame {
  const rows = [...messages, ...below];
  return { columns: COLUMNS, rows, scrollRows: messages.length, cursorRow: rows.length - 1, beforeCursor };
}

describe("painting", () => {
  it("the_terminal_shows_the_frame_whatever_it_showed_before", () => {
    const row = fc.constantFrom("", "one", "two", "three", "0123456789 123456789");
    const frames = fc.array(
      fc
        .tuple(fc.array(row, { minLength: 5, maxLength: 5 }), fc.constantFrom("> ", "> ab"))
        .map(([rows, prompt]) => frame(rows, ["s", prompt], prompt)),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(frames, (list) => {
        const terminal = createTerminal(7);
        let before: Frame | undefined;
        for (const next of list) {
          terminal.play(paint(before, next));
          expect(terminal.rows()).toEqual(next.rows);
          expect(terminal.cursor()).toEqual([next.cursorRow, next.beforeCursor.length]);
          before = next;
        }
      }),
    );
  });

  it("an_equal_frame_costs_nothing", () => {
    expect(paint(frame(["a", "b"]), frame(["a", "b"]))).toBe("");
  });

  it("a_typed_character_writes_its_row_alone", () => {
    const typed = frame(["a", "b"], ["status", "> x"], "> x");
    expect(paint(frame(["a", "b"]), typed)).toBe("\x1b[4H\x1b[2K> x\x1b[4;4H");
  });

  it("a_new_line_scrolls_the_others_and_writes_one_row", () => {
    const bytes = paint(frame(["one", "two", "three"]), frame(["two", "three", "four"]));
    expect(bytes).toContain("\x1b[1;3r\x1b[3H\n\x1b[r\x1b[3H\x1b[2Kfour");
    expect(bytes).not.toContain("two");
  });

  it("another_size_is_drawn_anew", () => {
    expect(paint(frame(["a"]), { ...frame(["a"]), columns: 30 })).toContain("\x1b[2J");
  });

  it("behind_a_text_of_uncertain_width_the_terminal_itself_finds_the_cursors_column", () => {
    const next = frame(["a"], ["status", "> 👍🏽x"], "> 👍🏽");
    expect(paint(frame(["a"]), next)).toBe("\x1b[3H\x1b[2K> 👍🏽x\x1b[3H> 👍🏽");
  });
});

describe("composer rows", () => {
  const rowsOf = (text: string, cursor: number, width = 10, height = 3) =>
    composerRows({ ...emptyComposer, text, cursor }, width, height);

  it("a_long_text_is_cut_at_the_width_with_room_for_the_cursor", () => {
    expect(rowsOf("0123456789", 10)).toEqual({ rows: ["> 0123456", "  789"], cursorRow: 1, beforeCursor: "  789" });
    expect(rowsOf("日本語日", 4)).toEqual({ rows: ["> 日本語", "  日"], cursorRow: 1, beforeCursor: "  日" });
  });

  it("line_ends_begin_rows_and_the_rows_around_the_cursor_are_shown", () => {
    expect(rowsOf("a\nb\nc\nd", 7)).toEqual({ rows: ["  b", "  c", "  d"], cursorRow: 2, beforeCursor: "  d" });
    expect(rowsOf("a\nb\nc\nd", 0)).toEqual({ rows: ["> a", "  b", "  c"], cursorRow: 0, beforeCursor: "> " });
    expect(rowsOf("a\n", 2)).toEqual({ rows: ["> a", "  "], cursorRow: 1, beforeCursor: "  " });
  });
});

// --- internal ---

/** Knows the sequences that `paint` uses, for text of one column per character; fails at any other. */
function createTerminal(height: number) {
  let screen = Array.from({ length: height }, () => "?");
  let region: [number, number] = [0, height - 1];
  let [row, column] = [0, 0];
  return {
    rows: () => screen,
    cursor: () => [row, column],
    play(bytes: string) {
      for (const [token] of bytes.matchAll(/\x1b\[[?\d;]*[A-Za-z]|\n|[^\x1b\n]+/g)) {
        const [, parameters = "", final] = /^\x1b\[([?\d;]*)([A-Za-z])$/.exec(token) ?? [];
        const [first, second] = parameters.split(";").map(Number);
        if (final === "H") [row, column] = [(first || 1) - 1, (second || 1) - 1];
        else if (final === "K") screen[row] = "";
        else if (final === "J") screen = screen.map(() => "");
        else if (final === "r") {
          region = parameters === "" ? [0, height - 1] : [(first ?? 1) - 1, (second ?? 1) - 1];
          [row, column] = [0, 0];
        } else if (final !== undefined) expect(["h", "l"]).toContain(final);
        else if (token === "\n") {
          expect(row).toBe(region[1]);
          screen.splice(region[0], 1);
          screen.splice(region[1], 0, "");
        } else {
          screen[row] =
            (screen[row] ?? "").slice(0, column).padEnd(column) +
            token +
            (screen[row] ?? "").slice(column + token.length);
          column += token.length;
        }
      }
    },
  };
}
