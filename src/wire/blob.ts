/**
 * Frames for messages that do not fit a push. Such a message is offered by id and size, and fetched in chunks. The chunk
 * boundaries are fixed, so chunks of different sources never overlap and always fit together.
 */
import { CursorError, type Reader, type Writer, within } from "./cursor.ts";
import { FRAMES_BYTES_MAX } from "./datagram.ts";
import { MESSAGE_BYTES_MAX } from "./envelope.ts";
import { fromHex, MESSAGE_ID_BYTES, type MessageId, toHex } from "./ids.ts";
import { readSlice, SLICE_BYTES, type Slice, writeSlice } from "./slice.ts";

export type BlobFrame =
  /** As advertise, of a message of so many `bytes`: the receiver fetches it, and covers its slice when it has it whole. */
  | { readonly type: "offer"; readonly slice: Slice; readonly id: MessageId; readonly bytes: number }
  /** Instead of the message that was asked for, which has so many `bytes`: the receiver fetches it. */
  | { readonly type: "announce"; readonly id: MessageId; readonly bytes: number }
  /** The receiver sends these chunks (ascending, at least one): as many datagrams as the sender has credit for. */
  | { readonly type: "wantChunks"; readonly id: MessageId; readonly chunks: readonly number[] }
  /** Bytes from `index`·CHUNK_BYTES of a message of `total` bytes, to the next boundary or its end. */
  | {
      readonly type: "chunk";
      readonly id: MessageId;
      readonly total: number;
      readonly index: number;
      readonly bytes: Uint8Array;
    };

/** What has fewer bytes than this is never fetched in chunks: it fits a page, whatever the page's bounds (page.ts). */
export const LARGE_BYTES_MIN = 1103;
/** A message of at most so many bytes is pushed whole: a frame's room, less type, slice and length. */
export const PUSH_BYTES_MAX = FRAMES_BYTES_MAX - 1 - SLICE_BYTES - 2;
export const CHUNK_BYTES = 1024;
export const CHUNKS_MAX = Math.ceil(MESSAGE_BYTES_MAX / CHUNK_BYTES);
const MASK_BYTES_MAX = Math.ceil(CHUNKS_MAX / 8);

/** Chunks of a message of `total` bytes. */
export function chunkCount(total: number): number {
  return Math.ceil(total / CHUNK_BYTES);
}

/** Bytes of one chunk: all are full but the last. */
export function chunkBytes(total: number, index: number): number {
  return Math.min(CHUNK_BYTES, total - index * CHUNK_BYTES);
}

/** The fields after the type byte. */
export function writeBlob(writer: Writer, frame: BlobFrame): void {
  if (frame.type === "offer") writeSlice(writer, frame.slice);
  writer.bytes(fromHex(frame.id));
  switch (frame.type) {
    case "offer":
    case "announce":
      writer.varint(largeSize(frame.bytes));
      break;
    case "wantChunks":
      writeChunks(writer, frame.chunks);
      break;
    case "chunk":
      writer.varint(largeSize(frame.total));
      writer.u8(within(frame.index, 0, chunkCount(frame.total) - 1));
      if (frame.bytes.length !== chunkBytes(frame.total, frame.index)) throw new CursorError("not a chunk");
      writer.bytes(frame.bytes);
      break;
  }
}

export function readBlob(reader: Reader, type: BlobFrame["type"]): BlobFrame {
  switch (type) {
    case "offer":
      return { type, slice: readSlice(reader), id: readId(reader), bytes: largeSize(reader.varint()) };
    case "announce":
      return { type, id: readId(reader), bytes: largeSize(reader.varint()) };
    case "wantChunks":
      return { type, id: readId(reader), chunks: readChunks(reader) };
    case "chunk": {
      const id = readId(reader);
      const total = largeSize(reader.varint());
      const index = within(reader.u8(), 0, chunkCount(total) - 1);
      return { type, id, total, index, bytes: reader.bytes(chunkBytes(total, index)) };
    }
  }
}

// --- internal ---

function largeSize(bytes: number): number {
  return within(bytes, LARGE_BYTES_MIN, MESSAGE_BYTES_MAX);
}

function readId(reader: Reader): MessageId {
  return toHex(reader.bytes(MESSAGE_ID_BYTES)) as MessageId;
}

/** A bit for each chunk up to the last one wanted, the lowest bit of each byte first. */
function writeChunks(writer: Writer, chunks: readonly number[]): void {
  const last = within(chunks.at(-1) ?? -1, 0, CHUNKS_MAX - 1);
  const mask = new Uint8Array((last >> 3) + 1);
  let before = -1;
  for (const chunk of chunks) {
    before = within(chunk, before + 1, last);
    mask[chunk >> 3] = (mask[chunk >> 3] ?? 0) | (1 << (chunk & 7));
  }
  writer.u8(mask.length);
  writer.bytes(mask);
}

function readChunks(reader: Reader): number[] {
  const mask = reader.bytes(within(reader.u8(), 1, MASK_BYTES_MAX));
  const chunks: number[] = [];
  for (let chunk = 0; chunk < 8 * mask.length; chunk += 1) {
    if (((mask[chunk >> 3] as number) >> (chunk & 7)) & 1) chunks.push(chunk);
  }
  const last = within(chunks.at(-1) ?? -1, 0, CHUNKS_MAX - 1);
  if (last >> 3 !== mask.length - 1) throw new CursorError("mask ends in zero");
  return chunks;
}
