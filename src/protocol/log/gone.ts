/**
 * What a log has let go lately, or refused because it would have been let go at once. It would go again, so nobody is asked for
 * it. It is found by its id, and by the front of its id where a peer lists it by a short id.
 */
import type { MessageId } from "../../wire/ids.ts";
import { createOrderedSet, type OrderedSet } from "../idset/orderedSet.ts";
import { limits } from "../limits.ts";

export type Gone = {
  /** BOUNDED: `limits.gone`, the latest last. Whether it was kept before. */
  readonly latest: Map<MessageId, boolean>;
  /** The same, in order. */
  ids: OrderedSet<MessageId>;
};

export function createGone(): Gone {
  return { latest: new Map(), ids: createOrderedSet() };
}

export function noteGone(gone: Gone, id: MessageId, wasKept: boolean): void {
  const { latest, ids } = gone;
  latest.delete(id);
  latest.set(id, wasKept);
  ids.insert(id);
  if (latest.size > limits.gone) forgetGone(gone, latest.keys().next().value as MessageId);
}

/** It is kept again, or was noted too long ago. */
export function forgetGone({ latest, ids }: Gone, id: MessageId): void {
  if (latest.delete(id)) ids.remove(id);
}

export function clearGone(gone: Gone): void {
  gone.latest.clear();
  gone.ids = createOrderedSet();
}
