/**
 * What is to be kept of a set of messages, reckoned anew from the whole set as PROTOCOL.md says it. The core does it message by
 * message, by other means.
 */
import { isLarge, largeMost } from "../../protocol/log/classes.ts";
import type { MessageId } from "../../wire/ids.ts";
import { entry } from "./words.ts";

/** `author`: whatever tells authors apart. `size`: bytes of the whole message. */
export type Sized = { readonly id: MessageId; readonly author: number | string; readonly size: number };

/** Those that are kept by who keeps `most`, and large ones beside them. */
export function retained(messages: Iterable<Sized>, most: number): Set<MessageId> {
  const [small, large]: [Sized[], Sized[]] = [[], []];
  for (const message of messages) (isLarge(message.size) ? large : small).push(message);
  return new Set([...best(small, most), ...best(large, largeMost(most))]);
}

// --- internal ---

/** By how many newer ones of the same author there are, and then by id. */
function best(messages: readonly Sized[], most: number): MessageId[] {
  const newer = new Map<number | string, number>();
  return messages
    .toSorted((one, other) => (one.id < other.id ? 1 : -1))
    .map(({ id, author }) => {
      const depth = entry(newer, author, () => 0);
      newer.set(author, depth + 1);
      return { id, depth };
    })
    .sort((one, other) => one.depth - other.depth || (one.id < other.id ? 1 : -1))
    .slice(0, most)
    .map(({ id }) => id);
}
