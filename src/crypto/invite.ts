/**
 * Invites: one line of text that names a room, opens it if it is private, and says where to find it. It is `smplchat:` and
 * base64url of
 * `version 2 | flags 1 | id 32, epoch varint, key 32 (private rooms) | name sized ≤ 64`
 * `| n 1 | endpoints n·(7|19) | extensions ≤ 256 | checksum 4`.
 *
 * An open room's id and key are not in the invite: they follow from its name.
 */
import { CursorError, createReader, createWriter, type Reader } from "../wire/cursor.ts";
import { ENDPOINT_BYTES_MAX, type Endpoint, readEndpoint, writeEndpoint } from "../wire/endpoint.ts";
import { noExtensions, readExtensions, writeExtensions } from "../wire/extensions.ts";
import { decodeText, encodeText } from "../wire/text.ts";
import { blake2b } from "./hash.ts";
import { createRoomKeys, openRoom, ROOM_ID_BYTES, ROOM_KEY_BYTES, type RoomSecret } from "./roomKeys.ts";

export type Invite = {
  /** A valid room name: `isRoomName`. */
  readonly name: string;
  readonly private: boolean;
  readonly secret: RoomSecret;
  /** Where someone of the room may listen, best first; at most 4. */
  readonly endpoints: readonly Endpoint[];
};

/** `not-an-invite`: another kind of text. `mistyped`: the checksum says that characters were lost or changed. */
export type InviteError = {
  readonly error: "not-an-invite" | "mistyped" | "newer-version" | "older-version" | "malformed";
};

export const INVITE_PREFIX = "smplchat:";
const INVITE_ENDPOINTS_MAX = 4;
/** Of its UTF-8. */
export const ROOM_NAME_BYTES_MAX = 64;

/** Letters, digits, `-`, `_` and `.` in composed form (NFC), 1..64 bytes. Upper and lower case are different rooms. */
export function isRoomName(name: string): boolean {
  return /^[\p{L}\p{M}\p{N}._-]+$/u.test(name) && name === name.normalize("NFC") && encodeText(name).length <= 64;
}

/** Endpoints after the fourth are left out. Throws on a name that is none, or a key of another length: the caller's bug. */
export function encodeInvite(invite: Invite): string {
  if (!isRoomName(invite.name)) throw new RangeError("an invite needs a valid room name");
  const { id, epoch, key } = createRoomKeys(invite.secret);
  const writer = createWriter(BYTES_MAX);
  writer.u8(VERSION);
  writer.u8(invite.private ? FLAG_PRIVATE : 0);
  if (invite.private) {
    writer.bytes(id);
    writer.varint(epoch);
    writer.bytes(key);
  }
  writer.sized(encodeText(invite.name), ROOM_NAME_BYTES_MAX);
  const endpoints = invite.endpoints.slice(0, INVITE_ENDPOINTS_MAX);
  writer.u8(endpoints.length);
  for (const endpoint of endpoints) writeEndpoint(writer, endpoint);
  writeExtensions(writer, noExtensions, EXTENSIONS_BYTES_MAX);
  writer.bytes(blake2b(writer.finish(), CHECKSUM_BYTES));
  return INVITE_PREFIX + Buffer.from(writer.finish()).toString("base64url");
}

/** The invite that `text` is, in the one spelling that it has, or why there is none. */
export function decodeInvite(text: string): Invite | InviteError {
  if (!text.startsWith(INVITE_PREFIX)) return { error: "not-an-invite" };
  const encoded = text.slice(INVITE_PREFIX.length);
  if (encoded.length > TEXT_LENGTH_MAX) return { error: "malformed" };
  const bytes = Buffer.from(encoded, "base64url");
  if (bytes.toString("base64url") !== encoded || bytes.length <= CHECKSUM_BYTES) return { error: "mistyped" };
  const content = bytes.subarray(0, bytes.length - CHECKSUM_BYTES);
  if (!bytes.subarray(content.length).equals(blake2b(content, CHECKSUM_BYTES))) return { error: "mistyped" };
  if (content[0] !== VERSION) return { error: (content[0] as number) > VERSION ? "newer-version" : "older-version" };
  try {
    return readContent(content) ?? { error: "malformed" };
  } catch (error) {
    if (error instanceof CursorError) return { error: "malformed" };
    throw error;
  }
}

// --- internal ---

const VERSION = 2;
const EXTENSIONS_BYTES_MAX = 256;
const FLAG_PRIVATE = 1;
const CHECKSUM_BYTES = 4;
const BYTES_MAX =
  2 +
  ROOM_ID_BYTES +
  8 +
  ROOM_KEY_BYTES +
  1 +
  ROOM_NAME_BYTES_MAX +
  1 +
  INVITE_ENDPOINTS_MAX * ENDPOINT_BYTES_MAX +
  2 +
  EXTENSIONS_BYTES_MAX +
  CHECKSUM_BYTES;
/** More than this version writes: a longer one of a later version is to be told as such. */
const TEXT_LENGTH_MAX = 4 * BYTES_MAX;

function readContent(content: Uint8Array): Invite | undefined {
  const reader = createReader(content.subarray(1));
  const flags = reader.u8();
  if (flags > FLAG_PRIVATE) return undefined;
  const sent = flags === FLAG_PRIVATE ? readSecret(reader) : undefined;
  const name = decodeText(reader.sized(ROOM_NAME_BYTES_MAX));
  if (!isRoomName(name)) return undefined;
  const count = reader.u8();
  if (count > INVITE_ENDPOINTS_MAX) return undefined;
  const endpoints = Array.from({ length: count }, () => readEndpoint(reader));
  // What a later version adds there, this one passes over.
  readExtensions(reader, EXTENSIONS_BYTES_MAX);
  if (reader.left() > 0) return undefined;
  return { name, private: sent !== undefined, secret: sent ?? openRoom(name), endpoints };
}

function readSecret(reader: Reader): RoomSecret {
  const id = Uint8Array.from(reader.bytes(ROOM_ID_BYTES));
  const epoch = reader.varint();
  return { id, epoch, key: Uint8Array.from(reader.bytes(ROOM_KEY_BYTES)) };
}
