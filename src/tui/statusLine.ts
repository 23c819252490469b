/** The status line: the room, the people in it, and what is out of sight; or a question, while one is open. */

import { widthOf } from "../chat/model/columns.ts";
import { countLineEnds } from "../chat/model/longText.ts";
import { sanitizeLine, sanitizeNick } from "../chat/model/sanitize.ts";
import type { Timeline } from "../chat/model/timeline.ts";
import { clockText, countText, durationText } from "../chat/model/wording.ts";
import type { PeerView } from "../protocol/views.ts";
import type { Composer, Question } from "./composer.ts";
import { type Palette, paintSpan } from "./style.ts";
import { fitWidth } from "./text.ts";

/** A round trip above this is worth a word. */
const LAG_SHOWN_MS = 500;
/** And a clock that is off by as much: the times of what is said begin to mislead. */
const CLOCK_SHOWN_MS = 60_000;

export type StatusFacts = {
  readonly now: number;
  readonly roomName: string;
  /** False: it was left. */
  readonly isIn: boolean;
  readonly self: PeerView;
  /** As the node lists them now; `lag` is taken from those that answer. */
  readonly peers: readonly PeerView[];
  /** By how much this clock is ahead of those of most peers, negative: behind. */
  readonly clockAheadMs: number;
  readonly timeline: Timeline;
  /** Entries below the view. */
  readonly below: number;
};

/** At most `width` columns, if its most important part is no wider: the least important parts go first. */
export function statusText(facts: StatusFacts, width: number): string {
  const text = partsText(facts, width);
  const topic = facts.timeline.topic?.text ?? "";
  // It gets what the others leave.
  const left = width - widthOf(text) - " []".length;
  if (topic === "" || left < Math.min(TOPIC_COLUMNS_MIN, widthOf(topic))) return text;
  return `${text} [${widthOf(topic) <= left ? topic : `${fitWidth(topic, left - 1)}…`}]`;
}

/** What the next key decides, or undefined. `notice`: something the composer refused. */
export function questionText(composer: Composer, notice: string | undefined): string | undefined {
  if (notice !== undefined) return notice;
  return composer.question === undefined ? undefined : QUESTIONS[composer.question](composer.text);
}

export function paintStatus(status: string, question: string | undefined, width: number, palette: Palette): string {
  const text = fitWidth(question ?? status, width);
  return paintSpan({ text, style: question === undefined ? palette.inverse : palette.accent });
}

// --- internal ---

/** Less of a topic tells nothing. */
const TOPIC_COLUMNS_MIN = 8;

function partsText(facts: StatusFacts, width: number): string {
  let parts = partsOf(facts);
  for (;;) {
    const text = parts.map((part) => `[${part.text}]`).join(" ");
    if (parts.length <= 1 || widthOf(text) <= width) return text;
    const least = Math.min(...parts.map((part) => part.weight));
    parts = parts.filter((part) => part.weight > least);
  }
}

/** In the order in which they stand. `weight`: what goes last from a terminal that is too narrow; each is another. */
type Part = { readonly text: string; readonly weight: number };

function partsOf({ now, roomName, isIn, self, peers, clockAheadMs, timeline, below }: StatusFacts): Part[] {
  const here = peers.filter((peer) => peer.status === "alive" || peer.status === "suspect");
  const gone = peers.filter((peer) => peer.status === "dead").length;
  const parts: Part[] = [
    { text: clockText(now), weight: 2 },
    { text: `#${sanitizeLine(roomName)}${isIn ? "" : ", left"}`, weight: 4 },
  ];
  if (below > 0) parts.push({ text: `-MORE(${below})-`, weight: 6 });
  if (timeline.unread !== undefined && timeline.unread.count > 0) {
    parts.push({ text: `${timeline.unread.count} unread`, weight: 5 });
  }
  parts.push({ text: sanitizeNick(self.nick), weight: 1 });
  if (isIn) parts.push({ text: peersText(here.length, gone), weight: 8 });
  if (Math.abs(clockAheadMs) >= CLOCK_SHOWN_MS) {
    const where = clockAheadMs > 0 ? "ahead" : "behind";
    parts.push({ text: `clock ${durationText(Math.abs(clockAheadMs))} ${where}`, weight: 7 });
  }
  const lagMs = medianRttMs(here);
  if (lagMs > LAG_SHOWN_MS) parts.push({ text: `lag ${durationText(lagMs)}`, weight: 3 });
  return parts;
}

/** While some are out of reach, this node is counted too: "4 of 12" are the two sides of a split. */
function peersText(here: number, gone: number): string {
  if (gone === 0) return here === 0 ? "alone" : countText(here, "peer");
  return here === 0 ? `alone, ${gone} unreachable` : `${here + 1} of ${here + 1 + gone} reachable`;
}

const QUESTIONS: Readonly<Record<Question, (text: string) => string>> = {
  "send-lines": (text) => `${countLineEnds(text) + 1} lines pasted: Enter sends them as one message, Esc goes back`,
  "send-slash": () => "a command? Enter sends this as text, Esc goes back",
  quit: () => "Ctrl-C again leaves; so does /quit",
};

function medianRttMs(peers: readonly PeerView[]): number {
  const rtts = peers.flatMap((peer) => peer.rttMs ?? []).sort((a, b) => a - b);
  return rtts[rtts.length >>> 1] ?? 0;
}
