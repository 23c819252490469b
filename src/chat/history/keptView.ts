/**
 * What is kept of a room as it reads now: with the newest text of what was edited, and without the text of what was deleted, as
 * far as what is kept says so. Everything that is read for people and programs comes through here.
 *
 * The index of the node tells which messages speak about others; their bodies are read only where they matter.
 */
import { isInText, type SearchQuery } from "../../node/search.ts";
import type { RoomHandle } from "../../node/types.ts";
import type { IndexedMessage, Message } from "../../protocol/views.ts";
import { kindNumber } from "../../wire/bodies/kinds.ts";
import type { MessageId, PeerId } from "../../wire/ids.ts";
import {
  amended,
  amendmentOf,
  isLine,
  nothingRelated,
  type Relation,
  relationOf,
  withRelation,
} from "../model/overlay.ts";

/** What of a room's handle this needs. */
type Kept = Pick<RoomHandle, "read" | "ofKinds">;

/** The newest `limit` below `before`, oldest first, as they read now. Rejects with a StoreError. */
export function keptPage(
  room: Kept & Pick<RoomHandle, "history">,
  limit: number,
  before?: MessageId,
): Promise<Message[]> {
  return room.history(limit, before).then((page) => asTheyRead(room, page));
}

/** These, in their order, as they read now; undefined where one is not kept. Rejects with a StoreError. */
export async function keptMessages(room: Kept, ids: readonly MessageId[]): Promise<(Message | undefined)[]> {
  const found = await room.read(ids);
  const now = await asTheyRead(
    room,
    found.filter((message) => message !== undefined),
  );
  const byId = new Map(now.map((message) => [message.id, message]));
  return ids.map((id) => byId.get(id));
}

/** The same messages as they read now. Of an edit of what was deleted the text is gone, too. Rejects with a StoreError. */
export function asTheyRead(room: Kept, messages: readonly Message[]): Promise<Message[]> | Message[] {
  if (messages.length === 0) return [];
  const about = changesOf(room);
  // In most rooms nobody ever changes anything.
  if (about.size === 0) return [...messages];
  return Promise.all(
    messages.map(async (message) => {
      const target = message.kind === "edit" ? message.target : message.id;
      const changes = about.get(changeKey(target ?? message.id, message.author.id));
      if (changes === undefined) return message;
      if (message.kind === "edit")
        return (await isDeletedBy(room, changes)) ? amended(message, { edit: undefined, isDeleted: true }) : message;
      return isLine(message) ? amended(message, await changeThatCounts(room, changes, message)) : message;
    }),
  );
}

/** What fits as it reads now, newest first, a part at a time as it is found. Rejects with a StoreError. */
export async function* searchKept(
  room: Kept & Pick<RoomHandle, "search">,
  query: SearchQuery,
): AsyncGenerator<readonly Message[], void, undefined> {
  // Whether these fit is told by texts that stand elsewhere.
  const edited = new Set(room.ofKinds([kindNumber("edit")]).map(({ target }) => target));
  for await (const part of room.search(query, (id) => edited.has(id))) {
    const said = await asTheyRead(
      room,
      part.filter((message) => isLine(message) || message.kind === "topic"),
    );
    const found = said.filter((message) => message.deleted !== true && isInText(query, message.text));
    if (found.length > 0) yield found;
  }
}

/**
 * Which messages were deleted: whether the one with this id and author was, if it is a line. This is the place that says so.
 * Rejects with a StoreError.
 */
export async function deletedIn(room: Kept): Promise<(id: MessageId, author: PeerId) => boolean> {
  const said = room.ofKinds([kindNumber("delete")]);
  const deleted = new Set<string>();
  for (let at = 0; at < said.length; at += TOGETHER) {
    const read = await room.read(said.slice(at, at + TOGETHER).map(({ id }) => id));
    for (const message of read) {
      const relation = message && relationOf(message);
      if (relation?.kind === "delete") deleted.add(changeKey(relation.target, relation.author));
    }
  }
  return (id, author) => deleted.has(changeKey(id, author));
}

/** The topic as it was set last; undefined: it never was, as far as is kept. Rejects with a StoreError. */
export async function topicIn(room: Kept): Promise<Message | undefined> {
  const said = room.ofKinds([kindNumber("topic")]);
  for (let at = said.length - 1; at >= 0; at -= 1) {
    const [message] = await room.read([(said[at] as IndexedMessage).id]);
    if (message?.kind === "topic" && message.erased !== true) return message;
  }
  return undefined;
}

// --- internal ---

/** Bodies that are read at once. */
const TOGETHER = 200;
/** Of the edits of one message, the newest first. */
const CHANGES_TOGETHER = 4;

/** What one author said about one message of the same author's, if it is: in the order of ids. */
type Changes = { readonly edits: readonly MessageId[]; readonly deletes: readonly MessageId[] };

function changeKey(target: MessageId, author: PeerId): string {
  return target + author;
}

/** Edits and deletions, by what they are about and their authors. BOUNDED: by what is kept. */
function changesOf(room: Kept): ReadonlyMap<string, Changes> {
  const all = new Map<string, { edits: MessageId[]; deletes: MessageId[] }>();
  for (const { id, author, kind, target } of room.ofKinds([kindNumber("edit"), kindNumber("delete")])) {
    if (target === undefined) continue;
    const key = changeKey(target, author);
    const changes = all.get(key) ?? { edits: [], deletes: [] };
    (kind === kindNumber("edit") ? changes.edits : changes.deletes).push(id);
    all.set(key, changes);
  }
  return all;
}

async function isDeletedBy(room: Kept, { deletes }: Changes): Promise<boolean> {
  return (await newestThatIs(room, "delete", deletes)) !== undefined;
}

async function changeThatCounts(
  room: Kept,
  { edits, deletes }: Changes,
  target: Message,
): Promise<ReturnType<typeof amendmentOf>> {
  const relation = (await newestThatIs(room, "delete", deletes)) ?? (await newestThatIs(room, "edit", edits));
  return amendmentOf(relation === undefined ? nothingRelated : withRelation(nothingRelated, relation), target);
}

/** The body of the newest may be none of this kind: then the one before it counts. */
async function newestThatIs(
  room: Kept,
  kind: Relation["kind"],
  ids: readonly MessageId[],
): Promise<Relation | undefined> {
  for (let end = ids.length; end > 0; end -= CHANGES_TOGETHER) {
    const read = await room.read(ids.slice(Math.max(end - CHANGES_TOGETHER, 0), end));
    for (const message of read.toReversed()) {
      const relation = message && relationOf(message);
      if (relation?.kind === kind) return relation;
    }
  }
  return undefined;
}
