/**
 * The inside of a datagram: frames, one after another. A frame is a type byte and its fields (PROTOCOL.md has them as
 * equations). Canonical: every value has one encoding, and bytes that are not that encoding are refused.
 */
import { CursorError, createReader, createWriter, type Reader, type Writer, within } from "./cursor.ts";
import { COUNTER_MAX, FRAMES_BYTES_MAX } from "./datagram.ts";
import { type Endpoint, readEndpoint, writeEndpoint } from "./endpoint.ts";
import {
  fromHex,
  ID_PREFIX_BYTES,
  MESSAGE_ID_BYTES,
  type MessageId,
  PEER_ID_BYTES,
  type PeerId,
  toHex,
} from "./ids.ts";
import { type LargeFrame, readLarge, writeLarge } from "./large.ts";
import { HLC_MAX } from "./message.ts";
import { type PageFrame, readPage, writePage } from "./page.ts";
import { PROBE_TYPES, type ProbeFrame, readProbe, writeProbe } from "./probe.ts";
import {
  type RangeClaim,
  type Ranges,
  readClaim,
  readRanges,
  readSet,
  readSpan,
  type SetName,
  type Span,
  writeClaim,
  writeRanges,
  writeSet,
  writeSpan,
} from "./range.ts";
import { readSlice, type Slice, writeSlice } from "./slice.ts";

export { CREDIT_MAX, type PageItem, type Stretch } from "./page.ts";
export { type Bound, END, type RangeClaim, type RangePart, type Ranges, type SetName } from "./range.ts";
export { ORDERS_MAX, type Slice } from "./slice.ts";

export type SetDigest = { readonly count: number /** 8 bytes, hex. */; readonly fingerprint: string };

export type Frame =
  /** Zeros up to the end of the datagram: the receiver may answer more. */
  | { readonly type: "padding"; readonly bytes: number }
  /** The receiver's datagrams with these counters arrived (descending, at most 32), the first `delayMs` ago (0..255). */
  | { readonly type: "ack"; readonly counters: readonly number[]; readonly delayMs: number }
  /** The receiver answers at once, with an ack and its digest. */
  | { readonly type: "ping" }
  /** What the sender holds. `horizon`: hlc below which it has let messages go (0: never). */
  | { readonly type: "digest"; readonly log: SetDigest; readonly horizon: number; readonly roster: SetDigest }
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
  /** The receiver sends the items whose ids start so (12 bytes, hex; at most 64). */
  | { readonly type: "want"; readonly set: SetName; readonly prefixes: readonly string[] }
  /** A message that was asked for. */
  | { readonly type: "message"; readonly bytes: Uint8Array }
  /** The receiver compares each part with its own and answers what differs: list, smaller ranges, or fetch. */
  | ({ readonly type: "ranges" } & Ranges)
  /** All ids the sender holds in lo..hi as prefixes (at most 64): the receiver wants what it lacks and gives what is lacking. */
  | ({ readonly type: "list"; readonly prefixes: readonly string[] } & Span)
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
  | ProbeFrame
  | PageFrame
  | LargeFrame;

export const ACK_COUNTERS_MAX = 32;
export const PREFIXES_MAX = 64;
export const LACKING_MAX = 4;
/** The front of a peer's id names it among those of one room: nobody can make a key that has a given one. */
const FRONT_BYTES = 8;
const BRIEF = 23;
/** Right after the latest message that can be. */
const HORIZON_MAX = HLC_MAX + 1;
const FETCH = 15;
const PAGE = 22;
const LARGE_FIRST = 18;
const LARGE_TYPES = ["offer", "announce", "wantChunks", "chunk"] as const;

/** The bytes of one frame. Throws `CursorError` if it is out of bounds or does not fit a datagram. */
export function encodeFrame(frame: Frame): Uint8Array {
  const writer = createWriter(FRAMES_BYTES_MAX);
  writeFrame(writer, frame);
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

function writeFrame(writer: Writer, frame: Frame): void {
  switch (frame.type) {
    case "padding":
      writer.bytes(new Uint8Array(frame.bytes));
      break;
    case "ack":
      writer.u8(1);
      writeAck(writer, frame.counters, frame.delayMs);
      break;
    case "ping":
      writer.u8(2);
      break;
    case "digest":
      writer.u8(3);
      writer.varint(frame.log.count);
      writer.bytes(fromHex(frame.log.fingerprint));
      writer.varint(within(frame.horizon, 0, HORIZON_MAX));
      writer.varint(frame.roster.count);
      writer.bytes(fromHex(frame.roster.fingerprint));
      break;
    case "observed":
      writer.u8(4);
      writeEndpoint(writer, frame.endpoint);
      writer.u48(frame.wall);
      break;
    case "statement":
      writer.u8(5);
      writer.sized(frame.bytes, FRAMES_BYTES_MAX);
      break;
    case "suspect":
      writer.u8(6);
      writer.bytes(fromHex(frame.peer));
      writer.u48(frame.incarnation);
      writer.bytes(fromHex(frame.accuser));
      break;
    case "probeRequest":
    case "probeReply":
    case "introduce":
      writeProbe(writer, frame);
      break;
    case "push":
      writer.u8(9);
      writeSlice(writer, frame.slice);
      writer.sized(frame.message, FRAMES_BYTES_MAX);
      break;
    case "advertise":
      writer.u8(10);
      writeSlice(writer, frame.slice);
      writer.bytes(fromHex(frame.id));
      break;
    case "want":
      writer.u8(11);
      writeSet(writer, frame.set);
      writeAll(writer, frame.prefixes, PREFIXES_MAX);
      break;
    case "message":
      writer.u8(12);
      writer.sized(frame.bytes, FRAMES_BYTES_MAX);
      break;
    case "ranges":
      writer.u8(13);
      writeRanges(writer, frame);
      break;
    case "list":
      writer.u8(14);
      writeSpan(writer, frame);
      writeAll(writer, frame.prefixes, PREFIXES_MAX);
      break;
    case "fetch":
    case "page":
      writer.u8(frame.type === "fetch" ? FETCH : PAGE);
      writePage(writer, frame);
      break;
    case "same":
      writer.u8(16);
      writeClaim(writer, frame);
      break;
    case "receipt":
      writer.u8(17);
      writer.bytes(fromHex(frame.id));
      writeSlice(writer, frame.slice);
      writer.varint(frame.reached);
      writer.varint(frame.of);
      writeAll(writer, frame.lacking, LACKING_MAX);
      break;
    case "brief":
      writer.u8(BRIEF);
      writeSlice(writer, frame.slice);
      writer.bytes(fromHex(frame.front));
      writer.sized(frame.rest, FRAMES_BYTES_MAX);
      break;
    default:
      writer.u8(LARGE_FIRST + LARGE_TYPES.indexOf(frame.type));
      writeLarge(writer, frame);
  }
}

function readFrame(reader: Reader): Frame {
  const type = reader.u8();
  switch (type) {
    case 0:
      return readPadding(reader);
    case 1:
      return readAck(reader);
    case 2:
      return { type: "ping" };
    case 3:
      return {
        type: "digest",
        log: { count: reader.varint(), fingerprint: toHex(reader.bytes(8)) },
        horizon: within(reader.varint(), 0, HORIZON_MAX),
        roster: { count: reader.varint(), fingerprint: toHex(reader.bytes(8)) },
      };
    case 4:
      return { type: "observed", endpoint: readEndpoint(reader), wall: reader.u48() };
    case 5:
      return { type: "statement", bytes: reader.sized(FRAMES_BYTES_MAX) };
    case 6:
      return {
        type: "suspect",
        peer: readPeer(reader),
        incarnation: reader.u48(),
        accuser: toHex(reader.bytes(FRONT_BYTES)),
      };
    case PROBE_TYPES.probeRequest:
      return readProbe(reader, "probeRequest");
    case PROBE_TYPES.probeReply:
      return readProbe(reader, "probeReply");
    case PROBE_TYPES.introduce:
      return readProbe(reader, "introduce");
    case 9:
      return { type: "push", slice: readSlice(reader), message: reader.sized(FRAMES_BYTES_MAX) };
    case 10:
      return { type: "advertise", slice: readSlice(reader), id: readMessageId(reader) };
    case 11:
      return { type: "want", set: readSet(reader), prefixes: readAll(reader, PREFIXES_MAX, ID_PREFIX_BYTES) };
    case 12:
      return { type: "message", bytes: reader.sized(FRAMES_BYTES_MAX) };
    case 13:
      return { type: "ranges", ...readRanges(reader) };
    case 14:
      return { type: "list", ...readSpan(reader), prefixes: readAll(reader, PREFIXES_MAX, ID_PREFIX_BYTES) };
    case FETCH:
      return readPage(reader, "fetch");
    case PAGE:
      return readPage(reader, "page");
    case 16:
      return { type: "same", ...readClaim(reader) };
    case 17:
      return {
        type: "receipt",
        id: readMessageId(reader),
        slice: readSlice(reader),
        reached: reader.varint(),
        of: reader.varint(),
        lacking: readAll(reader, LACKING_MAX, FRONT_BYTES),
      };
    case BRIEF: {
      const slice = readSlice(reader);
      return { type: "brief", slice, front: toHex(reader.bytes(FRONT_BYTES)), rest: reader.sized(FRAMES_BYTES_MAX) };
    }
    default: {
      const large = LARGE_TYPES[type - LARGE_FIRST];
      if (large === undefined) throw new CursorError("unknown frame");
      return readLarge(reader, large);
    }
  }
}

function readPeer(reader: Reader): PeerId {
  return toHex(reader.bytes(PEER_ID_BYTES)) as PeerId;
}

function readMessageId(reader: Reader): MessageId {
  return toHex(reader.bytes(MESSAGE_ID_BYTES)) as MessageId;
}

function readPadding(reader: Reader): Frame {
  const rest = reader.bytes(reader.left());
  if (rest.some((byte) => byte !== 0)) throw new CursorError("padding is zeros");
  return { type: "padding", bytes: rest.length + 1 };
}

/** The largest counter, then each next one as its distance to the one before, less one. */
function writeAck(writer: Writer, counters: readonly number[], delayMs: number): void {
  writer.varint(within(counters[0] as number, 0, COUNTER_MAX));
  writer.u8(delayMs);
  writer.u8(within(counters.length - 1, 0, ACK_COUNTERS_MAX - 1));
  for (let index = 1; index < counters.length; index += 1) {
    writer.varint((counters[index - 1] as number) - (counters[index] as number) - 1);
  }
}

function readAck(reader: Reader): Frame {
  const counters = [within(reader.varint(), 0, COUNTER_MAX)];
  const delayMs = reader.u8();
  const more = within(reader.u8(), 0, ACK_COUNTERS_MAX - 1);
  for (let index = 0; index < more; index += 1) {
    const counter = (counters[index] as number) - reader.varint() - 1;
    if (counter < 0) throw new CursorError("counter below zero");
    counters.push(counter);
  }
  return { type: "ack", counters, delayMs };
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
