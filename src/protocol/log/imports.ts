/**
 * Takes in messages that somebody brought: from a file, not from a peer. They are checked as those of peers are, and kept as
 * history. Peers get them when logs are compared.
 */
import { readMessage, type SignedMessage, verifyMessage } from "../../crypto/signed.ts";
import type { Imported, ImportFate } from "../api.ts";
import type { Context } from "../context.ts";
import { isAhead } from "./hlc.ts";
import { type Intake, isAfterParents } from "./intake.ts";
import { isKnown, isRefused, type Log } from "./log.ts";
import { awaitBatch, isFull, type Writes } from "./writes.ts";

export type Imports = {
  readonly context: Context;
  readonly log: Log;
  readonly writes: Writes;
  readonly intake: Pick<Intake, "keepBrought" | "eraseKnown">;
};

/** What is written of it outlives a power cut once it is confirmed: its file may be gone by then. */
export function importMessages(imports: Imports, messages: readonly Uint8Array[]): Imported {
  const fates: ImportFate[] = [];
  let letGo = 0;
  for (const bytes of messages) {
    const message = readMessage(imports.context.roomKeys, bytes);
    const fate = message === undefined ? "bad-message" : fateOf(imports, message);
    if (message !== undefined && fate === "added") letGo += imports.intake.keepBrought(message).length;
    fates.push(fate);
  }
  awaitBatch(imports.writes);
  return { fates, letGo };
}

// --- internal ---

/** The signature is checked first, even of what is known: who brings a file is told whether it is as it was written. */
function fateOf({ context, log, writes, intake }: Imports, message: SignedMessage): ImportFate {
  const { id, content, size } = message;
  if (!verifyMessage(context.roomKeys, message)) return content.erasure === undefined ? "bad-signature" : "bad-erasure";
  if (isKnown(log, id)) {
    intake.eraseKnown(message);
    return log.index.ids.has(id) ? "known" : "let-go";
  }
  if (!isAfterParents(content)) return "bad-order";
  if (isAhead(context.now.wall, content.hlc)) return "ahead";
  if (isRefused(log, id, content.author, size)) return "let-go";
  return isFull(writes) ? "busy" : "added";
}
