/**
 * The components of the full screen and their canvas: Ink lays them out and composes each frame, which is handed on as
 * rows; `paint.ts` brings it to the terminal. Imported lazily, with NODE_ENV=production in force before.
 */
import { Writable } from "node:stream";
import { Box, render, Transform } from "ink";
import { memo, type ReactNode } from "react";

/** Everything on the screen, top to bottom: rows that fit its width, coloured by SGR sequences. */
export type ScreenRows = {
  readonly columns: number;
  /** As many as the message area has. */
  readonly messages: readonly string[];
  /** undefined: there is no room for it. */
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
  let isDrawing = false;
  let columns = 80;
  const frames = new Writable({
    decodeStrings: false,
    write(frame: string, _encoding, done) {
      if (isDrawing) onFrame(frame.split("\n"));
      done();
    },
  });
  Object.defineProperty(frames, "columns", { get: () => columns });
  const stdout = frames as NodeJS.WriteStream;
  const options = { stdout, stdin: process.stdin, debug: true, exitOnCtrlC: false, patchConsole: false };
  const ink = render(null, { ...options, isScreenReaderEnabled: false });
  return {
    draw(rows) {
      columns = rows.columns;
      isDrawing = true;
      ink.rerender(<Screen {...rows} />);
      isDrawing = false;
    },
    close: () => ink.unmount(),
  };
}

// --- internal ---

function Screen({ messages, status, composer }: ScreenRows): ReactNode {
  return (
    <Box flexDirection="column">
      <Rows rows={messages} />
      {status !== undefined && <Rows rows={[status]} />}
      <Rows rows={composer} />
    </Box>
  );
}

/**
 * Rows that are laid out already. Ink remembers the measure of every text it has ever laid out, without bound; rows that
 * come in by a transform of a text that is always the same keep a chat of weeks out of that memory.
 */
const Rows = memo(({ rows }: { readonly rows: readonly string[] }): ReactNode => {
  if (rows.length === 0) return null;
  return <Transform transform={(_, index) => rows[index] ?? ""}>{placeholder(rows.length)}</Transform>;
});

function placeholder(height: number): string {
  return new Array<string>(height).fill(" ").join("\n");
}
