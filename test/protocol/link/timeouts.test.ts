/** When a datagram counts as lost: soon where few are under way, patiently where the receiver works through a queue. */
import { expect, test } from "vitest";
import { seal } from "../../../src/crypto/roomKeys.ts";
import { createCounters } from "../../../src/protocol/counters.ts";
import { limits } from "../../../src/protocol/limits.ts";
import { createLink } from "../../../src/protocol/link/link.ts";
import { measure } from "../../../src/protocol/link/rtt.ts";
import {
  createSessions,
  type Fate,
  lostAt,
  noteProgress,
  type Session,
  type Ticket,
} from "../../../src/protocol/link/session.ts";
import type { LinkTimer } from "../../../src/protocol/link/types.ts";
import type { Millis } from "../../../src/protocol/time.ts";
import { createTimers } from "../../../src/protocol/timers.ts";
import { linkKeysOf } from "../../../src/sim/world/linkKeys.ts";
import { echoOf } from "../../../src/wire/datagram.ts";
import type { Endpoint } from "../../../src/wire/endpoint.ts";
import { encodeFrame } from "../../../src/wire/frames.ts";
import type { BootId, MessageId } from "../../../src/wire/ids.ts";
import { keyOf, linkOptions, roomKeys, transmits } from "../fixtures.ts";

const AFTER_MS = 70;
const boot = "01".repeat(8) as BootId;
const ticket = { owner: "relay", id: "ab".repeat(24) as MessageId, branch: 0, delegate: 0, carried: "id" } as const;

/** A round trip of 20 ms, measured often. */
function session(inFlight: number): Session {
  const made = createSessions(() => undefined).open(boot);
  for (let index = 0; index < 100; index += 1) measure(made.rtt, 20);
  made.congestion.inFlight = inFlight;
  return made;
}

test("a few are waited for two round trips and a little, however many were lost before", () => {
  for (const inFlight of [1, 3]) {
    const one = session(inFlight);
    expect(lostAt(one, 7, 1_000, 0)).toBeCloseTo(1_000 + AFTER_MS, 3);
    one.lostInRow = 5;
    expect(lostAt(one, 7, 1_000, 0)).toBeCloseTo(1_000 + AFTER_MS, 3);
  }
});

test("of many under way and none acknowledged the first is waited for 250 ms, and each that is lost doubles the time, up to the bound", () => {
  const one = session(4);
  const waits = [0, 1, 2, 9].map((lostInRow) => lostAt({ ...one, lostInRow }, 7, 1_000, 0) - 1_000);
  expect(waits).toEqual([250, 500, 1_000, limits.rtoMsMax]);
  expect(lostAt(one, 7, 1_000, 0.51), "at 30 % loss each way four may well be lost").toBeCloseTo(1_000 + AFTER_MS, 3);
  expect(lostAt(session(5), 7, 1_000, 0.51)).toBe(1_250);
  const far = session(4);
  for (let index = 0; index < 100; index += 1) measure(far.rtt, 400);
  expect(lostAt(far, 7, 1_000, 0)).toBeCloseTo(1_460, 0);
});

test("while acknowledgements of earlier ones come the time begins with the last of them, within the bound", () => {
  const one = session(1);
  noteProgress(one, 5, 1_060);
  expect(lostAt(one, 7, 1_000, 0)).toBeCloseTo(1_060 + AFTER_MS, 3);
  noteProgress(one, 6, 2_990);
  expect(lostAt(one, 7, 1_000, 0)).toBe(1_000 + limits.rtoMsMax);
});

test("once a later one is acknowledged it is lost, however many are under way", () => {
  const one = session(20);
  noteProgress(one, 8, 1_060);
  noteProgress(one, 6, 1_065);
  expect(lostAt(one, 7, 1_000, 0)).toBe(1_000);
});

test("what was given more time is lost at once when a later one is acknowledged", () => {
  const timers = createTimers<LinkTimer>();
  const lost: number[] = [];
  const settled = (ticket: Ticket, fate: Fate): void => {
    if (ticket.owner === "relay" && fate === "lost") lost.push(ticket.task);
  };
  const own = "02".repeat(8) as BootId;
  const link = createLink({ ...linkOptions(own), timers, counters: createCounters(), settled });
  const to = link.sessions.open(boot);
  for (let index = 0; index < 100; index += 1) measure(to.rtt, 20);
  Object.assign(to, {
    endpoint: "10.0.0.1:9" as Endpoint,
    standing: "validated",
    linkKey: linkKeysOf(boot).publicKey,
    isLinked: true,
  });
  const sentBytes: Uint8Array[] = [];
  for (let sent = 0; sent < 5; sent += 1) {
    link.send(to, { type: "ping" }, { ticket: { ...ticket, task: sent } });
    sentBytes.push(...transmits(link.flush(sent)).map(({ bytes }) => bytes));
  }
  /** Which of them count as lost by then. */
  const lostBy = (now: Millis): number[] => {
    for (let row = timers.takeDue(now); row !== undefined; row = timers.takeDue(now)) {
      if (row.type === "lost") link.lost(row.counter, now);
    }
    return lost.splice(0);
  };
  expect(lostBy(100)).toEqual([]);
  const header = { type: "linked", roomTag: roomKeys.tag, boot, counter: 0, salt: 0 } as const;
  const ack = encodeFrame({ type: "ack", counters: [2], delayMs: 0, echo: echoOf(sentBytes[2] as Uint8Array) });
  link.receive(seal(keyOf(header, own), header, own, ack), "10.0.0.1:9" as Endpoint, 120);
  expect(lostBy(120)).toEqual([0, 1]);
  expect(lostBy(1_000), "what is behind it is waited for from then on").toEqual([3, 4]);
});
