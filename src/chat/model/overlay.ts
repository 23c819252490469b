/**
 * What messages say about other messages, and what follows for how these are shown. It is a function of the set of messages
 * alone: ids sort by time and by cause, so where two messages speak of the same the one with the larger id counts. So all
 * nodes with the same messages show the same, in whatever order these came.
 *
 * - An edit or a deletion counts if its author is that of its target. The newest edit gives the text. Deleted is deleted,
 *   whatever was edited before or after.
 * - The newest reaction of an author to a message is the one that it has; an empty one takes it back.
 * - All of these, and replies, count if their target is a line, older than they are.
 */
import type { Message } from "../../protocol/views.ts";
import type { MessageId, PeerId } from "../../wire/ids.ts";
import { type Layers, noLayers, valueIn, withValue } from "./layers.ts";
import { sanitizeLine } from "./sanitize.ts";

/** What a message says about another. */
export type Relation = {
  readonly id: MessageId;
  readonly author: PeerId;
  readonly kind: "edit" | "delete" | "react" | "reply";
  readonly target: MessageId;
  readonly text: string;
};

/** What is said about one message, whether it is here or not. */
export type Related = {
  /** The newest of each author. BOUNDED: EDITORS_MAX each, the oldest go first: one of them can be the target's author. */
  readonly edits: ByAuthor;
  readonly deletes: ByAuthor;
  /** The newest of each author, safe to show, those that were taken back among them. BOUNDED: REACTORS_MAX, the oldest go first. */
  readonly reactions: ByAuthor;
  /** Ascending. BOUNDED: REPLIES_MAX, the oldest go first. */
  readonly replies: readonly MessageId[];
};

/** `authors`: in the order in which they reacted. */
export type Reaction = { readonly text: string; readonly authors: readonly PeerId[] };

/** What follows for a message that is here. `edit`: undefined where its text is what it was. */
export type Amendment = {
  readonly edit: { readonly id: MessageId; readonly text: string } | undefined;
  readonly isDeleted: boolean;
  /** In the order of the oldest in each. */
  readonly reactions: readonly Reaction[];
};

/** BOUNDED: RELATED_MAX messages about which something is said, the oldest go first. */
export type Overlay = { readonly related: Layers<Related>; readonly floor: string };

export const RELATED_MAX = 10_000;
export const EDITORS_MAX = 8;
export const REACTORS_MAX = 1_000;
export const REPLIES_MAX = 1_000;

/** Messages that take a line of their own and can be answered, edited, deleted and reacted to. */
export function isLine({ kind }: Pick<Message, "kind">): boolean {
  return kind === "text" || kind === "action" || kind === "notice" || kind === "reply";
}

/** Whether it has a line of its own: what only changes others has none. */
export function takesLine({ kind }: Pick<Message, "kind">): boolean {
  return kind !== "edit" && kind !== "delete" && kind !== "react";
}

/** Undefined: the message says nothing about another one. */
export function relationOf({ id, author, kind, target, text, erased }: Message): Relation | undefined {
  if (kind !== "edit" && kind !== "delete" && kind !== "react" && kind !== "reply") return undefined;
  // Without its words it changes nothing. A reply stands where it stood.
  if (erased === true && kind !== "reply") return undefined;
  // What it is about was there before it.
  if (target === undefined || target >= id) return undefined;
  return { id, author: author.id, kind, target, text };
}

export const nothingRelated: Related = { edits: new Map(), deletes: new Map(), reactions: new Map(), replies: [] };

/** The same object where the relation changes nothing. */
export function withRelation(related: Related, { id, author, kind, text }: Relation): Related {
  switch (kind) {
    case "edit": {
      const edits = newestOf(related.edits, author, { id, text }, EDITORS_MAX);
      return edits === related.edits ? related : { ...related, edits };
    }
    case "delete": {
      const deletes = newestOf(related.deletes, author, { id, text: "" }, EDITORS_MAX);
      return deletes === related.deletes ? related : { ...related, deletes };
    }
    case "react": {
      const said = { id, text: sanitizeLine(text).trim() };
      const reactions = newestOf(related.reactions, author, said, REACTORS_MAX);
      return reactions === related.reactions ? related : { ...related, reactions };
    }
    case "reply": {
      if (related.replies.includes(id)) return related;
      const replies = [...related.replies, id].sort().slice(-REPLIES_MAX);
      return replies.includes(id) ? { ...related, replies } : related;
    }
  }
}

/** Of a message that is no line nothing is changed. */
export function amendmentOf(related: Related, target: Pick<Message, "author" | "kind">): Amendment {
  const { id } = target.author;
  if (related === nothingRelated || !isLine(target)) return UNCHANGED;
  const isDeleted = related.deletes.has(id);
  return {
    edit: isDeleted ? undefined : related.edits.get(id),
    isDeleted,
    reactions: isDeleted || related.reactions.size === 0 ? [] : reactionsOf(related),
  };
}

export function createOverlay(): Overlay {
  return { related: noLayers(), floor: "" };
}

/** The same object where the relation changes nothing. */
export function overlayWith(overlay: Overlay, relation: Relation): Overlay {
  const { target } = relation;
  if (target <= overlay.floor) return overlay;
  const before = relatedTo(overlay, target);
  const related = withRelation(before, relation);
  return related === before ? overlay : bounded({ ...overlay, related: withValue(overlay.related, target, related) });
}

export function relatedTo({ related }: Overlay, target: MessageId): Related {
  return valueIn(related, target) ?? nothingRelated;
}

/** As it reads now: with the text of the edit that counts, or without text. `message` itself where it is unchanged. */
export function amended(message: Message, { edit, isDeleted }: Omit<Amendment, "reactions">): Message {
  if (isDeleted || message.deleted === true) {
    return message.deleted === true ? message : { ...message, text: "", deleted: true };
  }
  if (edit === undefined || edit.id <= (message.editedBy ?? "")) return message;
  return { ...message, text: edit.text, editedBy: edit.id };
}

// --- internal ---

type Said = { readonly id: MessageId; readonly text: string };
type ByAuthor = ReadonlyMap<PeerId, Said>;

const UNCHANGED: Amendment = { edit: undefined, isDeleted: false, reactions: [] };
/** Selectors of the presentation: a heart with and one without it are one reaction. */
const SELECTORS = /[\ufe0e\ufe0f]/g;

/** With this one, if it is its author's newest. The newest `most` of all authors stay. */
function newestOf(all: ByAuthor, author: PeerId, said: Said, most: number): ByAuthor {
  if ((all.get(author)?.id ?? "") >= said.id) return all;
  const next = new Map(all).set(author, said);
  if (next.size <= most) return next;
  let oldest: [PeerId, Said] = [author, said];
  for (const entry of next) if (entry[1].id < oldest[1].id) oldest = entry;
  if (oldest[0] === author) return all;
  next.delete(oldest[0]);
  return next;
}

function reactionsOf({ reactions }: Related): Reaction[] {
  const groups = new Map<string, { text: string; authors: PeerId[] }>();
  const inOrder = [...reactions].sort(([, one], [, other]) => (one.id < other.id ? -1 : 1));
  for (const [author, { text }] of inOrder) {
    if (text === "") continue;
    const key = text.replace(SELECTORS, "");
    const group = groups.get(key) ?? { text, authors: [] };
    group.authors.push(author);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** A tenth at a time, so that not every relation beyond the bound looks for the oldest. */
function bounded(overlay: Overlay): Overlay {
  const { older } = overlay.related;
  if (older.size <= RELATED_MAX) return overlay;
  const targets = [...older.keys()].sort();
  const floor = targets[targets.length - Math.floor(RELATED_MAX * 0.9) - 1] as string;
  const kept = (entries: ReadonlyMap<string, Related>) => new Map([...entries].filter(([target]) => target > floor));
  return { floor, related: { older: kept(older), recent: kept(overlay.related.recent) } };
}
