/**
 * Knows which peers have a message, from what they sent, acknowledged or reported, and tells an author how many have its
 * message.
 */
import { LACKING_MAX } from "../../wire/frames.ts";
import type { MessageId, PeerId } from "../../wire/ids.ts";
import type { Context } from "../context.ts";
import { limits } from "../limits.ts";
import type { Membership } from "../membership/membership.ts";

export type Delivery = {
  /** An own message: who is heard to have it from now on is news, even if nobody was here when it was said. */
  readonly begin: (id: MessageId) => void;
  readonly noteHolder: (id: MessageId, peer: PeerId | undefined) => void;
  readonly isHolder: (id: MessageId, peer: PeerId) => boolean;
  /** Who is known to have it. */
  readonly holders: (id: MessageId) => ReadonlySet<PeerId>;
  /** Of `of` nodes, this one included, `reached` have its message; `lacking`: the fronts of the ids of a few others. */
  readonly tell: (id: MessageId, settled: Settled) => void;
  /**
   * The peer holds these messages by its digest: own ones among them have arrived there, whatever receipts were lost.
   * Those of which that may be news.
   */
  readonly onEqualLogs: (peer: PeerId, holds: (id: MessageId) => boolean) => MessageId[];
};

export type Settled = { readonly reached: number; readonly of: number; readonly lacking: readonly string[] };

/** Nothing was told yet. */
const NOBODY: Settled = { reached: 0, of: 0, lacking: [] };

export function createDelivery(context: Context, membership: Membership): Delivery {
  /** BOUNDED: `limits.relays`. What was told of each own message of this start, the author not counted. */
  const told = new Map<MessageId, Settled>();
  /** BOUNDED: `limits.relays` messages of as many peers as spoke of them. */
  const holders = new Map<MessageId, Set<PeerId>>();

  const noteHolder = (id: MessageId, peer: PeerId | undefined): void => {
    if (peer !== undefined) rememberLatest(holders, id, (holders.get(id) ?? new Set()).add(peer));
  };
  const nameOf = (front: string): string => {
    const member = membership.all().find((candidate) => candidate.id.startsWith(front));
    return member?.statement.content.nick ?? front;
  };

  return {
    begin: (id) => rememberLatest(told, id, NOBODY),
    noteHolder,
    isHolder: (id, peer) => holders.get(id)?.has(peer) ?? false,
    holders: (id) => holders.get(id) ?? new Set(),
    tell: (id, settled) => {
      const before = told.get(id) ?? NOBODY;
      // The author itself is not among those it reaches.
      const now = { reached: settled.reached - 1, of: settled.of - 1, lacking: settled.lacking };
      const isMore = now.reached > before.reached || now.of > before.of || before.of === 0;
      const isOther = now.lacking.length > 0 && now.lacking.join() !== before.lacking.join();
      // Of a large message two orders are counted: the one that knows more is right.
      if (now.reached < before.reached || !(isMore || isOther)) return;
      rememberLatest(told, id, now);
      context.emit({ type: "delivery", id, ...now, lacking: now.lacking.map(nameOf) });
    },
    onEqualLogs: (peer, holds) => {
      const news: MessageId[] = [];
      for (const [id, settled] of told) {
        if (!holds(id)) continue;
        const isNews = !holders.get(id)?.has(peer);
        if (isNews) noteHolder(id, peer);
        if (isNews || !isWhole(settled)) news.push(id);
      }
      return news;
    },
  };
}

/** Nobody is missing who is not named, as far as names go. */
function isWhole({ reached, of, lacking }: Settled): boolean {
  return lacking.length >= Math.min(of - reached, LACKING_MAX);
}

/** Sets the value, and lets the one set longest ago go when the table has more than `limits.relays`. */
export function rememberLatest<Key, Value>(table: Map<Key, Value>, key: Key, value: Value): void {
  table.delete(key);
  table.set(key, value);
  if (table.size > limits.relays) table.delete(table.keys().next().value as Key);
}
