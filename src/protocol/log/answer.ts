/**
 * The frame that gives a message to a peer that asked for it: the whole message, or, if it is too large, its id and size.
 */

import { isErasedForm } from "../../wire/envelope.ts";
import type { Frame } from "../../wire/frames.ts";
import type { MessageId } from "../../wire/ids.ts";
import { isLarge } from "./classes.ts";
import type { Log } from "./log.ts";
import { isErased } from "./messageIndex.ts";
import { unwrittenBody, type Writes } from "./writes.ts";

/** The frame that answers who asked for this message. */
export function answerWith(id: MessageId, bytes: Uint8Array): Frame {
  return isLarge(bytes.length) ? { type: "announce", id, bytes: bytes.length } : { type: "message", bytes };
}

/** The form of a kept message that is kept, if it is in memory. */
export function bodyAtHand(log: Log, writes: Writes, id: MessageId): Uint8Array | undefined {
  const bytes = log.recent.bodies.get(id) ?? unwrittenBody(writes, id);
  return bytes !== undefined && isKeptForm(log, id, bytes) ? bytes : undefined;
}

/** Not what it was before it was erased. */
export function isKeptForm({ index }: Log, id: MessageId, bytes: Uint8Array): boolean {
  return isErased(index, id) === isErasedForm(bytes);
}
