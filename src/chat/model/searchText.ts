/** What a search found, in words: a row for each message, and at the end what there is beside it. */
import { idsFrom } from "../../node/search.ts";
import { type Found, type Kept, MORE_COUNTED_MAX, type Reply } from "./events.ts";
import { placeUpTo } from "./graphemes.ts";
import { cutText, refOf } from "./longText.ts";
import { listedText } from "./messageText.ts";
import { saidBy } from "./names.ts";
import { sanitizeLine } from "./sanitize.ts";
import { clockText, dateText, isoDateText } from "./wording.ts";

type Search = Reply & { readonly code: "search" };

/** Of a part of it, those found since the part before. */
export function searchText(search: Search): string {
  const isAcross = search.kept.length > 1;
  const rows = search.fresh.map((found) => foundRow(found, search.asked.query.text, isAcross));
  return (search.isOver ? [...rows, endText(search)] : rows).join("\n");
}

/** How far back goes what is kept, as a part of a sentence. */
export function keptText({ oldest, isWhole, gapsUntil }: Kept["span"]): string {
  if (oldest === undefined) return "nothing is kept here yet";
  if (isWhole) return `the conversation begins on ${dateText(oldest)}`;
  const nothing = `nothing before ${dateText(oldest)} is kept here`;
  if (gapsUntil === undefined || dateText(gapsUntil) === dateText(oldest)) return nothing;
  return `${nothing}, and not all before ${dateText(gapsUntil)}`;
}

// --- internal ---

/** Of one message, so that a list of many stays short; and of that, what stands before what was found. */
const TEXT_UNITS_MAX = 200;
const BEFORE_UNITS_MAX = 60;

function foundRow({ room, message }: Found, wanted: string, isAcross: boolean): string {
  const where = isAcross ? `#${room.name} ` : "";
  const when = `${isoDateText(message.time)} ${clockText(message.time)}`;
  return `${refOf(message.id)} ${when} ${where}${saidBy(message)} ${excerpt(listedText(message), wanted)}`;
}

function excerpt(said: string, wanted: string): string {
  // Where folding has changed the length it may be missed: then the text is shown from its beginning.
  const at = Math.max(said.toLowerCase().indexOf(wanted.toLowerCase()), 0);
  const from = at > BEFORE_UNITS_MAX ? placeUpTo(said, at - BEFORE_UNITS_MAX / 2) : 0;
  const text = sanitizeLine(said.slice(from, from + 2 * TEXT_UNITS_MAX));
  const isCut = said.length > from + 2 * TEXT_UNITS_MAX || text.length > TEXT_UNITS_MAX;
  return `${from > 0 ? "… " : ""}${isCut ? `${cutText(text, TEXT_UNITS_MAX)}…` : text}`;
}

function endText({ asked, found, more, kept }: Search): string {
  if (more > 0) return `… ${more > MORE_COUNTED_MAX ? `more than ${MORE_COUNTED_MAX}` : more} more: /search more`;
  const what = found.length === 0 ? `nothing found for ${sanitizeLine(cutText(asked.typed, 200))}` : allText(found);
  const { since = "" } = asked.query;
  const told = kept.filter(({ span }) => span.oldest === undefined || since < idsFrom(span.gapsUntil ?? span.oldest));
  const spans = told.map(({ room, span }) => `${kept.length > 1 ? `#${room.name}: ` : ""}${keptText(span)}`);
  return [what, ...spans].join("; ");
}

function allText(found: readonly Found[]): string {
  return `${found.length} found: /show ${refOf((found[0] as Found).message.id)} shows the first whole`;
}
