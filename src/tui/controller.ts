/**
 * Decides what the full screen shows, and how keys and events change it. It holds a view of each room and the row of rooms. It knows nothing of terminals: `frame` says what to draw.
 */
import { commandTable } from "../chat/command/commands.ts";
import { keptMessages, keptPage, topicIn } from "../chat/history/keptView.ts";
import type { SessionEvent } from "../chat/model/events.ts";
import { keptText } from "../chat/model/searchText.ts";
import { sentenceFor } from "../chat/model/sentences.ts";
import { reasonText } from "../chat/model/systemReason.ts";
import { applyEvent, indexOfKey, nicksBySpeech, type Timeline, type TimelineEvent } from "../chat/model/timeline.ts";
import type { Trust } from "../chat/model/trust.ts";
import type { Session } from "../chat/session/session.ts";
import type { RoomHandle } from "../node/types.ts";
import type { Message } from "../protocol/views.ts";
import { StoreError } from "../store/store.ts";
import type { MessageId } from "../wire/ids.ts";
import { applyKey, COMPOSER_LENGTH_MAX, type Composer, moveToDraft, restoreText } from "./composer.ts";
import { type ComposerRows, composerRows } from "./composerRows.ts";
import type { Key } from "./keys.ts";
import {
  bottomOf,
  followOn,
  NEAR_ENTRIES,
  noteInWindow,
  PAGE,
  type ReadingBack,
  readBack,
  takeNewer,
  takeOlder,
  topOf,
} from "./readingBack.ts";
import { nextActive, noteMention, openView, paintTabs, type RoomView, tabsOf, unknownTargets } from "./roomViews.ts";
import { beginningRow, createRowLayout, type RowLayout } from "./rows.ts";
import type { ScreenRows } from "./screen.tsx";
import { paintStatus, questionText, statusText } from "./statusLine.ts";
import type { Palette } from "./style.ts";
import { type Anchor, type Layout, scroll, scrollToStart, viewTimeline } from "./viewport.ts";

/** What the host has to do after a key, besides drawing. */
export type KeyOutcome = "draw" | "redraw" | "suspend" | "quit";

export type ScreenFrame = ScreenRows & {
  readonly columns: number;
  readonly cursorRow: number;
  readonly beforeCursor: string;
};

export interface Controller {
  key(key: Key): KeyOutcome;
  /** Returns how soon the change wants to be seen. */
  event(event: SessionEvent, room: RoomHandle): "now" | "soon" | "never";
  resize(columns: number, rows: number): void;
  frame(): ScreenFrame;
  /** The status line as it would be drawn now: when it differs from the last one, time has changed the screen. */
  status(): string;
}

export type ControllerOptions = {
  readonly session: Session;
  readonly palette: Palette;
  readonly columns: number;
  readonly rows: number;
  readonly now: () => number;
  /** Something changed outside of `key` and `event`: a refused line came back. */
  readonly onChange: () => void;
};

/** Messages of earlier times that a room is opened with. */
const HISTORY_SHOWN = 1_000;
/** Rows beside the composer's from which on one is given to the rooms: the status line, and some messages. */
const TABS_ROWS_MIN = 5;
/** Age of the roster that the status line shows. */
const FACTS_MS_MAX = 1_000;

export function createController({ session, palette, now, onChange, ...size }: ControllerOptions): Controller {
  let { columns, rows } = size;
  /** BOUNDED: by the rooms of the session. */
  const views = new Map<RoomHandle, RoomView>();
  let shown = session.room();
  let view = viewOf(shown);
  let isFocused = true;
  let notice: string | undefined;
  let below = 0;
  let facts: (ReturnType<typeof readFacts> & { readonly at: number }) | undefined;
  for (const room of session.rooms()) viewOf(room);
  see(view);

  let rowsOf:
    | { width: number; shared: ReadonlySet<string>; verified: Trust["verified"]; layout: RowLayout }
    | undefined;

  let lastComposed: { of: Composer; columns: number; rows: number; to: ComposerRows } | undefined;

  function composed(): ComposerRows {
    const last = lastComposed;
    if (last?.of === view.composer && last.columns === columns && last.rows === rows) return last.to;
    const to = composerRows(view.composer, columns, Math.max(1, Math.floor(rows / 3)));
    lastComposed = { of: view.composer, columns, rows, to };
    return to;
  }

  /** What is shown: the timeline of the room, or a window of what is kept. */
  const viewed = (): Timeline => view.reading?.timeline ?? view.timeline;

  /** `isScrolled`: the reader sees where it begins. */
  function layout(isScrolled = view.anchor !== undefined): Layout {
    const { sharedNicks } = viewed();
    const { verified } = session.trust();
    const isSame = rowsOf?.width === columns && rowsOf.shared === sharedNicks && rowsOf.verified === verified;
    if (rowsOf === undefined || !isSame) {
      const made = createRowLayout(columns, { shared: sharedNicks, verified }, palette);
      rowsOf = { width: columns, shared: sharedNicks, verified, layout: made };
    }
    const height = Math.max(0, rows - composed().rows.length - (hasTabs() ? 2 : 1));
    const beginning = isScrolled && isTop() ? beginningRow(keptText(currentFacts().span), columns, palette) : undefined;
    return { height, rowsOf: rowsOf.layout, palette, beginning, isOpenEnded: view.reading?.end !== undefined };
  }

  /** Whether there is a row of rooms: not on a screen that has hardly place for messages. */
  function hasTabs(): boolean {
    return session.rooms().length > 1 && rows - composed().rows.length >= TABS_ROWS_MIN;
  }

  function viewOf(room: RoomHandle): RoomView {
    const known = views.get(room) ?? openView(room, session.trust().ignored);
    views.set(room, known);
    return known;
  }

  function change(event: TimelineEvent, of: RoomView = view): boolean {
    const before = of.timeline;
    of.timeline = applyEvent(of.timeline, event, now());
    if (of.reading !== undefined) noteInWindow(of.reading, event, now(), of.anchor?.key);
    return of.timeline !== before;
  }

  /** From now on this room is before the reader's eyes. What is kept of it follows as soon as it is read. */
  function see(next: RoomView): void {
    moveView(next.anchor);
    next.mentions = 0;
    if (next.isLoaded) return;
    next.isLoaded = true;
    const room = shown;
    topicIn(room).then(
      (topic) => topic !== undefined && change({ type: "known", messages: [topic] }, next) && onChange(),
      () => undefined,
    );
    keptPage(room, HISTORY_SHOWN).then(
      (messages) => {
        next.isWholeAtStart = messages.length < HISTORY_SHOWN;
        if (messages.length === 0) return;
        for (const message of messages) {
          next.timeline = applyEvent(next.timeline, { type: "message", message, isInOrder: true }, message.time);
          const delivery = message.own ? room.delivery(message.id) : undefined;
          if (delivery === undefined) continue;
          next.timeline = applyEvent(next.timeline, { type: "delivery", id: message.id, ...delivery }, message.time);
        }
        askForTargets(room, next, messages);
        onChange();
      },
      (error: unknown) => unreadable(error, next),
    );
  }

  /** Replies say what they are to, also where that is further up than what is here. */
  function askForTargets(room: RoomHandle, of: RoomView, messages: readonly Message[]): void {
    const ids = unknownTargets(of, messages);
    if (ids.length === 0) return;
    keptMessages(room, ids).then(
      (found) => {
        const known = found.filter((message) => message !== undefined);
        if (change({ type: "known", messages: known }, of)) onChange();
      },
      // Nothing more can be said of them than that they are not here.
      () => undefined,
    );
  }

  /** Who has gone back in a room where that changes something is at its newest lines again. */
  function hideIgnored(): void {
    const { ignored } = session.trust();
    for (const each of views.values()) {
      if (each.timeline.ignored === ignored) continue;
      change({ type: "ignored", people: ignored }, each);
      each.reading = undefined;
      each.anchor = undefined;
    }
  }

  function moveToRoom(): void {
    shown = session.room();
    change({ type: "seeing", seeing: false });
    const next = viewOf(shown);
    next.composer = moveToDraft(view.composer, next.composer);
    view = next;
    see(view);
  }

  function show(at: number | undefined): void {
    const room = at === undefined ? undefined : session.rooms()[at];
    if (room !== undefined) void session.show(room);
  }

  /** Nothing older is kept than what is in view. */
  const isTop = (): boolean => view.reading?.isTop ?? (view.isWholeAtStart && view.timeline.floor === "");

  /** Reads what is kept where the reader comes near to the end of what is here. `isUp`: the reader wants what is older. */
  function readMore(isUp: boolean): void {
    const { entries } = viewed();
    const { anchor } = view;
    const at = anchor === undefined ? entries.length : indexOfKey(entries, anchor.key);
    const isNearTop = isUp && (anchor === undefined || at < NEAR_ENTRIES || view.reading?.isGoingToTop === true);
    if (isNearTop && !isTop()) {
      view.reading ??= readBack(view.timeline);
      load(view.reading, topOf(view.reading), (page, current) => {
        takeOlder(current, page);
        const step = Math.max(1, layout(true).height - 1);
        if (current.isGoingToTop) view.anchor = scrollToStart(viewed(), layout(true));
        else view.anchor ??= scroll(viewed(), layout(true), undefined, -step);
        if (current.isGoingToTop) readMore(true);
      });
    } else if (view.reading?.end !== undefined && entries.length - at < NEAR_ENTRIES + rows) {
      const bottom = bottomOf(view.reading, view.timeline);
      if (bottom === undefined) followOn(view.reading, view.timeline);
      else load(view.reading, bottom.before, (page, current) => takeNewer(current, page, bottom.before), bottom.limit);
    }
  }

  function load(
    current: ReadingBack,
    before: MessageId | undefined,
    take: (page: readonly Message[], current: ReadingBack) => void,
    limit = PAGE,
  ): void {
    if (current.isLoading) return;
    current.isLoading = true;
    const of = view;
    const room = shown;
    keptPage(room, limit, before).then(
      (page) => {
        current.isLoading = false;
        // Of another room, or the reader has gone back to the newest lines.
        if (view !== of || of.reading !== current) return;
        current.hasFailed = false;
        facts = undefined;
        take(page, current);
        for (const message of page) {
          const delivery = message.own ? room.delivery(message.id) : undefined;
          if (delivery === undefined) continue;
          const event = { type: "delivery", id: message.id, ...delivery } as const;
          current.timeline = applyEvent(current.timeline, event, message.time);
        }
        askForTargets(room, of, page);
        onChange();
      },
      (error: unknown) => {
        current.isGoingToTop = false;
        current.isLoading = false;
        if (!current.hasFailed) unreadable(error, of);
        current.hasFailed = true;
      },
    );
  }

  function unreadable(error: unknown, of: RoomView): void {
    const reason = error instanceof StoreError ? reasonText(error.detail) : String(error);
    change({ type: "line", tone: "error", text: `the stored messages of this room cannot be read: ${reason}` }, of);
    onChange();
  }

  function currentFacts() {
    // A node makes a fresh copy of its roster at each call: once a second is enough for round trips.
    if (facts === undefined || Math.abs(now() - facts.at) >= FACTS_MS_MAX) facts = { at: now(), ...readFacts(session) };
    return facts;
  }

  function status(): string {
    return statusText({ ...currentFacts(), now: now(), timeline: view.timeline, below }, columns);
  }

  /** Entries of the room that follow the window. */
  function belowWindow(): number {
    const { reading, timeline } = view;
    if (reading?.end === undefined) return 0;
    return timeline.entries.length - indexOfKey(timeline.entries, reading.end);
  }

  function moveView(to: Anchor | undefined): void {
    view.anchor = to;
    if (to === undefined) view.reading = undefined;
    change({ type: "seeing", seeing: isFocused && to === undefined });
  }

  function submit(text: string, asText: boolean): void {
    const of = view;
    moveView(undefined);
    change({ type: "unread-read" });
    const outcome = asText ? session.say(text) : session.line(text);
    outcome.then(
      (result) => {
        if (result !== "refused") return;
        of.composer = restoreText(of.composer, text);
        onChange();
      },
      (error: unknown) => {
        change({ type: "line", tone: "error", text: error instanceof Error ? error.message : String(error) }, of);
        of.composer = restoreText(of.composer, text);
        onChange();
      },
    );
  }

  /** Keys of the screen itself; undefined: the composer's. */
  function screenKey(key: Key): KeyOutcome | undefined {
    if (key.type === "chord" && key.ctrl && key.letter === "l") return "redraw";
    if (key.type === "chord" && key.ctrl && key.letter === "z") return "suspend";
    if (session.rooms().length > 1 && roomKey(key)) return "draw";
    if (key.type !== "named") return undefined;
    const { timeline, anchor, reading } = view;
    const page = Math.max(1, layout().height - 1);
    if (reading !== undefined) reading.isGoingToTop = false;
    if (key.name === "page-up") {
      moveView(scroll(viewed(), layout(true), anchor, -page));
      readMore(true);
    } else if (key.name === "page-down") {
      moveView(scroll(viewed(), layout(), anchor, page));
      readMore(false);
    } else if (key.name === "home" && key.alt) {
      moveView(scrollToStart(viewed(), layout(true)));
      if (isTop()) return "draw";
      view.reading ??= readBack(timeline);
      view.reading.isGoingToTop = true;
      readMore(true);
    } else if (key.name === "end" && key.alt) moveView(undefined);
    else if (key.name === "focus-in" || key.name === "focus-out") {
      isFocused = key.name === "focus-in";
      moveView(anchor);
    } else return undefined;
    return "draw";
  }

  /** Alt-1 to Alt-9, Alt-Left, Alt-Right and Alt-A choose a room. */
  function roomKey(key: Key): boolean {
    if (!("alt" in key) || !key.alt || key.ctrl) return false;
    const all = session.rooms();
    const at = all.indexOf(shown);
    if (key.type === "chord" && /^[1-9]$/.test(key.letter)) show(Number(key.letter) - 1);
    else if (key.type === "chord" && key.letter === "a") show(nextActive(tabsOf(session, viewOf)));
    else if (key.type === "named" && key.name === "left") show((at - 1 + all.length) % all.length);
    else if (key.type === "named" && key.name === "right") show((at + 1) % all.length);
    else return false;
    return true;
  }

  return {
    key(key) {
      notice = undefined;
      const outcome = screenKey(key);
      if (outcome !== undefined) return outcome;
      const step = applyKey(view.composer, key, () => words(view.timeline, session));
      view.composer = step.composer;
      if (step.action?.type === "quit") return "quit";
      if (step.action?.type === "submit") submit(step.action.text, step.action.asText);
      if (step.action?.type === "refused") notice = `not taken: more than ${COMPOSER_LENGTH_MAX} characters`;
      return "draw";
    },
    event(event, room) {
      const isRoster = event.type === "chat" && (event.event.type === "peer" || event.event.type === "notice");
      if (isRoster || event.type === "moved") facts = undefined;
      // The row of rooms and the status line say where one is: only a room that was just entered is told in words.
      const isKnown = views.has(room);
      if (session.room() !== shown) moveToRoom();
      const of = viewOf(room);
      if (event.type === "moved" && isKnown) return "now";
      if (event.type === "clear") {
        of.anchor = undefined;
        of.reading = undefined;
        change({ type: "cleared" }, of);
        return "now";
      }
      if (event.type === "people") {
        hideIgnored();
        return "now";
      }
      if (event.type === "ended") return "never";
      let isChanged = false;
      if (event.type === "chat") {
        isChanged = change(event.event, of);
        noteMention(of, room, event.event);
        if (event.event.type === "message") askForTargets(room, of, [event.event.message]);
        // Joins and leaves are lines of the room already, folded.
        if (event.event.type === "peer") return "soon";
      }
      const sentence = sentenceFor(event, session.label(room));
      if (sentence !== undefined) return change({ type: "line", ...sentence }, of) ? "soon" : "never";
      if (!isChanged) return "never";
      return event.type === "chat" && event.event.type === "message" && event.event.message.own ? "now" : "soon";
    },
    resize(newColumns, newRows) {
      columns = newColumns;
      rows = newRows;
    },
    status,
    frame() {
      const { rows: lines, cursorRow, beforeCursor } = composed();
      const { height, ...rest } = layout();
      const seen = viewTimeline(viewed(), { height, ...rest }, view.anchor);
      if (seen.anchor !== view.anchor) moveView(seen.anchor);
      if (view.timeline.seeing) view.mentions = 0;
      below = seen.anchor === undefined ? 0 : seen.below + belowWindow();
      const line = paintStatus(status(), questionText(view.composer, notice), columns, palette);
      const tabs = hasTabs() ? paintTabs(tabsOf(session, viewOf), columns, palette) : undefined;
      const blank = new Array<string>(height - seen.rows.length).fill("");
      const isTiny = rows <= lines.length;
      return {
        columns,
        messages: [...blank, ...seen.rows],
        tabs,
        status: isTiny ? undefined : line,
        composer: lines,
        cursorRow: height + (isTiny ? 0 : tabs === undefined ? 1 : 2) + cursorRow,
        beforeCursor,
      };
    },
  };
}

// --- internal ---

function readFacts(session: Session) {
  const room = session.room();
  const { clockAheadMs } = room.stats();
  const span = room.span();
  return {
    roomName: session.label(room),
    isIn: room.isIn(),
    self: room.self(),
    peers: room.peers(),
    clockAheadMs,
    span,
  };
}

function words(timeline: Timeline, session: Session) {
  return {
    nicks: nicksBySpeech(timeline, session.room().self().id),
    commands: commandTable.map((spec) => `/${spec.name}`),
  };
}
