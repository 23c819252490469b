/**
 * What the full screen holds of each room, and the row that lists the rooms: their numbers, names, unread messages, and
 * whether somebody called this node's nick.
 */
import { widthOf } from "../chat/model/columns.ts";
import { isMentioned } from "../chat/model/mention.ts";
import { sanitizeLine } from "../chat/model/sanitize.ts";
import { createTimeline, type Timeline } from "../chat/model/timeline.ts";
import type { Session } from "../chat/session/session.ts";
import type { RoomHandle } from "../node/types.ts";
import type { ChatEvent } from "../protocol/events.ts";
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
};

/** Of a room that is not before the reader's eyes. */
export function openView(room: RoomHandle): RoomView {
  const timeline: Timeline = { ...createTimeline(room.self(), room.peers()), seeing: false };
  return {
    timeline,
    anchor: undefined,
    composer: emptyComposer,
    isLoaded: false,
    isWholeAtStart: false,
    reading: undefined,
    mentions: 0,
  };
}

export function noteMention(view: RoomView, room: RoomHandle, event: ChatEvent): void {
  if (event.type !== "message" || view.timeline.seeing) return;
  const { own, history, text } = event.message;
  if (!own && !history && isMentioned(text, room.self().nick)) view.mentions += 1;
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

/** The row, `width` columns wide: the shown room is always in it. Undefined: there is one room, and nothing to choose. */
export function paintTabs(tabs: readonly RoomTab[], width: number, palette: Palette): string | undefined {
  if (tabs.length < 2) return undefined;
  const texts = tabs.map(tabText);
  const shownAt = Math.max(
    0,
    tabs.findIndex(({ isShown }) => isShown),
  );
  let first = 0;
  // What stands before the shown room goes first where there is no place for all.
  while (first < shownAt && widthOf(texts.slice(first, shownAt + 1).join(GAP)) + MORE.length > width) first += 1;
  const spans: string[] = [];
  let left = width - (first > 0 ? MORE.length : 0);
  for (let at = first; at < tabs.length && left > 0; at += 1) {
    const text = fitWidth(texts[at] as string, left).trimEnd();
    const { isShown, unread, mentions } = tabs[at] as RoomTab;
    const style = isShown ? palette.inverse : mentions > 0 ? palette.accent : unread > 0 ? palette.bold : palette.dim;
    spans.push(paintSpan({ text, style }));
    left -= widthOf(text) + GAP.length;
  }
  return (first > 0 ? MORE : "") + spans.join(GAP);
}

/** The room that most wants to be looked at: the next with a mention, else the next with something unread. */
export function nextActive(tabs: readonly RoomTab[]): number | undefined {
  const shownAt = tabs.findIndex(({ isShown }) => isShown);
  const order = tabs.map((_, step) => (shownAt + 1 + step) % tabs.length).filter((at) => at !== shownAt);
  return order.find((at) => (tabs[at] as RoomTab).mentions > 0) ?? order.find((at) => (tabs[at] as RoomTab).unread > 0);
}

// --- internal ---

const GAP = "  ";
const MORE = "… ";

/** `2 #lab 3`: three unread messages; `2 #lab 3!`: one of them calls this node's nick. */
function tabText({ label, isShown, unread, mentions }: RoomTab, at: number): string {
  const news = isShown || unread === 0 ? "" : ` ${unread}${mentions > 0 ? "!" : ""}`;
  return `${at + 1} #${sanitizeLine(label)}${news}`;
}
