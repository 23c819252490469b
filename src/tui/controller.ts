/**
 * Decides what the full screen shows, and how keys and events change it. It holds the room, the composer and the scroll
 * position. It knows nothing of terminals: `frame` says what to draw.
 */
import { commandTable } from "../chat/command/commands.ts";
import type { SessionEvent } from "../chat/model/events.ts";
import { sentenceFor } from "../chat/model/sentences.ts";
import { reasonText } from "../chat/model/systemReason.ts";
import {
  applyEvent,
  createTimeline,
  nicksBySpeech,
  type Timeline,
  type TimelineEvent,
} from "../chat/model/timeline.ts";
import type { Session } from "../chat/session/session.ts";
import { StoreError } from "../store/store.ts";
import { applyKey, COMPOSER_LENGTH_MAX, type Composer, emptyComposer, restoreText } from "./composer.ts";
import { type ComposerRows, composerRows } from "./composerRows.ts";
import type { Key } from "./keys.ts";
import { createRowLayout, type RowLayout } from "./rows.ts";
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
  event(event: SessionEvent): "now" | "soon" | "never";
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
/** Age of the roster that the status line shows. */
const FACTS_MS_MAX = 1_000;

export function createController({ session, palette, now, onChange, ...size }: ControllerOptions): Controller {
  let { columns, rows } = size;
  let timeline = openTimeline();
  let composer: Composer = emptyComposer;
  let anchor: Anchor | undefined;
  let isFocused = true;
  let notice: string | undefined;
  let below = 0;
  let facts: (ReturnType<typeof readFacts> & { readonly at: number }) | undefined;
  let rowsOf: { width: number; shared: ReadonlySet<string>; layout: RowLayout } | undefined;

  let lastComposed: { of: Composer; columns: number; rows: number; to: ComposerRows } | undefined;

  function composed(): ComposerRows {
    const last = lastComposed;
    if (last?.of === composer && last.columns === columns && last.rows === rows) return last.to;
    const to = composerRows(composer, columns, Math.max(1, Math.floor(rows / 3)));
    lastComposed = { of: composer, columns, rows, to };
    return to;
  }

  function layout(): Layout {
    if (rowsOf === undefined || rowsOf.width !== columns || rowsOf.shared !== timeline.sharedNicks) {
      const made = createRowLayout(columns, timeline.sharedNicks, palette);
      rowsOf = { width: columns, shared: timeline.sharedNicks, layout: made };
    }
    return { height: Math.max(0, rows - 1 - composed().rows.length), rowsOf: rowsOf.layout, palette };
  }

  function change(event: TimelineEvent): boolean {
    const before = timeline;
    timeline = applyEvent(timeline, event, now());
    return timeline !== before;
  }

  /** The view of the room that the session shows; what is kept of it follows as soon as it is read. */
  function openTimeline(): Timeline {
    const room = session.room();
    room.history(HISTORY_SHOWN).then(
      (messages) => {
        if (session.room() !== room || messages.length === 0) return;
        for (const message of messages)
          timeline = applyEvent(timeline, { type: "message", message, isInOrder: true }, message.time);
        onChange();
      },
      (error: unknown) => {
        change({
          type: "line",
          tone: "error",
          text: `the stored messages of this room cannot be read: ${error instanceof StoreError ? reasonText(error.detail) : String(error)}`,
        });
        onChange();
      },
    );
    return createTimeline(room.self(), room.peers());
  }

  function status(): string {
    // A node makes a fresh copy of its roster at each call: once a second is enough for round trips.
    if (facts === undefined || Math.abs(now() - facts.at) >= FACTS_MS_MAX) facts = { at: now(), ...readFacts(session) };
    return statusText({ ...facts, now: now(), timeline, below }, columns);
  }

  function moveView(to: Anchor | undefined): void {
    anchor = to;
    change({ type: "seeing", seeing: isFocused && anchor === undefined });
  }

  function submit(text: string, asText: boolean): void {
    moveView(undefined);
    change({ type: "unread-read" });
    const outcome = asText ? session.say(text) : session.line(text);
    outcome.then(
      (result) => {
        if (result !== "refused") return;
        composer = restoreText(composer, text);
        onChange();
      },
      (error: unknown) => {
        change({ type: "line", tone: "error", text: error instanceof Error ? error.message : String(error) });
        composer = restoreText(composer, text);
        onChange();
      },
    );
  }

  /** Keys of the screen itself; undefined: the composer's. */
  function screenKey(key: Key): KeyOutcome | undefined {
    if (key.type === "chord" && key.ctrl && key.letter === "l") return "redraw";
    if (key.type === "chord" && key.ctrl && key.letter === "z") return "suspend";
    if (key.type !== "named") return undefined;
    const page = Math.max(1, layout().height - 1);
    if (key.name === "page-up") moveView(scroll(timeline, layout(), anchor, -page));
    else if (key.name === "page-down") moveView(scroll(timeline, layout(), anchor, page));
    else if (key.name === "home" && key.alt) moveView(scrollToStart(timeline, layout()));
    else if (key.name === "end" && key.alt) moveView(undefined);
    else if (key.name === "focus-in" || key.name === "focus-out") {
      isFocused = key.name === "focus-in";
      moveView(anchor);
    } else return undefined;
    return "draw";
  }

  return {
    key(key) {
      notice = undefined;
      const outcome = screenKey(key);
      if (outcome !== undefined) return outcome;
      const step = applyKey(composer, key, () => words(timeline, session));
      composer = step.composer;
      if (step.action?.type === "quit") return "quit";
      if (step.action?.type === "submit") submit(step.action.text, step.action.asText);
      if (step.action?.type === "refused") notice = `not taken: more than ${COMPOSER_LENGTH_MAX} characters`;
      return "draw";
    },
    event(event) {
      const isRoster = event.type === "chat" && (event.event.type === "peer" || event.event.type === "notice");
      if (isRoster || event.type === "moved") facts = undefined;
      if (event.type === "moved") {
        timeline = openTimeline();
        moveView(undefined);
      }
      if (event.type === "clear") {
        anchor = undefined;
        change({ type: "cleared" });
        return "now";
      }
      if (event.type === "ended") return "never";
      let isChanged = false;
      if (event.type === "chat") {
        isChanged = change(event.event);
        // Joins and leaves are lines of the room already, folded.
        if (event.event.type === "peer") return "soon";
      }
      const sentence = sentenceFor(event, session.room().choice.name);
      if (sentence !== undefined) return change({ type: "line", ...sentence }) ? "soon" : "never";
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
      const view = viewTimeline(timeline, { height, ...rest }, anchor);
      if (view.anchor !== anchor) moveView(view.anchor);
      below = view.anchor === undefined ? 0 : view.below;
      const line = paintStatus(status(), questionText(composer, notice), columns, palette);
      const blank = new Array<string>(height - view.rows.length).fill("");
      const isTiny = rows <= lines.length;
      return {
        columns,
        messages: [...blank, ...view.rows],
        status: isTiny ? undefined : line,
        composer: lines,
        cursorRow: height + (isTiny ? 0 : 1) + cursorRow,
        beforeCursor,
      };
    },
  };
}

// --- internal ---

function readFacts(session: Session) {
  const room = session.room();
  const { clockAheadMs } = room.stats();
  return { roomName: room.choice.name, self: room.self(), peers: room.peers(), clockAheadMs };
}

function words(timeline: Timeline, session: Session) {
  return {
    nicks: nicksBySpeech(timeline, session.room().self().id),
    commands: commandTable.map((spec) => `/${spec.name}`),
  };
}
