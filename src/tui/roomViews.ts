/**
 * What the full screen holds of each room, and the row that lists the rooms: their numbers, names, unread messages, and
 * whether somebody called this node's nick.
 */
import { widthOf } from "../chat/model/columns.ts";
import { isMentioned } from "../chat/model/mention.ts";
import { isLine } from "../chat/model/overlay.ts";
import { sanitizeLine } from "../chat/model/sanitize.ts";
import { createTimeline, indexOfKey, type Quote, type Timeline } from "../chat/model/timeline.ts";
import type { Session } from "../chat/session/session.ts";
import type { RoomHandle } from "../node/types.ts";
import type { ChatEvent } from "../protocol/events.ts";
import type { Message } from "../protocol/views.ts";
import type { MessageId, PeerId } from "../wire/ids.ts";
import { type Composer, emptyComposer } from "./composer.ts";
import type { ReadingBack } from "./readingBack.ts";
import { type Palette, paintSpan } from "./style.ts";
import { fitWidth } from "./text.ts";
import type { Anchor } from "./viewport.ts";

export type RoomView = {
  timeline: Timeline;
  /** Where it is scrolled to; undefined: the newest lines. */
  anchor: Anchor | undefined;
  /** What is being written there. */
  composer: Composer;
  /** What is kept of the room was asked for. */
  isLoaded: boolean;
  /** Nothing older is kept than what was read then. */
  isWholeAtStart: boolean;
  /** The window of what is kept that the reader has gone back to. */
  reading: ReadingBack | undefined;
  /** Messages since it was seen last that call this node's nick. */
  mentions: number;
  /** BOUNDED: ASKED_MAX, the first go first. Messages that replies are to, and that what is kept was asked for. */
  readonly asked: Set<MessageId>;
};

/** Of a room that is not before the reader's eyes. */
export function openView(room: RoomHandle, ignored: ReadonlySet<PeerId>): RoomView {
  const timeline: Timeline = { ...createTimeline(room.self(), room.peers()), seeing: false, ignored };
  return {
    timeline,
    anchor: undefined,
    composer: emptyComposer,
    isLoaded: false,
    isWholeAtStart: false,
    reading: undefined,
    mentions: 0,
    asked: new Set(),
  };
}

/** The event is in the timeline already. A reply to what this node said calls it, too. */
export function noteMention(view: RoomView, room: RoomHandle, event: ChatEvent): void {
  if (event.type !== "message" || view.timeline.seeing || !isLine(event.message)) return;
  const { own, history, text, author } = event.message;
  if (own || history || view.timeline.ignored.has(author.id)) return;
  const self = room.self();
  const quote = quoteIn(view.timeline, event.message);
  const isAnswered = quote !== undefined && quote.type !== "missing" && quote.author.id === self.id;
  if (isAnswered || isMentioned(text, self.nick)) view.mentions += 1;
}

/** Of these, what replies are to that is not here, and was not asked for. */
export function unknownTargets(view: RoomView, messages: readonly Message[]): MessageId[] {
  const { timeline, reading = { timeline } } = view;
  const isMissing = (message: Message): boolean =>
    (quoteIn(timeline, message) ?? quoteIn(reading.timeline, message))?.type === "missing";
  const missing = messages.flatMap((message) =>
    message.target !== undefined && isMissing(message) ? [message.target] : [],
  );
  const unasked = [...new Set(missing)].filter((target) => !view.asked.has(target));
  for (const target of unasked) view.asked.add(target);
  for (const target of view.asked) {
    if (view.asked.size <= ASKED_MAX) break;
    view.asked.delete(target);
  }
  return unasked;
}

/** One room of the row. */
export type RoomTab = {
  readonly label: string;
  readonly isShown: boolean;
  readonly unread: number;
  readonly mentions: number;
};

export function tabsOf(session: Session, viewOf: (room: RoomHandle) => RoomView): RoomTab[] {
  return session.rooms().map((room) => {
    const { timeline, mentions } = viewOf(room);
    const isShown = room === session.room();
    return { label: session.label(room), isShown, unread: timeline.unread?.count ?? 0, mentions };
  });
}

/**
 * The row, at most `width` columns wide: the shown room is always in it, and as many around it as there is place for. What is
 * unread out of sight is told at either end. Undefined: there is one room, and nothing to choose.
 */
export function paintTabs(tabs: readonly RoomTab[], width: number, palette: Palette): string | undefined {
  if (tabs.length < 2) return undefined;
  const texts = tabs.map(tabText);
  const widths = texts.map(widthOf);
  const shownAt = Math.max(
    0,
    tabs.findIndex(({ isShown }) => isShown),
  );
  let [first, last] = [shownAt, shownAt];
  let left = width - (widths[shownAt] as number);
  const fits = (at: number): boolean => {
    if (at < 0 || at >= tabs.length) return false;
    const [low, high] = [Math.min(first, at), Math.max(last, at)];
    const beyond = widthOf(moreText(tabs.slice(0, low), true)) + widthOf(moreText(tabs.slice(high + 1), false));
    return (widths[at] as number) + GAP.length + beyond <= left;
  };
  for (let isGrowing = true; isGrowing; ) {
    isGrowing = false;
    for (const at of [last + 1, first - 1]) {
      if (!fits(at)) continue;
      left -= (widths[at] as number) + GAP.length;
      [first, last] = [Math.min(first, at), Math.max(last, at)];
      isGrowing = true;
    }
  }
  const spans = tabs.slice(first, last + 1).map(({ isShown, unread, mentions }, place) => {
    const style = isShown ? palette.inverse : mentions > 0 ? palette.accent : unread > 0 ? palette.bold : palette.dim;
    return paintSpan({ text: fitWidth(texts[first + place] as string, width), style });
  });
  const [before, behind] = [moreText(tabs.slice(0, first), true), moreText(tabs.slice(last + 1), false)];
  const row = before + spans.join(GAP) + behind;
  // On a screen that has place for one room at most there is none for what is out of sight.
  return first === last && widthOf(before + texts[first] + behind) > width ? spans[0] : row;
}

/** The room that most wants to be looked at: the next with a mention, else the next with something unread. */
export function nextActive(tabs: readonly RoomTab[]): number | undefined {
  const shownAt = tabs.findIndex(({ isShown }) => isShown);
  const order = tabs.map((_, step) => (shownAt + 1 + step) % tabs.length).filter((at) => at !== shownAt);
  return order.find((at) => (tabs[at] as RoomTab).mentions > 0) ?? order.find((at) => (tabs[at] as RoomTab).unread > 0);
}

// --- internal ---

const ASKED_MAX = 1_000;

function quoteIn({ entries }: Timeline, { id, kind }: Message): Quote | undefined {
  if (kind !== "reply") return undefined;
  const entry = entries[indexOfKey(entries, id)];
  return entry?.type === "message" && entry.key === id ? entry.quote : undefined;
}

const GAP = "  ";
/** Columns of a label: one that is longer must not hide the others. */
const LABEL_COLUMNS_MAX = 20;

/** `2 #lab 3`: three unread messages; `2 #lab 3!`: one of them calls this node's nick. */
function tabText({ label, isShown, unread, mentions }: RoomTab, at: number): string {
  const name = sanitizeLine(label);
  const shown = widthOf(name) <= LABEL_COLUMNS_MAX ? name : `${fitWidth(name, LABEL_COLUMNS_MAX - 1)}…`;
  const news = isShown ? "" : newsText(unread, mentions);
  return `${at + 1} #${shown}${news === "" ? "" : ` ${news}`}`;
}

function newsText(unread: number, mentions: number): string {
  return unread === 0 ? "" : `${unread}${mentions > 0 ? "!" : ""}`;
}

/** What there is of rooms out of sight. */
function moreText(tabs: readonly RoomTab[], isBefore: boolean): string {
  if (tabs.length === 0) return "";
  const sum = (of: "unread" | "mentions"): number => tabs.reduce((all, tab) => all + tab[of], 0);
  const text = `…${newsText(sum("unread"), sum("mentions"))}`;
  return isBefore ? `${text} ` : ` ${text}`;
}
