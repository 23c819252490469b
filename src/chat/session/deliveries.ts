/** What was heard of the delivery of own messages, for `/info`. */
import type { ChatEvent } from "../../protocol/events.ts";
import type { MessageId } from "../../wire/ids.ts";
import type { Delivery } from "../model/timeline.ts";

export type Deliveries = {
  readonly observe: (event: ChatEvent) => void;
  /** Undefined: nothing was heard since this start, or it is too long ago. */
  readonly of: (id: MessageId) => Delivery | undefined;
};

export const DELIVERIES_MAX = 10_000;

export function createDeliveries(): Deliveries {
  /** BOUNDED: DELIVERIES_MAX, the one heard of longest ago goes. */
  const table = new Map<MessageId, Delivery>();
  return {
    observe: (event) => {
      if (event.type !== "delivery") return;
      const { id, reached, of, lacking } = event;
      table.delete(id);
      table.set(id, { reached, of, lacking });
      if (table.size > DELIVERIES_MAX) table.delete(table.keys().next().value as MessageId);
    },
    of: (id) => table.get(id),
  };
}
