/**
 * What a node says about itself, and only about itself:
 * `peer 32 | boot 8 | incarnation 6 | status 1 | nick sized ≤ 64 | n 1 | endpoints n·(7|19) | signature 64`.
 */
import { CursorError, createReader, createWriter, within } from "./cursor.ts";
import { ENDPOINT_BYTES_MAX, type Endpoint, readEndpoint, writeEndpoint } from "./endpoint.ts";
import { BOOT_ID_BYTES, type BootId, fromHex, PEER_ID_BYTES, type PeerId, toHex } from "./ids.ts";
import { NICK_BYTES_MAX, SIGNATURE_BYTES } from "./message.ts";
import { decodeText, encodeText } from "./text.ts";

export type StatementContent = {
  readonly peer: PeerId;
  /** The process start it speaks for. */
  readonly boot: BootId;
  /** Grows with every statement of this peer, over restarts too (it starts at the wall clock, ms); 0..2^48-1. */
  readonly incarnation: number;
  readonly status: "alive" | "left";
  readonly nick: string;
  /** Where it was seen by others, best first, at most 4. */
  readonly endpoints: readonly Endpoint[];
};

export const ENDPOINTS_MAX = 4;
const CONTENT_BYTES_MAX =
  PEER_ID_BYTES + BOOT_ID_BYTES + 6 + 1 + 1 + NICK_BYTES_MAX + 1 + ENDPOINTS_MAX * ENDPOINT_BYTES_MAX;
export const STATEMENT_BYTES_MAX = CONTENT_BYTES_MAX + SIGNATURE_BYTES;

/** Without a signature. Throws `CursorError` on what is out of bounds: nothing is signed that others would refuse. */
export function encodeStatementContent(content: StatementContent): Uint8Array {
  const writer = createWriter(CONTENT_BYTES_MAX);
  writer.bytes(fromHex(content.peer));
  writer.bytes(fromHex(content.boot));
  writer.u48(content.incarnation);
  writer.u8(content.status === "alive" ? 1 : 2);
  writer.sized(encodeText(content.nick), NICK_BYTES_MAX);
  writer.u8(within(content.endpoints.length, 0, ENDPOINTS_MAX));
  for (const endpoint of content.endpoints) writeEndpoint(writer, endpoint);
  return writer.finish();
}

/** The content of `bytes` = content ‖ signature, or undefined if they are not the one encoding of one. */
export function decodeStatementContent(bytes: Uint8Array): StatementContent | undefined {
  if (bytes.length < SIGNATURE_BYTES || bytes.length > STATEMENT_BYTES_MAX) return undefined;
  try {
    const reader = createReader(bytes.subarray(0, bytes.length - SIGNATURE_BYTES));
    const peer = toHex(reader.bytes(PEER_ID_BYTES)) as PeerId;
    const boot = toHex(reader.bytes(BOOT_ID_BYTES)) as BootId;
    const incarnation = reader.u48();
    const status = reader.u8();
    if (status !== 1 && status !== 2) return undefined;
    const nick = decodeText(reader.sized(NICK_BYTES_MAX));
    const count = reader.u8();
    if (count > ENDPOINTS_MAX) return undefined;
    const endpoints = Array.from({ length: count }, () => readEndpoint(reader));
    if (reader.left() > 0) return undefined;
    return { peer, boot, incarnation, status: status === 1 ? "alive" : "left", nick, endpoints };
  } catch (error) {
    if (error instanceof CursorError) return undefined;
    throw error;
  }
}
