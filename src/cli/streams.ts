/**
 * Writes the output of a command to stdout, whole or with an error, and lines for people to stderr, without any key in
 * them.
 */
import { fstatSync, writeSync } from "node:fs";
import { escapeUnsafe } from "../chat/model/escape.ts";
import { systemReason } from "../chat/model/systemReason.ts";
import { concealInvites } from "./conceal.ts";

/** Resolves when it is written, or when its reader has seen enough. Rejects with a sentence when it cannot be. */
export async function print(text: string): Promise<void> {
  await writeOut(text);
}

/** As `print`; for a part of what is printed. False: its reader has seen enough. */
export async function writeOut(text: string): Promise<boolean> {
  try {
    if (fstatSync(STDOUT).isFile()) writeAll(Buffer.from(text));
    else await write(process.stdout, text);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw outputError(error as Error);
    return false;
  }
}

/** `smplchat: MESSAGE`, one line. Resolves when it is on its way, or cannot be. */
export async function complain(message: string): Promise<void> {
  await write(process.stderr, `${shown(`smplchat: ${message.replace(/\s*\n\s*/g, " ")}`)}\n`).catch(() => undefined);
}

/** Lines as they are, on stderr. */
export function note(lines: string): void {
  process.stderr.write(`${shown(lines)}\n`);
}

export function outputError(error: Error): Error {
  return new Error(`cannot write the output: ${systemReason(error)}`);
}

// --- internal ---

const STDOUT = 1;

/** A message may quote what others wrote: a file, an argument, what the system said. */
function shown(lines: string): string {
  return escapeUnsafe(concealInvites(lines));
}

/** Of a text that does not fit on a disk any more, a stream writes a part and says nothing. */
function writeAll(bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(STDOUT, bytes, at);
}

function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
