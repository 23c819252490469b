// Which own messages are still with nobody else.

import { expect, it } from "vitest";
import { UNDELIVERED_MAX, undeliveredMessages } from "../../src/node/undelivered.ts";
import type { ChatEvent } from "../../src/protocol/events.ts";

const said = (id: string, own = true, history = false): ChatEvent =>
  ({ type: "message", message: { id, own, history } }) as unknown as ChatEvent;
const delivery = (id: string, reached: number): ChatEvent =>
  ({ type: "delivery", id, reached, of: 3, lacking: [] }) as unknown as ChatEvent;

it("counts an own message until the first peer has it", () => {
  const undelivered = undeliveredMessages();
  for (const event of [said("a"), said("b"), delivery("a", 0)]) undelivered.observe(event);
  expect(undelivered.count()).toBe(2);
  for (const event of [delivery("a", 1), delivery("a", 3)]) undelivered.observe(event);
  expect(undelivered.count()).toBe(1);
});

it("counts neither what others said nor own messages that came back as history", () => {
  const undelivered = undeliveredMessages();
  for (const event of [said("a", false), said("b", true, true), delivery("c", 1)]) undelivered.observe(event);
  expect(undelivered.count()).toBe(0);
});

it("forgets the oldest beyond its bound", () => {
  const undelivered = undeliveredMessages();
  for (let n = 0; n <= UNDELIVERED_MAX; n += 1) undelivered.observe(said(String(n)));
  expect(undelivered.count()).toBe(UNDELIVERED_MAX);
  undelivered.observe(delivery("0", 1));
  expect(undelivered.count()).toBe(UNDELIVERED_MAX);
  undelivered.observe(delivery("1", 1));
  expect(undelivered.count()).toBe(UNDELIVERED_MAX - 1);
});
