/**
 * Keeps messages without their bodies whose authors have deleted them, whichever came first, the message or the delete. What of
 * a body is in memory goes at once; the store is told to overwrite the rest.
 */
import { eraseMessage, erases, isDelete, readMessage, type SignedMessage } from "../../crypto/signed.ts";
import { DELETE_KIND } from "../../wire/bodies/kinds.ts";
import type { MessageId } from "../../wire/ids.ts";
import type { Context } from "../context.ts";
import { bodyAtHand } from "./answer.ts";
import { deleteOf, eraseEntry, isErasable, type Log, unerased, wholeEdits } from "./log.ts";
import { entryOf, sizeOf } from "./messageIndex.ts";
import { putBody } from "./recentBodies.ts";
import { replaceUnwritten, type Writes } from "./writes.ts";

export type Erasing = { readonly context: Context; readonly log: Log; readonly writes: Writes };

/** At a start: a crash came between a delete and what it asks for. */
export function eraseLeft({ context, log }: Erasing): void {
  for (const [id, by] of unerased(log)) eraseStored({ context, log }, id, by);
}

/** Both are in the store, or on their way there. */
export function eraseStored({ context, log }: Pick<Erasing, "context" | "log">, id: MessageId, by: MessageId): void {
  if (!log.index.ids.has(id) || !log.index.ids.has(by)) return;
  eraseEntry(log, id, sizeOf(log.index, by));
  context.erase([{ id, by }]);
}

/** What this message, which is genuine, erases of what is kept. */
export function eraseTarget(erasing: Erasing, by: SignedMessage): void {
  const { target, author, kind } = by.content;
  if (target === undefined || !isDelete(kind, by.bytes.length)) return;
  const { log } = erasing;
  for (const id of [target, ...wholeEdits(log, target, author)]) {
    const entry = isErasable(log, id, author) ? entryOf(log.index, id) : undefined;
    if (entry !== undefined && erases(by, { id, ...entry })) eraseKept(erasing, id, by);
  }
}

/** The body of a kept message goes if this is the erased form of it, which is genuine. */
export function eraseKnown(erasing: Erasing, { id, content }: SignedMessage): void {
  const { erasure, author } = content;
  if (erasure === undefined || !isErasable(erasing.log, id, author)) return;
  const by = readMessage(erasing.context.roomKeys, new Uint8Array(erasure.proof));
  if (by !== undefined) eraseKept(erasing, id, by);
}

/** The form in which a message is kept. `by`: the delete of it, which is in the store alone: that is to make the erased form. */
export function formOf(
  { context, log, writes }: Erasing,
  heard: SignedMessage,
): { readonly message: SignedMessage; readonly by?: MessageId } {
  const { id, content, bytes } = heard;
  // A view would keep the whole buffer that it looks into: of a datagram, or of many that share a slab.
  const message = { ...heard, bytes: new Uint8Array(bytes) };
  const by = deleteOf(log, { id, ...content });
  if (by === undefined || content.kind === DELETE_KIND || content.erasure !== undefined) return { message };
  const proof = bodyAtHand(log, writes, by);
  const erased = proof && eraseMessage(bytes, proof);
  return erased === undefined ? { message, by } : { message: readMessage(context.roomKeys, erased) ?? message };
}

/** As people see it until the store has its erased form. */
export function withoutBody(message: SignedMessage): SignedMessage {
  const erasure = { bodyBytes: message.content.body.length, hash: NO_BYTES, proof: NO_BYTES };
  return { ...message, content: { ...message.content, body: NO_BYTES, erasure } };
}

// --- internal ---

const NO_BYTES = new Uint8Array();

function eraseKept({ context, log, writes }: Erasing, id: MessageId, { id: by, bytes: proof }: SignedMessage): void {
  const whole = bodyAtHand(log, writes, id);
  eraseEntry(log, id, proof.length);
  const erased = whole && eraseMessage(whole, proof);
  if (erased !== undefined) {
    putBody(log.recent, id, erased);
    replaceUnwritten(writes, id, erased);
  }
  context.erase([{ id, by, proof }]);
}
