/**
 * Reads a history file from its header to its end, a line at a time. It says of each line what is wrong with it, but for the
 * signature: whoever takes the messages checks those.
 */
import { createHash } from "node:crypto";
import { openRoom } from "../../crypto/roomKeys.ts";
import { readMessage, type SignedMessage } from "../../crypto/signed.ts";
import { isAfterParents } from "../../protocol/log/intake.ts";
import { byteLines } from "./byteLines.ts";
import { decodeLine, differingField, HISTORY_LINE_BYTES_MAX, type HistoryRoom, type LineTrouble } from "./format.ts";

export type HistoryTrouble =
  | LineTrouble
  | { readonly code: "too-long"; readonly limit: number }
  /** The first line is no header: this is another kind of file. */
  | { readonly code: "no-history" }
  | { readonly code: "empty" }
  /** The header names an open room, whose id is another. */
  | { readonly code: "wrong-room-id" }
  | { readonly code: "second-header" }
  /** The signed bytes are no message. */
  | { readonly code: "not-a-message" }
  /** They were changed, or were signed for another room. */
  | { readonly code: "wrong-id" }
  | { readonly code: "bad-signature" }
  /** Its body is not there, and nothing proves that its author deleted it. */
  | { readonly code: "bad-erasure" }
  /** It names as its parents what is not older than itself. */
  | { readonly code: "bad-order" }
  /** What is written out is not what was signed. */
  | { readonly code: "differs"; readonly field: string }
  | { readonly code: "not-ascending" }
  | { readonly code: "twice" }
  /** The end is missing. */
  | { readonly code: "cut-off" }
  | { readonly code: "after-end" }
  | { readonly code: "wrong-count"; readonly said: number; readonly found: number }
  | { readonly code: "wrong-checksum" };

export type BadLine = { readonly type: "bad"; readonly line: number; readonly trouble: HistoryTrouble };

/** `line`: from 1 on. */
export type HistoryItem =
  /** Comes first, and once. Where it does not come, nothing of the file can be used. */
  | { readonly type: "header"; readonly line: number; readonly room: HistoryRoom }
  /** Its id fits, and what is written out fits. The signature is not checked. */
  | { readonly type: "message"; readonly line: number; readonly message: SignedMessage }
  | BadLine;

/** What a stream or a program may bring. */
export type HistoryInput = AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>;

/** Rejects with what reading `input` rejects with, and with nothing else. */
export async function* readHistory(input: HistoryInput): AsyncGenerator<HistoryItem, void, void> {
  const hash = createHash("sha256");
  let number = 0;
  let messages = 0;
  let room: HistoryRoom | undefined;
  let isEnded = false;
  for await (const bytes of byteLines(input, HISTORY_LINE_BYTES_MAX)) {
    number += 1;
    if (isEnded) {
      yield bad(number, { code: "after-end" });
      return;
    }
    const line = bytes === undefined ? TOO_LONG : decodeLine(bytes);
    if (room === undefined) {
      if (line.type !== "header" || !isNameOf(line.room)) {
        yield bad(number, line.type === "header" ? { code: "wrong-room-id" } : headless(line));
        return;
      }
      room = line.room;
      yield { type: "header", line: number, room };
    } else if (line.type === "end") {
      isEnded = true;
      // More messages are told apart from changed bytes, as both change the sum.
      if (line.messages !== messages) yield bad(number, { code: "wrong-count", said: line.messages, found: messages });
      else if (line.sha256 !== hash.digest("hex")) yield bad(number, { code: "wrong-checksum" });
      continue;
    } else if (line.type === "header") yield bad(number, { code: "second-header" });
    else if (line.type === "bad") {
      // It stands for a message: one that was changed is not one that is missing.
      messages += 1;
      yield bad(number, line.trouble);
    } else {
      messages += 1;
      const message = readMessage(room, line.bytes);
      const trouble = troubleOf(message, line.written);
      if (message === undefined || trouble !== undefined) yield bad(number, trouble ?? { code: "not-a-message" });
      else yield { type: "message", line: number, message };
    }
    if (bytes !== undefined) hash.update(bytes).update("\n");
  }
  if (number === 0) yield bad(1, { code: "empty" });
  else if (!isEnded) yield bad(number, { code: "cut-off" });
}

// --- internal ---

type Bad = { readonly type: "bad"; readonly trouble: HistoryTrouble };

const TOO_LONG: Bad = { type: "bad", trouble: { code: "too-long", limit: HISTORY_LINE_BYTES_MAX } };

function bad(line: number, trouble: HistoryTrouble): BadLine {
  return { type: "bad", line, trouble };
}

/** What the first line is, if it is no header. */
function headless(line: ReturnType<typeof decodeLine> | Bad): HistoryTrouble {
  if (line.type !== "bad") return { code: "no-history" };
  const { trouble } = line;
  const isAlmost = trouble.code === "newer-version" || (trouble.code === "bad-field" && trouble.field !== "signed");
  return isAlmost ? trouble : { code: "no-history" };
}

/** The id of an open room comes from its name. That of a private one says nothing about its name. */
function isNameOf(room: HistoryRoom): boolean {
  return room.private || Buffer.compare(openRoom(room.name).id, room.id) === 0;
}

function troubleOf(
  message: SignedMessage | undefined,
  written: { readonly [field: string]: unknown },
): HistoryTrouble | undefined {
  if (message === undefined) return { code: "not-a-message" };
  if (written.id !== message.id) return { code: "wrong-id" };
  if (!isAfterParents(message.content)) return { code: "bad-order" };
  const field = differingField(message, written);
  return field === undefined ? undefined : { code: "differs", field };
}
