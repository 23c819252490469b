/**
 * The log as nodes see it that keep less: what they keep of these messages. It follows from what is kept here, so it can be
 * compared with what they hold. Each view grows with the log, and lets go by its own limit.
 */
import type { MessageId } from "../../wire/ids.ts";
import { createOrderedSet, type OrderedSet } from "../idset/orderedSet.ts";
import type { Millis } from "../time.ts";
import { type Classes, classOf, createClasses } from "./classes.ts";
import { idAt, isOlder, type MessageIndex } from "./messageIndex.ts";
import { keep, letGo } from "./retention.ts";

/** By how many messages who sees it keeps. BOUNDED: VIEWS_MAX, each by that number. */
export type Views = { readonly byMost: Map<number, View>; madeAt: Millis };
type View = { readonly ids: OrderedSet<MessageId>; readonly classes: Classes; usedAt: Millis };

/** Limits smaller than the own that are told apart; nodes with others are not compared with. */
export const VIEWS_MAX = 4;
/** A view that nobody has asked for so long makes room for another. */
const IDLE_MS: Millis = 60_000;
/** Making one goes through the whole log. */
const MADE_EVERY_MS: Millis = 1_000;

export function createViews(): Views {
  return { byMost: new Map(), madeAt: Number.NEGATIVE_INFINITY };
}

/** What who keeps `most` keeps of the index; undefined: that cannot be said now. */
export function viewFor(
  views: Views,
  index: MessageIndex,
  most: number,
  now: Millis,
): OrderedSet<MessageId> | undefined {
  const view = views.byMost.get(most) ?? makeView(views, index, most, now);
  if (view !== undefined) view.usedAt = now;
  return view?.ids;
}

/** The index has taken this message in, in that slot. */
export function addToViews(views: Views, index: MessageIndex, id: MessageId, slot: number): void {
  for (const view of views.byMost.values()) add(view, index, id, slot);
}

export function clearViews({ byMost }: Views): void {
  byMost.clear();
}

// --- internal ---

function makeView(views: Views, index: MessageIndex, most: number, now: Millis): View | undefined {
  if (now - views.madeAt < MADE_EVERY_MS) return undefined;
  if (views.byMost.size >= VIEWS_MAX) {
    const idle = [...views.byMost].find(([, { usedAt }]) => now - usedAt >= IDLE_MS);
    if (idle === undefined) return undefined;
    views.byMost.delete(idle[0]);
  }
  views.madeAt = now;
  const classes = createClasses(most, (one, other) => isOlder(index, one, other));
  const view: View = { ids: createOrderedSet<MessageId>(), classes, usedAt: now };
  for (const id of index.ids.slice("", "~", index.ids.size())) add(view, index, id, index.ids.valueOf(id) as number);
  views.byMost.set(most, view);
  return view;
}

function add({ ids, classes }: View, index: MessageIndex, id: MessageId, slot: number): void {
  const { author, size } = index.columns;
  ids.insert(id, slot);
  const retention = classOf(classes, size[slot] as number);
  keep(retention, author[slot] as number, slot);
  const gone = letGo(retention);
  if (gone !== undefined) ids.remove(idAt(index, gone));
}
