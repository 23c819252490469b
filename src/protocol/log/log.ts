/**
 * The log of a room: every message kept, in the order of ids, with what is known of its causes. It grows at the heads,
 * is trimmed at the horizon, and refuses what lies below.
 */
import { tagOf } from "../../crypto/identity.ts";
import type { SignedMessage } from "../../crypto/signed.ts";
import { decodeBody } from "../../wire/bodies/body.ts";
import { PARENTS_MAX } from "../../wire/envelope.ts";
import { type MessageId, type PeerId, timeOfId } from "../../wire/ids.ts";
import { createOrderedSet, type OrderedSet } from "../idset/orderedSet.ts";
import { boundOfTime } from "../idset/range.ts";
import type { Millis, Now, UnixMillis } from "../time.ts";
import type { Message } from "../views.ts";
import { createCausalOrder } from "./causalOrder.ts";
import { liftLimit } from "./hlc.ts";

export type Kept = {
  readonly message: SignedMessage;
  /** Fetched as history rather than heard live. */
  readonly history: boolean;
};

export type Inserted = {
  /** To be handed on now, in causal order. */
  readonly delivered: readonly Message[];
  /** Parents that are not kept and above the horizon. */
  readonly missing: readonly MessageId[];
  /** Another message with this author and seq is kept: a forked key. */
  readonly forked: boolean;
  readonly trimmedBelow: MessageId | undefined;
};

export type Log = {
  readonly ids: OrderedSet<MessageId>;
  readonly get: (id: MessageId) => Kept | undefined;
  /** Kept, or let go already: nothing new. */
  readonly isKnown: (id: MessageId) => boolean;
  /** `waitMs`: how long it is held back at most for parents that are not here. */
  readonly insert: (kept: Kept, now: Now, waitMs: Millis) => Inserted;
  /** At most 4 ids that a message written now names as its parents, ascending: what its author can have seen. */
  readonly parents: (wall: UnixMillis) => MessageId[];
  /** The stamp of the newest message that is kept; 0: none is. */
  readonly latest: () => UnixMillis;
  /** Parents that kept messages name and that are neither kept nor below the horizon. */
  readonly missingCount: () => number;
  /** hlc, ms, below which messages were let go; 0: never. */
  readonly horizon: () => UnixMillis;
  readonly view: (id: MessageId) => Message | undefined;
  readonly hold: () => void;
  readonly release: () => Message[];
  readonly giveUp: (now: Millis) => Message[];
  readonly nextGiveUp: () => Millis | undefined;
  readonly heldCount: () => number;
  readonly setMax: (messages: number) => MessageId | undefined;
};

/** More heads than this are left to their later children: parents name the newest ones. */
const HEADS_MAX = 64;

/** BOUNDED: `maxMessages`; the oldest go first. */
export function createLog(self: PeerId, maxMessages: number): Log {
  const kept = new Map<MessageId, Kept>();
  const ids = createOrderedSet<MessageId>();
  const causalOrder = createCausalOrder();
  /** BOUNDED: HEADS_MAX. Kept messages that no kept message names as parent. */
  const heads = new Set<MessageId>();
  /** BOUNDED: as kept. Parents that kept messages name, kept themselves or not, and how often. */
  const named = new Map<MessageId, number>();
  /** BOUNDED: as kept. */
  const seqs = new Map<string, number>();
  let max = maxMessages;
  let horizon = 0;

  const view = (id: MessageId): Message | undefined => {
    const entry = kept.get(id);
    return entry === undefined ? undefined : viewOf(entry, self);
  };
  const views = (of: readonly MessageId[]): Message[] => of.map(view).filter((message) => message !== undefined);

  const addHead = (id: MessageId): void => {
    heads.add(id);
    if (heads.size <= HEADS_MAX) return;
    heads.delete([...heads].sort()[0] as MessageId);
  };
  const trim = (): { delivered: Message[]; below: MessageId | undefined } => {
    const delivered: Message[] = [];
    let below: MessageId | undefined;
    while (ids.size() > max) {
      const oldest = ids.at(0) as MessageId;
      if (causalOrder.isHeld(oldest)) delivered.push(...views(causalOrder.giveUp(Number.POSITIVE_INFINITY)));
      const entry = kept.get(oldest) as Kept;
      ids.remove(oldest);
      kept.delete(oldest);
      heads.delete(oldest);
      for (const parent of entry.message.content.parents) decrease(named, parent);
      decrease(seqs, seqKey(entry));
      horizon = entry.message.content.hlc + 1;
      below = ids.at(0) ?? oldest;
    }
    return { delivered, below };
  };

  return {
    ids,
    get: (id) => kept.get(id),
    isKnown: (id) => kept.has(id) || isBelow(id, horizon),
    insert: (entry, now, waitMs) => {
      const { id, content } = entry.message;
      kept.set(id, entry);
      ids.insert(id);
      const sameSeq = increase(seqs, seqKey(entry));
      for (const parent of content.parents) {
        increase(named, parent);
        heads.delete(parent);
      }
      if (!named.has(id)) addHead(id);
      const missing = content.parents.filter((parent) => !kept.has(parent) && !isBelow(parent, horizon));
      const blocking = content.parents.filter((parent) => missing.includes(parent) || causalOrder.isHeld(parent));
      const delivered = views(causalOrder.admit(id, blocking, now.mono + waitMs, content.author === self));
      const trimmed = trim();
      return {
        delivered: [...delivered, ...trimmed.delivered],
        missing,
        forked: sameSeq > 1,
        trimmedBelow: trimmed.below,
      };
    },
    parents: (wall) =>
      [...heads]
        .filter((id) => !causalOrder.isHeld(id))
        .filter((id) => timeOfId(id) <= liftLimit(wall))
        .sort()
        .slice(-PARENTS_MAX),
    latest: () => {
      const newest = ids.at(ids.size() - 1);
      return newest === undefined ? 0 : timeOfId(newest);
    },
    missingCount: () => {
      let missing = 0;
      for (const id of named.keys()) if (!kept.has(id) && !isBelow(id, horizon)) missing += 1;
      return missing;
    },
    horizon: () => horizon,
    view,
    hold: causalOrder.hold,
    release: () => views(causalOrder.release()),
    giveUp: (now) => views(causalOrder.giveUp(now)),
    nextGiveUp: causalOrder.nextGiveUp,
    heldCount: causalOrder.heldCount,
    setMax: (messages) => {
      max = messages;
      return trim().below;
    },
  };
}

// --- internal ---

function viewOf(entry: Kept, self: PeerId): Message {
  const { id, content } = entry.message;
  const body = decodeBody(content.kind, content.body);
  const [nick, text] = body.kind === "unknown" ? ["", ""] : [body.nick, body.text];
  return {
    id,
    author: { id: content.author, tag: tagOf(content.author), nick },
    seq: content.seq,
    kind: body.kind,
    kindNumber: content.kind,
    target: content.target,
    text,
    time: content.hlc,
    parents: content.parents,
    own: content.author === self,
    history: entry.history,
  };
}

function isBelow(id: MessageId, horizon: UnixMillis): boolean {
  return horizon > 0 && id < boundOfTime(horizon);
}

function seqKey(entry: Kept): string {
  return `${entry.message.content.author} ${entry.message.content.seq}`;
}

function increase<Key>(table: Map<Key, number>, key: Key): number {
  const count = (table.get(key) ?? 0) + 1;
  table.set(key, count);
  return count;
}

function decrease<Key>(table: Map<Key, number>, key: Key): void {
  const count = (table.get(key) ?? 0) - 1;
  if (count > 0) table.set(key, count);
  else table.delete(key);
}
