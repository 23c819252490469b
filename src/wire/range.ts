/**
 * Ranges of ids, as reconciliation compares them: two absolute bounds and a claim about what lies between. Self-contained,
 * so that a lost or repeated one costs nothing but itself.
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
  return { ...readSpan(reader), count: reader.varint(), fingerprint: toHex(reader.bytes(12)) };
}

export function writeSet(writer: Writer, set: SetName): void {
  writer.u8(SETS.indexOf(set));
}

export function readSet(reader: Reader): SetName {
  const set = SETS[reader.u8()];
  if (set === undefined) throw new CursorError("unknown set");
  return set;
}

// --- internal ---

const SETS: readonly SetName[] = ["log", "roster"];

/** Length 0..24 and that many bytes, the last not zero; 255 stands for `END`. */
function writeBound(writer: Writer, bound: Bound): void {
  writer.u8(bound === END ? 255 : within(bound.length / 2, 0, MESSAGE_ID_BYTES));
  if (bound !== END) writer.bytes(fromHex(bound));
}

function readBound(reader: Reader): Bound {
  const length = reader.u8();
  if (length === 255) return END;
  const bytes = reader.bytes(within(length, 0, MESSAGE_ID_BYTES));
  if (length > 0 && bytes[length - 1] === 0) throw new CursorError("bound ends in zero");
  return toHex(bytes);
}
