/**
 * Looks for messages of a room in what is kept, newest first, a page at a time. Between two pages the event loop turns, so that
 * the node goes on.
 */
import { setImmediate } from "node:timers/promises";
import type { Message } from "../protocol/views.ts";
import { foldText } from "../store/foldText.ts";
import { MESSAGE_ID_BYTES, type MessageId } from "../wire/ids.ts";

export type SearchQuery = {
  /** Is part of the text; empty: of any. */
  readonly text: string;
  /** The nick, the tag or `nick·tag` of the author, as they were when it was written; undefined: whoever said it. */
  readonly from?: string | undefined;
  /** With smaller ids alone: older than this message, or than a time (`idsFrom`). */
  readonly before?: MessageId | undefined;
  /** With these ids or larger ones alone. */
  readonly since?: MessageId | undefined;
};

/** Messages that are looked through at a time: about 2 ms. */
const PAGE = 250;

/** The newest `limit` kept messages below `before`, oldest first. */
export type ReadHistory = (limit: number, before?: MessageId) => Promise<readonly Message[]>;

/** Those that fit, newest first, as soon as some of a page do. What reading rejects with, this does. */
export async function* searchHistory(
  read: ReadHistory,
  query: SearchQuery,
): AsyncGenerator<readonly Message[], void, undefined> {
  const { since = "" } = query;
  const fits = matcherFor(query);
  let { before } = query;
  for (;;) {
    const page = await read(PAGE, before);
    const oldest = page[0]?.id;
    if (oldest === undefined) return;
    const found = page.filter((message) => message.id >= since && fits(message)).reverse();
    if (found.length > 0) yield found;
    if (oldest < since) return;
    before = oldest;
    await setImmediate();
  }
}

/** The smallest id that a message of this time, in milliseconds since 1970, can have. */
export function idsFrom(time: number): MessageId {
  const front = Math.min(Math.max(Math.floor(time), 0), TIME_MAX)
    .toString(16)
    .padStart(12, "0");
  return front.padEnd(2 * MESSAGE_ID_BYTES, "0") as MessageId;
}

// --- internal ---

const TIME_MAX = 2 ** 48 - 1;

function matcherFor({ text, from }: SearchQuery): (message: Message) => boolean {
  const [wanted, author] = [foldText(text), from === undefined ? undefined : foldText(from)];
  return (message) => {
    // What this version cannot read has no text.
    if (message.kind === "unknown") return false;
    const { nick, tag } = message.author;
    if (author !== undefined && author !== tag) {
      const named = foldText(nick);
      if (author !== named && author !== `${named}·${tag}`) return false;
    }
    return foldText(message.text).includes(wanted);
  };
}
