/** Splits a stream of bytes into lines, and never holds more than one of them. */

/** Bytes of a line, without its LF or CR LF; undefined: there are more than fit. */
export type ByteLine = Uint8Array | undefined;

/** Strings count as UTF-8. What follows the last LF is a line, too, if it is not empty. */
export async function* byteLines(
  input: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>,
  bytesMax: number,
): AsyncGenerator<ByteLine> {
  /** BOUNDED: `bytesMax` in all; then they are let go. Of the line that has begun. */
  let parts: Uint8Array[] = [];
  let bytes = 0;
  const take = (part: Uint8Array): void => {
    bytes += part.length;
    if (bytes > bytesMax) parts = [];
    else if (part.length > 0) parts.push(part);
  };
  const finish = (): ByteLine => {
    const [first = NOTHING] = parts;
    const whole = parts.length > 1 ? Buffer.concat(parts) : first;
    const line = bytes > bytesMax ? undefined : withoutReturn(whole);
    parts = [];
    bytes = 0;
    return line;
  };
  for await (const chunk of input) {
    const given = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    let from = 0;
    for (let at = given.indexOf(LF); at >= 0; at = given.indexOf(LF, from)) {
      take(given.subarray(from, at));
      yield finish();
      from = at + 1;
    }
    // Whoever reads into one buffer again and again would change what waits here.
    if (from < given.length) take(Uint8Array.from(given.subarray(from)));
  }
  if (bytes > 0) yield finish();
}

// --- internal ---

const LF = 10;
const CR = 13;
const NOTHING = new Uint8Array();

function withoutReturn(line: Uint8Array): Uint8Array {
  return line.at(-1) === CR ? line.subarray(0, -1) : line;
}
