/** Reads what is to be searched: `from:NICK in:ROOM before:DATE after:DATE TEXT`, the words with a colon first or last. */
import { idsFrom, type SearchQuery } from "../../node/search.ts";
import { MESSAGE_ID_BYTES, type MessageId } from "../../wire/ids.ts";

export type AskedSearch = {
  /** As it was typed. */
  readonly typed: string;
  /** The name of a room, `ALL_ROOMS`, or undefined: of the one that is shown. */
  readonly room: string | undefined;
  readonly query: SearchQuery;
};

/** What a session remembers of its searches: what `/search more` goes on with. */
export type Searches = { next: AskedSearch | undefined };

export type BadSearch =
  | { readonly code: "bad-search"; readonly reason: "empty" | "nothing-more" }
  /** `value`: the word, or the date with its word. */
  | { readonly code: "bad-search"; readonly reason: "word" | "date" | "room"; readonly value: string };

/** `#all` is a room of this name. */
export const ALL_ROOMS = "all";

export function parseSearch(typed: string): AskedSearch | BadSearch {
  const given: Given = {};
  let text = typed.trim();
  for (let found = FIRST_WORD.exec(text); found !== null; found = FIRST_WORD.exec(text)) {
    const [whole, word = "", value = ""] = found;
    if (!isWord(word.toLowerCase())) {
      if (value.startsWith("//")) break;
      return { code: "bad-search", reason: "word", value: `${word}:${value}` };
    }
    given[word.toLowerCase() as Word] = value;
    text = text.slice(whole.length).trimStart();
  }
  for (let found = LAST_WORD.exec(text); found !== null; found = LAST_WORD.exec(text)) {
    const [whole, word = "", value = ""] = found;
    given[word.toLowerCase() as Word] ??= value;
    text = text.slice(0, -whole.length).trimEnd();
  }
  if (/^".+"$/s.test(text)) text = text.slice(1, -1);
  return searchFor({ ...given, text }, typed.trim());
}

/** From words that stand by themselves already. `typed`: what it is called by. */
export function searchFor(
  { text = "", from, before, after, in: room }: Given & { readonly text?: string },
  typed: string,
): AskedSearch | BadSearch {
  const until = before === undefined ? undefined : boundOf(before);
  const since = after === undefined ? undefined : boundOf(after);
  if (before !== undefined && until === undefined) return badDate(`before:${before}`);
  if (after !== undefined && since === undefined) return badDate(`after:${after}`);
  if (text === "" && from === undefined && before === undefined && after === undefined)
    return { code: "bad-search", reason: "empty" };
  return { typed, room, query: { text, from, before: until, since } };
}

// --- internal ---

type Word = "from" | "in" | "before" | "after";
type Given = { [W in Word]?: string | undefined };

/** A word that looks like one of them, as `https://` does not. */
const FIRST_WORD = /^([a-z]{2,16}):(\S+)/i;
const LAST_WORD = /(?:^|\s)(from|in|before|after):([^\s"]+)$/i;
const ID = new RegExp(`^[0-9a-f]{${2 * MESSAGE_ID_BYTES}}$`);
/** Without a zone it is the time of this host. */
const DATE = /^(\d{4})-(\d\d)-(\d\d)(T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?)?$/;

function isWord(word: string): word is Word {
  return word === "from" || word === "in" || word === "before" || word === "after";
}

function badDate(value: string): BadSearch {
  return { code: "bad-search", reason: "date", value };
}

/** Of a date, a time, or a message by its id. */
function boundOf(text: string): MessageId | undefined {
  if (ID.test(text)) return text as MessageId;
  const [, year, month, day, clock] = DATE.exec(text) ?? [];
  if (day === undefined || Number(day) > daysIn(Number(year), Number(month))) return undefined;
  const time = new Date(clock === undefined ? `${text}T00:00` : text).getTime();
  return Number.isNaN(time) ? undefined : idsFrom(time);
}

function daysIn(year: number, month: number): number {
  return month < 1 || month > 12 ? 0 : new Date(Date.UTC(year, month, 0)).getUTCDate();
}
