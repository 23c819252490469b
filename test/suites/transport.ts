// What every Transport must do, whatever carries it.

import { afterEach, describe, expect, it, vi } from "vitest";
import type { Transport } from "../../src/net/transport.ts";
import type { Endpoint } from "../../src/wire/endpoint.ts";

export type TransportUnderTest = {
  open: () => Promise<Transport>;
  /** Where others reach it: its own address with a host in place of a wildcard. */
  reach: (transport: Transport) => Endpoint;
};

export function describeTransport(name: string, { open, reach }: TransportUnderTest): void {
  describe(`${name} as a transport`, () => {
    const opened: Transport[] = [];
    const openOne = async (): Promise<{ transport: Transport; received: Arrival[] }> => {
      const transport = await open();
      opened.push(transport);
      const received: Arrival[] = [];
      transport.onDatagram((bytes, from) => received.push({ bytes: Uint8Array.from(bytes), from }));
      return { transport, received };
    };
    afterEach(async () => {
      for (const transport of opened.splice(0)) await transport.close();
    });

    it("carries a datagram and names where it came from, so that it can be answered", async () => {
      const [a, b] = [await openOne(), await openOne()];
      a.transport.send(Uint8Array.of(1, 2, 3), reach(b.transport));
      await arrivals(b.received, 1);
      expect(b.received).toEqual([{ bytes: Uint8Array.of(1, 2, 3), from: reach(a.transport) }]);
      b.transport.send(Uint8Array.of(4), at(b.received, 0).from);
      await arrivals(a.received, 1);
      expect(a.received).toEqual([{ bytes: Uint8Array.of(4), from: reach(b.transport) }]);
    });

    it("keeps datagrams apart and whole: empty, one byte, the largest of the protocol", async () => {
      const [a, b] = [await openOne(), await openOne()];
      for (const size of [0, 1, 1200]) a.transport.send(new Uint8Array(size).fill(size & 255), reach(b.transport));
      await arrivals(b.received, 3);
      expect(b.received.map(({ bytes }) => bytes.length).sort((x, y) => x - y)).toEqual([0, 1, 1200]);
    });

    it("takes the newest listener only", async () => {
      const [a, b] = [await openOne(), await openOne()];
      const second: Uint8Array[] = [];
      b.transport.onDatagram((bytes) => second.push(bytes));
      a.transport.send(Uint8Array.of(7), reach(b.transport));
      await arrivals(second, 1);
      expect(b.received).toEqual([]);
    });

    it("survives an address that is none, and counts it", async () => {
      const a = await openOne();
      for (const bad of ["", "nowhere:1", "127.0.0.1:0", "127.0.0.1:65536", "example.org:80"]) {
        a.transport.send(Uint8Array.of(1), bad as Endpoint);
      }
      expect(a.transport.counters()).toEqual({ "send-bad-endpoint": 5 });
    });

    it("sends to a port nobody listens on without harm", async () => {
      const [a, b, gone] = [await openOne(), await openOne(), await openOne()];
      const nobody = reach(gone.transport);
      await gone.transport.close();
      for (let i = 0; i < 10; i += 1) a.transport.send(Uint8Array.of(i), nobody);
      a.transport.send(Uint8Array.of(99), reach(b.transport));
      await arrivals(b.received, 1);
      expect(b.received[0]?.bytes).toEqual(Uint8Array.of(99));
    });

    it("delivers what was sent just before it closed", async () => {
      const [a, b] = [await openOne(), await openOne()];
      for (let i = 0; i < 50; i += 1) a.transport.send(Uint8Array.of(i), reach(b.transport));
      await a.transport.close();
      await arrivals(b.received, 50);
    });

    it("ignores sends after it closed, and a second close", async () => {
      const [a, b] = [await openOne(), await openOne()];
      await a.transport.close();
      await a.transport.close();
      a.transport.send(Uint8Array.of(1), reach(b.transport));
      expect(a.transport.counters()).toEqual({});
    });
  });
}

type Arrival = { readonly bytes: Uint8Array; readonly from: Endpoint };

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new Error(`nothing at ${index}`);
  return item;
}

/** Waits until `count` datagrams have arrived, at most 5 s. */
export async function arrivals(received: readonly unknown[], count: number): Promise<void> {
  await vi.waitFor(() => expect(received.length, "datagrams arrived").toBe(count), { timeout: 5000, interval: 5 });
}
