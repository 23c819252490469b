/**
 * Frames that fetch history in bulk. A fetch asks for ranges and grants a credit, and the answer comes in pages. Each page
 * says which range it covers, so that the receiver sees from the pages that came which are missing.
 */

import { LARGE_BYTES_MIN } from "./blob.ts";
import { CursorError, type Reader, type Writer, within } from "./cursor.ts";
import { MESSAGE_BYTES_MAX } from "./envelope.ts";
import { fromHex, MESSAGE_ID_BYTES, type MessageId, toHex } from "./ids.ts";
import { type Bound, readBound, readSet, type SetName, writeBound, writeSet } from "./range.ts";

/** The ids lo <= id < hi. */
export type Stretch = { readonly lo: Bound; readonly hi: Bound };
/** The bytes of a signed message or statement; or, of a message that no page has room for, its id and size. */
export type PageItem = Uint8Array | { readonly id: MessageId; readonly bytes: number };

export type PageFrame =
  /** The receiver sends its items of these stretches (disjoint, the newest first; 1..16), newest first, in at most `credit` pages. */
  | {
      readonly type: "fetch";
      readonly set: SetName;
      /** 0..255, of the sender's choice: pages repeat it. */
      readonly number: number;
      readonly credit: number;
      readonly stretches: readonly Stretch[];
    }
  /** All that the sender holds of lo <= id < hi. `index`: its place among the pages of one fetch, of which `isLast` ends them. */
  | {
      readonly type: "page";
      readonly set: SetName;
      readonly number: number;
      readonly index: number;
      readonly isLast: boolean;
      readonly lo: Bound;
      readonly hi: Bound;
      readonly items: readonly PageItem[];
    };

export const CREDIT_MAX = 64;
export const STRETCHES_MAX = 16;
/** An item of more bytes than this does not fit a page whose bounds are as long as can be. */
export const PAGE_ITEM_BYTES_MAX = LARGE_BYTES_MIN - 1;
/** Items of no bytes cannot be, and these fill a datagram soon. */
export const PAGE_ITEMS_MAX = 64;
const LAST = 0x80;

/** Bytes of a page without its type and items, at most. */
export const PAGE_HEAD_BYTES_MAX = 1 + 1 + 1 + 2 * (1 + MESSAGE_ID_BYTES) + 1;

/** Bytes that an item of `size` bytes takes in a page, and one that is only announced, at most. */
export function sizedItemBytes(size: number): number {
  return size + (size < 0x80 ? 1 : 2);
}
export const ANNOUNCED_ITEM_BYTES = 1 + MESSAGE_ID_BYTES + 3;

/** The fields after the type byte. */
export function writePage(writer: Writer, frame: PageFrame): void {
  writeSet(writer, frame.set);
  writer.u8(frame.number);
  if (frame.type === "fetch") {
    writer.u8(within(frame.credit, 1, CREDIT_MAX));
    writer.u8(within(frame.stretches.length, 1, STRETCHES_MAX));
    let above: Bound | undefined;
    for (const stretch of frame.stretches) above = writeStretch(writer, stretch, above);
    return;
  }
  writer.u8(within(frame.index, 0, CREDIT_MAX - 1) | (frame.isLast ? LAST : 0));
  writeStretch(writer, frame, undefined);
  writer.u8(within(frame.items.length, 0, PAGE_ITEMS_MAX));
  for (const item of frame.items) writeItem(writer, frame.set, item);
}

export function readPage(reader: Reader, type: PageFrame["type"]): PageFrame {
  const set = readSet(reader);
  const number = reader.u8();
  if (type === "fetch") {
    const credit = within(reader.u8(), 1, CREDIT_MAX);
    const stretches: Stretch[] = [];
    for (let left = within(reader.u8(), 1, STRETCHES_MAX); left > 0; left -= 1) {
      stretches.push(readStretch(reader, stretches.at(-1)?.lo));
    }
    return { type, set, number, credit, stretches };
  }
  const place = reader.u8();
  const index = within(place & ~LAST, 0, CREDIT_MAX - 1);
  const stretch = readStretch(reader, undefined);
  const count = within(reader.u8(), 0, PAGE_ITEMS_MAX);
  const items = Array.from({ length: count }, () => readItem(reader, set));
  return { type, set, number, index, isLast: (place & LAST) !== 0, ...stretch, items };
}

// --- internal ---

function writeStretch(writer: Writer, { lo, hi }: Stretch, above: Bound | undefined): Bound {
  if (lo >= hi || (above !== undefined && hi > above)) throw new CursorError("empty or out of order");
  writeBound(writer, lo);
  writeBound(writer, hi);
  return lo;
}

function readStretch(reader: Reader, above: Bound | undefined): Stretch {
  const stretch = { lo: readBound(reader), hi: readBound(reader) };
  if (stretch.lo >= stretch.hi || (above !== undefined && stretch.hi > above)) throw new CursorError("out of order");
  return stretch;
}

/** No bytes stand for what is announced: a message, never a statement. */
function writeItem(writer: Writer, set: SetName, item: PageItem): void {
  if (item instanceof Uint8Array) {
    within(item.length, 1, PAGE_ITEM_BYTES_MAX);
    writer.sized(item, PAGE_ITEM_BYTES_MAX);
    return;
  }
  if (set !== "log") throw new CursorError("only messages are large");
  writer.varint(0);
  writer.bytes(fromHex(item.id));
  writer.varint(within(item.bytes, LARGE_BYTES_MIN, MESSAGE_BYTES_MAX));
}

function readItem(reader: Reader, set: SetName): PageItem {
  const bytes = reader.sized(PAGE_ITEM_BYTES_MAX);
  if (bytes.length > 0) return bytes;
  if (set !== "log") throw new CursorError("only messages are large");
  const id = toHex(reader.bytes(MESSAGE_ID_BYTES)) as MessageId;
  return { id, bytes: within(reader.varint(), LARGE_BYTES_MIN, MESSAGE_BYTES_MAX) };
}
