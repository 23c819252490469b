/**
 * The components of the full screen. Ink lays them out and composes each frame as rows; `paint.ts` brings the rows to the
 * terminal. This file is imported lazily, after NODE_ENV=production is set.
 */
import { Writable } from "node:stream";
import { Box, render, Transform } from "ink";
import { memo, type ReactNode } from "react";

/** Everything on the screen, top to bottom: rows that fit its width, coloured by SGR sequences. */
export type ScreenRows = {
  /** As many as the message area has. */
  readonly messages: readonly string[];
  /** The row of rooms; undefined: there is one room alone, or no place. */
  readonly tabs: string | undefined;
  /** undefined: there is no place for it. */
  readonly status: string | undefined;
  readonly composer: readonly string[];
};

export interface Canvas {
  /** Composes the frame and hands its rows to `onFrame` before it returns. */
  draw(rows: ScreenRows): void;
  close(): void;
}

/**
 * Ink writes frames in its debug mode, which is documented to give each update as separate output: whole frames, at once,
 * whatever CI says. In its usual mode it clears the terminal (its scrollback too) at each update of a screen that is
 * filled to the last row, and draws nothing at all where it believes itself in CI.
 */
export function openCanvas(onFrame: (rows: readonly string[]) => void): Canvas {
  let drawn: ScreenRows | undefined;
  const frames = new Writable({
    decodeStrings: false,
    write(frame: string, _encoding, done) {
      if (drawn !== undefined) onFrame(resolveHandles(frame, drawn));
      done();
    },
  });
  // Every row is one handle wide for Ink, which keeps a cell for each column of each row, at each frame.
  Object.defineProperty(frames, "columns", { value: 1 });
  const stdout = frames as NodeJS.WriteStream;
  const options = { stdout, stdin: process.stdin, debug: true, exitOnCtrlC: false, patchConsole: false };
  const ink = render(null, { ...options, isScreenReaderEnabled: false });
  return {
    draw(rows) {
      drawn = rows;
      ink.rerender(<Screen {...rows} />);
      drawn = undefined;
    },
    close: () => ink.unmount(),
  };
}

// --- internal ---

function Screen({ messages, tabs, status, composer }: ScreenRows): ReactNode {
  return (
    <Box flexDirection="column">
      <Rows first={0} rows={messages} />
      {tabs !== undefined && <Rows first={messages.length} rows={[tabs]} />}
      {status !== undefined && <Rows first={messages.length + 1} rows={[status]} />}
      <Rows first={messages.length + 2} rows={composer} />
    </Box>
  );
}

/**
 * Rows pass through Ink as handles, one character each, which stand for them in its frame. Ink would parse every
 * character of every row anew for each frame, which costs more than all the rest of the screen together; and it
 * remembers the measure of every text that it has ever laid out, without bound: a text that is always the same, turned
 * into handles by a transform, keeps a chat of weeks out of that memory.
 */
const Rows = memo(({ first, rows }: { readonly first: number; readonly rows: readonly string[] }): ReactNode => {
  if (rows.length === 0) return null;
  const placeholder = new Array<string>(rows.length).fill(" ").join("\n");
  return (
    <Transform transform={(_, index) => String.fromCharCode(FIRST_HANDLE + first + index)}>{placeholder}</Transform>
  );
});

/** The private use area begins here: 6,400 rows can be told apart, which no terminal has. */
const FIRST_HANDLE = 0xe000;

function resolveHandles(frame: string, { messages, tabs, status, composer }: ScreenRows): string[] {
  const rows = [...messages, tabs ?? "", status ?? "", ...composer];
  return frame.split("\n").map((line) => rows[line.charCodeAt(0) - FIRST_HANDLE] ?? "");
}
