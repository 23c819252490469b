/** How far a long command is, on the last line of a terminal. Where standard error is none, nothing is said. */

export type Progress = {
  /** `text`: made only if it is shown. */
  readonly show: (text: () => string) => void;
  /** Takes the line away. */
  readonly clear: () => void;
};

export function createProgress(stream: Pick<NodeJS.WriteStream, "isTTY" | "write"> = process.stderr): Progress {
  let shownAt = performance.now();
  let isShown = false;
  return {
    show: (text) => {
      if (!stream.isTTY || performance.now() - shownAt < BETWEEN_MS) return;
      shownAt = performance.now();
      isShown = true;
      stream.write(`\r${text()}${ERASE_LINE}`);
    },
    clear: () => {
      if (isShown) stream.write(`\r${ERASE_LINE}`);
      isShown = false;
    },
  };
}

// --- internal ---

/** A command that takes no longer says nothing. */
const BETWEEN_MS = 500;
const ERASE_LINE = "\u001b[K";
