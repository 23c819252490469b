/** The full screen: runs a session on a terminal, and gives the terminal back at the end. */
import { sentenceFor } from "../chat/model/sentences.ts";
import type { Session } from "../chat/session/session.ts";
import { createController } from "./controller.ts";
import { createKeyDecoder, type Key } from "./keys.ts";
import { type Frame, paint } from "./paint.ts";
import { createPalette } from "./style.ts";
import { openTerminal } from "./terminal.ts";

/** Messages that arrive within this time are drawn together. */
const DRAW_DELAY_MS = 100;
/** How often the time, the peers and the lag of the status line are looked at. */
const STATUS_INTERVAL_MS = 1_000;

/**
 * Shows the session until it ends: by /quit, Ctrl-C twice, a terminal that goes away, or a caller that closes it (as on a
 * signal). Stdin and stdout must be terminals. The terminal is as before when this resolves or throws, and also when the
 * process exits or crashes meanwhile.
 */
export async function runFullScreen(session: Session): Promise<void> {
  // Before React is loaded: its development build is slower and keeps a measurement of every render for ever.
  process.env.NODE_ENV = "production";
  const { openCanvas } = await import("./screen.tsx");
  const keys = createKeyDecoder();
  let waitTimer: NodeJS.Timeout | undefined;
  let drawTimer: NodeJS.Timeout | undefined;
  let composed: readonly string[] = [];
  let shown: Frame | undefined;
  let shownStatus = "";
  let reads = 0;

  const leave = () => void session.close();
  const terminal = openTerminal({ onInput, onRedraw, onGone: leave });
  const canvas = openCanvas((rows) => {
    composed = rows;
  });
  const controller = createController({
    session,
    palette: createPalette(process.stdout.getColorDepth()),
    columns: terminal.columns(),
    rows: terminal.rows(),
    now: Date.now,
    onChange: draw,
  });

  function draw(): void {
    clearTimeout(drawTimer);
    drawTimer = undefined;
    const frame = controller.frame();
    canvas.draw(frame);
    const { columns, cursorRow, beforeCursor } = frame;
    const next = { columns, rows: composed, scrollRows: frame.messages.length, cursorRow, beforeCursor };
    terminal.write(paint(shown, next));
    shown = next;
    shownStatus = controller.status();
  }

  function onRedraw(): void {
    shown = undefined;
    controller.resize(terminal.columns(), terminal.rows());
    draw();
  }

  function onInput(chunk: string): void {
    clearTimeout(waitTimer);
    reads++;
    take(keys.push(chunk));
    const waitMs = keys.waitMs();
    if (waitMs === undefined) return;
    const seen = reads;
    waitTimer = setTimeout(() => {
      // A program that was busy finds its time run out before it has read what came meanwhile: it reads first.
      setImmediate(() => {
        if (reads === seen) take(keys.flush());
      });
    }, waitMs);
  }

  function take(typed: readonly Key[]): void {
    for (const key of typed) {
      const outcome = controller.key(key);
      if (outcome === "suspend") {
        terminal.suspend();
        return;
      }
      if (outcome === "redraw") shown = undefined;
      if (outcome === "quit") leave();
    }
    if (typed.length > 0) draw();
  }

  const unsubscribe = session.subscribe((event, room) => {
    const when = controller.event(event, room);
    if (when === "now") clearTimeout(drawTimer);
    if (when === "now") drawTimer = setTimeout(draw, 0);
    if (when === "soon") drawTimer ??= setTimeout(draw, DRAW_DELAY_MS);
  });
  const statusTimer = setInterval(() => {
    if (controller.status() !== shownStatus) draw();
  }, STATUS_INTERVAL_MS);
  try {
    draw();
    await session.ended;
  } finally {
    clearInterval(statusTimer);
    clearTimeout(drawTimer);
    clearTimeout(waitTimer);
    unsubscribe();
    canvas.close();
    terminal.close();
    const messages = session.undelivered();
    const sentence = messages > 0 ? sentenceFor({ type: "undelivered", messages }, "") : undefined;
    if (sentence !== undefined) process.stdout.write(`-- ${sentence.text}\n`);
  }
}
