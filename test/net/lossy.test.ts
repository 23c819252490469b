// The built-in fault loses what it was asked to lose.

import { expect, it } from "vitest";
import type { Lan } from "../../src/net/lan.ts";
import { lossyLan, lossyTransport } from "../../src/net/lossy.ts";
import type { Transport } from "../../src/net/transport.ts";
import type { Endpoint } from "../../src/wire/endpoint.ts";

const to = "127.0.0.1:9" as Endpoint;

it("drops the asked share of datagrams, counts them beside the inner ones, and passes on the rest", () => {
  const { inner, sent } = recorder();
  let n = 0;
  const lossy = lossyTransport(inner, 30, () => (n++ % 100) / 100);
  for (let i = 0; i < 100; i += 1) lossy.send(Uint8Array.of(i), to);
  expect(sent.length).toBe(70);
  expect(lossy.counters()).toEqual({ "send-EPERM": 1, "drop-percent": 30 });
});

it("drops nothing at 0 % and everything at 100 %, whatever the dice say", () => {
  for (const chance of [0, 0.999999]) {
    const whole = recorder();
    lossyTransport(whole.inner, 0, () => chance).send(Uint8Array.of(1), to);
    expect(whole.sent.length).toBe(1);
    const none = recorder();
    lossyTransport(none.inner, 100, () => chance).send(Uint8Array.of(1), to);
    expect(none.sent.length).toBe(0);
  }
});

it("drops broadcasts alike", () => {
  const sent: Uint8Array[] = [];
  const inner = { broadcast: (bytes: Uint8Array) => sent.push(bytes), counters: () => ({ "send-EPERM": 1 }) };
  let n = 0;
  const lossy = lossyLan(inner as unknown as Lan, 30, () => (n++ % 10) / 10);
  expect(lossy.counters()).toEqual({ "send-EPERM": 1 });
  for (let i = 0; i < 10; i += 1) lossy.broadcast(Uint8Array.of(i));
  expect(sent).toHaveLength(7);
  expect(lossy.counters()).toEqual({ "send-EPERM": 1, "drop-percent": 3 });
});

function recorder(): { inner: Transport; sent: Uint8Array[] } {
  const sent: Uint8Array[] = [];
  const inner: Transport = {
    address: () => to,
    receiveBufferBytes: 0,
    send: (bytes) => sent.push(bytes),
    onDatagram: () => {},
    counters: () => ({ "send-EPERM": 1 }),
    close: async () => {},
  };
  return { inner, sent };
}
