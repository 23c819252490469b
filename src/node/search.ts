/**
 * Looks for messages of a room in what is kept, newest first, a page at a time. Between two pages the event loop turns, so that
 * the node goes on.
 */
import { setImmediate } from "node:timers/promises";
import { tagOf } from "../crypto/identity.ts";
import type { Message } from "../protocol/views.ts";
import { foldText } from "../store/foldText.ts";
import { MESSAGE_ID_BYTES, type MessageId, type PeerId } from "../wire/ids.ts";

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

/** What a search looks at of a message. */
export type Sayable = {
  readonly id: MessageId;
  readonly author: PeerId;
  readonly nick: string;
  readonly text: string;
};

/** Messages that are looked through at a time: about 2 ms. */
const PAGE = 500;

/** Of the newest `limit` below `before` those that fit, oldest first; `oldest`: the first that was looked at, undefined if there is none. */
export type ReadFitting = (
  fits: (message: Sayable) => boolean,
  limit: number,
  before?: MessageId,
) => Promise<{ readonly oldest: MessageId | undefined; readonly messages: readonly Message[] }>;

/**
 * Those that fit, newest first, as soon as some of a page do. `isGiven`: of these whatever the author wrote is given, since the
 * asker knows another text of them. What reading rejects with, this does.
 */
export async function* searchHistory(
  read: ReadFitting,
  query: SearchQuery,
  isGiven: (id: MessageId) => boolean = () => false,
): AsyncGenerator<readonly Message[], void, undefined> {
  const { since = "" } = query;
  const fits = matcherFor(query, isGiven);
  let { before } = query;
  for (;;) {
    const { oldest, messages } = await read(fits, PAGE, before);
    if (oldest === undefined) return;
    const found = messages.filter(({ id }) => id >= since).reverse();
    if (found.length > 0) yield found;
    if (oldest < since) return;
    before = oldest;
    await setImmediate();
  }
}

/** Whether the text is what the search looks for. */
export function isInText({ text: wanted }: SearchQuery, text: string): boolean {
  return foldText(text).includes(foldText(wanted));
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

function matcherFor({ text, from }: SearchQuery, isGiven: (id: MessageId) => boolean): (message: Sayable) => boolean {
  const [wanted, named] = [foldText(text), from === undefined ? undefined : foldText(from)];
  const isBy = ({ author, nick }: Sayable): boolean => {
    if (named === undefined || foldText(nick) === named) return true;
    const tag = tagOf(author);
    return named === tag || named === `${foldText(nick)}·${tag}`;
  };
  return (message) => isBy(message) && (isGiven(message.id) || foldText(message.text).includes(wanted));
}
