/**
 * Ranges of ids, as reconciliation compares them: two absolute bounds, and a claim about the ids between them. A range
 * needs no other frame to be understood, so a lost or repeated one harms nothing else.
 */
import { CursorError, type Reader, type Writer, within } from "./cursor.ts";
import { fromHex, ID_FRONT_BYTES, MESSAGE_ID_BYTES, SHORT_HASH_BYTES, type ShortId, toHex } from "./ids.ts";

/** The two replicated sets: what was said, and who is here. Their items have 24-byte ids and reconcile alike. */
export type SetName = "log" | "roster";

/** A bound of a range of ids: hex without trailing zero bytes, so that text order is id order; `END` is above every id. */
export type Bound = string;
export const END: Bound = "~";

/** The ids `lo <= id < hi` of a set; never an empty range. */
export type Span = { readonly set: SetName; readonly lo: Bound; readonly hi: Bound };

/** What a frame mixes into all its fingerprints and short ids: 4 bytes of chance, hex. */
export type Salt = string;

/** The ids of a span: how many its sender holds, and their fingerprint under the salt. */
export type RangeClaim = Span & { readonly salt: Salt } & Omit<RangePart, "hi">;

/** All ids of a span that its sender holds, their fronts ascending. */
export type SpanList = Span & { readonly salt: Salt; readonly ids: readonly ShortId[] };

/** Ids of a span that somebody listed under this salt, by their hashes (6 bytes, hex). */
export type SpanWant = Span & { readonly salt: Salt; readonly hashes: readonly string[] };

/** One of the adjoining ranges of a frame: from where the one before ends up to `hi`. */
export type RangePart = {
  readonly hi: Bound;
  readonly count: number;
  /** 6 bytes, hex; empty when there is nothing to fingerprint. */
  readonly fingerprint: string;
};

/** Adjoining ranges from `lo` on: 1..PARTS_MAX parts, their bounds ascending. */
export type Ranges = {
  readonly set: SetName;
  readonly salt: Salt;
  readonly lo: Bound;
  readonly parts: readonly RangePart[];
};

export const PARTS_MAX = 16;
/** Of a range. */
export const FINGERPRINT_BYTES = 6;
/** In a list, and in a want that answers one. */
export const SHORT_IDS_MAX = 64;

export function writeRanges(writer: Writer, ranges: Ranges): void {
  writeSet(writer, ranges.set);
  writer.bytes(fromHex(ranges.salt));
  writeBound(writer, ranges.lo);
  writer.u8(within(ranges.parts.length, 1, PARTS_MAX));
  let lo = ranges.lo;
  for (const part of ranges.parts) {
    if (lo >= part.hi) throw new CursorError("empty range");
    writeBound(writer, part.hi);
    writeCount(writer, part);
    lo = part.hi;
  }
}

export function readRanges(reader: Reader): Ranges {
  const set = readSet(reader);
  const salt = readSalt(reader);
  const lo = readBound(reader);
  const parts: RangePart[] = [];
  let from = lo;
  for (let left = within(reader.u8(), 1, PARTS_MAX); left > 0; left -= 1) {
    const hi = readBound(reader);
    if (from >= hi) throw new CursorError("empty range");
    parts.push({ hi, ...readCount(reader) });
    from = hi;
  }
  return { set, salt, lo, parts };
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
  writer.bytes(fromHex(claim.salt));
  writeCount(writer, claim);
}

export function readClaim(reader: Reader): RangeClaim {
  const span = readSpan(reader);
  const salt = readSalt(reader);
  return { ...span, salt, ...readCount(reader) };
}

/** Each front as its distance from the one before, the first from that of `lo`: ids of one range are near each other. */
export function writeList(writer: Writer, list: SpanList): void {
  writeSpan(writer, list);
  writer.bytes(fromHex(list.salt));
  writer.u8(within(list.ids.length, 0, SHORT_IDS_MAX));
  let before = frontOfBound(list.lo);
  for (const id of list.ids) {
    const front = Number.parseInt(id.slice(0, 2 * ID_FRONT_BYTES), 16);
    writer.varint(within(front - before, 0, FRONT_MAX));
    writer.bytes(fromHex(id.slice(2 * ID_FRONT_BYTES)));
    before = front;
  }
}

export function readList(reader: Reader): SpanList {
  const span = readSpan(reader);
  const salt = readSalt(reader);
  const ids: ShortId[] = [];
  let front = frontOfBound(span.lo);
  for (let left = within(reader.u8(), 0, SHORT_IDS_MAX); left > 0; left -= 1) {
    front = within(front + reader.varint(), 0, FRONT_MAX);
    ids.push((hexOfFront(front) + toHex(reader.bytes(SHORT_HASH_BYTES))) as ShortId);
  }
  return { ...span, salt, ids };
}

export function writeSpanWant(writer: Writer, want: SpanWant): void {
  writeSpan(writer, want);
  writer.bytes(fromHex(want.salt));
  writer.u8(within(want.hashes.length, 1, SHORT_IDS_MAX));
  for (const hash of want.hashes) writer.bytes(fromHex(hash));
}

export function readSpanWant(reader: Reader): SpanWant {
  const span = readSpan(reader);
  const salt = readSalt(reader);
  const count = within(reader.u8(), 1, SHORT_IDS_MAX);
  return { ...span, salt, hashes: Array.from({ length: count }, () => toHex(reader.bytes(SHORT_HASH_BYTES))) };
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

const SALT_BYTES = 4;
const FRONT_MAX = 2 ** (8 * ID_FRONT_BYTES) - 1;
const SETS: readonly SetName[] = ["log", "roster"];

type Count = Pick<RangePart, "count" | "fingerprint">;

function writeCount(writer: Writer, { count, fingerprint }: Count): void {
  writer.varint(count);
  if (count > 0) writer.bytes(fromHex(fingerprint));
}

function readCount(reader: Reader): Count {
  const count = reader.varint();
  return { count, fingerprint: count > 0 ? toHex(reader.bytes(FINGERPRINT_BYTES)) : "" };
}

function readSalt(reader: Reader): Salt {
  return toHex(reader.bytes(SALT_BYTES));
}

function frontOfBound(bound: Bound): number {
  return Number.parseInt(bound.slice(0, 2 * ID_FRONT_BYTES).padEnd(2 * ID_FRONT_BYTES, "0"), 16);
}

function hexOfFront(front: number): string {
  return front.toString(16).padStart(2 * ID_FRONT_BYTES, "0");
}
