/** What the author of a message is told of its delivery: how many have it, of how many, and the first few that lack it. */
import { LACKING_MAX } from "../../wire/frames.ts";
import type { MessageId, PeerId } from "../../wire/ids.ts";
import type { Context } from "../context.ts";
import type { Membership } from "../membership/membership.ts";
import type { Settled } from "./delegation.ts";
import { isHolder, noteHolder, type Spreads, touchSpread } from "./spread.ts";

/** Nothing was told yet. */
export const NOBODY: Settled = { reached: 0, of: 0, lacking: [] };

/** Of `of` nodes, this one included, `reached` have its message. Emits a `delivery` if the faces do not know that yet. */
export function tellDelivery(
  context: Context,
  membership: Membership,
  spreads: Spreads,
  id: MessageId,
  settled: Settled,
): void {
  const before = spreads.get(id)?.told ?? NOBODY;
  // The author itself is not among those it reaches.
  const now = { reached: settled.reached - 1, of: settled.of - 1, lacking: settled.lacking };
  const isMore = now.reached > before.reached || now.of > before.of || before.of === 0;
  const isOther = now.lacking.length > 0 && now.lacking.join() !== before.lacking.join();
  // Of a large message two orders are counted: the one that knows more is right.
  if (now.reached < before.reached || !(isMore || isOther)) return;
  touchSpread(spreads, id).told = now;
  const nameOf = (front: string): string =>
    membership.all().find((member) => member.id.startsWith(front))?.statement.content.nick ?? front;
  context.emit({ type: "delivery", id, ...now, lacking: now.lacking.map(nameOf) });
}

/**
 * The peer holds these messages by its digest: own ones among them have arrived there, whatever receipts were lost. Returns
 * the messages of which that may be news.
 */
export function noteEqualLogs(spreads: Spreads, peer: PeerId, holds: (id: MessageId) => boolean): MessageId[] {
  const news: MessageId[] = [];
  // A copy: noting a holder moves the record to the end of the table.
  for (const [id, { told }] of [...spreads]) {
    if (told === undefined || !holds(id)) continue;
    const isNews = !isHolder(spreads, id, peer);
    if (isNews) noteHolder(spreads, id, peer);
    if (isNews || !isWhole(told)) news.push(id);
  }
  return news;
}

// --- internal ---

/** Nobody is missing who is not named, as far as names go. */
function isWhole({ reached, of, lacking }: Settled): boolean {
  return lacking.length >= Math.min(of - reached, LACKING_MAX);
}
