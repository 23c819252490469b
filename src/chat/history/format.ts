/**
 * The lines of a history file: a header that names the room, a line for each message, a record at the end. The format is in
 * docs/history-file.md. Only the signed bytes of a message count. What is written out beside them is for people, and has to
 * say the same.
 */
import { ROOM_ID_BYTES } from "../../crypto/roomKeys.ts";
import type { SignedMessage } from "../../crypto/signed.ts";
import { viewMessage } from "../../protocol/log/intake.ts";
import { kindOf, needsTarget } from "../../wire/bodies/kinds.ts";
import { fromHex, type PeerId, toHex } from "../../wire/ids.ts";
import { escapeUnsafe } from "../model/escape.ts";

/** Nothing in it is a secret of the room. */
export type HistoryRoom = { readonly name: string; readonly private: boolean; readonly id: Uint8Array };

/** Bytes of one line, its end not counted: a text of 64 KiB, all of it escaped, and its bytes once more. */
export const HISTORY_LINE_BYTES_MAX = 1 << 20;

export type DecodedLine =
  | { readonly type: "header"; readonly room: HistoryRoom }
  | { readonly type: "message"; readonly bytes: Uint8Array; readonly written: WrittenMessage }
  | { readonly type: "end"; readonly messages: number; readonly sha256: string }
  | { readonly type: "bad"; readonly trouble: LineTrouble };

/** Why a line is none of these. */
export type LineTrouble =
  | { readonly code: "not-text" }
  | { readonly code: "not-json" }
  | { readonly code: "not-a-record" }
  | { readonly code: "bad-field"; readonly field: string }
  | { readonly code: "newer-version"; readonly version: number };

/** What a line says beside the signed bytes: nothing of it is believed. */
export type WrittenMessage = { readonly [field: string]: unknown };

export function headerLine({ name, private: isPrivate, id }: HistoryRoom): string {
  return line({ type: HEADER, version: VERSION, room: { name, private: isPrivate, id: toHex(id) } });
}

export function messageLine(message: SignedMessage): string {
  return line({ type: "message", ...writtenOf(message), signed: Buffer.from(message.bytes).toString("base64") });
}

/** `sha256`: of all lines before this one, each with its LF. */
export function endLine(messages: number, sha256: string): string {
  return line({ type: "end", messages, sha256 });
}

/** Never throws, whatever the bytes are. A line end belongs to no line. */
export function decodeLine(bytes: Uint8Array): DecodedLine {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return bad({ code: "not-text" });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return bad({ code: "not-json" });
  }
  if (!isRecord(value)) return bad({ code: "not-a-record" });
  switch (value.type) {
    case HEADER:
      return decodeHeader(value);
    case "message":
      return decodeMessage(value);
    case "end":
      return decodeEnd(value);
    default:
      return bad({ code: "not-a-record" });
  }
}

/**
 * The first field that is written out otherwise than it was signed; undefined: there is none. Of a kind that one of the two
 * programs could not read, nick and text say nothing.
 */
export function differingField(message: SignedMessage, written: WrittenMessage): string | undefined {
  const signed = writtenOf(message);
  const isUnread = signed.kind === "unknown" || written.kind === "unknown";
  for (const field of ["id", "seq", "time", "kindNumber"] as const) if (written[field] !== signed[field]) return field;
  const author = isRecord(written.author) ? written.author : {};
  for (const field of ["id", "tag"] as const) if (author[field] !== signed.author[field]) return `author.${field}`;
  if (written.erased !== signed.erased) return "erased";
  if (isUnread) return undefined;
  if (author.nick !== signed.author.nick) return "author.nick";
  for (const field of ["kind", "target", "text"] as const) if (written[field] !== signed[field]) return field;
  return undefined;
}

// --- internal ---

const HEADER = "smplchat-history";
const VERSION = 1;
const SHA256 = /^[0-9a-f]{64}$/;
const ROOM_ID = new RegExp(`^[0-9a-f]{${2 * ROOM_ID_BYTES}}$`);
const NOBODY = "" as PeerId;

type Written = {
  readonly id: string;
  readonly author: { readonly id: string; readonly tag: string; readonly nick: string | null };
  readonly kind: string;
  readonly kindNumber: number;
  readonly target?: string | undefined;
  readonly text?: string;
  readonly erased?: true;
  readonly time: string;
  readonly seq: number;
};

/**
 * Of a kind that this version cannot read there is neither nick nor text, and nothing of what it is about. There is no text of what
 * was deleted.
 */
function writtenOf(message: SignedMessage): Written {
  const { id, author, seq, kind, kindNumber, target, text, time, erased } = viewMessage(message, NOBODY, true);
  const isRead = kind !== "unknown" && kindOf(kindNumber) !== undefined;
  return {
    id,
    author: { ...author, nick: isRead ? author.nick : null },
    kind,
    kindNumber,
    ...(isRead && needsTarget(kind) ? { target } : {}),
    ...(erased ? { erased } : isRead ? { text } : {}),
    time: new Date(time).toISOString(),
    seq,
  };
}

function line(value: object): string {
  return escapeUnsafe(JSON.stringify(value));
}

function bad(trouble: LineTrouble): DecodedLine {
  return { type: "bad", trouble };
}

function isRecord(value: unknown): value is { readonly [field: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function decodeHeader({ version, room }: { readonly [field: string]: unknown }): DecodedLine {
  if (!isCount(version)) return bad({ code: "bad-field", field: "version" });
  if (version > VERSION) return bad({ code: "newer-version", version });
  if (version !== VERSION) return bad({ code: "bad-field", field: "version" });
  if (!isRecord(room)) return bad({ code: "bad-field", field: "room" });
  const { name, private: isPrivate, id } = room;
  if (typeof name !== "string") return bad({ code: "bad-field", field: "room.name" });
  if (typeof isPrivate !== "boolean") return bad({ code: "bad-field", field: "room.private" });
  if (typeof id !== "string" || !ROOM_ID.test(id)) return bad({ code: "bad-field", field: "room.id" });
  return { type: "header", room: { name, private: isPrivate, id: fromHex(id) } };
}

/** Base64 has one form: another that decodes to the same would be a changed byte that nobody sees. */
function decodeMessage({ type: _, signed, ...written }: { readonly [field: string]: unknown }): DecodedLine {
  if (typeof signed !== "string") return bad({ code: "bad-field", field: "signed" });
  const bytes = Buffer.from(signed, "base64");
  if (bytes.toString("base64") !== signed) return bad({ code: "bad-field", field: "signed" });
  return { type: "message", bytes: new Uint8Array(bytes), written };
}

function decodeEnd({ messages, sha256 }: { readonly [field: string]: unknown }): DecodedLine {
  if (!isCount(messages)) return bad({ code: "bad-field", field: "messages" });
  if (typeof sha256 !== "string" || !SHA256.test(sha256)) return bad({ code: "bad-field", field: "sha256" });
  return { type: "end", messages, sha256 };
}
