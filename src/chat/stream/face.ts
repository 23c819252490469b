/** What the faces on streams share: they take lines one after another, and end cleanly. */
import type { Readable, Writable } from "node:stream";
import type { Session } from "../session/session.ts";
import { type InputLine, readLines } from "./lines.ts";
import { createOutput, type Output } from "./output.ts";

export type StreamFaceOptions = {
  readonly version: string;
  /** undefined: nothing is read, and the chat runs until the session ends. */
  readonly input: Readable | undefined;
  readonly output: Writable;
  /** The reader of the output has stopped reading. */
  readonly onStuck: () => void;
  /** After the end of input, how long to wait for what was said to reach a peer. */
  readonly settleMsMax: number;
};

/** `open` writes the beginning, listens to the session, and gives what takes a line. */
export type StreamFace = (output: Output) => (line: InputLine) => Promise<unknown>;

const FLUSH_MS_MAX = 2_000;

/** Resolves when the session has ended and its last line is written. */
export async function runStreamFace(session: Session, options: StreamFaceOptions, open: StreamFace): Promise<void> {
  const { input } = options;
  const output = createOutput(options.output, options.onStuck);
  const take = open(output);
  if (input !== undefined) {
    void session.ended.then(() => input.destroy());
    for await (const line of readLines(input)) {
      await output.ready();
      await take(line);
    }
    await session.settled(options.settleMsMax);
    await session.close();
  }
  await session.ended;
  await output.flushed(FLUSH_MS_MAX);
}
