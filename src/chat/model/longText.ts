/**
 * Long texts: how much of one is shown in its place, the line that stands for the rest, and how the user asks for the
 * rest.
 */
import type { MessageId } from "../../wire/ids.ts";
import { placeUpTo } from "./graphemes.ts";

/** Lines (of a screen: rows) of one message that are shown where it was said. */
export const LINES_IN_PLACE_MAX = 40;

/** What `/show` calls a message by: the end of its id, which is a hash. */
export function refOf(id: MessageId): string {
  return id.slice(-REF_DIGITS);
}

/** Whether `typed` is the end of `id`, and long enough to name it. */
export function isRefOf(typed: string, id: MessageId): boolean {
  return typed.length >= REF_DIGITS && id.endsWith(typed.toLowerCase());
}

/**
 * Says how much of `text` follows `at` and how to see it, in several lengths, the longest first. What follows of a line is
 * counted as a line, and as characters where it is all that follows.
 */
export function moreTexts(text: string, at: number, ref: string): string[] {
  const isLineStart = at === 0 || text[at - 1] === "\n";
  const lineEnds = countLineEnds(text, at);
  const count = lineEnds > 0 || isLineStart ? lineEnds + 1 : text.length - at;
  const noun = lineEnds > 0 || isLineStart ? "line" : "character";
  return [
    `… ${count} more ${noun}${count === 1 ? "" : "s"}: /show ${ref}`,
    `… ${count} more: /show ${ref}`,
    `…/show ${ref}`,
  ];
}

/** `text` as far as it is shown in a list of messages, with a last line that says what is missing. */
export function excerptOf(text: string, ref: string): string {
  let at = 0;
  for (let line = 0; line < LINES_IN_PLACE_MAX; line++) {
    const end = text.indexOf("\n", at);
    if (end < 0) {
      at = text.length;
      break;
    }
    at = end + 1;
  }
  at = Math.min(at, placeUpTo(text, EXCERPT_UNITS_MAX));
  if (at >= text.length) return text;
  return `${text.slice(0, at).replace(/\n$/, "")}\n${moreTexts(text, at, ref)[0]}`;
}

/** `text` in pieces of whole lines, each small enough to be laid out at once. Only a line that is longer than a piece is cut. */
export function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  let from = 0;
  let lines = 0;
  let lineFrom = 0;
  while (lineFrom < text.length) {
    const found = text.indexOf("\n", lineFrom);
    const end = found < 0 ? text.length : found;
    if (end - from > PIECE_UNITS_MAX && lineFrom > from) {
      pieces.push(text.slice(from, lineFrom - 1));
      from = lineFrom;
      lines = 0;
    }
    while (end - from > PIECE_UNITS_MAX) {
      const cut = placeUpTo(text, from + PIECE_UNITS_MAX);
      pieces.push(text.slice(from, cut));
      from = cut;
    }
    lineFrom = end + 1;
    lines++;
    if (lines < PIECE_LINES_MAX || found < 0) continue;
    pieces.push(text.slice(from, end));
    from = lineFrom;
    lines = 0;
  }
  if (from < text.length || pieces.length === 0) pieces.push(text.slice(from));
  return pieces;
}

/** At most so many units of a text, no character torn. */
export function cutText(text: string, unitsMax: number): string {
  return text.length <= unitsMax ? text : text.slice(0, placeUpTo(text, unitsMax));
}

export function countLineEnds(text: string, from = 0): number {
  let count = 0;
  for (let at = text.indexOf("\n", from); at >= 0; at = text.indexOf("\n", at + 1)) count++;
  return count;
}

// --- internal ---

const REF_DIGITS = 6;
/** Of one message in a list of messages. */
const EXCERPT_UNITS_MAX = 2_000;
/** Of one piece of an answer on the screen. */
const PIECE_LINES_MAX = 200;
const PIECE_UNITS_MAX = 8_000;
