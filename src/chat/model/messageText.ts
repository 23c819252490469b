/** The text that people read of a message: what its author wrote, what it does to another, or that this version cannot read it. */
import type { Message } from "../../protocol/views.ts";
import { kindOf } from "../../wire/bodies/kinds.ts";
import { cutText, refOf } from "./longText.ts";
import { sanitizeLine } from "./sanitize.ts";

/** In place of the text. */
export const DELETED = "(deleted)";
/** Behind the text. */
export const EDITED = "(edited)";

/** As it was said: not safe to show. */
export function messageText({ kind, kindNumber, text, target, deleted, erased }: Message): string {
  if (deleted === true || erased === true) return DELETED;
  const about = target === undefined ? "" : refOf(target);
  switch (kind) {
    case "unknown":
      return kindOf(kindNumber) === undefined ? OF_A_LATER_KIND : MALFORMED;
    case "react":
      return text === "" ? `took the reaction to ${about} back` : `reacted ${text} to ${about}`;
    case "edit":
      return `edited ${about} to: ${text}`;
    case "delete":
      return `deleted ${about}`;
    case "topic":
      return text === "" ? "cleared the topic" : `set the topic: ${text}`;
    default:
      return text;
  }
}

/** As it stands in a list: with a mark if it was edited. Not safe to show. */
export function listedText(message: Message): string {
  return message.editedBy === undefined ? messageText(message) : `${messageText(message)} ${EDITED}`;
}

/** The beginning of a text, safe to show between quotation marks: on one line, and without what would end the quotation. */
export function quotableText(text: string): string {
  const line = sanitizeLine(cutText(text, 4 * QUOTE_UNITS_MAX))
    .replaceAll('"', "'")
    .trim();
  const cut = cutText(line, QUOTE_UNITS_MAX);
  return cut.length < line.length ? `${cut}…` : cut;
}

// --- internal ---

const QUOTE_UNITS_MAX = 40;

const OF_A_LATER_KIND = "(a message of a kind that this version cannot show: update to see it)";
/** Its kind is known, and its body is none of that kind. */
const MALFORMED = "(a message that makes no sense)";
