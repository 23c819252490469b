/**
 * One entry of the room -> the rows that it takes on the screen, wrapped and coloured. Nothing is drawn to the right of
 * the text.
 *
 * A message may have 65,536 lines, or one line of as many characters. No more of it is looked at than is shown.
 */

import { type Glyph, glyphsIn, widthOf } from "../chat/model/columns.ts";
import { LINES_IN_PLACE_MAX, moreTexts, refOf } from "../chat/model/longText.ts";
import { DELETED, EDITED } from "../chat/model/messageText.ts";
import { sameNick, speakerMarks, taggedNick } from "../chat/model/names.ts";
import type { Reaction } from "../chat/model/overlay.ts";
import { presenceText } from "../chat/model/presence.ts";
import type { Delivery, Entry, MessageEntry, Quote } from "../chat/model/timeline.ts";
import { VERIFIED_MARK } from "../chat/model/trust.ts";
import { clockText, dayText } from "../chat/model/wording.ts";
import type { Author } from "../protocol/views.ts";
import type { PeerId } from "../wire/ids.ts";
import { type Palette, paintSpan, type Span } from "./style.ts";
import { fitWidth, wrapCells } from "./text.ts";

/** `shared`: nicks of several, shown with their tags. `verified`: shown with a mark. */
export type Naming = { readonly shared: ReadonlySet<string>; readonly verified: ReadonlySet<PeerId> };

/** Lays out one entry; the same entry is laid out once. Valid for one width and one naming. */
export type RowLayout = (entry: Entry) => readonly string[];

export function createRowLayout(width: number, names: Naming, palette: Palette): RowLayout {
  const known = new WeakMap<Entry, readonly string[]>();
  return (entry) => {
    const before = known.get(entry);
    if (before !== undefined) return before;
    const rows = blockRows(blockOf(entry, names, palette), width, palette);
    known.set(entry, rows);
    return rows;
  };
}

/** The line between two days, for an entry at `time`. */
export function dayRow(time: number, palette: Palette): string {
  return paintSpan({ text: `---- ${dayText(time)} ----`, style: palette.dim });
}

/** The line above the very first entry. `text`: what there is before. */
export function beginningRow(text: string, width: number, palette: Palette): string {
  return paintSpan({ text: fitWidth(`---- ${text} ----`, width), style: palette.dim });
}

export function unreadRow(palette: Palette): string {
  return paintSpan({ text: "---- new ----", style: palette.accent });
}

// --- internal ---

/** A text of one or more lines with what stands before its first and behind its last. */
type Block = {
  readonly head: readonly Span[];
  readonly body: Span;
  readonly tail: readonly Span[];
  /** A row below, however many rows of the text are shown. */
  readonly foot?: Span | undefined;
  /** The name of a message whose rows are limited; undefined: all rows are shown. */
  readonly ref: string | undefined;
  /** Each line is one of a list: what is wrapped stands deeper, so that it cannot pass for the next of them. */
  readonly isList: boolean;
  readonly continued: boolean;
};

type Cell = Glyph & { readonly style: string; readonly at: number };

/** Width of `HH:MM `: rows after the first stand below the text. */
const INDENT = 6;
/** Below this many columns so much would cost more than it helps, but some of it has to stay: only entries begin at the edge. */
const NARROW_WIDTH = 30;
const INDENT_NARROW = 2;
const TINY_WIDTH = 10;
/** How much deeper the wrapped rows of a list stand. */
const INDENT_MORE = 2;

function indentOf(width: number): number {
  if (width >= NARROW_WIDTH) return INDENT;
  return width >= TINY_WIDTH ? INDENT_NARROW : width > 1 ? 1 : 0;
}

function blockRows(block: Block, width: number, palette: Palette): string[] {
  const rows = textRows(block, width, palette);
  const { foot } = block;
  const indent = indentOf(width);
  if (foot !== undefined)
    rows.push(" ".repeat(indent) + paintSpan({ ...foot, text: fitWidth(foot.text, width - indent) }));
  return rows;
}

function textRows({ head, body, tail, ref, isList, continued }: Block, width: number, palette: Palette): string[] {
  const { text, style } = body;
  const indent = indentOf(width);
  const wrapIndent = isList && width >= TINY_WIDTH ? indent + INDENT_MORE : indent;
  // On a single column nothing would tell a second row from the first of another.
  const rowsMax = ref === undefined ? Number.POSITIVE_INFINITY : width > 1 ? LINES_IN_PLACE_MAX : 1;
  const ending = [...spanCells(tail, text.length)];
  const rows: string[] = [];
  const push = (cells: readonly Cell[], at: number): void => {
    rows.push(" ".repeat(at) + paintCells(cells));
  };
  for (let from = 0, isFirst = !continued; ; isFirst = false) {
    const found = text.indexOf("\n", from);
    const end = found < 0 ? text.length : found;
    const start = isFirst ? 0 : indent;
    const cells = lineCells(isFirst ? head : [], text, style, from, end, found < 0 ? ending : []);
    const wrapped = wrapCells(cells, width - start, width - wrapIndent, rowsMax - rows.length);
    for (const [index, row] of wrapped.rows.entries()) push(row, index === 0 ? start : wrapIndent);
    const rest = wrapped.rest ?? (rows.length >= rowsMax && found >= 0 ? { at: end + 1 } : undefined);
    if (rest !== undefined) {
      const more = rest.at < text.length ? moreCells(text, rest.at, ref ?? "", width - indent, palette) : [];
      // Only the ending may have begun on the last row.
      const left = more.length > 0 ? ending : ending.slice(Math.max(0, ending.indexOf(rest as Cell)));
      for (const row of wrapCells([...more, ...left], width - indent, width - indent).rows) push(row, indent);
      return rows;
    }
    if (found < 0) return rows;
    from = end + 1;
  }
}

function* lineCells(
  head: readonly Span[],
  text: string,
  style: string,
  from: number,
  to: number,
  ending: readonly Cell[],
): Generator<Cell, void, undefined> {
  yield* spanCells(head, from);
  let at = from;
  for (const glyph of glyphsIn(text, from, to)) {
    yield { text: glyph.text, width: glyph.width, style, at };
    at += glyph.text.length;
  }
  yield* ending;
}

/** `at`: where in the text they stand. */
function* spanCells(spans: readonly Span[], at: number): Generator<Cell, void, undefined> {
  for (const { text, style } of spans) for (const glyph of glyphsIn(text)) yield { ...glyph, style, at };
}

/** What stands for the rest of a text, on one row. */
function moreCells(text: string, at: number, ref: string, width: number, palette: Palette): Cell[] {
  const texts = moreTexts(text, at, ref);
  const fitting = texts.find((each) => widthOf(each) <= width) ?? fitWidth(texts.at(-1) ?? "", Math.max(1, width));
  return [...spanCells([{ text: fitting, style: palette.dim }], text.length)];
}

function paintCells(cells: readonly Cell[]): string {
  let painted = "";
  for (let at = 0; at < cells.length; ) {
    const style = cells[at]?.style ?? "";
    let text = "";
    for (; at < cells.length && cells[at]?.style === style; at++) text += cells[at]?.text;
    painted += paintSpan({ text, style });
  }
  return painted;
}

function blockOf(entry: Entry, names: Naming, palette: Palette): Block {
  const time = { text: `${clockText(entry.time)} `, style: palette.dim };
  const plain = { tail: [], ref: undefined, isList: false, continued: false };
  if (entry.type === "message") return messageBlock(entry, time, names, palette);
  if (entry.type === "presence") {
    const label = (author: Author): string => nickText(author.nick, author, names);
    return { ...plain, head: [time], body: { text: `-- ${presenceText(entry, label)}`, style: palette.dim } };
  }
  const { text, tone, continued } = entry;
  const isError = tone === "error";
  const mark = { text: isError ? "!! " : "-- ", style: isError ? palette.error : palette.dim };
  const body = { text, style: isError ? palette.error : "" };
  return { ...plain, head: [time, mark], body, continued, isList: continued || text.includes("\n") };
}

function messageBlock(
  { message, nick, text, delivery, quote, editedBy, deleted, reactions = [] }: MessageEntry,
  time: Span,
  names: Naming,
  palette: Palette,
): Block {
  const { author, kind, own } = message;
  const style = own ? palette.bold : palette.nick(author.id);
  const who: Span = { text: nickText(nick, author, names), style };
  const plain = (part: string): Span => ({ text: part, style: "" });
  const dim = (part: string): Span => ({ text: part, style: palette.dim });
  // No nick has a blank in it, and no quote a quotation mark: what stands between the marks cannot be taken for a text.
  const [before, behind] = speakerMarks(kind);
  const to = quote === undefined ? [] : [dim(` ${quoteText(quote, names)}`)];
  const tail: Span[] = [];
  if (editedBy !== undefined) tail.push(dim(` ${EDITED}`));
  if (delivery !== undefined && deleted !== true) tail.push(dim(` ${deliveryText(delivery)}`));
  const body = deleted === true || kind === "topic" ? dim(text) : plain(text);
  const foot = reactions.length === 0 ? undefined : dim(reactionsText(reactions));
  const head = [time, plain(before), who, ...to, plain(`${behind} `)];
  return { head, body, tail, foot, ref: refOf(message.id), isList: false, continued: false };
}

/** What is told of the reactions to one message, at most. */
const REACTIONS_SHOWN = 12;

/** `👍 2  🎉 1`. */
function reactionsText(reactions: readonly Reaction[]): string {
  const shown = reactions.slice(0, REACTIONS_SHOWN).map(({ text, authors }) => `${text} ${authors.length}`);
  const more = reactions.length - shown.length;
  return more > 0 ? `${shown.join("  ")}  +${more}` : shown.join("  ");
}

function quoteText(quote: Quote, names: Naming): string {
  if (quote.type === "missing") return "to a message that is not here";
  const nick = nickText(quote.nick, quote.author, names);
  return quote.type === "deleted" ? `to ${nick} ${DELETED}` : `to ${nick} "${quote.text}"`;
}

/** Of a few the figures are as short as "all". */
const ALL_FROM = 4;

function deliveryText({ reached, of }: Delivery): string {
  if (reached === 0) return "waiting";
  return reached >= of && of >= ALL_FROM ? `→ all ${of}` : `→ ${reached}/${of}`;
}

/** `nick` is safe to show. */
function nickText(nick: string, { id, tag }: Pick<Author, "id" | "tag">, { shared, verified }: Naming): string {
  const name = taggedNick(nick, tag, shared.has(sameNick(nick)));
  return verified.has(id) ? name + VERIFIED_MARK : name;
}
