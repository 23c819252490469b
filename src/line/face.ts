/**
 * Line mode: messages go to standard output line by line, and typed lines come from standard input. The cursor is never
 * moved.
 */

import type { SessionEvent } from "../chat/model/events.ts";
import { sanitizeNick } from "../chat/model/sanitize.ts";
import type { Session } from "../chat/session/session.ts";
import { causalFeed } from "../chat/stream/causalFeed.ts";
import { runStreamFace, type StreamFaceOptions } from "../chat/stream/face.ts";
import { LINE_BYTES_MAX } from "../chat/stream/lines.ts";
import { createTranscript } from "./transcript.ts";

/** Those who come or go within so long are told in one line. */
const FOLD_MS = 1_000;

/** Resolves when the session has ended and its last line is written. */
export function runLine(session: Session, options: StreamFaceOptions): Promise<void> {
  return runStreamFace(session, options, (output) => {
    const transcript = createTranscript(new Date());
    const room = session.room();
    const nick = sanitizeNick(room.self().nick);

    output.line(
      `-- smplchat ${options.version}: you are ${nick} in #${room.choice.name}, listening on ${room.address()}`,
    );
    let timer: NodeJS.Timeout | undefined;
    const write = (lines: readonly string[]): void => {
      for (const line of lines) output.line(line);
    };
    const tell = (event: SessionEvent): void => {
      write(transcript.linesOf(event, session.room().choice.name));
      if (event.type === "ended") clearTimeout(timer);
      else if (timer === undefined && transcript.isHolding()) {
        timer = setTimeout(() => {
          timer = undefined;
          write(transcript.release());
        }, FOLD_MS);
      }
    };
    session.subscribe(causalFeed(tell), output.ready);
    return async (line) => {
      if (line.type === "line") return session.line(line.text);
      output.line(`-- not taken: a line may have ${LINE_BYTES_MAX} bytes`);
    };
  });
}
