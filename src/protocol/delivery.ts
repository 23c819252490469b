/** Who has a message, by what they sent, acknowledged or reported, and what its author is told of that. */
import { bounds } from "./config.ts";
import type { Context } from "./context.ts";
import type { Membership } from "./membership.ts";
import type { MessageId, PeerId } from "./types.ts";

export type Delivery = {
  readonly noteHolder: (id: MessageId, peer: PeerId | undefined) => void;
  readonly isHolder: (id: MessageId, peer: PeerId) => boolean;
  /** Of `of` nodes, this one included, `reached` have its message; `lacking`: the fronts of the ids of a few others. */
  readonly tell: (id: MessageId, settled: Settled) => void;
  /** The peer's log equals this node's: it has every own message too, whatever receipts were lost. */
  readonly onEqualLogs: (peer: PeerId) => void;
};

export type Settled = { readonly reached: number; readonly of: number; readonly lacking: readonly string[] };

export function createDelivery(context: Context, membership: Membership): Delivery {
  /** BOUNDED: `bounds.relays`. What was told of each own message. */
  const told = new Map<MessageId, { reached: number; of: number; lacking: string }>();
  /** BOUNDED: `bounds.relays` messages of as many peers as spoke of them. */
  const holders = new Map<MessageId, Set<PeerId>>();

  const noteHolder = (id: MessageId, peer: PeerId | undefined): void => {
    if (peer !== undefined) rememberLatest(holders, id, (holders.get(id) ?? new Set()).add(peer));
  };
  const nameOf = (front: string): string => {
    const member = membership.present().find((candidate) => candidate.id.startsWith(front));
    return member?.statement.content.nick ?? front;
  };
  const tell = (id: MessageId, settled: Settled): void => {
    const before = told.get(id) ?? { reached: 0, of: 0, lacking: "" };
    const lack = settled.lacking.join();
    // The author itself is not among those it reaches.
    const now = { reached: settled.reached - 1, of: settled.of - 1 };
    const isMore = now.reached > before.reached || now.of > before.of || before.of === 0;
    if (!isMore && (lack === "" || lack === before.lacking)) return;
    const best = { reached: Math.max(before.reached, now.reached), of: Math.max(before.of, now.of) };
    rememberLatest(told, id, { ...best, lacking: lack });
    const lacking = best.reached > now.reached ? [] : settled.lacking.map(nameOf);
    context.emit({ type: "delivery", id, ...best, lacking });
  };

  return {
    noteHolder,
    isHolder: (id, peer) => holders.get(id)?.has(peer) ?? false,
    tell,
    onEqualLogs: (peer) => {
      for (const [id, { reached, of }] of told) {
        if (holders.get(id)?.has(peer)) continue;
        noteHolder(id, peer);
        // Who was not known when it was said has it now all the same.
        const known = holders.get(id)?.size ?? 0;
        if (known > reached) tell(id, { reached: known + 1, of: Math.max(of, known) + 1, lacking: [] });
      }
    },
  };
}

/** Sets the value, and lets the one set longest ago go when the table has more than `bounds.relays`. */
export function rememberLatest<Key, Value>(table: Map<Key, Value>, key: Key, value: Value): void {
  table.delete(key);
  table.set(key, value);
  if (table.size > bounds.relays) table.delete(table.keys().next().value as Key);
}
