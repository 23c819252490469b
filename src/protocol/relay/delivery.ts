/** What the author of a message is told of its delivery: how many have it, of how many, and the first few that lack it. */
import { LACKING_MAX } from "../../wire/frames.ts";
import type { MessageId, PeerId } from "../../wire/ids.ts";
import type { Context } from "../context.ts";
import type { Membership } from "../membership/membership.ts";
import type { Millis } from "../time.ts";
import type { Settled } from "./delegation.ts";
import { noteTold, type Outbox } from "./outbox.ts";

/** So long the store is not told that a message has reached still more. */
const MARK_MS: Millis = 1_000;

/** Of `of` nodes, this one included, `reached` have its message. Emits a `delivery` if the faces do not know that yet. */
export function tellDelivery(
  context: Context,
  membership: Membership,
  outbox: Outbox,
  id: MessageId,
  settled: Settled,
): void {
  const before = outbox.sent.get(id)?.told;
  if (before === undefined) return;
  // The author itself is not among those it reaches.
  const now = { reached: settled.reached - 1, of: settled.of - 1, lacking: settled.lacking };
  const isMore = now.reached > before.reached || now.of > before.of || before.of === 0;
  const isOther = now.lacking.length > 0 && now.lacking.join() !== before.lacking.join();
  // Of a large message two orders are counted: the one that knows more is right.
  if (now.reached < before.reached || !(isMore || isOther)) return;
  noteTold(outbox, id, now);
  if (outbox.later.size > 0 && !context.timers.has("marks"))
    context.timers.set("marks", context.now.mono + MARK_MS, { type: "marks" });
  const nameOf = (front: string): string =>
    membership.all().find((member) => member.id.startsWith(front))?.statement.content.nick ?? front;
  context.emit({ type: "delivery", id, ...now, lacking: now.lacking.map(nameOf) });
}

/**
 * The peer holds these messages: own ones among them have arrived there, whatever receipts were lost. Returns the messages of
 * which that may be news.
 */
export function noteEqualLogs({ sent }: Outbox, peer: PeerId, holds: (id: MessageId) => boolean): MessageId[] {
  const news: MessageId[] = [];
  for (const [id, { told, holders }] of sent) {
    if ((holders.has(peer) && isWhole(told)) || !holds(id)) continue;
    holders.add(peer);
    news.push(id);
  }
  return news;
}

// --- internal ---

/** Nobody is missing who is not named, as far as names go. */
function isWhole({ reached, of, lacking }: Settled): boolean {
  return lacking.length >= Math.min(of - reached, LACKING_MAX);
}
