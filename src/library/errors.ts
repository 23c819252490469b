/**
 * The errors of the library: a code for programs and a sentence for people. A mistake of the caller is a TypeError
 * instead.
 */
import { errorText } from "../chat/model/sentences.ts";
import { reasonText, systemReason } from "../chat/model/systemReason.ts";
import { TransportError } from "../net/transport.ts";
import type { ChatError } from "../protocol/events.ts";
import { IdentityError } from "../store/identity.ts";
import { DatabaseError, StoreError } from "../store/store.ts";

/** `message` is one line of plain English; nothing was changed. */
export class SmplchatError extends Error {
  /** `text-too-long`, `busy`, `bad-address`, `bad-invite`, `unknown-host`, `ports-taken`, `closed`, ... */
  readonly code: string;
  /** What the sentence is made of. */
  readonly data: Readonly<Record<string, unknown>>;

  constructor(code: string, sentence: string, data: Readonly<Record<string, unknown>> = {}, cause?: unknown) {
    super(sentence, { cause });
    this.name = "SmplchatError";
    this.code = code;
    this.data = data;
  }
}

export function refusalOf(error: ChatError): SmplchatError {
  const { code, ...data } = error;
  return new SmplchatError(code, errorText(error), data);
}

/** Why the hub or a room could not be opened; whatever is not known here comes back as it is. */
export function openingError(error: unknown): unknown {
  if (error instanceof TransportError) {
    const { code, port, portMax } = error;
    const sentence =
      code === "ports-taken"
        ? `UDP ports ${port} to ${portMax} are all taken: choose another \`port\`, or 0 for any`
        : `cannot listen on UDP port ${port}: ${systemReason(error)}`;
    return new SmplchatError(code, sentence, { port, portMax }, error);
  }
  if (error instanceof IdentityError) {
    const { code, path } = error;
    return new SmplchatError(code, `${IDENTITY_SENTENCES[code]} (${path}): ${systemReason(error)}`, { path }, error);
  }
  if (error instanceof DatabaseError) {
    const { code, path } = error;
    return new SmplchatError(code, `${DATABASE_SENTENCES[code]} (${path})`, { path }, error);
  }
  if (error instanceof StoreError) return storeError(error);
  return error;
}

export function storeError(error: StoreError): SmplchatError {
  if (error.code === "closed") return new SmplchatError("closed", "the room was left meanwhile", {}, error);
  return new SmplchatError(
    "store-unreadable",
    `what is kept of the room cannot be read: ${reasonText(error.detail)}`,
    { reason: error.code, detail: error.detail },
    error,
  );
}

// --- internal ---

const DATABASE_SENTENCES: Readonly<Record<DatabaseError["code"], string>> = {
  "history-in-use": "another program uses the stored messages of this data directory",
  "history-newer": "a newer smplchat has stored the messages of this data directory: update this one to use them",
};

const IDENTITY_SENTENCES: Readonly<Record<IdentityError["code"], string>> = {
  "identity-damaged": "the identity file is damaged: restore it, or move it away to begin with a new one",
  "identity-in-use": "too many programs use this data directory",
  "identity-unusable": "the data directory cannot be used",
};
