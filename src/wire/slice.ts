/** Slices of relay orders: `order u8 | lo u32 | last u32`, never empty. */
import { CursorError, type Reader, type Writer, within } from "./cursor.ts";

/** A node's part of a relay order: it covers all it knows whose rank is in `lo..last`, both u32 and included. */
export type Slice = { readonly order: number; readonly lo: number; readonly last: number };

export const ORDERS_MAX = 16;
export const SLICE_BYTES = 9;

/** Throws `CursorError` if it is empty or of no order there is. */
export function writeSlice(writer: Writer, slice: Slice): void {
  writer.u8(within(slice.order, 0, ORDERS_MAX - 1));
  writer.u32(within(slice.lo, 0, slice.last));
  writer.u32(slice.last);
}

export function readSlice(reader: Reader): Slice {
  const slice = { order: within(reader.u8(), 0, ORDERS_MAX - 1), lo: reader.u32(), last: reader.u32() };
  if (slice.lo > slice.last) throw new CursorError("empty slice");
  return slice;
}

/**
 * Hops of this order are acknowledged, repeated when lost, and reported to the author; the others are sent once and
 * forgotten: an acknowledgement for each would double the datagrams, to repair what the other orders repair anyway.
 */
export function isReliable(order: number): boolean {
  return order === 0;
}
