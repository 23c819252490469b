/** The status line: where one is, who is there and what is out of sight; or, while one is open, a question. */
import type { Room } from "../chat/room.ts";
import { sanitizeLine, sanitizeNick } from "../chat/sanitize.ts";
import { clockText, countText, durationText } from "../chat/wording.ts";
import type { PeerView } from "../protocol/types.ts";
import type { Composer, Question } from "./composer.ts";
import { type Palette, paintSpan } from "./style.ts";
import { fitWidth } from "./text.ts";

/** A round trip above this is worth a word. */
const LAG_SHOWN_MS = 500;

export type StatusFacts = {
  readonly now: number;
  readonly roomName: string;
  readonly self: PeerView;
  /** As the node lists them now; `lag` is taken from those that answer. */
  readonly peers: readonly PeerView[];
  readonly room: Room;
  /** Entries below the view. */
  readonly below: number;
};

export function statusText(facts: StatusFacts): string {
  const { now, roomName, self, peers, room, below } = facts;
  const here = peers.filter((peer) => peer.status === "alive" || peer.status === "suspect");
  const silent = peers.filter((peer) => peer.status === "suspect").length;
  const parts = [clockText(now), `#${sanitizeLine(roomName)}`];
  // What is out of sight comes early: a narrow terminal cuts the end.
  if (below > 0) parts.push(`-MORE(${below})-`);
  if (room.unread !== undefined && room.unread.count > 0) parts.push(`${room.unread.count} unread`);
  parts.push(sanitizeNick(self.nick));
  parts.push(
    here.length === 0 ? "alone" : `${countText(here.length, "peer")}${silent > 0 ? `, ${silent} silent` : ""}`,
  );
  const lagMs = medianRttMs(here);
  if (lagMs > LAG_SHOWN_MS) parts.push(`lag ${durationText(lagMs)}`);
  return parts.map((part) => `[${part}]`).join(" ");
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

const QUESTIONS: Readonly<Record<Question, (text: string) => string>> = {
  "send-lines": (text) => `${text.split("\n").length} lines pasted: Enter sends them as one message, Esc goes back`,
  "send-slash": () => "a command? Enter sends this as text, Esc goes back",
  quit: () => "Ctrl-C again leaves; so does /quit",
};

function medianRttMs(peers: readonly PeerView[]): number {
  const rtts = peers.flatMap((peer) => peer.rttMs ?? []).sort((a, b) => a - b);
  return rtts[rtts.length >>> 1] ?? 0;
}
