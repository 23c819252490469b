/** What people read of history files: what is wrong with a line, what an import came to, what a check has found. */
import { tagOf } from "../../crypto/identity.ts";
import type { Message } from "../../protocol/views.ts";
import { refOf } from "../model/longText.ts";
import { messageText } from "../model/messageText.ts";
import { speakerText } from "../model/names.ts";
import { sanitizeLine, sanitizeNick, sanitizeText } from "../model/sanitize.ts";
import { countText } from "../model/wording.ts";
import type { HistoryRoom } from "./format.ts";
import type { ImportResult, ImportTrouble } from "./import.ts";
import type { AuthorSummary, HistorySummary } from "./verify.ts";

export function troubleText(trouble: ImportTrouble): string {
  switch (trouble.code) {
    case "not-text":
      return "it is no UTF-8";
    case "not-json":
      return "it is no JSON";
    case "not-a-record":
      return "it is no record of a history";
    case "bad-field":
      return `its field "${trouble.field}" makes no sense`;
    case "newer-version":
      return "a newer smplchat wrote this file: update this one to read it";
    case "too-long":
      return `it has more than ${trouble.limit} bytes`;
    case "no-history":
      return "this is no history file: it does not begin with the header of one";
    case "empty":
      return "this is no history file: it is empty";
    case "wrong-room-id":
      return "the id of the room is not that of its name";
    case "second-header":
      return "a second header: a file holds the history of one room";
    case "not-a-message":
      return "its signed bytes are no message";
    case "wrong-id":
      return "its id does not fit its signed bytes: it was changed, or is of another room";
    case "bad-signature":
      return "the signature does not fit";
    case "bad-erasure":
      return "its words are cut out, and nothing proves that its author deleted it";
    case "bad-order":
      return "it names as seen before what is not older";
    case "differs":
      return `what is written out is not what was signed: ${trouble.field}`;
    case "not-ascending":
      return "it stands after a newer one";
    case "twice":
      return "it stands there a second time";
    case "cut-off":
      return "the file is cut off here: its end is missing";
    case "after-end":
      return "something stands after the end";
    case "wrong-count":
      return `the file had ${countText(trouble.said, "message")} and has ${trouble.found}`;
    case "wrong-checksum":
      return "the checksum does not fit: something was changed";
    case "ahead":
      return "it is stamped more than 5 min ahead of the time here: check this clock, or import it again later";
  }
}

export function lineText(line: number, trouble: ImportTrouble): string {
  return `line ${line}: ${troubleText(trouble)}`;
}

export function otherRoomText(file: HistoryRoom, wanted: string): string {
  return `the file is of ${roomText(file)}, and not of this #${sanitizeLine(wanted)}: nothing was imported`;
}

export function importedText(result: ImportResult, room: string): string {
  const { messages, added, known, older, letGo, bad } = result;
  const parts = [`${added} new`, `${known} known`];
  if (older > 0) parts.push(`${older} older than what the room keeps`);
  if (bad > 0) parts.push(`${countText(bad, "bad line")} refused`);
  const lines = [`imported ${countText(messages, "message")} into #${sanitizeLine(room)}: ${parts.join(", ")}`];
  if (letGo > 0) lines.push(`${countText(letGo, "message")} let go to make room: MAX_MESSAGES says how many are kept`);
  return lines.join("\n");
}

export function exportedText(messages: number, damaged: number, room: string, to: string | undefined): string {
  const where = to === undefined ? "" : ` to ${sanitizeLine(to)}`;
  const said = `exported ${countText(messages, "message")} of #${sanitizeLine(room)}${where}`;
  return damaged === 0 ? said : `${said}; ${damaged} more are damaged on this disk, and left out`;
}

/** `   14  2026-01-31T12:00:05.000Z <anna·k3f9> hello`; further lines of a text are indented. */
export function checkedText(line: number, message: Message): string {
  const { kind, author, target } = message;
  const who = labelOf(author);
  const said = speakerText(kind, kind === "reply" && target !== undefined ? `${who} to ${refOf(target)}` : who);
  const text = sanitizeText(messageText(message)).replaceAll("\n", `\n${" ".repeat(NUMBER_WIDTH + 6)}`);
  return `${numberText(line)}  ${new Date(message.time).toISOString()} ${said} ${text}`;
}

export function wrongText(line: number, trouble: ImportTrouble): string {
  return `${numberText(line)}  -- ${troubleText(trouble)}`;
}

/** One line each. */
export function summaryLines(summary: HistorySummary): string[] {
  const { room, messages, erased, authors, bad, missingParents, first, last } = summary;
  if (room === undefined) return ["-- nothing of it can be checked"];
  const span =
    first === undefined || last === undefined
      ? ""
      : `, ${new Date(first).toISOString()} to ${new Date(last).toISOString()}`;
  const wrong = bad === 0 ? "all signatures are good" : `${countText(bad, "line")} ${bad === 1 ? "is" : "are"} wrong`;
  const head = `${roomText(room)}: ${countText(messages, "message")} by ${countText(authors.length, "author")}${span}`;
  const lacking = authors.flatMap(gapLines);
  if (missingParents > 0)
    lacking.push(
      `${countText(missingParents, "message")} that somebody here had seen ${missingParents === 1 ? "is" : "are"} missing`,
    );
  const whole = lacking.length === 0 ? ["nothing in between is missing, as far as these messages tell"] : lacking;
  const deleted =
    erased === 0
      ? []
      : [`${countText(erased, "message")} ${erased === 1 ? "was" : "were"} deleted by the author: the words are gone`];
  return [head, ...authors.map(authorLine), ...deleted, ...whole, wrong].map((line) => `-- ${line}`);
}

// --- internal ---

const NUMBER_WIDTH = 6;

function numberText(line: number): string {
  return String(line).padStart(NUMBER_WIDTH);
}

/** Always with the tag: nothing else here tells two people of one nick apart. */
function labelOf({ id, nick }: Message["author"]): string {
  return `${nick === "" ? "?" : sanitizeNick(nick)}·${tagOf(id)}`;
}

function roomText({ name, private: isPrivate }: HistoryRoom): string {
  return `the ${isPrivate ? "private" : "open"} room #${sanitizeLine(name)}`;
}

function authorLine({ author, messages }: AuthorSummary): string {
  return `  ${labelOf(author)}: ${countText(messages, "message")}, key ${author.id}`;
}

function gapLines({ author, gaps, missing, forked }: AuthorSummary): string[] {
  const who = labelOf(author);
  const told = gaps.map(
    (gap) => `${who}: ${gap.missing} missing between lines ${gap.after.line} and ${gap.before.line}`,
  );
  const more = missing - gaps.reduce((sum, gap) => sum + gap.missing, 0);
  if (more > 0) told.push(`${who}: ${more} more missing`);
  if (forked > 0)
    told.push(`${who}: two messages bear one number, ${countText(forked, "time")}: the key is in use twice`);
  return told;
}
