/** Marks in a database: how many are known to have an own message, and of how many, four bytes each, under the id of the message. */
import type { Mark } from "../protocol/api.ts";
import { idOfKey, type Level, MARK_TYPE, rangeOf, SCAN } from "./levelFormat.ts";

/** Of the mark of the message with this key. */
export function markKeyOf(key: Uint8Array): Uint8Array {
  const markKey = Uint8Array.from(key);
  markKey[0] = MARK_TYPE;
  return markKey;
}

export function encodeMark({ reached, of }: Mark): Uint8Array {
  const bytes = Buffer.alloc(MARK_BYTES);
  bytes.writeUInt32BE(reached, 0);
  bytes.writeUInt32BE(of, 4);
  return bytes;
}

/** What no version of this program has written is no mark. */
export async function newestMarks(level: Level, prefix: Uint8Array, limit: number): Promise<readonly Mark[]> {
  const newest = await level.iterator({ ...rangeOf(prefix), ...SCAN, reverse: true, limit }).all();
  return newest.flatMap(([key, value]) => decodeMark(key, value) ?? []).reverse();
}

// --- internal ---

const MARK_BYTES = 8;

/** Undefined: no version of this program has written it. */
function decodeMark(key: Uint8Array, value: Uint8Array): Mark | undefined {
  if (value.length !== MARK_BYTES) return undefined;
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
  const [reached, of] = [bytes.readUInt32BE(0), bytes.readUInt32BE(4)];
  return reached > of ? undefined : { id: idOfKey(key), reached, of };
}
