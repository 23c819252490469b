/** JSON mode: one object per line in and out, for programs. */
import type { Readable, Writable } from "node:stream";
import { LINE_BYTES_MAX, readLines } from "../chat/lines.ts";
import { createOutput } from "../chat/output.ts";
import type { Session } from "../chat/session.ts";
import { readInput } from "./input.ts";
import { jsonError, jsonLine, jsonOf, jsonReady } from "./output.ts";

export type JsonFaceOptions = {
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
export async function runJson(session: Session, options: JsonFaceOptions): Promise<void> {
  const { input } = options;
  const output = createOutput(options.output, options.onStuck);
  const write = (value: object): void => output.line(jsonLine(value));

  write(jsonReady(session, options.version));
  session.subscribe((event) => {
    for (const value of jsonOf(event, session.node().room.name)) write(value);
  });

  if (input !== undefined) {
    void session.ended.then(() => input.destroy());
    for await (const line of readLines(input)) {
      await output.ready();
      if (line.type === "too-long") {
        write(jsonError("input-too-long", `a line may have ${LINE_BYTES_MAX} bytes`, { limit: LINE_BYTES_MAX }));
        continue;
      }
      const read = readInput(line.text);
      if (read.type === "bad-input") write(jsonError("bad-input", read.reason, {}));
      else if (read.type === "say") await session.say(read.text, read.kind);
      else await session.line(read.text);
    }
    await session.settled(options.settleMsMax);
    await session.close();
  }
  await session.ended;
  await output.flushed(FLUSH_MS_MAX);
}
