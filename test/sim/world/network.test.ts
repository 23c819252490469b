/** The virtual network does to datagrams what it was asked to, no more. */
import { expect, test } from "vitest";
import { seededRng } from "../../../src/protocol/rng.ts";
import type { Network } from "../../../src/sim/run/scenario.ts";
import { createAgenda } from "../../../src/sim/world/agenda.ts";
import { createNetwork } from "../../../src/sim/world/network.ts";
import type { Endpoint } from "../../../src/wire/endpoint.ts";

const A = "10.0.0.1:1" as Endpoint;
const B = "10.0.0.2:1" as Endpoint;
const calm: Network = { delayMs: [10, 50], regions: {}, loss: 0, duplicate: 0, reorder: 0, junk: 0 };
const COUNT = 2_000;

/** A sends `COUNT` numbered datagrams to B, one each millisecond. */
function rig(change: Partial<Network>) {
  const agenda = createAgenda();
  const network = createNetwork({ ...calm, ...change }, agenda, seededRng(1));
  const got: { number: number; afterMs: number; length: number }[] = [];
  network.listen(B, (bytes) => {
    const number = bytes.length === 4 ? Buffer.from(bytes).readUInt32BE() : Number.NaN;
    got.push({ number, afterMs: agenda.now() - number, length: bytes.length });
  });
  const sendAll = (): void => {
    const from = agenda.now();
    for (let number = from; number < from + COUNT; number += 1) {
      agenda.at(number, () => {
        const bytes = Buffer.alloc(4);
        bytes.writeUInt32BE(number);
        network.send(bytes, A, B);
      });
    }
    agenda.runUntil(from + COUNT + 2_000);
  };
  return { agenda, network, got, sendAll };
}

test("a calm network delivers each datagram once, within its delays", () => {
  const { got, network, sendAll } = rig({});
  sendAll();
  expect(got.map(({ number }) => number).sort((a, b) => a - b)).toEqual(Array.from({ length: COUNT }, (_, n) => n));
  expect(Math.min(...got.map(({ afterMs }) => afterMs))).toBeGreaterThanOrEqual(10);
  expect(Math.max(...got.map(({ afterMs }) => afterMs))).toBeLessThanOrEqual(50);
  expect(network.counts).toMatchObject({ sent: COUNT, bytes: COUNT * (4 + 28), lost: 0, duplicated: 0, cut: 0 });
});

test("loss takes its share", () => {
  const { got, network, sendAll } = rig({ loss: 0.3 });
  sendAll();
  expect(got).toHaveLength(COUNT - network.counts.lost);
  expect(network.counts.lost / COUNT).toBeCloseTo(0.3, 1);
});

test("duplicates arrive twice, and with all lost the copies alone", () => {
  const { got, network, sendAll } = rig({ duplicate: 0.2 });
  sendAll();
  expect(got).toHaveLength(COUNT + network.counts.duplicated);
  expect(network.counts.duplicated / COUNT).toBeCloseTo(0.2, 1);
});

test("reordered datagrams are overtaken by later ones, by up to a second", () => {
  const { got, network, sendAll } = rig({ delayMs: [10, 10], reorder: 0.1 });
  sendAll();
  const overtaken = got.filter(({ number }, at) => at > 0 && number < (got[at - 1]?.number ?? 0));
  expect(overtaken.length).toBeGreaterThan(COUNT / 40);
  expect(network.counts.reordered / COUNT).toBeCloseTo(0.1, 1);
  expect(Math.max(...got.map(({ afterMs }) => afterMs))).toBeLessThanOrEqual(1_010);
});

test("junk follows the true datagram, which arrives whole", () => {
  const { got, network, sendAll } = rig({ junk: 0.5 });
  sendAll();
  expect(got).toHaveLength(COUNT + network.counts.junk);
  expect(new Set(got.map(({ number }) => number)).size).toBeGreaterThanOrEqual(COUNT);
});

test("nothing crosses a partition, and all passes when it is over", () => {
  const { got, network, sendAll } = rig({});
  network.partition((endpoint) => (endpoint === A ? 0 : 1));
  sendAll();
  expect(got).toEqual([]);
  expect(network.counts.cut).toBe(COUNT);
  network.partition(undefined);
  sendAll();
  expect(got).toHaveLength(COUNT);
});

test("who is silenced hears nothing more", () => {
  const { got, network, sendAll } = rig({});
  network.silence(B);
  sendAll();
  expect(got).toEqual([]);
});
