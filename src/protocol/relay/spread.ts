/**
 * How far each message has spread, as this node knows it: the slices it covered, the branches it gave away, who has the
 * message. One record a message, so that one answer exists to "who has it?".
 */
import type { Slice } from "../../wire/frames.ts";
import type { MessageId, PeerId } from "../../wire/ids.ts";
import { limits } from "../limits.ts";
import type { Task } from "./delegation.ts";
import type { Outbox } from "./outbox.ts";

export type Spread = {
  /** BOUNDED: ORDERS_MAX. The slices in which the message was seen. */
  slices: readonly Slice[];
  /** BOUNDED: ORDERS_MAX. Of those whose branches are acknowledged. */
  tasks: readonly Task[];
  /** BOUNDED: `limits.members`. Who sent, acknowledged or reported it. */
  readonly holders: Set<PeerId>;
  /** Its author says more than a node pushes: only its id is sent on. */
  isOverBudget: boolean;
};

/** BOUNDED: `limits.relays`. The message that was touched longest ago goes first: other orders or reconciliation spread it. */
export type Spreads = Map<MessageId, Spread>;

/** Finds or makes the record, and makes it the last one to go. Who has an own message is known to the outbox as well. */
export function touchSpread(spreads: Spreads, id: MessageId, outbox: Outbox): Spread {
  const spread = spreads.get(id) ?? {
    slices: [],
    tasks: [],
    holders: outbox.sent.get(id)?.holders ?? new Set<PeerId>(),
    isOverBudget: false,
  };
  spreads.delete(id);
  spreads.set(id, spread);
  if (spreads.size > limits.relays) spreads.delete(spreads.keys().next().value as MessageId);
  return spread;
}

export function noteHolder(spreads: Spreads, outbox: Outbox, id: MessageId, peer: PeerId | undefined): void {
  if (peer !== undefined) touchSpread(spreads, id, outbox).holders.add(peer);
}

export function isHolder(spreads: Spreads, id: MessageId, peer: PeerId | undefined): boolean {
  return peer !== undefined && spreads.get(id)?.holders.has(peer) === true;
}
