/**
 * The header of a datagram, the only part that can be read without the room's key:
 * `version·type 1 | room tag 4 | boot id 8 | counter 6 | sealed frames | tag 16`.
 */
import { type BootId, toHex } from "./ids.ts";

/** The most UDP payload ever sent: fits every path that carries IPv6 (RFC 8200 §5: 1280) with room for tunnels. */
export const DATAGRAM_BYTES_MAX = 1200;
export const HEADER_BYTES = 19;
export const SEAL_BYTES = 16;
/** Room for frames in one datagram. */
export const FRAMES_BYTES_MAX = DATAGRAM_BYTES_MAX - HEADER_BYTES - SEAL_BYTES;
export const WIRE_VERSION = 2;
export const COUNTER_MAX = 2 ** 48 - 1;

/**
 * `open`: for whoever listens at the address, when its boot id is not known yet.
 * `addressed`: the addressee's boot id is associated data without being sent: opened by that process start alone, so that a
 * copy sent to another node, or to a later start of the same one, is junk.
 */
export type DatagramType = "open" | "addressed";

export type Header = {
  readonly type: DatagramType;
  /** 8 hex digits. */
  readonly roomTag: string;
  readonly boot: BootId;
  /** 0..COUNTER_MAX, never twice with one boot id. */
  readonly counter: number;
};

export function encodeHeader(header: Header): Uint8Array {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES);
  bytes[0] = (WIRE_VERSION << 4) | (header.type === "open" ? 0 : 1);
  bytes.write(header.roomTag, 1, 4, "hex");
  bytes.write(header.boot, 5, 8, "hex");
  bytes.writeUIntBE(header.counter, 13, 6);
  return bytes;
}

/** The header, or why these bytes are no datagram of this protocol. */
export function decodeHeader(bytes: Uint8Array): Header | "too-short" | "too-long" | "unknown-version" {
  if (bytes.length < HEADER_BYTES + SEAL_BYTES) return "too-short";
  if (bytes.length > DATAGRAM_BYTES_MAX) return "too-long";
  const first = bytes[0] as number;
  if (first >> 4 !== WIRE_VERSION || (first & 0xf) > 1) return "unknown-version";
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  return {
    type: (first & 0xf) === 0 ? "open" : "addressed",
    roomTag: toHex(view.subarray(1, 5)),
    boot: toHex(view.subarray(5, 13)) as BootId,
    counter: view.readUIntBE(13, 6),
  };
}

/** The version and the room's tag of a datagram in another version: these two stand in their places in every version. */
export function otherVersionOf(bytes: Uint8Array): { readonly wire: number; readonly roomTag: string } | undefined {
  const wire = (bytes[0] ?? 0) >> 4;
  if (bytes.length < HEADER_BYTES + SEAL_BYTES || wire === 0 || wire === WIRE_VERSION) return undefined;
  return { wire, roomTag: toHex(bytes.subarray(1, 5)) };
}
