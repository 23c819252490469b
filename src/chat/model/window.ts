/** A page of messages among the entries of a timeline. */
import type { Message } from "../../protocol/views.ts";
import { type Entry, messageEntry, noteNick, type Timeline } from "./timeline.ts";

/** In the order of keys, each once; whatever the floor of the timeline is. `messages`: ascending. */
export function withMessages(timeline: Timeline, messages: readonly Message[]): Timeline {
  let named = timeline;
  const page = messages.map((message): Entry => {
    const { id, nick } = message.author;
    if (nick !== "") named = noteNick(named, nick, id);
    return messageEntry(message, timeline.peers.get(id)?.nick);
  });
  return { ...named, entries: merged(page, timeline.entries) };
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
