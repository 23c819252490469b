/** JSON mode: one object per line in and out, for programs. */
import type { Session } from "../chat/session/session.ts";
import { causalFeed } from "../chat/stream/causalFeed.ts";
import { runStreamFace, type StreamFaceOptions } from "../chat/stream/face.ts";
import { LINE_BYTES_MAX } from "../chat/stream/lines.ts";
import { readInput } from "./input.ts";
import { jsonError, jsonLine, jsonOf, jsonReady, refOf } from "./output.ts";

/** Resolves when the session has ended and its last line is written. */
export function runJson(session: Session, options: StreamFaceOptions): Promise<void> {
  return runStreamFace(session, options, (output) => {
    const write = (value: object): void => output.line(jsonLine(value));

    write(jsonReady(session, options.version));
    session.subscribe(
      causalFeed((event) => {
        for (const value of jsonOf(event, session.room().choice.name)) write(value);
      }),
      output.ready,
    );
    return async (line) => {
      if (line.type === "too-long") {
        return write(jsonError("input-too-long", `a line may have ${LINE_BYTES_MAX} bytes`, { limit: LINE_BYTES_MAX }));
      }
      const read = readInput(line.text);
      const { ref } = read;
      if (read.type === "bad-input") return write({ ...jsonError("bad-input", read.reason, {}), ...refOf(ref) });
      return read.type === "say" ? session.say(read.text, read.kind, ref) : session.line(read.text, ref);
    };
  });
}
