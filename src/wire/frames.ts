/**
 * The frames inside a datagram, one after another. A frame is a number and its fields (PROTOCOL.md has them as equations),
 * and one row of the table below.
 *
 * Every value has one encoding, and other bytes are refused. From UNKNOWN_FROM on a frame is its number and sized bytes,
 * so that a version that does not know the number can skip the frame.
 */
import { type BlobFrame, readBlob, writeBlob } from "./blob.ts";
import { CursorError, createReader, createWriter, type Reader, type Writer, within } from "./cursor.ts";
import { COUNTER_MAX, FRAMES_BYTES_MAX } from "./datagram.ts";
import { type Endpoint, readEndpoint, writeEndpoint } from "./endpoint.ts";
import { HLC_MAX } from "./envelope.ts";
import { fromHex, MESSAGE_ID_BYTES, type MessageId, PEER_ID_BYTES, type PeerId, toHex } from "./ids.ts";
import { type PageFrame, readPage, writePage } from "./page.ts";
import {
  type RangeClaim,
  type Ranges,
  readClaim,
  readList,
  readRanges,
  readSpanWant,
  type SpanList,
  type SpanWant,
  writeClaim,
  writeList,
  writeRanges,
  writeSpanWant,
} from "./range.ts";
import { isReliable, readSlice, type Slice, writeSlice } from "./slice.ts";

export { CREDIT_MAX, type PageItem, type Stretch } from "./page.ts";
export { type Bound, END, type RangeClaim, type RangePart, type Ranges, type Salt, type SetName } from "./range.ts";
export { ORDERS_MAX, type Slice } from "./slice.ts";

/** What a node keeps of a log at most: messages stamped `since` (ms since 1970, whole minutes) or later, so many of each class. */
export type KeepLimits = { readonly since: number; readonly small: number; readonly large: number };

export type SetDigest = { readonly count: number /** 8 bytes, hex. */; readonly fingerprint: string };

export type Frame =
  /** Zeros up to the end of the datagram: the receiver may answer more. */
  | { readonly type: "padding"; readonly bytes: number }
  /**
   * The receiver's datagrams with these counters arrived (descending, at most 32), the first `delayMs` ago (0..255). `echo`: see
   * `echoOf`, of that first one.
   */
  | { readonly type: "ack"; readonly counters: readonly number[]; readonly delayMs: number; readonly echo: number }
  /** The receiver answers at once, with an ack and its digest. */
  | { readonly type: "ping" }
  /**
   * What the sender holds. `keeps`: of what it keeps at most. `isForReceiver`: of the log it counts what the receiver would keep
   * of it, by the digest that the receiver sent last. `isStored`: the sender's store has all of the log.
   */
  | {
      readonly type: "digest";
      readonly log: SetDigest;
      readonly keeps: KeepLimits;
      readonly isForReceiver: boolean;
      readonly roster: SetDigest;
      readonly isStored: boolean;
    }
  /** Where the sender sees the receiver, and what the sender's clock says, ms since 1970. */
  | { readonly type: "observed"; readonly endpoint: Endpoint; readonly wall: number }
  /** A signed statement of whoever it names; the receiver passes news on. */
  | { readonly type: "statement"; readonly bytes: Uint8Array }
  /** `accuser` (8 bytes of its id, hex) got no answer from `peer`; the receiver suspects it, or refutes if it is meant. */
  | { readonly type: "suspect"; readonly peer: PeerId; readonly incarnation: number; readonly accuser: string }
  /** A message, and the part of its relay order that the receiver is to cover. */
  | { readonly type: "push"; readonly slice: Slice; readonly message: Uint8Array }
  /**
   * As push, of an author whom the receiver's roster has: `front` (8 bytes of the author's id, hex) and `rest`, the message
   * without its first 32 bytes. A receiver that knows nobody of that front takes the datagram for lost.
   */
  | { readonly type: "brief"; readonly slice: Slice; readonly front: string; readonly rest: Uint8Array }
  /** As push without the body: the receiver covers its slice alike, and asks for the body if none comes. */
  | { readonly type: "advertise"; readonly slice: Slice; readonly id: MessageId }
  /** The receiver sends these messages (at most WANTED_MAX). */
  | { readonly type: "want"; readonly ids: readonly MessageId[] }
  /** A message that was asked for. */
  | { readonly type: "message"; readonly bytes: Uint8Array }
  /** The receiver compares each part with its own and answers what differs: list, smaller ranges, or fetch. */
  | ({ readonly type: "ranges" } & Ranges)
  /** All ids the sender holds in lo..hi (at most SHORT_IDS_MAX): the receiver wants what it lacks and gives what is lacking. */
  | ({ readonly type: "list" } & SpanList)
  /** The receiver listed these, and sends them. */
  | ({ readonly type: "wantListed" } & SpanWant)
  /** All that the receiver told in ranges, the sender holds alike: the receiver checks it like a range. */
  | ({ readonly type: "same" } & RangeClaim)
  /** Of the slice, which the receiver gave to the sender, `of` peers, itself included, `reached` have the message; the first few that lack it (8 bytes of id, hex). */
  | {
      readonly type: "receipt";
      readonly id: MessageId;
      readonly slice: Slice;
      readonly reached: number;
      readonly of: number;
      readonly lacking: readonly string[];
    }
  /**
   * The receiver pings `target` and sends probeReply: when that answers, or when it did not in time. `introduce`: the sender
   * does not reach it, and the receiver tells each of the two where it sees the other.
   */
  | { readonly type: "probeRequest"; readonly target: PeerId; readonly introduce: boolean }
  /** `answered`: the receiver ends its probe. Otherwise it knows that the silence is not its own (Lifeguard's nack). */
  | { readonly type: "probeReply"; readonly target: PeerId; readonly answered: boolean }
  /** The sender sees `peer` there, and tells it of the receiver: both try to reach each other now. */
  | { readonly type: "introduce"; readonly peer: PeerId; readonly endpoint: Endpoint }
  | PageFrame
  | BlobFrame
  /** Of a number that this version does not know, UNKNOWN_FROM or more: the receiver passes over it and acknowledges it. */
  | { readonly type: "unknown"; readonly number: number; readonly bytes: Uint8Array };

/** What a session must have shown before the frame counts: nothing, that it is where its member's statement says, or that it is alive now. */
export type Proof = "nothing" | "listed" | "proven";

/** One row of the table of frames. */
type Row<F> = {
  readonly number: number;
  /** Whether its datagram asks for an acknowledgement. */
  readonly elicits: (frame: F) => boolean;
  readonly proof: Proof;
  /** The fields after the number. */
  readonly write: (writer: Writer, frame: F) => void;
  readonly read: (reader: Reader) => F;
};

type FrameOf<Type extends Frame["type"]> = Extract<Frame, { readonly type: Type }>;

export const ACK_COUNTERS_MAX = 32;
/** As many as fit a datagram. */
export const WANTED_MAX = 48;
export const LACKING_MAX = 4;
/** Frames from this number on are sized. */
export const UNKNOWN_FROM = 32;
/** The front of a peer's id names it among those of one room: nobody can make a key that has a given one. */
const FRONT_BYTES = 8;
const DIGEST_BYTES = 8;
const KEEPS_MAX = 2 ** 32 - 1;
const MINUTE_MS = 60_000;
const SINCE_MINUTES_MAX = Math.floor(HLC_MAX / MINUTE_MS);
/** Flags of a digest. */
const IS_STORED = 1;
const IS_FOR_RECEIVER = 2;

const always = (): boolean => true;
const never = (): boolean => false;
const byOrder = ({ slice }: { readonly slice: Slice }): boolean => isReliable(slice.order);

/** All frames of this version. Answers, and what the next one of its kind replaces, ask for no acknowledgement. */
export const frameTable: { readonly [Type in Exclude<Frame["type"], "unknown">]: Row<FrameOf<Type>> } = {
  padding: {
    number: 0,
    elicits: never,
    proof: "nothing",
    write: (writer, { bytes }) => writer.bytes(new Uint8Array(bytes - 1)),
    read: readPadding,
  },
  ack: { number: 1, elicits: never, proof: "nothing", write: writeAck, read: readAck },
  ping: { number: 2, elicits: always, proof: "nothing", write: () => {}, read: () => ({ type: "ping" }) },
  digest: {
    number: 3,
    elicits: never,
    proof: "proven",
    write: (writer, { log, keeps, isForReceiver, roster, isStored }) => {
      writeDigest(writer, log);
      writer.varint(within(keeps.since / MINUTE_MS, 0, SINCE_MINUTES_MAX));
      writer.varint(within(keeps.small, 0, KEEPS_MAX));
      writer.varint(within(keeps.large, 0, KEEPS_MAX));
      writeDigest(writer, roster);
      writer.u8((isStored ? IS_STORED : 0) | (isForReceiver ? IS_FOR_RECEIVER : 0));
    },
    read: (reader) => {
      const log = readDigest(reader);
      const since = within(reader.varint(), 0, SINCE_MINUTES_MAX) * MINUTE_MS;
      const small = within(reader.varint(), 0, KEEPS_MAX);
      const large = within(reader.varint(), 0, KEEPS_MAX);
      const roster = readDigest(reader);
      const flags = within(reader.u8(), 0, IS_STORED | IS_FOR_RECEIVER);
      const isForReceiver = (flags & IS_FOR_RECEIVER) !== 0;
      const isStored = (flags & IS_STORED) !== 0;
      return { type: "digest", log, keeps: { since, small, large }, isForReceiver, roster, isStored };
    },
  },
  observed: {
    number: 4,
    elicits: never,
    proof: "proven",
    write: (writer, { endpoint, wall }) => {
      writeEndpoint(writer, endpoint);
      writer.u48(wall);
    },
    read: (reader) => ({ type: "observed", endpoint: readEndpoint(reader), wall: reader.u48() }),
  },
  statement: {
    number: 5,
    elicits: always,
    proof: "nothing",
    write: (writer, { bytes }) => writer.sized(bytes, FRAMES_BYTES_MAX),
    read: (reader) => ({ type: "statement", bytes: reader.sized(FRAMES_BYTES_MAX) }),
  },
  suspect: {
    number: 6,
    elicits: always,
    proof: "proven",
    write: (writer, { peer, incarnation, accuser }) => {
      writer.bytes(fromHex(peer));
      writer.u48(incarnation);
      writer.bytes(fromHex(accuser));
    },
    read: (reader) => {
      const peer = readPeer(reader);
      return { type: "suspect", peer, incarnation: reader.u48(), accuser: toHex(reader.bytes(FRONT_BYTES)) };
    },
  },
  probeRequest: {
    number: 7,
    elicits: always,
    proof: "proven",
    write: (writer, { target, introduce }) => {
      writer.bytes(fromHex(target));
      writeFlag(writer, introduce);
    },
    read: (reader) => ({ type: "probeRequest", target: readPeer(reader), introduce: readFlag(reader) }),
  },
  probeReply: {
    number: 8,
    elicits: always,
    proof: "proven",
    write: (writer, { target, answered }) => {
      writer.bytes(fromHex(target));
      writeFlag(writer, answered);
    },
    read: (reader) => ({ type: "probeReply", target: readPeer(reader), answered: readFlag(reader) }),
  },
  push: {
    number: 9,
    elicits: byOrder,
    proof: "nothing",
    write: (writer, { slice, message }) => {
      writeSlice(writer, slice);
      writer.sized(message, FRAMES_BYTES_MAX);
    },
    read: (reader) => ({ type: "push", slice: readSlice(reader), message: reader.sized(FRAMES_BYTES_MAX) }),
  },
  advertise: {
    number: 10,
    elicits: byOrder,
    // In a large room nearly everyone is met for the first time: a round trip before each answer would be one too many.
    proof: "listed",
    write: (writer, { slice, id }) => {
      writeSlice(writer, slice);
      writer.bytes(fromHex(id));
    },
    read: (reader) => ({ type: "advertise", slice: readSlice(reader), id: readMessageId(reader) }),
  },
  want: {
    number: 11,
    elicits: always,
    proof: "listed",
    write: (writer, { ids }) => writeAll(writer, ids, WANTED_MAX),
    read: (reader) => ({ type: "want", ids: readAll(reader, WANTED_MAX, MESSAGE_ID_BYTES) as MessageId[] }),
  },
  message: {
    number: 12,
    elicits: always,
    proof: "nothing",
    write: (writer, { bytes }) => writer.sized(bytes, FRAMES_BYTES_MAX),
    read: (reader) => ({ type: "message", bytes: reader.sized(FRAMES_BYTES_MAX) }),
  },
  ranges: {
    number: 13,
    elicits: always,
    proof: "proven",
    write: writeRanges,
    read: (reader) => ({ type: "ranges", ...readRanges(reader) }),
  },
  list: {
    number: 14,
    elicits: always,
    proof: "proven",
    write: writeList,
    read: (reader) => ({ type: "list", ...readList(reader) }),
  },
  fetch: {
    number: 15,
    elicits: always,
    proof: "proven",
    write: writePage,
    read: (reader) => readPage(reader, "fetch") as FrameOf<"fetch">,
  },
  same: {
    number: 16,
    elicits: always,
    proof: "proven",
    write: writeClaim,
    read: (reader) => ({ type: "same", ...readClaim(reader) }),
  },
  receipt: {
    number: 17,
    elicits: always,
    proof: "proven",
    write: (writer, { id, slice, reached, of, lacking }) => {
      writer.bytes(fromHex(id));
      writeSlice(writer, slice);
      writer.varint(reached);
      writer.varint(of);
      writeAll(writer, lacking, LACKING_MAX);
    },
    read: (reader) => ({
      type: "receipt",
      id: readMessageId(reader),
      slice: readSlice(reader),
      reached: reader.varint(),
      of: reader.varint(),
      lacking: readAll(reader, LACKING_MAX, FRONT_BYTES),
    }),
  },
  offer: blobRow("offer", 18, always),
  announce: blobRow("announce", 19, always),
  wantChunks: blobRow("wantChunks", 20, always),
  chunk: blobRow("chunk", 21, never),
  page: {
    number: 22,
    elicits: never,
    proof: "proven",
    write: writePage,
    read: (reader) => readPage(reader, "page") as FrameOf<"page">,
  },
  brief: {
    number: 23,
    elicits: byOrder,
    proof: "nothing",
    write: (writer, { slice, front, rest }) => {
      writeSlice(writer, slice);
      writer.bytes(fromHex(front));
      writer.sized(rest, FRAMES_BYTES_MAX);
    },
    read: (reader) => {
      const slice = readSlice(reader);
      return { type: "brief", slice, front: toHex(reader.bytes(FRONT_BYTES)), rest: reader.sized(FRAMES_BYTES_MAX) };
    },
  },
  introduce: {
    number: 24,
    elicits: always,
    proof: "proven",
    write: (writer, { peer, endpoint }) => {
      writer.bytes(fromHex(peer));
      writeEndpoint(writer, endpoint);
    },
    read: (reader) => ({ type: "introduce", peer: readPeer(reader), endpoint: readEndpoint(reader) }),
  },
  wantListed: {
    number: 25,
    elicits: always,
    proof: "proven",
    write: writeSpanWant,
    read: (reader) => ({ type: "wantListed", ...readSpanWant(reader) }),
  },
};

export function elicitsAck(frame: Frame): boolean {
  return rowOf(frame)?.elicits(frame) ?? true;
}

export function proofFor(frame: Frame): Proof {
  return rowOf(frame)?.proof ?? "nothing";
}

/** The bytes of one frame. Throws `CursorError` if it is out of bounds or does not fit a datagram. */
export function encodeFrame(frame: Frame): Uint8Array {
  const writer = createWriter(FRAMES_BYTES_MAX);
  const row = rowOf(frame);
  if (row !== undefined) {
    writer.u8(row.number);
    row.write(writer, frame);
  } else if (frame.type === "unknown") {
    writer.u8(within(frame.number, UNKNOWN_FROM, 255));
    writer.sized(frame.bytes, FRAMES_BYTES_MAX);
  }
  return writer.finish();
}

/** All frames of a datagram, or why it is refused whole. */
export function decodeFrames(bytes: Uint8Array): Frame[] | "bad-frame" {
  const reader = createReader(bytes);
  const frames: Frame[] = [];
  try {
    while (reader.left() > 0) frames.push(readFrame(reader));
    return frames;
  } catch (error) {
    if (error instanceof CursorError) return "bad-frame";
    throw error;
  }
}

// --- internal ---

/** The row as one of any frame: whoever reads or writes by it has its number or type from the frame itself. */
type AnyRow = Row<Frame>;

function rowOf(frame: Frame): AnyRow | undefined {
  return (frameTable as unknown as Readonly<Record<string, AnyRow>>)[frame.type];
}

const rowsByNumber: ReadonlyMap<number, AnyRow> = new Map(
  (Object.values(frameTable) as unknown as AnyRow[]).map((row) => [row.number, row]),
);

function readFrame(reader: Reader): Frame {
  const number = reader.u8();
  const row = rowsByNumber.get(number);
  if (row !== undefined) return row.read(reader);
  if (number < UNKNOWN_FROM) throw new CursorError("unknown frame");
  return { type: "unknown", number, bytes: reader.sized(FRAMES_BYTES_MAX) };
}

function blobRow<Type extends BlobFrame["type"]>(
  type: Type,
  number: number,
  elicits: () => boolean,
): Row<FrameOf<Type>> {
  const write = writeBlob as (writer: Writer, frame: FrameOf<Type>) => void;
  return { number, elicits, proof: "proven", write, read: (reader) => readBlob(reader, type) as FrameOf<Type> };
}

function readPeer(reader: Reader): PeerId {
  return toHex(reader.bytes(PEER_ID_BYTES)) as PeerId;
}

function readMessageId(reader: Reader): MessageId {
  return toHex(reader.bytes(MESSAGE_ID_BYTES)) as MessageId;
}

function writeFlag(writer: Writer, flag: boolean): void {
  writer.u8(flag ? 1 : 0);
}

function readFlag(reader: Reader): boolean {
  return within(reader.u8(), 0, 1) === 1;
}

function writeDigest(writer: Writer, { count, fingerprint }: SetDigest): void {
  writer.varint(count);
  writer.bytes(fromHex(fingerprint));
}

function readDigest(reader: Reader): SetDigest {
  return { count: reader.varint(), fingerprint: toHex(reader.bytes(DIGEST_BYTES)) };
}

function readPadding(reader: Reader): FrameOf<"padding"> {
  const rest = reader.bytes(reader.left());
  if (rest.some((byte) => byte !== 0)) throw new CursorError("padding is zeros");
  return { type: "padding", bytes: rest.length + 1 };
}

/** The largest counter, then each next one as its distance to the one before, less one. */
function writeAck(writer: Writer, { counters, delayMs, echo }: FrameOf<"ack">): void {
  writer.varint(within(counters[0] as number, 0, COUNTER_MAX));
  writer.u8(delayMs);
  writer.u32(echo);
  writer.u8(within(counters.length - 1, 0, ACK_COUNTERS_MAX - 1));
  for (let index = 1; index < counters.length; index += 1) {
    writer.varint((counters[index - 1] as number) - (counters[index] as number) - 1);
  }
}

function readAck(reader: Reader): FrameOf<"ack"> {
  const counters = [within(reader.varint(), 0, COUNTER_MAX)];
  const delayMs = reader.u8();
  const echo = reader.u32();
  const more = within(reader.u8(), 0, ACK_COUNTERS_MAX - 1);
  for (let index = 0; index < more; index += 1) {
    const counter = (counters[index] as number) - reader.varint() - 1;
    if (counter < 0) throw new CursorError("counter below zero");
    counters.push(counter);
  }
  return { type: "ack", counters, delayMs, echo };
}

/** A count and that many fixed-size items, given as hex. */
function writeAll(writer: Writer, items: readonly string[], max: number): void {
  writer.u8(within(items.length, 0, max));
  for (const item of items) writer.bytes(fromHex(item));
}

function readAll(reader: Reader, max: number, size: number): string[] {
  const count = within(reader.u8(), 0, max);
  return Array.from({ length: count }, () => toHex(reader.bytes(size)));
}
