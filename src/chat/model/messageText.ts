/** The text that people read of a message: what its author wrote, or a notice that this version cannot read it. */
import type { Message } from "../../protocol/views.ts";
import { kindOf } from "../../wire/bodies/kinds.ts";

/** As it was said: not safe to show. */
export function messageText({ kind, kindNumber, text }: Message): string {
  if (kind !== "unknown") return text;
  return kindOf(kindNumber) === undefined ? OF_A_LATER_KIND : MALFORMED;
}

// --- internal ---

const OF_A_LATER_KIND = "(a message of a kind that this version cannot show: update to see it)";
/** Its kind is known, and its body is none of that kind. */
const MALFORMED = "(a message that makes no sense)";
