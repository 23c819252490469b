/** One entry of the room -> the rows it takes on the screen, wrapped and coloured. Nothing is drawn to the right of text. */
import { glyphsOf } from "../chat/model/columns.ts";
import { sameNick } from "../chat/model/names.ts";
import { presenceText } from "../chat/model/presence.ts";
import { sanitizeLine, sanitizeNick, sanitizeText } from "../chat/model/sanitize.ts";
import type { Delivery, Entry } from "../chat/model/timeline.ts";
import { clockText, dayText } from "../chat/model/wording.ts";
import type { Author, Message } from "../protocol/views.ts";
import { type Palette, paintSpan, type Span } from "./style.ts";
import { wrapGlyphs } from "./text.ts";

/** Lays out one entry; the same entry is laid out once. Valid for one width and one set of shared nicks. */
export type RowLayout = (entry: Entry) => readonly string[];

export function createRowLayout(width: number, sharedNicks: ReadonlySet<string>, palette: Palette): RowLayout {
  const known = new WeakMap<Entry, readonly string[]>();
  return (entry) => {
    const before = known.get(entry);
    if (before !== undefined) return before;
    const rows = wrapSpans(entrySpans(entry, sharedNicks, palette), width);
    known.set(entry, rows);
    return rows;
  };
}

/** The line between two days, for an entry at `time`. */
export function dayRow(time: number, palette: Palette): string {
  return paintSpan({ text: `---- ${dayText(time)} ----`, style: palette.dim });
}

export function unreadRow(palette: Palette): string {
  return paintSpan({ text: "---- new ----", style: palette.accent });
}

/** Spans as one text, wrapped; rows after the first are indented below the text, behind the time. */
export function wrapSpans(spans: readonly Span[], width: number): string[] {
  const indent = width >= NARROW_WIDTH ? INDENT : 0;
  const glyphs = spans.flatMap((span) => glyphsOf(span.text).map((glyph) => ({ ...glyph, style: span.style })));
  return wrapGlyphs(glyphs, width, indent).map(([from, to], row) => {
    let painted = row === 0 ? "" : " ".repeat(indent);
    for (let at = from; at < to; ) {
      const style = glyphs[at]?.style ?? "";
      let text = "";
      for (; at < to && glyphs[at]?.style === style; at++) text += glyphs[at]?.text;
      painted += paintSpan({ text, style });
    }
    return painted;
  });
}

// --- internal ---

/** Width of `HH:MM `. */
const INDENT = 6;
/** Below this many columns an indent costs more than it helps. */
const NARROW_WIDTH = 30;

function entrySpans(entry: Entry, sharedNicks: ReadonlySet<string>, palette: Palette): Span[] {
  const time = { text: `${clockText(entry.time)} `, style: palette.dim };
  if (entry.type === "message") return [time, ...messageSpans(entry.message, entry.delivery, sharedNicks, palette)];
  if (entry.type === "presence") {
    const label = ({ nick, tag }: Author): string => nickText(nick, tag, sharedNicks);
    return [time, { text: `-- ${presenceText(entry, label)}`, style: palette.dim }];
  }
  const isError = entry.tone === "error";
  const mark = { text: isError ? "!! " : "-- ", style: isError ? palette.error : palette.dim };
  // Texts of several lines (such as /help) keep their line ends.
  return [time, mark, { text: sanitizeText(entry.text), style: isError ? palette.error : "" }];
}

function messageSpans(
  message: Message,
  delivery: Delivery | undefined,
  sharedNicks: ReadonlySet<string>,
  palette: Palette,
): Span[] {
  const { author, kind, own } = message;
  const style = own ? palette.bold : palette.nick(author.id);
  const nick: Span = { text: nickText(author.nick, author.tag, sharedNicks), style };
  const plain = (text: string): Span => ({ text, style: "" });
  const said = kind === "action" ? [plain("* "), nick, plain(" ")] : [plain("<"), nick, plain("> ")];
  const spans = [...said, plain(sanitizeText(message.text))];
  if (delivery !== undefined) {
    spans.push({
      text: delivery.of === 0 ? " → nobody yet" : ` → ${delivery.reached}/${delivery.of}`,
      style: palette.dim,
    });
  }
  return spans;
}

function nickText(nick: string, tag: string, sharedNicks: ReadonlySet<string>): string {
  return sharedNicks.has(sameNick(nick)) ? `${sanitizeNick(nick)}·${sanitizeLine(tag)}` : sanitizeNick(nick);
}
