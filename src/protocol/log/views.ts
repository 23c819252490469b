/**
 * The log as nodes see it that keep less: what they keep of these messages. It follows from what is kept here, so it can be
 * compared with what they hold. Each view grows with the log, and lets go by its own limit.
 */
import type { KeepLimits } from "../../wire/frames.ts";
import { type MessageId, timeOfId } from "../../wire/ids.ts";
import { createOrderedSet, type OrderedSet } from "../idset/orderedSet.ts";
import type { Millis, UnixMillis } from "../time.ts";
import { type Classes, classOf, createClasses } from "./classes.ts";
import { idAt, isLargeAt, isOlder, type MessageIndex } from "./messageIndex.ts";
import { keep, letGo } from "./retention.ts";

/** By what who sees it keeps, as text. BOUNDED: VIEWS_MAX, each by those limits. */
export type Views = { readonly byLimits: Map<string, View>; madeAt: Millis };
type View = {
  readonly since: UnixMillis;
  readonly ids: OrderedSet<MessageId>;
  readonly classes: Classes;
  usedAt: Millis;
};

/** Limits smaller than the own that are told apart; nodes with others are not compared with. */
export const VIEWS_MAX = 4;
/** A view that nobody has asked for so long makes room for another. */
const IDLE_MS: Millis = 60_000;
/** Making one goes through the whole log. */
const MADE_EVERY_MS: Millis = 1_000;

export function createViews(): Views {
  return { byLimits: new Map(), madeAt: Number.NEGATIVE_INFINITY };
}

/** What who keeps so much keeps of the index; undefined: that cannot be said now. */
export function viewFor(
  views: Views,
  index: MessageIndex,
  limits: KeepLimits,
  now: Millis,
): OrderedSet<MessageId> | undefined {
  const view = views.byLimits.get(keyOf(limits)) ?? makeView(views, index, limits, now);
  if (view !== undefined) view.usedAt = now;
  return view?.ids;
}

/** The index has taken this message in, in that slot. */
export function addToViews(views: Views, index: MessageIndex, id: MessageId, slot: number): void {
  for (const view of views.byLimits.values()) add(view, index, id, slot);
}

export function clearViews({ byLimits }: Views): void {
  byLimits.clear();
}

// --- internal ---

function keyOf({ since, small, large }: KeepLimits): string {
  return `${since} ${small} ${large}`;
}

function makeView(views: Views, index: MessageIndex, limits: KeepLimits, now: Millis): View | undefined {
  if (now - views.madeAt < MADE_EVERY_MS) return undefined;
  if (views.byLimits.size >= VIEWS_MAX) {
    const idle = [...views.byLimits].find(([, { usedAt }]) => now - usedAt >= IDLE_MS);
    if (idle === undefined) return undefined;
    views.byLimits.delete(idle[0]);
  }
  views.madeAt = now;
  const classes = createClasses(limits, (one, other) => isOlder(index, one, other));
  const view: View = { since: limits.since, ids: createOrderedSet<MessageId>(), classes, usedAt: now };
  for (const id of index.ids.slice("", "~", index.ids.size())) add(view, index, id, index.ids.valueOf(id) as number);
  views.byLimits.set(keyOf(limits), view);
  return view;
}

function add({ since, ids, classes }: View, index: MessageIndex, id: MessageId, slot: number): void {
  if (timeOfId(id) < since) return;
  const { author } = index.columns;
  ids.insert(id, slot);
  const retention = classOf(classes, isLargeAt(index, slot));
  keep(retention, author[slot] as number, slot);
  const gone = letGo(retention);
  if (gone !== undefined) ids.remove(idAt(index, gone));
}
