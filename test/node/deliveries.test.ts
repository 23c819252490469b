// What is known of the delivery of own messages, by this start and earlier ones.

import { expect, it } from "vitest";
import { createDeliveries, DELIVERIES_MAX, type Deliveries, noteDelivery } from "../../src/node/deliveries.ts";
import type { ChatEvent } from "../../src/protocol/events.ts";
import type { MessageId } from "../../src/wire/ids.ts";

const delivery = (id: string, reached: number): ChatEvent =>
  ({ type: "delivery", id, reached, of: 3, lacking: ["bob"] }) as unknown as ChatEvent;

function after(...events: readonly ChatEvent[]): Deliveries {
  const deliveries = createDeliveries([]);
  for (const event of events) noteDelivery(deliveries, event);
  return deliveries;
}

it("remembers what was heard last of each", () => {
  const heard = after(delivery("a", 1), delivery("a", 2));
  expect(heard.get("a" as MessageId)).toEqual({ reached: 2, of: 3, lacking: ["bob"] });
  expect(heard.get("b" as MessageId)).toBeUndefined();
});

it("begins with what earlier starts knew, without names", () => {
  const heard = createDeliveries([{ id: "a" as MessageId, reached: 1, of: 3 }]);
  expect(heard.get("a" as MessageId)).toEqual({ reached: 1, of: 3, lacking: [] });
  noteDelivery(heard, delivery("a", 2));
  expect(heard.get("a" as MessageId)).toEqual({ reached: 2, of: 3, lacking: ["bob"] });
});

it("forgets first what it heard of longest ago", () => {
  const heard = after(delivery("old", 1), delivery("heard again", 1));
  for (let n = 2; n < DELIVERIES_MAX; n += 1) noteDelivery(heard, delivery(String(n), 1));
  for (const event of [delivery("old", 2), delivery("new", 1)]) noteDelivery(heard, event);
  expect(heard.size).toBe(DELIVERIES_MAX);
  expect(heard.get("heard again" as MessageId)).toBeUndefined();
  expect(heard.get("old" as MessageId)?.reached).toBe(2);
});
