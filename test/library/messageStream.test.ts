// Messages for `for await`: what comes while the reader is busy waits, in order, up to a bound.
import { expect, it } from "vitest";
import { messageStream, WAITING_MAX } from "../../src/library/messageStream.ts";
import type { Message } from "../../src/protocol/views.ts";

function rig() {
  const closing = new AbortController();
  let listener: ((message: Message) => void) | undefined;
  const stream = messageStream((next) => {
    listener = next;
    return () => {
      listener = undefined;
    };
  }, closing.signal);
  const hear = (seq: number): void => listener?.({ seq } as Message);
  return { stream, hear, close: () => closing.abort(), isListening: () => listener !== undefined };
}

it("gives what came while nobody read, and then what comes", async () => {
  const { stream, hear } = rig();
  for (const seq of [1, 2]) hear(seq);
  expect((await stream.next()).value?.seq).toBe(1);
  expect((await stream.next()).value?.seq).toBe(2);
  const third = stream.next();
  hear(3);
  expect((await third).value?.seq).toBe(3);
});

it("is read to its end after the room was closed", async () => {
  const { stream, hear, close } = rig();
  hear(1);
  close();
  const seen: number[] = [];
  for await (const { seq } of stream) seen.push(seq);
  expect(seen).toEqual([1]);
});

it("stops listening when the loop is left", async () => {
  const { stream, hear, isListening } = rig();
  hear(1);
  for await (const _ of stream) break;
  expect(isListening()).toBe(false);
  expect(await stream.next()).toEqual({ done: true, value: undefined });
});

it("fails a reader that is too slow, after what it has kept", async () => {
  const { stream, hear } = rig();
  for (let seq = 0; seq <= WAITING_MAX; seq += 1) hear(seq);
  for (let seq = 0; seq < WAITING_MAX; seq += 1) expect((await stream.next()).value?.seq).toBe(seq);
  await expect(stream.next()).rejects.toMatchObject({ code: "fell-behind" });
  expect(await stream.next()).toEqual({ done: true, value: undefined });
});
