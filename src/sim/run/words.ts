/** What the checkers share: how they report a broken invariant. */
import type { MessageId } from "../../wire/ids.ts";

export type Complain = (text: string) => void;

/** Enough to tell messages of a run apart. */
export function short(id: MessageId): string {
  return id.slice(0, 20);
}

export function entry<Key, Value>(table: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = table.get(key);
  if (known !== undefined) return known;
  const made = make();
  table.set(key, made);
  return made;
}
