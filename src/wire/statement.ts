/**
 * A statement: what a node says about itself.
 * `peer 32 | boot 8 | linkKey 32 | incarnation 6 | status 1 | nick sized ≤ 64 | n 1 | endpoints n·(7|19) | extensions ≤ 256 | signature 64`.
 */
import { NICK_BYTES_MAX } from "./bodies/text.ts";
import { CursorError, createReader, createWriter, within } from "./cursor.ts";
import { WIRE_VERSION } from "./datagram.ts";
import { ENDPOINT_BYTES_MAX, type Endpoint, readEndpoint, writeEndpoint } from "./endpoint.ts";
import { SIGNATURE_BYTES } from "./envelope.ts";
import { type Extensions, readExtensions, writeExtensions } from "./extensions.ts";
import {
  BOOT_ID_BYTES,
  type BootId,
  fromHex,
  LINK_KEY_BYTES,
  type LinkKey,
  PEER_ID_BYTES,
  type PeerId,
  toHex,
} from "./ids.ts";
import { decodeText, encodeText } from "./text.ts";

export type StatementContent = {
  readonly peer: PeerId;
  /** The process start it speaks for. */
  readonly boot: BootId;
  /** Its X25519 public key, the same in all statements of this process start. */
  readonly linkKey: LinkKey;
  /** Grows with every statement of this peer, over restarts too (it starts at the wall clock, ms); 0..2^48-1. */
  readonly incarnation: number;
  readonly status: "alive" | "left";
  readonly nick: string;
  /** Where it was seen by others, best first, at most 4. */
  readonly endpoints: readonly Endpoint[];
  readonly extensions: Extensions;
};

/** Keys of a statement's extensions: the version of its program, as text of at most 32 bytes; the wires it speaks, a byte each. */
export const PROGRAM_EXTENSION = 1;
export const WIRES_EXTENSION = 2;
const PROGRAM_BYTES_MAX = 32;

export const ENDPOINTS_MAX = 4;
const EXTENSIONS_BYTES_MAX = 256;
const CONTENT_BYTES_MAX =
  PEER_ID_BYTES +
  BOOT_ID_BYTES +
  LINK_KEY_BYTES +
  6 +
  1 +
  1 +
  NICK_BYTES_MAX +
  1 +
  ENDPOINTS_MAX * ENDPOINT_BYTES_MAX +
  2 +
  EXTENSIONS_BYTES_MAX;
export const STATEMENT_BYTES_MAX = CONTENT_BYTES_MAX + SIGNATURE_BYTES;

/** Without a signature. Throws `CursorError` on what is out of bounds: nothing is signed that others would refuse. */
export function encodeStatementContent(content: StatementContent): Uint8Array {
  const writer = createWriter(CONTENT_BYTES_MAX);
  writer.bytes(fromHex(content.peer));
  writer.bytes(fromHex(content.boot));
  writer.bytes(fromHex(content.linkKey));
  writer.u48(content.incarnation);
  writer.u8(content.status === "alive" ? 1 : 2);
  writer.sized(encodeText(content.nick), NICK_BYTES_MAX);
  writer.u8(within(content.endpoints.length, 0, ENDPOINTS_MAX));
  for (const endpoint of content.endpoints) writeEndpoint(writer, endpoint);
  writeExtensions(writer, content.extensions, EXTENSIONS_BYTES_MAX);
  return writer.finish();
}

/** The content of `bytes` = content ‖ signature, or undefined if they are not the one encoding of one. */
export function decodeStatementContent(bytes: Uint8Array): StatementContent | undefined {
  if (bytes.length < SIGNATURE_BYTES || bytes.length > STATEMENT_BYTES_MAX) return undefined;
  try {
    const reader = createReader(bytes.subarray(0, bytes.length - SIGNATURE_BYTES));
    const peer = toHex(reader.bytes(PEER_ID_BYTES)) as PeerId;
    const boot = toHex(reader.bytes(BOOT_ID_BYTES)) as BootId;
    const linkKey = toHex(reader.bytes(LINK_KEY_BYTES)) as LinkKey;
    const incarnation = reader.u48();
    const status = reader.u8();
    if (status !== 1 && status !== 2) return undefined;
    const nick = decodeText(reader.sized(NICK_BYTES_MAX));
    const count = reader.u8();
    if (count > ENDPOINTS_MAX) return undefined;
    const endpoints = Array.from({ length: count }, () => readEndpoint(reader));
    const extensions = readExtensions(reader, EXTENSIONS_BYTES_MAX);
    if (reader.left() > 0) return undefined;
    return { peer, boot, linkKey, incarnation, status: status === 1 ? "alive" : "left", nick, endpoints, extensions };
  } catch (error) {
    if (error instanceof CursorError) return undefined;
    throw error;
  }
}

/** What a node says of its program. */
export function programExtensions(version: string): Extensions {
  return new Map([
    [PROGRAM_EXTENSION, encodeText(version).subarray(0, PROGRAM_BYTES_MAX)],
    [WIRES_EXTENSION, Uint8Array.of(WIRE_VERSION)],
  ]);
}

/** The version of its program, if it says one that can be read. */
export function programOf({ extensions }: StatementContent): string | undefined {
  const bytes = extensions.get(PROGRAM_EXTENSION);
  if (bytes === undefined || bytes.length > PROGRAM_BYTES_MAX) return undefined;
  const version = Buffer.from(bytes).toString("latin1");
  return /^\d+\.\d+\.\d+[-+.\w]*$/.test(version) ? version : undefined;
}
