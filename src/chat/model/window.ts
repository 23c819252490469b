/** A page of messages among the entries of a timeline. */
import type { Message } from "../../protocol/views.ts";
import { takesLine } from "./overlay.ts";
import { type Entry, messageEntry, noteAbout, refreshed, type Timeline } from "./timeline.ts";

/** In the order of keys, each once; whatever the floor of the timeline is. `messages`: ascending. */
export function withMessages(timeline: Timeline, messages: readonly Message[]): Timeline {
  const noted = messages.reduce(noteAbout, timeline);
  // What ignored people said comes back when it is read again.
  const lines = messages.filter((message) => takesLine(message) && !timeline.ignored.has(message.author.id));
  const page = lines.map((message): Entry => messageEntry(message, timeline.peers.get(message.author.id)?.nick));
  const entries = merged(page, noted.entries);
  return refreshed(
    { ...noted, entries },
    lines.map(({ id }) => id),
  );
}

// --- internal ---

function merged(one: readonly Entry[], other: readonly Entry[]): Entry[] {
  const entries: Entry[] = [];
  for (let [at, otherAt] = [0, 0]; at < one.length || otherAt < other.length; ) {
    const [next, otherNext] = [one[at], other[otherAt]];
    // Of two with one key that which is shown already may know of its delivery.
    if (next === undefined || (otherNext !== undefined && otherNext.key <= next.key)) {
      entries.push(otherNext as Entry);
      otherAt += 1;
      if (otherNext?.key === next?.key) at += 1;
    } else {
      entries.push(next);
      at += 1;
    }
  }
  return entries;
}
