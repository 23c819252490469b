/** Line mode: what is said goes to standard output line by line, what is typed comes from standard input. No cursor tricks. */
import type { Readable, Writable } from "node:stream";
import { LINE_BYTES_MAX, readLines } from "../chat/lines.ts";
import { createOutput } from "../chat/output.ts";
import { sanitizeNick } from "../chat/sanitize.ts";
import type { Session } from "../chat/session.ts";
import { createTranscript } from "./transcript.ts";

export type LineFaceOptions = {
  readonly version: string;
  /** undefined: nothing is read, and the chat runs until the session ends. */
  readonly input: Readable | undefined;
  readonly output: Writable;
  /** The reader of the output has stopped reading. */
  readonly onStuck: () => void;
  /** After the end of input, how long to wait for what was said to reach a peer. */
  readonly settleMsMax: number;
};

const FLUSH_MS_MAX = 2_000;

/** Resolves when the session has ended and its last line is written. */
export async function runLine(session: Session, options: LineFaceOptions): Promise<void> {
  const { input, version } = options;
  const output = createOutput(options.output, options.onStuck);
  const transcript = createTranscript(new Date());
  const node = session.node();

  output.line(
    `-- smplchat ${version}: you are ${sanitizeNick(node.self().nick)} in #${node.room.name}, listening on ${node.address()}`,
  );
  session.subscribe((event) => {
    for (const line of transcript.linesOf(event, session.node().room.name)) output.line(line);
  });

  if (input !== undefined) {
    void session.ended.then(() => input.destroy());
    for await (const line of readLines(input)) {
      await output.ready();
      if (line.type === "too-long") output.line(`-- not taken: a line may have ${LINE_BYTES_MAX} bytes`);
      else await session.line(line.text);
    }
    await session.settled(options.settleMsMax);
    await session.close();
  }
  await session.ended;
  await output.flushed(FLUSH_MS_MAX);
}
