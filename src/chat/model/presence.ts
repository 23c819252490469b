/** Folds comings and goings of people: what several changes in a row amount to, in one line. */
import type { Author } from "../../protocol/views.ts";
import type { PeerId } from "../../wire/ids.ts";

/** `passed`: came and went, or went and came back, within one folded line. */
export type Presence = "joined" | "left" | "lost" | "passed" | "back";

export type PresenceChange = {
  readonly id: PeerId;
  readonly nick: string;
  readonly tag: string;
  readonly status: Presence;
};

export type Folded = {
  /** One for each peer. BOUNDED: PRESENCE_NAMES_MAX. */
  readonly changes: readonly PresenceChange[];
  /** Changes of further peers, which are counted only. */
  readonly further: Readonly<Partial<Record<Presence, number>>>;
};

/** People remembered by name in one folded line. */
export const PRESENCE_NAMES_MAX = 50;

export const nothingFolded: Folded = { changes: [], further: {} };

/** `change.status` is joined, left or lost. */
export function foldPresence({ changes, further }: Folded, change: PresenceChange): Folded {
  const before = changes.find((other) => other.id === change.id);
  if (before === undefined && changes.length >= PRESENCE_NAMES_MAX) {
    return { changes, further: { ...further, [change.status]: (further[change.status] ?? 0) + 1 } };
  }
  const folded = before === undefined ? change : { ...change, status: combine(before.status, change.status) };
  return { changes: [...changes.filter((other) => other.id !== change.id), folded], further };
}

/** "bob, eve joined; dan left" */
export function presenceText({ changes, further }: Folded, label: (author: Author) => string): string {
  const parts: string[] = [];
  for (const [status, one, several] of WORDS) {
    const nicks = changes.filter((change) => change.status === status).map(label);
    const count = nicks.length + (further[status] ?? 0);
    if (count === 0) continue;
    // One name more takes no more room than "1 other".
    const named = count <= NAMES_SHOWN_MAX + 1 ? nicks : nicks.slice(0, NAMES_SHOWN_MAX);
    const others = count - named.length;
    const names = named.join(", ") + (named.length > 0 && others > 0 ? " and " : "") + othersText(others, named.length);
    parts.push(`${names} ${count === 1 ? one : several}`);
  }
  return parts.join("; ");
}

// --- internal ---

/** Names in one line of joins and leaves, per kind; the others are counted. */
const NAMES_SHOWN_MAX = 8;

const WORDS: ReadonlyArray<readonly [Presence, one: string, several: string]> = [
  ["joined", "joined", "joined"],
  ["back", "is back", "are back"],
  ["passed", "came and went", "came and went"],
  ["left", "left", "left"],
  ["lost", "does not answer any more", "do not answer any more"],
];

/** What two changes of one peer in a row amount to. */
function combine(before: Presence, after: Presence): Presence {
  const wasHere = before === "left" || before === "lost" || before === "back";
  if (after === "joined") return wasHere ? "back" : "joined";
  return wasHere ? after : "passed";
}

function othersText(others: number, named: number): string {
  if (others === 0) return "";
  if (named === 0) return others === 1 ? "1 peer" : `${others} peers`;
  return others === 1 ? "1 other" : `${others} others`;
}
