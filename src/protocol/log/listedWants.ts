/**
 * Messages that a peer listed and that are not here. They are known by short ids, under the key of that one list: only that peer
 * can be asked. What of a list is lacking is asked for in one frame, and again until it is here.
 *
 * Several peers may list the same message, each under another name. While one of them is asked for an id with the same front, the
 * others wait for one round trip: most likely it is the same.
 */
import type { Bound, Salt } from "../../wire/frames.ts";
import type { BootId, MessageId, ShortId } from "../../wire/ids.ts";
import type { Context } from "../context.ts";
import { frontOfId, hashOfShort, shortHash } from "../idset/shortIds.ts";
import { limits } from "../limits.ts";
import { retransmitAfterMs } from "../link/rtt.ts";
import type { Session } from "../link/session.ts";

/** A list as far as it names its ids. `key`: of its short ids. */
export type Listing = { readonly lo: Bound; readonly hi: Bound; readonly salt: Salt; readonly key: Uint8Array };

type Batch = Listing & {
  readonly number: number;
  readonly boot: BootId;
  /** BOUNDED: by a list. What is lacking yet: hash to front. */
  readonly left: Map<string, string>;
  tries: number;
};

export type ListedWants = {
  /** By number, the oldest first. BOUNDED: `limits.wanted` ids in all. */
  readonly batches: Map<number, Batch>;
  /** BOUNDED: likewise, and SAME_FRONT_MAX each. Those in which an id with this front is lacking, the oldest first. */
  readonly byFront: Map<string, Set<Batch>>;
  /** Ids lacking in all batches. */
  size: number;
  next: number;
};

/** Lists that are looked through when a message comes; the oldest is left to reconciliation. */
const SAME_FRONT_MAX = 16;
/** Then it is left to reconciliation. */
const LISTED_TRIES_MAX = 8;

export function createListedWants(): ListedWants {
  return { batches: new Map(), byFront: new Map(), size: 0, next: 0 };
}

/** Asks for these of what the peer listed, at once; for what another peer is being asked for, it seems, a little later. */
export function askListed(
  context: Context,
  wants: ListedWants,
  from: Session,
  listing: Listing,
  ids: readonly ShortId[],
): void {
  const isAskedElsewhere = (id: ShortId): boolean =>
    [...(wants.byFront.get(frontOfId(id)) ?? [])].some(({ boot }) => boot !== from.boot);
  const later = ids.filter(isAskedElsewhere);
  const now = ids.filter((id) => !later.includes(id));
  const batch = add(context, wants, from, listing, now);
  if (batch !== undefined) askAgainListed(context, wants, batch.number);
  const waiting = add(context, wants, from, listing, later);
  if (waiting !== undefined) wake(context, waiting, from);
}

/** Asks once more for what is lacking of a list, if its time has come. */
export function askAgainListed(context: Context, wants: ListedWants, number: number): void {
  const batch = wants.batches.get(number);
  if (batch === undefined) return;
  const session = context.link.sessions.get(batch.boot);
  if (session === undefined || batch.tries >= LISTED_TRIES_MAX) return drop(context, wants, batch);
  batch.tries += 1;
  const { lo, hi, salt } = batch;
  context.link.send(session, { type: "wantListed", set: "log", lo, hi, salt, hashes: [...batch.left.keys()] });
  wake(context, batch, session);
}

/** The message is here: whoever listed it need not give it. */
export function arrivedListed(context: Context, wants: ListedWants, id: MessageId): void {
  for (const batch of wants.byFront.get(frontOfId(id)) ?? []) {
    const hash = hashIn(batch, id);
    if (hash !== undefined) removeOne(context, wants, batch, hash);
  }
}

/** The peer listed it and is asked for it now. */
export function isListedWanted(wants: ListedWants, id: MessageId, { boot }: Session): boolean {
  const batches = [...(wants.byFront.get(frontOfId(id)) ?? [])];
  return batches.some((batch) => batch.boot === boot && hashIn(batch, id) !== undefined);
}

// --- internal ---

/** Undefined: there is nothing to ask for, or no room. */
function add(
  context: Context,
  wants: ListedWants,
  { boot }: Session,
  listing: Listing,
  ids: readonly ShortId[],
): Batch | undefined {
  if (ids.length === 0) return undefined;
  if (wants.size + ids.length > limits.wanted) {
    context.counters.drop("wanted-full");
    return undefined;
  }
  const left = new Map(ids.map((id) => [hashOfShort(id), frontOfId(id)]));
  const batch: Batch = { ...listing, number: wants.next, boot, left, tries: 0 };
  wants.next += 1;
  wants.batches.set(batch.number, batch);
  wants.size += left.size;
  for (const front of new Set(left.values())) {
    const others = wants.byFront.get(front) ?? new Set();
    wants.byFront.set(front, others.add(batch));
    const [oldest] = others;
    if (others.size > SAME_FRONT_MAX && oldest !== undefined) drop(context, wants, oldest);
  }
  return batch;
}

function wake({ timers, now }: Context, { number }: Batch, session: Session): void {
  timers.set(timerOf(number), now.mono + retransmitAfterMs(session.rtt), { type: "want-listed", number });
}

function hashIn({ lo, hi, key, left }: Batch, id: MessageId): string | undefined {
  if (id < lo || id >= hi) return undefined;
  const hash = shortHash(id, key);
  return left.has(hash) ? hash : undefined;
}

function removeOne(context: Context, wants: ListedWants, batch: Batch, hash: string): void {
  const front = batch.left.get(hash) as string;
  batch.left.delete(hash);
  wants.size -= 1;
  if (![...batch.left.values()].includes(front)) unlink(wants, batch, front);
  if (batch.left.size === 0) drop(context, wants, batch);
}

function drop({ timers }: Context, wants: ListedWants, batch: Batch): void {
  timers.clear(timerOf(batch.number));
  wants.batches.delete(batch.number);
  wants.size -= batch.left.size;
  for (const front of batch.left.values()) unlink(wants, batch, front);
  batch.left.clear();
}

function unlink({ byFront }: ListedWants, batch: Batch, front: string): void {
  const batches = byFront.get(front);
  batches?.delete(batch);
  if (batches?.size === 0) byFront.delete(front);
}

function timerOf(number: number): string {
  return `want-listed ${number}`;
}
