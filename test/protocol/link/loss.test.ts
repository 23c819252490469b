/** The measured loss: slow for those who plan by it, quick for those who would otherwise call somebody dead. */
import { expect, test } from "vitest";
import { createLoss } from "../../../src/protocol/link/loss.ts";

/** Every `period`-th of `count` datagrams is lost. */
function counted(loss: ReturnType<typeof createLoss>, count: number, period: number): ReturnType<typeof createLoss> {
  for (let index = 1; index <= count; index += 1) loss.count(index % period === 0, false);
  return loss;
}

test("nothing is known at first: plans take none for granted, doubts take a lot", () => {
  const loss = createLoss();
  expect(loss.rate()).toBe(0);
  expect(loss.rateAtWorst()).toBe(0.3);
  counted(loss, 150, Number.POSITIVE_INFINITY);
  expect(loss.rateAtWorst()).toBeLessThan(0.01);
});

test("every other datagram lost from now on: doubts know after 32 of them, plans follow", () => {
  const loss = counted(createLoss(), 1_000, Number.POSITIVE_INFINITY);
  counted(loss, 32, 2);
  expect(loss.rateAtWorst()).toBeGreaterThan(0.3);
  expect(loss.rate()).toBeLessThan(0.1);
  counted(loss, 1_000, 2);
  expect(loss.rate()).toBeGreaterThan(0.45);
  expect(loss.rate()).toBeLessThan(0.55);
});

test("one that has died does not make the network a bad one at once", () => {
  const loss = counted(createLoss(), 1_000, Number.POSITIVE_INFINITY);
  loss.count(true, true);
  expect(loss.rateAtWorst()).toBeLessThan(0.02);
  loss.count(true, false);
  expect(loss.rateAtWorst()).toBeGreaterThan(0.03);
});

test("what was only late is taken back", () => {
  const loss = counted(createLoss(), 300, 2);
  const [rate, atWorst] = [loss.rate(), loss.rateAtWorst()];
  loss.forgive();
  expect(loss.rate()).toBeCloseTo(rate - 1 / 256, 10);
  expect(loss.rateAtWorst()).toBeLessThan(atWorst);
});
