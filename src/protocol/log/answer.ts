/** The frame in which a message is given to whoever asks for it: whole if it fits one, else announced by its id and size. */
import type { SignedMessage } from "../../crypto/signed.ts";
import { PUSH_BYTES_MAX } from "../../wire/blob.ts";
import type { Frame } from "../../wire/frames.ts";

/** Does not fit a push: its id travels, and whoever lacks it fetches it. */
export function isLarge(message: { readonly bytes: Uint8Array }): boolean {
  return message.bytes.length > PUSH_BYTES_MAX;
}

/** The frame that answers who asked for this message. */
export function answerWith({ id, bytes }: Pick<SignedMessage, "id" | "bytes">): Frame {
  return isLarge({ bytes }) ? { type: "announce", id, bytes: bytes.length } : { type: "message", bytes };
}
