// What every Lan must do, whatever carries it.
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Lan } from "../../src/net/lan.ts";
import { type Endpoint, parseEndpoint } from "../../src/wire/endpoint.ts";
import { arrivals } from "./transport.ts";

export type LanUnderTest = {
  /** As many as asked for, at most 3, that reach each other. */
  open: (count: number) => Promise<Lan[]>;
  /** Whether copies may come by several ways. */
  readonly repeats: boolean;
};

type Heard = { readonly bytes: Uint8Array; readonly from: Endpoint };

export function describeLan(name: string, { open, repeats }: LanUnderTest): void {
  describe(`${name} as a LAN`, () => {
    const opened: Lan[] = [];
    const openSome = async (count: number): Promise<{ lan: Lan; heard: Heard[] }[]> => {
      const lans = await open(count);
      opened.push(...lans);
      return lans.map((lan) => {
        const heard: Heard[] = [];
        lan.onBroadcast((bytes, from) => {
          const isRepeat = repeats && heard.some((before) => Buffer.compare(before.bytes, bytes) === 0);
          if (!isRepeat) heard.push({ bytes: Uint8Array.from(bytes), from });
        });
        return { lan, heard };
      });
    };
    afterEach(async () => {
      for (const lan of opened.splice(0)) await lan.close();
    });

    it("carries a broadcast to all others, whole, with where it came from, and not back", async () => {
      const [a, b, c] = (await openSome(3)) as [Opened, Opened, Opened];
      const beacon = Uint8Array.from({ length: 400 }, (_, at) => at & 255);
      a.lan.broadcast(beacon);
      await arrivals(b.heard, 1);
      await arrivals(c.heard, 1);
      expect(b.heard[0]?.bytes).toEqual(beacon);
      for (const { heard } of [b, c]) expect(parseEndpoint(heard[0]?.from ?? "")).toBeDefined();
      b.lan.broadcast(Uint8Array.of(2));
      await arrivals(a.heard, 1);
      expect(a.heard[0]?.bytes).toEqual(Uint8Array.of(2));
      expect(b.heard).toHaveLength(1);
    });

    it("takes the newest listener only", async () => {
      const [a, b] = (await openSome(2)) as [Opened, Opened];
      const second: Uint8Array[] = [];
      b.lan.onBroadcast((bytes) => second.push(bytes));
      a.lan.broadcast(Uint8Array.of(7));
      await vi.waitFor(() => expect(second.length).toBeGreaterThan(0), { timeout: 5_000, interval: 5 });
      expect(b.heard).toEqual([]);
    });

    it("ignores broadcasts after it closed, and a second close", async () => {
      const [a, b, c] = (await openSome(3)) as [Opened, Opened, Opened];
      await a.lan.close();
      await a.lan.close();
      a.lan.broadcast(Uint8Array.of(1));
      c.lan.broadcast(Uint8Array.of(2));
      await arrivals(b.heard, 1);
      expect(b.heard[0]?.bytes).toEqual(Uint8Array.of(2));
      expect(a.heard).toEqual([]);
    });
  });
}

type Opened = { lan: Lan; heard: Heard[] };
