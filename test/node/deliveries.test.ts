// What is known of the delivery of own messages, and which are still with nobody else.

import { expect, it } from "vitest";
import { createDeliveries, DELIVERIES_MAX, type Deliveries, noteDelivery } from "../../src/node/deliveries.ts";
import type { ChatEvent } from "../../src/protocol/events.ts";
import type { MessageId } from "../../src/wire/ids.ts";

const said = (id: string, own = true, history = false): ChatEvent =>
  ({ type: "message", message: { id, own, history }, isInOrder: true }) as unknown as ChatEvent;
const delivery = (id: string, reached: number): ChatEvent =>
  ({ type: "delivery", id, reached, of: 3, lacking: ["bob"] }) as unknown as ChatEvent;

function after(...events: readonly ChatEvent[]): Deliveries {
  const deliveries = createDeliveries();
  for (const event of events) noteDelivery(deliveries, event);
  return deliveries;
}

it("counts an own message until the first peer has it", () => {
  const deliveries = after(said("a"), said("b"), delivery("a", 0));
  expect(deliveries.undelivered.size).toBe(2);
  for (const event of [delivery("a", 1), delivery("a", 3)]) noteDelivery(deliveries, event);
  expect(deliveries.undelivered.size).toBe(1);
});

it("counts neither what others said nor own messages that came back as history", () => {
  const { undelivered } = after(said("a", false), said("b", true, true), delivery("c", 1));
  expect(undelivered.size).toBe(0);
});

it("remembers what was heard last of each", () => {
  const { heard } = after(said("a"), said("b"), delivery("a", 1), delivery("a", 2));
  expect(heard.get("a" as MessageId)).toEqual({ reached: 2, of: 3, lacking: ["bob"] });
  expect(heard.get("b" as MessageId)).toBeUndefined();
});

it("forgets the oldest beyond its bound", () => {
  const deliveries = createDeliveries();
  for (let n = 0; n <= DELIVERIES_MAX; n += 1) noteDelivery(deliveries, said(String(n)));
  expect(deliveries.undelivered.size).toBe(DELIVERIES_MAX);
  noteDelivery(deliveries, delivery("0", 1));
  expect(deliveries.undelivered.size).toBe(DELIVERIES_MAX);
  noteDelivery(deliveries, delivery("1", 1));
  expect(deliveries.undelivered.size).toBe(DELIVERIES_MAX - 1);
});

it("forgets first what it heard of longest ago", () => {
  const deliveries = after(delivery("old", 1), delivery("heard again", 1));
  for (let n = 2; n < DELIVERIES_MAX; n += 1) noteDelivery(deliveries, delivery(String(n), 1));
  for (const event of [delivery("old", 2), delivery("new", 1)]) noteDelivery(deliveries, event);
  expect(deliveries.heard.size).toBe(DELIVERIES_MAX);
  expect(deliveries.heard.get("heard again" as MessageId)).toBeUndefined();
  expect(deliveries.heard.get("old" as MessageId)?.reached).toBe(2);
});
