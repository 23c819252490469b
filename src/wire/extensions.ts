/**
 * Extensions: a sized map at the end of statements, beacons and invites, so that a later version can add a field without a
 * new version of the wire. `length varint | (key varint | value sized)*`, keys ascending, each once. A reader keeps all of
 * them and uses those that it knows.
 */
import { CursorError, createReader, createWriter, type Reader, type Writer, within } from "./cursor.ts";

/** By key; which keys there are, and what their values are, says whoever has such a map. BOUNDED: EXTENSIONS_MAX. */
export type Extensions = ReadonlyMap<number, Uint8Array>;

export const EXTENSIONS_MAX = 16;
export const EXTENSION_KEY_MAX = 0x3fff;
export const noExtensions: Extensions = new Map();

/** `bytesMax`: of all keys, values and lengths. Throws `CursorError` on what does not fit. */
export function writeExtensions(writer: Writer, extensions: Extensions, bytesMax: number): void {
  within(extensions.size, 0, EXTENSIONS_MAX);
  const map = createWriter(bytesMax);
  for (const [key, value] of [...extensions].sort(([one], [other]) => one - other)) {
    map.varint(within(key, 1, EXTENSION_KEY_MAX));
    map.sized(value, bytesMax);
  }
  writer.sized(map.finish(), bytesMax);
}

/** All of them, known or not: what is signed has to come out as it came in. */
export function readExtensions(reader: Reader, bytesMax: number): Extensions {
  const map = createReader(reader.sized(bytesMax));
  const extensions = new Map<number, Uint8Array>();
  let before = 0;
  while (map.left() > 0) {
    const key = within(map.varint(), before + 1, EXTENSION_KEY_MAX);
    if (extensions.size >= EXTENSIONS_MAX) throw new CursorError("too many extensions");
    extensions.set(key, Uint8Array.from(map.sized(bytesMax)));
    before = key;
  }
  return extensions;
}
