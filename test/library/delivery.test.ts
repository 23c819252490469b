// When the delivery of an own message counts as final.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createDeliveries, QUIET_MS } from "../../src/library/delivery.ts";
import type { Delivery } from "../../src/node/types.ts";
import type { MessageId } from "../../src/wire/ids.ts";

const id = "01" as MessageId;
const other = "02" as MessageId;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function rig() {
  const heard = new Map<MessageId, Delivery>();
  const deliveries = createDeliveries({ delivery: (of) => heard.get(of) });
  const hear = (of: MessageId, delivery: Delivery): void => {
    heard.set(of, delivery);
    deliveries.note({ type: "delivery", id: of, ...delivery });
  };
  const settled: Delivery[] = [];
  const ask = (of: MessageId): void => void deliveries.of(of).then((delivery) => settled.push(delivery));
  return { deliveries, hear, ask, settled };
}

it("is final when everyone has it", async () => {
  const { hear, ask, settled } = rig();
  ask(id);
  hear(id, { reached: 1, of: 2, lacking: ["bob"] });
  hear(other, { reached: 2, of: 2, lacking: [] });
  await vi.advanceTimersByTimeAsync(QUIET_MS - 1);
  expect(settled).toEqual([]);
  hear(id, { reached: 2, of: 2, lacking: [] });
  await vi.advanceTimersByTimeAsync(0);
  expect(settled).toEqual([{ reached: 2, of: 2, lacking: [] }]);
});

it("is final when nothing more was heard for a while, and names who lacks it", async () => {
  const { hear, ask, settled } = rig();
  ask(id);
  await vi.advanceTimersByTimeAsync(QUIET_MS - 1);
  hear(id, { reached: 1, of: 2, lacking: ["bob"] });
  await vi.advanceTimersByTimeAsync(QUIET_MS - 1);
  expect(settled).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(settled).toEqual([{ reached: 1, of: 2, lacking: ["bob"] }]);
});

it("is final with nobody to reach, and when the room is left", async () => {
  const { deliveries, ask, settled } = rig();
  ask(id);
  deliveries.settleAll();
  ask(other);
  await vi.advanceTimersByTimeAsync(0);
  expect(settled).toEqual([
    { reached: 0, of: 0, lacking: [] },
    { reached: 0, of: 0, lacking: [] },
  ]);
  expect(vi.getTimerCount()).toBe(0);
});
