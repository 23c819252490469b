/** Splits a byte stream into lines, without ever holding more than one line that is too long. */
import { StringDecoder } from "node:string_decoder";

export type InputLine = { readonly type: "line"; readonly text: string } | { readonly type: "too-long" };

/** Bytes of one line, its end not counted. */
export const LINE_BYTES_MAX = 1 << 20;

/**
 * Ends with the stream, also when it is destroyed. A byte order mark at the start of the stream is no text. The next chunk is read when all lines of the last were taken. Line ends
 * (LF or CR LF) are not part of a line; bytes that are not UTF-8 become U+FFFD.
 */
export async function* readLines(
  input: AsyncIterable<Uint8Array | string>,
  bytesMax = LINE_BYTES_MAX,
): AsyncGenerator<InputLine> {
  const decoder = new StringDecoder("utf8");
  let parts: string[] = [];
  let bytes = 0;
  let isFirst = true;
  const finish = (): InputLine => {
    const line: InputLine =
      bytes > bytesMax ? { type: "too-long" } : { type: "line", text: parts.join("").replace(/\r$/, "") };
    parts = [];
    bytes = 0;
    isFirst = false;
    return line;
  };
  const take = (given: string): void => {
    const part = isFirst ? given.replace(/^\ufeff/, "") : given;
    isFirst &&= given === "";
    bytes += Buffer.byteLength(part);
    if (bytes > bytesMax) parts = [];
    else if (part !== "") parts.push(part);
  };
  try {
    for await (const chunk of input) {
      const text = typeof chunk === "string" ? chunk : decoder.write(Buffer.from(chunk));
      const pieces = text.split("\n");
      const last = pieces.pop() ?? "";
      for (const piece of pieces) {
        take(piece);
        yield finish();
      }
      take(last);
    }
  } catch (error) {
    if (!ENDED.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
  take(decoder.end());
  if (bytes > 0) yield finish();
}

// --- internal ---

/** A terminal that went away (EIO) and a stream that was destroyed to stop reading are ends like any other. */
const ENDED = new Set(["ERR_STREAM_PREMATURE_CLOSE", "ABORT_ERR", "EIO", "ECONNRESET"]);
