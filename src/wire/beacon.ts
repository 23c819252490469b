/**
 * The plaintext of a beacon:
 * `version 1 | boot id 8 | port 2 | n 1 | boot ids heard n·8 | extensions ≤ 64 | zeros to 360 bytes`.
 *
 * All beacons have one size, so that the size does not tell how many boot ids the sender has heard. Version, boot id and
 * port stand at the same place in every version of the wire.
 */
import { CursorError, createReader, createWriter, within } from "./cursor.ts";
import { SEAL_BYTES, WIRE_VERSION } from "./datagram.ts";
import { type Extensions, readExtensions, writeExtensions } from "./extensions.ts";
import { BOOT_ID_BYTES, type BootId, fromHex, toHex } from "./ids.ts";

export type Beacon = {
  /** The process start that says it. */
  readonly boot: BootId;
  /** 1..65535: where it takes datagrams, at the address that the beacon comes from. */
  readonly port: number;
  /** Process starts that it has heard beacons of and does not know otherwise, at most 32. */
  readonly heard: readonly BootId[];
  readonly extensions: Extensions;
};

/** One of another version of the wire: where its sender takes datagrams is all that is read of it. */
export type OtherBeacon = Pick<Beacon, "port"> & { readonly wire: number };

export const BEACON_NONCE_BYTES = 24;
/** A beacon may draw one open datagram of 1200 bytes: three times its own size (invariant I7). */
export const BEACON_BYTES = 400;
export const BEACON_HEARD_MAX = 32;
const EXTENSIONS_BYTES_MAX = 64;
/** What is sealed in it. */
export const BEACON_PLAIN_BYTES = BEACON_BYTES - BEACON_NONCE_BYTES - SEAL_BYTES;

/** Throws `CursorError` on what is out of bounds. */
export function encodeBeacon(beacon: Beacon): Uint8Array {
  const writer = createWriter(BEACON_PLAIN_BYTES);
  writer.u8(WIRE_VERSION);
  writer.bytes(fromHex(beacon.boot));
  const port = within(beacon.port, 1, 65535);
  writer.u8(port >> 8);
  writer.u8(port & 0xff);
  writer.u8(within(beacon.heard.length, 0, BEACON_HEARD_MAX));
  for (const boot of beacon.heard) writer.bytes(fromHex(boot));
  writeExtensions(writer, beacon.extensions, EXTENSIONS_BYTES_MAX);
  writer.bytes(new Uint8Array(writer.room()));
  return writer.finish();
}

/** Undefined if the bytes are not the one encoding of a beacon. */
export function decodeBeacon(bytes: Uint8Array): Beacon | OtherBeacon | undefined {
  if (bytes.length !== BEACON_PLAIN_BYTES) return undefined;
  try {
    const reader = createReader(bytes);
    const wire = reader.u8();
    const boot = toHex(reader.bytes(BOOT_ID_BYTES)) as BootId;
    const port = reader.u8() * 256 + reader.u8();
    if (port === 0) return undefined;
    if (wire !== WIRE_VERSION) return { wire, port };
    const count = reader.u8();
    if (count > BEACON_HEARD_MAX) return undefined;
    const heard = Array.from({ length: count }, () => toHex(reader.bytes(BOOT_ID_BYTES)) as BootId);
    const extensions = readExtensions(reader, EXTENSIONS_BYTES_MAX);
    if (reader.bytes(reader.left()).some((byte) => byte !== 0)) return undefined;
    return { boot, port, heard, extensions };
  } catch (error) {
    if (error instanceof CursorError) return undefined;
    throw error;
  }
}
