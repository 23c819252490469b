/**
 * Line mode: messages go to standard output line by line, and typed lines come from standard input. The cursor is never
 * moved.
 */
import { sanitizeNick } from "../chat/model/sanitize.ts";
import type { Session } from "../chat/session/session.ts";
import type { SessionListener } from "../chat/session/sessionState.ts";
import { causalFeed } from "../chat/stream/causalFeed.ts";
import { runStreamFace, type StreamFaceOptions } from "../chat/stream/face.ts";
import { LINE_BYTES_MAX } from "../chat/stream/lines.ts";
import type { RoomHandle } from "../node/types.ts";
import { createTranscript, type Transcript } from "./transcript.ts";

/** Those who come or go within so long are told in one line. */
const FOLD_MS = 1_000;

/** Resolves when the session has ended and its last line is written. */
export function runLine(session: Session, options: StreamFaceOptions): Promise<void> {
  return runStreamFace(session, options, (output) => {
    const today = new Date();
    /** BOUNDED: by the rooms of the session. */
    const transcripts = new Map<RoomHandle, Transcript>();
    const transcriptOf = (room: RoomHandle): Transcript => {
      const mark = (): string => (room === session.room() ? "" : `#${session.label(room)} `);
      const transcript = transcripts.get(room) ?? createTranscript(today, mark, session.trust);
      transcripts.set(room, transcript);
      return transcript;
    };
    const room = session.room();
    const nick = sanitizeNick(room.self().nick);
    const others = session.rooms().filter((other) => other !== room);
    const elsewhere =
      others.length === 0 ? "" : `, also in ${others.map((other) => `#${session.label(other)}`).join(", ")}`;

    output.line(
      `-- smplchat ${options.version}: you are ${nick} in #${session.label(room)}${elsewhere}, listening on ${room.address()}`,
    );
    let timer: NodeJS.Timeout | undefined;
    const write = (lines: readonly string[]): void => {
      for (const line of lines) output.line(line);
    };
    const tell: SessionListener = (event, of) => {
      write(transcriptOf(of).linesOf(event, session.label(of)));
      if (event.type === "ended") clearTimeout(timer);
      else if (timer === undefined && transcriptOf(of).isHolding()) {
        timer = setTimeout(() => {
          timer = undefined;
          for (const transcript of transcripts.values()) write(transcript.release());
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
