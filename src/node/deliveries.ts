/**
 * The deliveries of own messages since this start: the latest known of each, and the messages that nobody is known to
 * have.
 */
import type { ChatEvent } from "../protocol/events.ts";
import type { MessageId } from "../wire/ids.ts";
import type { Delivery } from "./types.ts";

/** BOUNDED: DELIVERIES_MAX each, the one heard of longest ago goes. */
export type Deliveries = {
  readonly heard: Map<MessageId, Delivery>;
  /** Own messages that nobody is known to have yet. */
  readonly undelivered: Set<MessageId>;
};

export const DELIVERIES_MAX = 10_000;

export function createDeliveries(): Deliveries {
  return { heard: new Map(), undelivered: new Set() };
}

export function noteDelivery({ heard, undelivered }: Deliveries, event: ChatEvent): void {
  if (event.type === "message" && event.message.own && !event.message.history) {
    undelivered.add(event.message.id);
    const [oldest] = undelivered;
    if (undelivered.size > DELIVERIES_MAX && oldest !== undefined) undelivered.delete(oldest);
  }
  if (event.type !== "delivery") return;
  const { id, reached, of, lacking } = event;
  if (reached > 0) undelivered.delete(id);
  heard.delete(id);
  heard.set(id, { reached, of, lacking });
  if (heard.size > DELIVERIES_MAX) heard.delete(heard.keys().next().value as MessageId);
}
