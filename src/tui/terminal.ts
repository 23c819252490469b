/**
 * The terminal while the full screen is up: alternate screen, raw keys, bracketed paste. Its former state is restored on
 * every way out: leaving, a signal, a crash, a stop by Ctrl-Z.
 */

export interface Terminal {
  columns(): number;
  rows(): number;
  write(bytes: string): void;
  /** Gives the terminal back and stops the program as Ctrl-Z does; comes back by itself when it is continued. */
  suspend(): void;
  /** Gives the terminal back for good. Does nothing the second time. */
  close(): void;
}

export type TerminalHandlers = {
  /** What was typed, decoded as UTF-8. */
  onInput(chunk: string): void;
  /** The size changed or the screen was given back and taken again: nothing is known of what it shows. */
  onRedraw(): void;
  /** Keys will never come again: the terminal is gone. */
  onGone(): void;
};

/** Held back while the screen is up and printed after it: warnings of the runtime would tear the picture. */
const STDERR_LINES_MAX = 1_000;

export function openTerminal(handlers: TerminalHandlers): Terminal {
  const { stdin, stdout } = process;
  let isUp = false;
  let isClosed = false;
  let releaseStderr = () => {};

  function enter(): void {
    if (isUp || isClosed) return;
    isUp = true;
    releaseStderr = holdStderr();
    stdin.setRawMode(true);
    stdin.resume();
    write(ENTER);
  }

  function leave(): void {
    if (!isUp) return;
    write(LEAVE);
    isUp = false;
    try {
      stdin.setRawMode(false);
    } catch {
      // The terminal is gone; there is nothing to give back.
    }
    stdin.pause();
    releaseStderr();
  }

  function write(bytes: string): void {
    if (isUp) stdout.write(bytes);
  }

  function comeBack(): void {
    if (isClosed) return;
    // Stopped from outside, the shell may have changed the modes behind our back: take them all again.
    leave();
    enter();
    handlers.onRedraw();
  }

  const onGone = () => handlers.onGone();
  stdin.setEncoding("utf8");
  stdin.on("data", handlers.onInput);
  stdin.on("end", onGone);
  stdin.on("error", onGone);
  stdout.on("error", onGone);
  stdout.on("resize", handlers.onRedraw);
  process.on("SIGCONT", comeBack);
  process.on("uncaughtExceptionMonitor", leave);
  process.on("exit", leave);
  enter();

  return {
    columns: () => stdout.columns || 80,
    rows: () => stdout.rows || 24,
    write,
    suspend() {
      if (process.platform === "win32") return;
      leave();
      // The whole foreground group, as the terminal itself would: `npm start` has to stop with us.
      process.kill(0, "SIGTSTP");
      // Time stands still while stopped; where nothing stops us (no job control), the screen just comes back.
      setTimeout(() => {
        if (!isUp) comeBack();
      }, 50);
    },
    close() {
      if (isClosed) return;
      leave();
      isClosed = true;
      stdin.off("data", handlers.onInput);
      stdin.off("end", onGone);
      stdin.off("error", onGone);
      stdout.off("resize", handlers.onRedraw);
      process.off("SIGCONT", comeBack);
      process.off("uncaughtExceptionMonitor", leave);
      process.off("exit", leave);
      // stdout keeps its error listener: a late write to a terminal that is gone must not end the program with a stack.
    },
  };
}

// --- internal ---

// Alternate screen, bracketed paste, focus reports, no wrapping at the right edge, empty.
const ENTER = "\x1b[?1049h\x1b[?2004h\x1b[?1004h\x1b[?7l\x1b[2J\x1b[H";
const LEAVE = "\x1b[r\x1b[0m\x1b[?7h\x1b[?1004l\x1b[?2004l\x1b[?25h\x1b[?1049l";

/** Keeps what is written to a stderr that is a terminal until the function it returns is called. */
function holdStderr(): () => void {
  const { stderr } = process;
  if (!stderr.isTTY) return () => {};
  // Whoever wrapped the stream before gets it back as it was; an own property may not have been there.
  const own = Object.getOwnPropertyDescriptor(stderr, "write");
  const held: string[] = [];
  stderr.write = (chunk: Uint8Array | string, encoding?: unknown, done?: unknown): boolean => {
    if (held.length < STDERR_LINES_MAX) held.push(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString());
    const callback = typeof encoding === "function" ? encoding : done;
    if (typeof callback === "function") callback();
    return true;
  };
  return () => {
    if (own === undefined) Reflect.deleteProperty(stderr, "write");
    else Object.defineProperty(stderr, "write", own);
    for (const text of held) stderr.write(text);
  };
}
