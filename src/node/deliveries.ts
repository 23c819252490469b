/** The deliveries of own messages: the latest known of each, from this start or an earlier one. */
import type { Mark } from "../protocol/api.ts";
import type { ChatEvent } from "../protocol/events.ts";
import { limits } from "../protocol/limits.ts";
import type { MessageId } from "../wire/ids.ts";
import type { Delivery } from "./types.ts";

/** BOUNDED: DELIVERIES_MAX, the one heard of longest ago goes. */
export type Deliveries = Map<MessageId, Delivery>;

export const DELIVERIES_MAX = limits.outbox;

/** `marks`: what the store keeps of earlier starts. It keeps no names. */
export function createDeliveries(marks: readonly Mark[]): Deliveries {
  return new Map(marks.map(({ id, reached, of }) => [id, { reached, of, lacking: [] }]));
}

export function noteDelivery(heard: Deliveries, event: ChatEvent): void {
  if (event.type !== "delivery") return;
  const { id, reached, of, lacking } = event;
  heard.delete(id);
  heard.set(id, { reached, of, lacking });
  if (heard.size > DELIVERIES_MAX) heard.delete(heard.keys().next().value as MessageId);
}
