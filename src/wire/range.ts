/**
 * Ranges of ids, as reconciliation compares them: two absolute bounds, and a claim about the ids between them. A range
 * needs no other frame to be understood, so a lost or repeated one harms nothing else.
 */
import { CursorError, type Reader, type Writer, within } from "./cursor.ts";
import { fromHex, MESSAGE_ID_BYTES, toHex } from "./ids.ts";

/** The two replicated sets: what was said, and who is here. Their items have 24-byte ids and reconcile alike. */
export type SetName = "log" | "roster";

/** A bound of a range of ids: hex without trailing zero bytes, so that text order is id order; `END` is above every id. */
export type Bound = string;
export const END: Bound = "~";

/** The ids `lo <= id < hi`: how many its sender holds, and their fingerprint (12 bytes, hex). */
export type RangeClaim = {
  readonly set: SetName;
  readonly lo: Bound;
  readonly hi: Bound;
  readonly count: number;
  readonly fingerprint: string;
};

/** The ids `lo <= id < hi` of a set; never an empty range. */
export type Span = { readonly set: SetName; readonly lo: Bound; readonly hi: Bound };

/** One of the adjoining ranges of a frame: from where the one before ends up to `hi`. */
export type RangePart = {
  readonly hi: Bound;
  readonly count: number;
  /** 12 bytes, hex; empty when there is nothing to fingerprint. */
  readonly fingerprint: string;
};

/** Adjoining ranges from `lo` on: 1..PARTS_MAX parts, their bounds ascending. */
export type Ranges = { readonly set: SetName; readonly lo: Bound; readonly parts: readonly RangePart[] };

export const PARTS_MAX = 16;

export function writeRanges(writer: Writer, ranges: Ranges): void {
  writeSet(writer, ranges.set);
  writeBound(writer, ranges.lo);
  writer.u8(within(ranges.parts.length, 1, PARTS_MAX));
  let lo = ranges.lo;
  for (const part of ranges.parts) {
    if (lo >= part.hi) throw new CursorError("empty range");
    writeBound(writer, part.hi);
    writer.varint(part.count);
    if (part.count > 0) writer.bytes(fromHex(part.fingerprint));
    lo = part.hi;
  }
}

export function readRanges(reader: Reader): Ranges {
  const set = readSet(reader);
  const lo = readBound(reader);
  const parts: RangePart[] = [];
  let from = lo;
  for (let left = within(reader.u8(), 1, PARTS_MAX); left > 0; left -= 1) {
    const hi = readBound(reader);
    if (from >= hi) throw new CursorError("empty range");
    const count = reader.varint();
    parts.push({ hi, count, fingerprint: count > 0 ? toHex(reader.bytes(FINGERPRINT_BYTES)) : "" });
    from = hi;
  }
  return { set, lo, parts };
}

export function writeSpan(writer: Writer, span: Span): void {
  if (span.lo >= span.hi) throw new CursorError("empty range");
  writeSet(writer, span.set);
  writeBound(writer, span.lo);
  writeBound(writer, span.hi);
}

export function readSpan(reader: Reader): Span {
  const span = { set: readSet(reader), lo: readBound(reader), hi: readBound(reader) };
  if (span.lo >= span.hi) throw new CursorError("empty range");
  return span;
}

export function writeClaim(writer: Writer, claim: RangeClaim): void {
  writeSpan(writer, claim);
  writer.varint(claim.count);
  writer.bytes(fromHex(claim.fingerprint));
}

export function readClaim(reader: Reader): RangeClaim {
  return { ...readSpan(reader), count: reader.varint(), fingerprint: toHex(reader.bytes(FINGERPRINT_BYTES)) };
}

export function writeSet(writer: Writer, set: SetName): void {
  writer.u8(SETS.indexOf(set));
}

export function readSet(reader: Reader): SetName {
  const set = SETS[reader.u8()];
  if (set === undefined) throw new CursorError("unknown set");
  return set;
}

/** Length 0..24 and that many bytes, the last not zero; 255 stands for `END`. */
export function writeBound(writer: Writer, bound: Bound): void {
  writer.u8(bound === END ? 255 : within(bound.length / 2, 0, MESSAGE_ID_BYTES));
  if (bound !== END) writer.bytes(fromHex(bound));
}

export function readBound(reader: Reader): Bound {
  const length = reader.u8();
  if (length === 255) return END;
  const bytes = reader.bytes(within(length, 0, MESSAGE_ID_BYTES));
  if (length > 0 && bytes[length - 1] === 0) throw new CursorError("bound ends in zero");
  return toHex(bytes);
}

// --- internal ---

const FINGERPRINT_BYTES = 12;
const SETS: readonly SetName[] = ["log", "roster"];
