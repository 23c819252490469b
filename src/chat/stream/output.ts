/**
 * Writes lines to a stream whose reader may be slow. The rest of the program can wait for it, so nothing grows without
 * bound.
 */
import type { Writable } from "node:stream";

export type Output = {
  /** Never waits; `onStuck` is called when more than OUTPUT_BYTES_MAX are waiting. */
  readonly line: (text: string) => void;
  /** Resolves when the reader has caught up, so that no more may be caused by this side. */
  readonly ready: () => Promise<void>;
  /** Resolves when all is written, the stream is broken, or after `msMax`. */
  readonly flushed: (msMax: number) => Promise<void>;
};

/** Bytes waiting for a reader that does not read. */
export const OUTPUT_BYTES_MAX = 64 << 20;

/** After the first line of a turn of the event loop its others are written together, but no more than so many characters. */
const TOGETHER_MAX = 16 << 10;

export function createOutput(stream: Writable, onStuck: () => void, bytesMax = OUTPUT_BYTES_MAX): Output {
  let stuck = false;
  /** BOUNDED: TOGETHER_MAX and a line. Undefined: nothing was written in this turn. */
  let together: string | undefined;
  const write = (): void => {
    const text = together ?? "";
    together = "";
    if (text === "" || stuck || stream.destroyed || stream.writableEnded) return;
    stream.write(text);
    if (stream.writableLength > bytesMax) {
      stuck = true;
      onStuck();
    }
  };
  const turn = (): void => {
    write();
    together = undefined;
  };
  return {
    line: (text) => {
      const isFirst = together === undefined;
      together = `${together ?? ""}${text}\n`;
      // Every write wakes the reader: the first line at once, and then those of a burst together.
      if (isFirst) setImmediate(turn);
      const isMuch = together.length > TOGETHER_MAX || stream.writableLength + together.length > bytesMax;
      if (isFirst || isMuch) write();
    },
    ready: () => (stream.writableNeedDrain ? nextOf(stream, ["drain", "close", "error"]) : Promise.resolve()),
    flushed: async (msMax) => {
      write();
      if (stream.destroyed || stream.writableLength === 0) return;
      const written = new Promise<void>((resolve) => stream.write("", () => resolve()));
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, msMax);
      });
      await Promise.race([written, nextOf(stream, ["close", "error"]), late]);
      clearTimeout(timer);
    },
  };
}

// --- internal ---

function nextOf(stream: Writable, events: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      for (const event of events) stream.off(event, done);
      resolve();
    };
    for (const event of events) stream.on(event, done);
  });
}
