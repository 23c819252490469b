/**
 * The header of a datagram, the only part that can be read without the room's key:
 * `version·type 1 | room tag 4 | boot id 8 | counter 6 | salt 6 | sealed frames | tag 16`.
 */
import { type BootId, toHex } from "./ids.ts";

/** The most UDP payload ever sent: fits every path that carries IPv6 (RFC 8200 §5: 1280) with room for tunnels. */
export const DATAGRAM_BYTES_MAX = 1200;
export const HEADER_BYTES = 25;
export const SEAL_BYTES = 16;
/** The least that a datagram of any version has. */
const EVERY_VERSION_BYTES = 35;
/** Room for frames in one datagram. */
export const FRAMES_BYTES_MAX = DATAGRAM_BYTES_MAX - HEADER_BYTES - SEAL_BYTES;
export const WIRE_VERSION = 2;
export const COUNTER_MAX = 2 ** 48 - 1;
/** Of the seal's tag: what an acknowledgement gives back, so that nobody acknowledges what never came. */
export const ECHO_BYTES = 4;

/**
 * `open` and `addressed` are sealed with a key that all members can derive, and are hellos. `open`: for whoever
 * listens at the address, when its boot id is not known yet. `addressed`: the addressee's boot id is associated data without
 * being sent: opened by that process start alone. `linked`: sealed with the key of two process starts, which nobody else has.
 */
export type DatagramType = "open" | "addressed" | "linked";

export type Header = {
  readonly type: DatagramType;
  /** 8 hex digits. */
  readonly roomTag: string;
  readonly boot: BootId;
  /** 0..COUNTER_MAX, never twice with one boot id. */
  readonly counter: number;
  /** 48 bits, by chance: a copy of the process that counts alike still repeats no nonce. */
  readonly salt: number;
};

export function encodeHeader(header: Header): Uint8Array {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES);
  bytes[0] = (WIRE_VERSION << 4) | TYPES.indexOf(header.type);
  bytes.write(header.roomTag, 1, 4, "hex");
  bytes.write(header.boot, 5, 8, "hex");
  bytes.writeUIntBE(header.counter, 13, 6);
  bytes.writeUIntBE(header.salt, 19, 6);
  return bytes;
}

/** The header, or why these bytes are no datagram of this protocol. */
export function decodeHeader(bytes: Uint8Array): Header | "too-short" | "too-long" | "unknown-version" {
  if (bytes.length < EVERY_VERSION_BYTES) return "too-short";
  if (bytes.length > DATAGRAM_BYTES_MAX) return "too-long";
  const first = bytes[0] as number;
  const type = TYPES[first & 0xf];
  if (first >> 4 !== WIRE_VERSION || type === undefined) return "unknown-version";
  if (bytes.length < HEADER_BYTES + SEAL_BYTES) return "too-short";
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  return {
    type,
    roomTag: toHex(view.subarray(1, 5)),
    boot: toHex(view.subarray(5, 13)) as BootId,
    counter: view.readUIntBE(13, 6),
    salt: view.readUIntBE(19, 6),
  };
}

/** What acknowledges this datagram gives back: the first bytes of its seal's tag. */
export function echoOf(datagram: Uint8Array): number {
  const at = datagram.length - SEAL_BYTES;
  return Buffer.from(datagram.buffer, datagram.byteOffset + at, ECHO_BYTES).readUInt32BE();
}

/** The version and the room's tag of a datagram in another version: these two stand in their places in every version. */
export function otherVersionOf(bytes: Uint8Array): { readonly wire: number; readonly roomTag: string } | undefined {
  const wire = (bytes[0] ?? 0) >> 4;
  if (bytes.length < EVERY_VERSION_BYTES || wire === 0 || wire === WIRE_VERSION) return undefined;
  return { wire, roomTag: toHex(bytes.subarray(1, 5)) };
}

// --- internal ---

/** By their numbers. */
const TYPES: readonly DatagramType[] = ["open", "addressed", "linked"];
